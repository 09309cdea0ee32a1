package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
	"github.com/pay-theory/streamer/wire"
)

// A workload is the project of verify/workload on a stage, and who talks to it.
type workload struct {
	target  *verify.Target
	backend *backend
	files   string // folder of CSV files
	rows    int    // of the CSV file
	kill    func() // ends the server, or its workers, by SIGKILL; where it is a server, starts it again
	cli     string // the streamer command; "": what it prints is not checked
}

// The project as its users see it: on `go run .` with SQLite. STREAMER_STRANGERS=1 takes 100 MB
// of CSV, adds the command, and runs it all on the staging stack as well.
func TestWorkload(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and kills a process")
	}
	size, cli := 1<<20, ""
	whole := os.Getenv("STREAMER_STRANGERS") == "1"
	if whole {
		size, cli = 100<<20, buildCLI(t)
	}
	files := t.TempDir()
	rows := writeOrders(t, filepath.Join(files, "orders.csv"), size)
	t.Run("dev", func(t *testing.T) {
		t.Parallel()
		w := &workload{backend: startBackend(t), files: files, rows: rows, cli: cli}
		server := w.startDev(t)
		w.run(t)
		if peak := peakMemory(t, server().cmd.Process.Pid); peak > 300<<20 {
			t.Errorf("got a server of %d MB at its peak, want at most 300", peak>>20)
		}
	})
	if !whole {
		return
	}
	t.Run("staging", func(t *testing.T) {
		t.Parallel()
		w := &workload{backend: startBackend(t), files: files, rows: rows, cli: cli}
		w.startStaging(t)
		w.run(t)
	})
}

// startDev starts the project's own program. It returns the server that there is now.
func (w *workload) startDev(t *testing.T) (server func() *devServer) {
	t.Helper()
	program, data := filepath.Join(t.TempDir(), "workload"), t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-C", filepath.Join("testdata", "workload"), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	start := func(listen string) *devServer {
		cmd := exec.Command(program, "--data", data, "--listen", listen, "--lease", "2s", "--sweep-every", "500ms", "--log", "json")
		cmd.Env = append(os.Environ(), "WORKLOAD_BACKEND="+w.backend.url, "WORKLOAD_FILES="+w.files)
		return startServer(t, cmd)
	}
	running := start("127.0.0.1:0")
	w.target = running.target(t, data)
	key, err := stack.OpenKey(data)
	if err != nil {
		t.Fatal(err)
	}
	if w.target.OtherToken, err = key.Sign(stack.Grant{Tenant: "globex", Subject: "ada", TTL: time.Hour}, time.Now()); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	w.kill = func() {
		mu.Lock()
		defer mu.Unlock()
		running.kill(t)
		running = start(running.listen)
	}
	return func() *devServer {
		mu.Lock()
		defer mu.Unlock()
		return running
	}
}

// startStaging runs the project's four binaries on DynamoDB's protocol.
func (w *workload) startStaging(t *testing.T) {
	t.Helper()
	own, err := json.Marshal(map[string]string{"WORKLOAD_BACKEND": w.backend.url, "WORKLOAD_FILES": w.files})
	if err != nil {
		t.Fatal(err)
	}
	var log, printed lifttest.Log
	running := startStaging(t, &log, stack.StagingConfig{Source: filepath.Join("testdata", "workload"),
		SweepEvery: time.Second, RetryWait: time.Second,
		Parameters: map[string]string{"Lease": "10s", "EventsUrl": "true", "Environment": string(own)}, Output: &printed})
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(printed.String())
		}
	})
	w.target = targetOf(t, running)
	w.kill = func() {
		for _, p := range running.Processes("processor") {
			if process, err := os.FindProcess(p.PID); err == nil {
				process.Kill()
			}
		}
	}
}

// A followed request is watched by its client, and by its event stream.
type followed struct {
	id     string
	call   *client.Handle
	result string
	err    error
	chunks []string
	events seen
}

// start starts a request, and returns a function that waits for all of its ends.
func (w *workload) start(t *testing.T, ctx context.Context, c *client.Client, id, action, payload string) (*followed, func() *followed) {
	t.Helper()
	f := &followed{id: id}
	call, err := c.Start(ctx, client.Request{ID: id, Action: action, Payload: json.RawMessage(payload)})
	if err != nil {
		t.Fatalf("start %s: %v", id, err)
	}
	f.call = call
	var wg sync.WaitGroup
	var outputErr, eventsErr error
	wg.Go(func() {
		result, err := call.Wait(nil)
		f.result, f.err = string(result), err
	})
	wg.Go(func() {
		for chunk, err := range call.Output(ctx) {
			if outputErr = err; err != nil {
				return
			}
			f.chunks = append(f.chunks, string(chunk))
		}
	})
	wg.Go(func() { f.events, eventsErr = watch(ctx, w.target, id) })
	return f, func() *followed {
		t.Helper()
		wg.Wait()
		if err := errors.Join(f.err, outputErr, eventsErr); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		f.events.check(t, id)
		if diff := cmp.Diff(f.chunks, f.events.chunks); diff != "" {
			t.Errorf("the output of %s differs between the socket and the events (-socket +events):\n%s", id, diff)
		}
		return f
	}
}

