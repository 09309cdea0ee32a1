// Package dynamodb runs a DynamoDB-compatible server on loopback: the public
// dynoxide, one static binary that npm delivers. It needs neither Java nor
// Docker nor an AWS account.
package dynamodb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Version of the server that Install fetches.
const Version = "1.2.1"

// builds are the platforms that npm has a package for and whose binary was
// checked, with its SHA-256.
var builds = map[string]struct{ pkg, sum string }{
	"linux/amd64": {"@dynoxide/linux-x64", "be909b7910d3fb552e85db10ef3c8ebae4bd35fee0f26dffdb6dfa5cc656426e"},
}

// Install returns the path of the server's binary in the folder, fetching it with
// npm when it is not there. Several processes may install at the same time.
func Install(ctx context.Context, folder string) (string, error) {
	build, known := builds[runtime.GOOS+"/"+runtime.GOARCH]
	if !known {
		return "", fmt.Errorf("dynoxide has no binary for %s/%s: %w", runtime.GOOS, runtime.GOARCH, errors.ErrUnsupported)
	}
	binary := filepath.Join(folder, "dynoxide-"+Version)
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("dynamodb: %w", err)
	}
	scratch, err := os.MkdirTemp(folder, "install-")
	if err != nil {
		return "", fmt.Errorf("dynamodb: %w", err)
	}
	defer os.RemoveAll(scratch)
	npm := exec.CommandContext(ctx, "npm", "install", "--prefix", scratch,
		"--no-save", "--no-audit", "--no-fund", "--ignore-scripts", build.pkg+"@"+Version)
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("dynamodb: npm install %s@%s: %w\n%s", build.pkg, Version, err, out)
	}
	fetched := filepath.Join(scratch, "node_modules", filepath.FromSlash(build.pkg), "dynoxide")
	raw, err := os.ReadFile(fetched)
	if err != nil {
		return "", fmt.Errorf("dynamodb: %w", err)
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != build.sum {
		return "", fmt.Errorf("dynamodb: %s@%s has the SHA-256 %x, want %s", build.pkg, Version, sum, build.sum)
	}
	if err := os.Chmod(fetched, 0o755); err != nil {
		return "", fmt.Errorf("dynamodb: %w", err)
	}
	if err := os.Rename(fetched, binary); err != nil {
		return "", fmt.Errorf("dynamodb: %w", err)
	}
	return binary, nil
}

// A Config says how a server runs. Binary is required.
type Config struct {
	Binary string
	Data   string    // the file that keeps the tables; "": they are in memory
	Port   int       // on 127.0.0.1; 0: one that is free
	Output io.Writer // what the server prints; nil: nowhere
}

// A Server is a running server. Its methods are for one goroutine.
type Server struct {
	Endpoint string // http://127.0.0.1:port
	cmd      *exec.Cmd
	exited   chan struct{}
}

// Start starts a server and waits until it answers. Stop it when done; it also
// ends with ctx and, on Linux, with this process.
func Start(ctx context.Context, config Config) (*Server, error) {
	// Between finding a free port and the server's listening another process
	// may take it.
	const tries = 5
	var fault error
	for range tries {
		port, err := freePort(config.Port)
		if err != nil {
			return nil, fmt.Errorf("dynamodb: %w", err)
		}
		s, err := start(ctx, config, port)
		if err == nil {
			return s, nil
		}
		if fault = err; ctx.Err() != nil || config.Port != 0 || errors.Is(err, os.ErrNotExist) {
			break
		}
	}
	return nil, fmt.Errorf("dynamodb: %w", fault)
}

func start(ctx context.Context, config Config, port int) (*Server, error) {
	args := []string{"--host", "127.0.0.1", "--port", fmt.Sprint(port)}
	if config.Data != "" {
		args = append(args, "--db-path", config.Data)
	}
	s := &Server{
		Endpoint: fmt.Sprintf("http://127.0.0.1:%d", port),
		cmd:      exec.CommandContext(ctx, config.Binary, args...),
		exited:   make(chan struct{}),
	}
	var said strings.Builder
	s.cmd.SysProcAttr = withThisProcess()
	s.cmd.Stdout, s.cmd.Stderr = config.Output, config.Output
	if config.Output == nil {
		s.cmd.Stderr = &said
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is in its state
		close(s.exited)
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	patience := time.NewTimer(10 * time.Second)
	defer patience.Stop()
	for {
		if s.answers(ctx) {
			return s, nil
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return nil, fmt.Errorf("the server ended at once: %v %s", s.cmd.ProcessState, said.String())
		case <-patience.C:
			s.Stop()
			return nil, errors.New("the server does not answer")
		}
	}
}

func (s *Server) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil
}

// Stop kills the server, as a crash would, and waits for its end. What it had
// acknowledged is in its Data file.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill() // it may have ended already
	<-s.exited
}

// freePort returns port once it is seen to be free; for 0, any that is.
func freePort(port int) (int, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return 0, err
	}
	port = l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
