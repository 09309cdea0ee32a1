package dynamo_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/store/dynamo"
	"github.com/pay-theory/streamer/store/storetest"
)

// TestMain knows of what TestARowOfAnotherProgramIsAFault writes, a time that is a text, and of what
// TestACursorOutsideOfTheList reads.
func TestMain(m *testing.M) { dynamodbtest.Main(m, "index keys", "start key") }

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store { return open(t, nil) })
}

func TestModel(t *testing.T) {
	t.Parallel()
	storetest.RunModel(t, open(t, nil))
}

var tables atomic.Int64

// open makes a store with tables of its own. It waits for a late answer, as of a loaded
// machine, rather than call again: of two changes, the one that is made again may find the
// other's rev.
func open(t testing.TB, edit func(*dynamo.Config)) *dynamo.Store {
	t.Helper()
	prefix := fmt.Sprintf("test-%d-%d-%d-", time.Now().UnixNano(), os.Getpid(), tables.Add(1))
	config := dynamo.Config{
		Region: region(), Credentials: credentials(), Endpoint: dynamodbtest.Endpoint(t), Transport: transport,
		RequestsTable: prefix + "requests", ConnectionsTable: prefix + "connections", Timeout: time.Minute,
	}
	made, err := dynamo.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := made.DropTables(context.Background()); err != nil {
			t.Errorf("drop tables: %v", err)
		}
	})
	if edit == nil {
		return made
	}
	edit(&config)
	s, err := dynamo.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func region() string {
	if r := os.Getenv("AWS_REGION"); r != "" {
		return r
	}
	return "eu-central-1"
}

func credentials() sigv4.Provider {
	c := sigv4.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN")}
	if c.AccessKeyID == "" {
		c = sigv4.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}
	}
	return sigv4.Static(c)
}

// transport is one for all tests, so that connections are shared.
var transport http.RoundTripper = &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}

// BenchmarkBacklog is a lost lease beside many requests of another tenant.
func BenchmarkBacklog(b *testing.B) { storetest.Backlog(b, open(b, nil), 50_000) }