// run is the workload: five kinds of requests at once, a kill in the middle of all of them, and
// what everybody sees during it and after.
func (w *workload) run(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := dial(t, ctx, w.target, w.target.Token)
	other := dial(t, ctx, w.target, w.target.OtherToken)

	var answer struct{ Cents int }
	if data, err := c.Do(ctx, client.Request{Action: "quote", Payload: map[string]int{"items": 3}}, nil); err != nil ||
		json.Unmarshal(data, &answer) != nil || answer.Cents != 750 {
		t.Errorf("got %s, %v for a quote, want 750 cents", data, err)
	}

	// The kill comes while an order is being packed, and a stream is under way.
	half := make(chan struct{})
	w.backend.during["killed pack"] = func() {
		select {
		case <-half:
		case <-ctx.Done():
		}
		w.isolated(t, ctx, other)
		w.kill()
	}
	const count = 2000
	stream, streamed := w.start(t, ctx, c, "stream", "tokens", fmt.Sprintf(`{"count":%d,"pause_ms":1}`, count))
	go func() {
		n := 0
		for range stream.call.Output(ctx) {
			if n++; n == 300 {
				close(half)
				return
			}
		}
	}()
	_, approved := w.start(t, ctx, c, "approval", "approve", `"the budget"`)
	_, profiled := w.start(t, ctx, c, "profile", "profile_csv", `{"file":"orders.csv"}`)
	_, summed := w.start(t, ctx, c, "sum", "sum_of_squares", `100`)
	_, flaky := w.start(t, ctx, c, "flaky", "order", `{"order":"flaky","items":2}`)
	_, killed := w.start(t, ctx, c, "killed", "order", `{"order":"killed","items":1}`)

	wantOrder(t, killed(), "killed")
	w.backend.want(t, "killed", 1, 1, 2, 1, 1) // it was not known whether the first call had packed
	wantOrder(t, flaky(), "flaky")
	w.backend.want(t, "flaky", 1, 2, 1, 1, 1)
	if f := summed(); f.result != "338350" {
		t.Errorf("got the sum %s, want 338350", f.result)
	}
	var profile struct{ Rows int }
	if f := profiled(); json.Unmarshal([]byte(f.result), &profile) != nil || profile.Rows != w.rows {
		t.Errorf("got %.200s, want a profile of %d rows", f.result, w.rows)
	}

	// What waited for a person waits still.
	if s, err := c.Get(ctx, "approval"); err != nil || s.Final() {
		t.Errorf("got %s, %v for the approval, want one that waits", s.State, err)
	}
	if _, err := c.Signal(ctx, "approval", "decision", json.RawMessage(`{"approved":true,"by":"grace"}`)); err != nil {
		t.Error(err)
	}
	if f := approved(); f.result != `"the budget was approved by grace"` {
		t.Errorf("got %s for the approval", f.result)
	}
	f := streamed()
	if f.result != fmt.Sprint(count) {
		t.Errorf("got the result %s of the stream, want %d", f.result, count)
	}
	want := make([]string, count)
	for i := range want {
		want[i] = fmt.Sprintf(`{"n":%d,"text":"word %d, “quoted” "}`, i, i)
	}
	if diff := cmp.Diff(want, f.chunks); diff != "" {
		t.Errorf("the stream (-want +got):\n%s", diff)
	}
	w.stored(t, ctx, c, want)
	w.isolated(t, ctx, other)
	w.undisturbed(t, ctx, c)
	if w.cli != "" {
		w.printed(t, ctx, want)
	}
}

func wantOrder(t *testing.T, f *followed, order string) {
	t.Helper()
	want := fmt.Sprintf(`{"order":"%[1]s","receipts":["reserve of %[1]s","charge of %[1]s","pack of %[1]s","ship of %[1]s",`+
		`"notify of %[1]s"]}`, order)
	if f.result != want {
		t.Errorf("got %s, %v for the order %s, want %s", f.result, f.err, order, want)
	}
}

// stored checks what is there to read when all is over.
func (w *workload) stored(t *testing.T, ctx context.Context, c *client.Client, chunks []string) {
	t.Helper()
	for id, attempts := range map[string]int{"stream": 1, "approval": 1, "profile": 1, "sum": 1, "flaky": 2, "killed": 1} {
		s, err := c.Detail(ctx, id)
		if err != nil || s.State != wire.StateSucceeded || s.Attempts != attempts {
			t.Errorf("got %s after %d attempts, %v for %s, want SUCCEEDED after %d", s.State, s.Attempts, err, id, attempts)
			continue
		}
		var steps []string
		for _, step := range s.Detail.Steps {
			steps = append(steps, step.Name)
		}
		if s.Action == "order" && fmt.Sprint(steps) != "[charge notify pack reserve ship]" {
			t.Errorf("got the stored steps %v of %s, want each of the five once", steps, id)
		}
		if id == "sum" && (s.Children == nil || s.Children.Total != 100) {
			t.Errorf("got the children %+v of the sum, want 100", s.Children)
		}
	}
	from := 1234
	part, err := c.Output(ctx, "stream", int64(from))
	if err != nil || part.Offset != int64(from) || len(part.Chunks) == 0 || string(part.Chunks[0]) != chunks[from] {
		t.Errorf("got %d chunks from %d on, %v, want those from %d on", len(part.Chunks), part.Offset, err, from)
	}
	children, err := c.List(ctx, wire.ListQuery{Parent: "sum"})
	if err != nil || len(children.Requests) == 0 {
		t.Errorf("got %d children of the sum, %v", len(children.Requests), err)
	}
}

