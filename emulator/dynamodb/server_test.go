package dynamodb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/dynamodb"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
)

// TestMain is also the process that TestEndsWithItsProcess kills.
func TestMain(m *testing.M) {
	binary := os.Getenv("DYNOXIDE_TEST_BINARY")
	if binary == "" {
		os.Exit(m.Run())
	}
	s, err := dynamodb.Start(context.Background(), dynamodb.Config{Binary: binary})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.Endpoint)
	select {}
}

// A server does not outlive a process that is killed.
func TestEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a process with its parent")
	}
	binary := dynamodbtest.Binary(t)
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), "DYNOXIDE_TEST_BINARY="+binary)
	said, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	endpoint, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSpace(endpoint), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait() // it was killed
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server is there after its process: %v", err)
	}
}

func TestInstallStartStop(t *testing.T) {
	t.Parallel()
	binary := dynamodbtest.Binary(t)
	again, err := dynamodb.Install(t.Context(), filepath.Dir(binary))
	if err != nil || again != binary {
		t.Errorf("a second install gives %q, %v", again, err)
	}
	s, err := dynamodb.Start(t.Context(), dynamodb.Config{Binary: binary})
	if err != nil {
		t.Fatal(err)
	}
	port := 0
	if _, err := fmt.Sscanf(s.Endpoint, "http://127.0.0.1:%d", &port); err != nil {
		t.Fatalf("endpoint %q: %v", s.Endpoint, err)
	}
	if _, err := dynamodb.Start(t.Context(), dynamodb.Config{Binary: binary, Port: port}); err == nil {
		t.Error("a second server starts on the same port")
	}
	s.Stop()
	if res, err := http.Get(s.Endpoint); err == nil {
		t.Errorf("a stopped server answers with %s, %v", res.Status, res.Body.Close())
	}
}

func TestFaultsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := dynamodb.Start(t.Context(), dynamodb.Config{Binary: filepath.Join(folder, "missing")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a binary that is not there: %v", err)
	}
	script := filepath.Join(folder, "broken")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho out of order >&2\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := dynamodb.Start(t.Context(), dynamodb.Config{Binary: script}); err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("a server that ends at once: %v", err)
	}
	if _, err := dynamodb.Install(t.Context(), script); err == nil {
		t.Error("a file passes for the folder")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dynamodb.Install(ctx, folder); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "npm install") {
		t.Errorf("an install that is called off: %v", err)
	}
}
