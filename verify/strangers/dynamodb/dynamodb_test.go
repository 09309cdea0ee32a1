// Package dynamodb runs the stores' suite on a second implementation of DynamoDB, dynalite,
// whose parsers, checks and arithmetic share nothing with the server of the other tests.
package dynamodb

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/store/dynamo"
	"github.com/pay-theory/streamer/store/storetest"
)

// quick are the parts of the suite that every run has; STREAMER_STRANGERS=1 runs all.
var quick = []string{"Create", "Permit"}

func TestStoreOnDynalite(t *testing.T) {
	t.Parallel()
	server := serve(t)
	storetest.Run(t, func(t *testing.T) storetest.Store {
		if part := strings.Split(t.Name(), "/")[1]; !whole() && !slices.Contains(quick, part) {
			t.Skip("make strangers runs it")
		}
		return server.store(t)
	})
	t.Cleanup(func() {
		t.Logf("%d transactions of %d items were made of single calls; %d were cancelled", server.complete.transactions.Load(),
			server.complete.items.Load(), server.complete.cancelled.Load())
	})
}

func TestModelOnDynalite(t *testing.T) {
	t.Parallel()
	if !whole() {
		t.Skip("make strangers runs it")
	}
	storetest.RunModel(t, serve(t).store(t))
}

// whole reports whether more than the quick part is wanted.
func whole() bool { return os.Getenv("STREAMER_STRANGERS") != "" }

// A server is a dynalite, and what completes it.
type server struct {
	endpoint string
	complete *completed
	stores   atomic.Int64
}

func serve(t *testing.T) *server {
	t.Helper()
	return &server{endpoint: nodetest.Serve(t, "..", "dynamodb/serve.mjs"),
		complete: &completed{next: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}}
}

// store has tables of its own.
func (s *server) store(t *testing.T) *dynamo.Store {
	t.Helper()
	prefix := fmt.Sprintf("test-%d-", s.stores.Add(1))
	store, err := dynamo.New(dynamo.Config{Region: "eu-central-1", Endpoint: s.endpoint, Transport: s.complete,
		Credentials:   sigv4.Static(sigv4.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}),
		RequestsTable: prefix + "requests", ConnectionsTable: prefix + "connections"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}