// undisturbed runs an order without a kill: what the client is told of its progress only rises.
func (w *workload) undisturbed(t *testing.T, ctx context.Context, c *client.Client) {
	t.Helper()
	var percentages []float64
	result, err := c.Do(ctx, client.Request{ID: "calm", Action: "order", Payload: json.RawMessage(`{"order":"calm","items":1}`)},
		func(p client.Progress) { percentages = append(percentages, p.Percentage) })
	wantOrder(t, &followed{result: string(result), err: err}, "calm")
	rises(t, "calm", percentages, 0)
	w.backend.want(t, "calm", 1, 1, 1, 1, 1)
	again, err := c.Do(ctx, client.Request{ID: "calm", Action: "order", Payload: json.RawMessage(`{"order":"calm","items":1}`)}, nil)
	if err != nil || !bytes.Equal(again, result) {
		t.Errorf("got %s, %v for the same id again, want the same result", again, err)
	}
	w.backend.want(t, "calm", 1, 1, 1, 1, 1)
}

// isolated checks that a subject of the same name in another tenant has none of it.
func (w *workload) isolated(t *testing.T, ctx context.Context, other *client.Client) {
	for _, id := range []string{"stream", "approval", "profile", "sum", "flaky", "killed"} {
		_, get := other.Get(ctx, id)
		_, watched := other.Watch(ctx, id)
		_, output := other.Output(ctx, id, 0)
		_, cancel := other.Cancel(ctx, id)
		_, signal := other.Signal(ctx, id, "decision", json.RawMessage(`{}`))
		for call, err := range map[string]error{"get": get, "watch": watched, "output": output, "cancel": cancel, "signal": signal} {
			if fault := (*client.Error)(nil); !errors.As(err, &fault) || fault.Code != wire.NotFound {
				t.Errorf("got %v for another tenant's %s of %s, want NOT_FOUND", err, call, id)
			}
		}
	}
	if list, err := other.List(ctx, wire.ListQuery{}); err != nil || len(list.Requests) > 0 {
		t.Errorf("got %d requests of another tenant, %v, want none", len(list.Requests), err)
	}
}

// printed checks what the command prints of the same.
func (w *workload) printed(t *testing.T, ctx context.Context, chunks []string) {
	t.Helper()
	run := func(token string, args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, w.cli, args...)
		cmd.Env = append(os.Environ(), "STREAMER_URL="+w.target.WebSocketURL, "STREAMER_HTTP_URL="+w.target.HTTPURL,
			"STREAMER_TOKEN="+token)
		out, err := cmd.Output()
		return strings.TrimSuffix(string(out), "\n"), err
	}
	out, err := run(w.target.Token, "output", "stream")
	if diff := cmp.Diff(chunks, strings.Split(out, "\n")); err != nil || diff != "" {
		t.Errorf("streamer output: %v (-want +got):\n%s", err, diff)
	}
	out, err = run(w.target.Token, "get", "killed")
	var s wire.Snapshot
	if err := errors.Join(err, json.Unmarshal([]byte(out), &s)); err != nil || s.State != wire.StateSucceeded {
		t.Errorf("streamer get printed %s, %v", out, err)
	}
	out, err = run(w.target.Token, "list", "--all", "-o", "name")
	ids := strings.Fields(out)
	if err != nil || len(ids) < 7 {
		t.Errorf("streamer list printed %q, %v, want at least the seven requests", out, err)
	}
	out, err = run(w.target.OtherToken, "list", "--all", "-o", "name")
	if err != nil || out != "" {
		t.Errorf("streamer list printed %q, %v for another tenant, want nothing", out, err)
	}
	if out, err = run(w.target.OtherToken, "output", "stream"); err == nil || out != "" {
		t.Errorf("streamer output printed %q, %v for another tenant, want an error", out, err)
	}
}

// writeOrders writes a CSV file of about so many bytes, row by row, and returns the number of rows.
func writeOrders(t *testing.T, path string, size int) (rows int) {
	t.Helper()
	rows = size / 42
	writeCSV(t, path, rows)
	info, err := os.Stat(path)
	if err != nil || info.Size() < int64(size) {
		t.Fatalf("got a file of %d bytes, %v, want at least %d", info.Size(), err, size)
	}
	return rows
}

// peakMemory is the largest that a process has been, in bytes.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Logf("no figure of memory on this system: %v", err)
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
