package verify_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
)

// A devServer is `streamer dev` as a process of its own.
type devServer struct {
	cmd    *exec.Cmd
	listen string
}

// buildCLI builds the program, without the race detector: it is killed, not
// searched.
func buildCLI(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "streamer")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../cmd/streamer").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

func startDev(t *testing.T, program string, args ...string) *devServer {
	t.Helper()
	return startServer(t, exec.Command(program, append([]string{"dev"}, args...)...))
}

// startServer starts `streamer dev`, or a project's program, and returns when it has said
// where it listens.
func startServer(t *testing.T, cmd *exec.Cmd) *devServer {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewScanner(stderr)
	var said bytes.Buffer
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if _, url, ok := strings.Cut(lines.Text(), "WebSocket  ws://"); ok {
			go func() { // keep the pipe empty
				for lines.Scan() {
				}
			}()
			host, _, _ := strings.Cut(url, "/")
			return &devServer{cmd: cmd, listen: host}
		}
	}
	t.Fatalf("streamer dev did not start:\n%s", said.String())
	return nil
}

// kill ends the process with no chance to say goodbye.
func (d *devServer) kill(t *testing.T) {
	t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	d.cmd.Wait()
}

// target is the server as a client of acme's sees it.
func (d *devServer) target(t *testing.T, data string) *verify.Target {
	t.Helper()
	key, err := stack.OpenKey(data)
	if err != nil {
		t.Fatal(err)
	}
	token, err := key.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &verify.Target{WebSocketURL: "ws://" + d.listen + "/dev", HTTPURL: "http://" + d.listen, Token: token}
}

func writeCSV(t *testing.T, path string, rows int) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(file, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	fmt.Fprintln(w, "id,name,amount,note,day")
	for i := range rows {
		note := ""
		if i%3 == 0 {
			note = "\"two\nlines, quoted\""
		}
		fmt.Fprintf(w, "%d,customer %d,%.2f,%s,2026-%02d-%02d\n", i, random.IntN(50_000), random.Float64()*1000, note, 1+i%12, 1+i%28)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// The server is killed in the middle of profile_csv on a large file, twice, and
// started again: a client that never did anything but wait gets the one right
// result, from the checkpoint.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and kills a process")
	}
	program, data, files := buildCLI(t), t.TempDir(), t.TempDir()
	writeCSV(t, filepath.Join(files, "large.csv"), 1_500_000)
	flags := []string{"--data", data, "--files", files, "--lease", "2s", "--sweep-every", "1s", "--log", "json"}
	server := startDev(t, program, append(flags, "--listen", "127.0.0.1:0")...)
	flags = append(flags, "--listen", server.listen)

	target := server.target(t, data)
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	c := dial(t, ctx, target, target.Token)
	call, err := c.Start(ctx, client.Request{Action: "profile_csv", Payload: map[string]any{"file": "large.csv"}})
	if err != nil {
		t.Fatal(err)
	}
	var killedAt []float64
	result, err := call.Wait(func(p client.Progress) {
		if len(killedAt) < 2 && p.Percentage > 20+30*float64(len(killedAt)) {
			killedAt = append(killedAt, p.Percentage)
			server.kill(t)
			server = startDev(t, program, flags...)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(killedAt) == 0 {
		t.Fatal("the request was done before the server could be killed: the file is too small")
	}
	t.Logf("killed at %v %%", killedAt)

	undisturbed, err := c.Do(ctx, client.Request{Action: "profile_csv", Payload: map[string]any{"file": "large.csv"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if string(result) != string(undisturbed) {
		t.Errorf("the results differ:\n%s\n%s", result, undisturbed)
	}
	var profile struct {
		Rows int `json:"rows"`
	}
	if err := json.Unmarshal(result, &profile); err != nil || profile.Rows != 1_500_000 {
		t.Errorf("%d rows, %v", profile.Rows, err)
	}
	snapshot, err := c.Get(ctx, call.ID())
	if err != nil || snapshot.Attempts != 1 {
		t.Errorf("the request says %s, %v", snapshot.Append(nil), err)
	}
}
