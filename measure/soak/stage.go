package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pay-theory/streamer/stack"
)

// A stage is a running system as processes, and what the tool may do to it.
type stage struct {
	socket, http string
	key          *stack.Key
	issuer       string // of its tokens
	clock        string // file with what the project's clock is ahead, as a duration
	victims      string // what kill kills, for the page

	mu      sync.Mutex
	main    *exec.Cmd
	kill    func() error                 // a SIGKILL
	figures func(context.Context) values // beside those of every stage
	stop    func()

	figuresEvery int // samples; what reads a whole table is not free
}

// pid is the process that was started.
func (s *stage) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.main.Process.Pid
}

func (s *stage) token(subject string, life time.Duration, scopes ...string) (string, error) {
	grant := stack.Grant{Tenant: "acme", Subject: subject, Scopes: scopes, TTL: life}
	return s.key.SignClaims(grant, map[string]any{"iss": s.issuer}, time.Now())
}

// start runs a program and reads its output until it has said where it is.
func start(cmd *exec.Cmd, logTo string) (said map[string]string, err error) {
	output, err := os.OpenFile(logTo, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is the tool's, which stops it in turn
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := make(chan string)
	var readers sync.WaitGroup
	for _, pipe := range []*bufio.Scanner{bufio.NewScanner(stderr), bufio.NewScanner(stdout)} {
		pipe.Buffer(nil, 1<<20)
		readers.Go(func() {
			for pipe.Scan() {
				lines <- pipe.Text()
			}
		})
	}
	go func() { readers.Wait(); close(lines) }()
	said = map[string]string{}
	var last string
	limit := time.After(5 * time.Minute)
	for said["WebSocket"] == "" || said["Data"] == "" && said["STREAMER_SIGN_KEY"] == "" || said["end"] == "" {
		select {
		case line, ok := <-lines:
			if !ok {
				return nil, fmt.Errorf("%s ended: %s", cmd.Path, last)
			}
			last = line
			fmt.Fprintln(output, line)
			if name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "="); ok && strings.HasPrefix(line, "export ") {
				said[name] = value
			} else if fields := strings.Fields(line); len(fields) == 2 {
				said[fields[0]] = fields[1]
			}
			if strings.HasPrefix(line, "export AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI=") || said["Data"] != "" {
				said["end"] = "yes"
			}
		case <-limit:
			return nil, errors.New("it does not say where it is within five minutes")
		}
	}
	go func() {
		for line := range lines {
			if !strings.Contains(line, `"_aws"`) && !strings.Contains(line, `"level":"INFO"`) {
				fmt.Fprintln(output, line)
			}
		}
		_ = output.Close()
	}()
	return said, nil
}

// startDev builds and starts the project's own program. A kill is one of the server, which is
// started again.
func startDev(ctx context.Context, c config, b *backend) (*stage, error) {
	folder := filepath.Join(c.folder, "dev")
	program, data := filepath.Join(folder, "workload"), filepath.Join(folder, "data")
	build := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(c.root, "verify", "testdata", "workload"), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	s := &stage{clock: filepath.Join(folder, "clock"), victims: "server", figuresEvery: 1, issuer: stack.DevIssuer}
	run := func(listen string) (map[string]string, error) {
		cmd := exec.Command(program, "--data", data, "--listen", listen, "--lease", "5s", "--sweep-every", "1s",
			"--retention", c.retention().String(), "--log", "json")
		cmd.Env = append(os.Environ(), "WORKLOAD_BACKEND="+b.server.URL, "WORKLOAD_CLOCK="+s.clock)
		s.main = cmd
		return start(cmd, filepath.Join(c.out, "dev.log"))
	}
	said, err := run("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.socket, s.http = said["WebSocket"], said["HTTP"]
	if s.key, err = stack.OpenKey(data); err != nil {
		return nil, err
	}
	at, err := url.Parse(s.http)
	if err != nil {
		return nil, err
	}
	s.kill = func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = s.main.Process.Kill()
		_ = s.main.Wait() // killed is an error, too
		_, err := run(at.Host)
		return err
	}
	s.stop = func() { interrupt(s.main) }
	s.figures = func(ctx context.Context) values { return rows(ctx, filepath.Join(data, "streamer.db")) }
	return s, nil
}

// startStaging starts `streamer staging` with the project's binaries. A kill is one of a worker.
func startStaging(ctx context.Context, c config, b *backend) (*stage, error) {
	folder := filepath.Join(c.folder, "staging")
	program := filepath.Join(folder, "streamer")
	build := exec.CommandContext(ctx, "go", "build", "-C", c.root, "-o", program, "./cmd/streamer")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	s := &stage{clock: filepath.Join(folder, "clock"), victims: "worker", figuresEvery: 4}
	s.main = exec.Command(program, "staging", "--source", filepath.Join(c.root, "verify", "testdata", "workload"),
		"--cache", filepath.Join(c.root, ".cache", "dynoxide"), "--sweep-every", "1s", "--concurrency", "12", "--log", "json", "--ttl", "4h",
		"--parameter", "Lease=10s", "--parameter", fmt.Sprintf("Retention=%dm", int(c.retention().Minutes())),
		"--parameter", fmt.Sprintf(`Environment={"WORKLOAD_BACKEND":%q,"WORKLOAD_CLOCK":%q}`, b.server.URL, s.clock))
	said, err := start(s.main, filepath.Join(c.out, "staging.log"))
	if err != nil {
		return nil, err
	}
	s.socket, s.http = said["WebSocket"], said["HTTP"]
	if s.key, err = stack.ReadKey(said["STREAMER_SIGN_KEY"]); err != nil {
		return nil, err
	}
	if s.issuer, err = issuerOf(said["STREAMER_TOKEN"]); err != nil {
		return nil, err
	}
	s.kill = func() error {
		var workers []int
		for _, p := range children(s.pid()) {
			if p.name == "processor" || p.name == "router" {
				workers = append(workers, p.pid)
			}
		}
		if len(workers) == 0 {
			return nil
		}
		return ignoreGone(syscall.Kill(workers[rand.IntN(len(workers))], syscall.SIGKILL))
	}
	s.stop = func() { interrupt(s.main) }
	s.figures = func(ctx context.Context) values { return items(ctx, said) }
	return s, nil
}

func ignoreGone(err error) error {
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// interrupt stops a program as Ctrl-C does, and kills one that does not end.
func interrupt(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(os.Interrupt)
	patience := time.AfterFunc(40*time.Second, func() { _ = cmd.Process.Kill() })
	defer patience.Stop()
	_ = cmd.Wait()
}

// issuerOf reads who issued a token.
func issuerOf(token string) (string, error) {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	data, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return "", err
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	err = json.Unmarshal(data, &claims)
	return claims.Issuer, err
}
