// Package dynamodbtest gives tests a DynamoDB-compatible server. Where there is
// none to be had, as on macOS, it skips them with a sentence; with CI set in the
// environment it fails them.
package dynamodbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/emulator/dynamodb"
)

// EndpointSetting is the environment variable that names a server for Endpoint
// instead of the one that it starts: DynamoDB Local, or AWS itself (with AWS_REGION
// and credentials in the environment).
const EndpointSetting = "STREAMER_TEST_DYNAMODB_ENDPOINT"

// shared is the server of Endpoint.
var shared struct {
	sync.Mutex
	server *dynamodb.Server
}

// Main runs a package's tests, stops the server of Endpoint and exits. Packages
// that call Endpoint call it from their TestMain.
func Main(m *testing.M) {
	code := m.Run()
	shared.Lock()
	if shared.server != nil {
		shared.server.Stop()
	}
	os.Exit(code)
}

// Endpoint returns the URL of a server that all tests of a package share, so that
// each has tables of its own. It is the one that EndpointSetting names, or one
// that the first call starts.
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
		shared.server = server
		fmt.Printf("testing against dynoxide %s at %s\n", dynamodb.Version, server.Endpoint)
	}
	return shared.server.Endpoint
}

// Start starts an empty server for one test and returns its URL.
func Start(t testing.TB) string {
	t.Helper()
	server, err := dynamodb.Start(t.Context(), dynamodb.Config{Binary: Binary(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server.Endpoint
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
