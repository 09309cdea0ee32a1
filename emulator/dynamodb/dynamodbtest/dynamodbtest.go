// Package dynamodbtest gives tests a DynamoDB-compatible server. Where there is
// none to be had, as on macOS, it skips them with a sentence; with CI set in the
// environment it fails them.
package dynamodbtest

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/emulator/dynamodb"
	"github.com/pay-theory/streamer/emulator/dynamodb/rules"
)

// EndpointSetting is the environment variable that names a server for Endpoint
// instead of the one that it starts: DynamoDB Local, or AWS itself (with AWS_REGION
// and credentials in the environment).
const EndpointSetting = "STREAMER_TEST_DYNAMODB_ENDPOINT"

// shared is the server of Endpoint.
var shared struct {
	sync.Mutex
	server   *dynamodb.Server
	endpoint string
	refused  map[string]string // an example by the rule
}

// Main runs a package's tests, stops the server of Endpoint and exits. Packages
// that call Endpoint call it from their TestMain. It fails when a test sent a request that AWS
// refuses by another rule of package rules than those named, since who sent it may not have
// noticed.
func Main(m *testing.M, expected ...string) {
	code := m.Run()
	shared.Lock()
	if shared.server != nil {
		shared.server.Stop()
	}
	for rule, refusal := range shared.refused {
		if !slices.Contains(expected, rule) {
			fmt.Fprintf(os.Stderr, "a request was sent that AWS refuses: %s\n", refusal)
			code = 1
		}
	}
	os.Exit(code)
}

// Endpoint returns the URL of a server that all tests of a package share, so that
// each has tables of its own. It is one that the first call starts, behind the rules of what AWS
// refuses, or the one that EndpointSetting names, as it is.
func Endpoint(t testing.TB) string {
	t.Helper()
	if endpoint := os.Getenv(EndpointSetting); endpoint != "" {
		t.Logf("testing against %s", endpoint)
		return endpoint
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		server, err := dynamodb.Start(context.Background(), dynamodb.Config{Binary: Binary(t)})
		if err != nil {
			t.Fatal(err)
		}
		shared.server, shared.refused = server, map[string]string{}
		shared.endpoint = checked(t, server.Endpoint, func(r *rules.Refusal) {
			shared.Lock()
			defer shared.Unlock()
			shared.refused[r.Rule] = r.Error()
		}).URL
		fmt.Printf("testing against dynoxide %s at %s\n", dynamodb.Version, shared.endpoint)
	}
	return shared.endpoint
}

// checked puts the rules of what AWS refuses before a server.
func checked(t testing.TB, endpoint string, refused func(*rules.Refusal)) *httptest.Server {
	t.Helper()
	handler, err := rules.NewHandler(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	handler.Refused = refused
	return httptest.NewServer(handler)
}

// Start starts an empty server for one test, behind the rules as that of Endpoint is, and returns
// its URL. A request that they refuse fails the test.
func Start(t testing.TB) string {
	t.Helper()
	server, err := dynamodb.Start(t.Context(), dynamodb.Config{Binary: Binary(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	front := checked(t, server.Endpoint, func(r *rules.Refusal) { t.Errorf("a request was sent that AWS refuses: %v", r) })
	t.Cleanup(front.Close)
	return front.URL
}

// Binary returns the path of the server's program, fetched when it is not there.
// Tests that call it start servers themselves.
func Binary(t testing.TB) string {
	t.Helper()
	folder, err := cache()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := dynamodb.Install(t.Context(), folder)
	if err != nil {
		missing(t, err)
	}
	return binary
}

// missing ends a test for which there is no server. Only what a developer cannot
// help at once is a reason to skip.
func missing(t testing.TB, err error) {
	t.Helper()
	skip := errors.Is(err, errors.ErrUnsupported) || errors.Is(err, exec.ErrNotFound)
	if !skip || os.Getenv("CI") != "" {
		t.Fatalf("this test needs a DynamoDB-compatible server: %v", err)
	}
	t.Skipf("this test needs a DynamoDB-compatible server: %v; tests of the store take one from %s", err, EndpointSetting)
}

// cache returns the folder that keeps the program, in the module of the test.
func cache() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return filepath.Join(folder, ".cache", "dynoxide"), nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("no folder above the test's has a go.mod")
		}
		folder = parent
	}
}
