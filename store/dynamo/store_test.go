package dynamo_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/dynamodb"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/store/dynamo"
	"github.com/pay-theory/streamer/store/storetest"
)

// endpointSetting names a DynamoDB-compatible server to test against in place of
// the one that the tests fetch and start: DynamoDB Local, or AWS itself (with
// AWS_REGION and credentials in the environment).
const endpointSetting = "STREAMER_TEST_DYNAMODB_ENDPOINT"

var endpoint string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if endpoint = os.Getenv(endpointSetting); endpoint == "" {
			server, err := startServer(ctx)
			if err != nil {
				fmt.Fprintf(os.Stderr, "the DynamoDB tests have no server: %v\nInstall npm, or name a server with %s.\n", err, endpointSetting)
				return 1
			}
			defer server.Stop()
			endpoint = server.Endpoint
			fmt.Printf("testing against dynoxide %s at %s\n", dynamodb.Version, endpoint)
		} else {
			fmt.Printf("testing against %s\n", endpoint)
		}
		return m.Run()
	}())
}

func startServer(ctx context.Context) (*dynamodb.Server, error) {
	binary, err := dynamodb.Install(ctx, filepath.Join("..", "..", ".cache", "dynoxide"))
	if err != nil {
		return nil, err
	}
	return dynamodb.Start(ctx, dynamodb.Config{Binary: binary})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store { return open(t, nil) })
}

func TestModel(t *testing.T) {
	t.Parallel()
	storetest.RunModel(t, open(t, nil))
}

var tables atomic.Int64

// open makes a store with tables of its own.
func open(t *testing.T, edit func(*dynamo.Config)) *dynamo.Store {
	t.Helper()
	prefix := fmt.Sprintf("test-%d-%d-%d-", time.Now().UnixNano(), os.Getpid(), tables.Add(1))
	config := dynamo.Config{
		Region: region(), Credentials: credentials(), Endpoint: endpoint, Transport: transport,
		RequestsTable: prefix + "requests", ConnectionsTable: prefix + "connections",
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
	c := sigv4.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN")}
	if c.AccessKeyID == "" {
		c = sigv4.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}
	}
	return sigv4.Static(c)
}

// transport is one for all tests, so that connections are shared.
var transport http.RoundTripper = &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
