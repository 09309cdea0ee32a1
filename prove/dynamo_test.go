package prove_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/prove"
	"github.com/pay-theory/streamer/store/dynamo"
)

func TestMain(m *testing.M) { dynamodbtest.Main(m) }

var tables atomic.Int64

// openDynamo makes a store with tables of its own.
func openDynamo(t *testing.T) *dynamo.Store {
	t.Helper()
	prefix := fmt.Sprintf("prove-%d-%d-", os.Getpid(), tables.Add(1))
	store, err := dynamo.New(dynamo.Config{
		Region: "eu-central-1", Endpoint: dynamodbtest.Endpoint(t),
		Credentials:   sigv4.Static(sigv4.Credentials{AccessKeyID: "prove", SecretAccessKey: "prove"}),
		RequestsTable: prefix + "requests", ConnectionsTable: prefix + "connections",
	})
	if err != nil {
		t.Fatal(err)
	}
	tables := dynamo.Tables(prefix+"requests", prefix+"connections")
	if err := store.CreateTables(t.Context(), tables...); err != nil {
		t.Fatal(err)
	}
	return store
}

func TestMixOverDynamoDB(t *testing.T) {
	t.Parallel()
	c := proof(openDynamo(t), 80)
	t.Logf("\n%s\nagain: %s", prove.Run(t, c), again(t, c))
}
