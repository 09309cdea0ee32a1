package verify_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
	"github.com/pay-theory/streamer/wire"
)

// startStaging runs the functions' binaries, from this module unless the config
// says from which, against DynamoDB's protocol.
func startStaging(t *testing.T, log *lifttest.Log, config stack.StagingConfig) *stack.Staging {
	t.Helper()
	dynamodbtest.Binary(t) // or skip
	config.Source = cmp.Or(config.Source, "..")
	config.Cache, config.Logger = filepath.Join("..", ".cache", "dynoxide"), log.Logger()
	running, err := stack.StartStaging(t.Context(), config)
	if err != nil {
		t.Fatalf("staging has not all it needs (the go command, npm): %v", err)
	}
	closeAtEnd(t, running)
	return running
}

func TestStaging(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	var log, printed lifttest.Log
	var cold, warm [2]atomic.Int64 // invocations, and those that failed
	daemon := lifttest.NewDaemon(t)
	var grants grantRecorder
	running := startStaging(t, &log, stack.StagingConfig{Between: grants.between, Env: []string{"AWS_XRAY_DAEMON_ADDRESS=" + daemon.Address()},
		Parameters:     map[string]string{"Lease": "10s", "EventsUrl": "true", "EnvironmentPath": "/shop/prod/"},
		ParameterStore: map[string]string{"/shop/prod/GREETING": "hello"},
		SweepEvery:     time.Second, RetryWait: time.Second, Output: &printed,
		OnReport: func(r lambda.Report) {
			kind := &warm
			if r.Init > 0 {
				kind = &cold
			}
			kind[0].Add(1)
			if r.Err != nil {
				kind[1].Add(1)
			}
		}})
	target := targetOf(t, running)
	t.Logf("staging: %s and %s: %s", target.WebSocketURL, target.HTTPURL, running.Backends())
	for _, check := range verify.Checks() {
		runCheck(t, target, check)
	}
	t.Run("its events come while it runs", func(t *testing.T) { eventsOfStaging(t, target) })
	t.Run("its console", func(t *testing.T) { consoleOfStaging(t, running) })
	t.Run("a processor is killed in the middle", func(t *testing.T) { killProcessor(t, running, target) })
	t.Run("its metrics", func(t *testing.T) { metricsOfStaging(t, printed.String()) })
	t.Run("its roles", func(t *testing.T) { rolesOfStaging(t, grants.recorded()) })
	daemon.Empty(t) // the invocations of staging are not sampled
	t.Logf("%d cold starts (%d of them failed), %d warm invocations (%d failed)", cold[0].Load(), cold[1].Load(), warm[0].Load(),
		warm[1].Load())
	if starts, others := cold[0].Load(), warm[0].Load(); starts < 4 || others < starts {
		t.Error("each function starts cold, and stays for more than one event")
	}
	for _, secret := range []string{target.Token, target.OtherToken} {
		if contains(log.String(), secret) || contains(printed.String(), secret) {
			t.Error("a token is in the log")
		}
	}
	if t.Failed() {
		t.Log(printed.String())
	}
}

// metricsOfStaging looks for the metrics that the binaries print.
func metricsOfStaging(t *testing.T, printed string) {
	events, starts, sweeps := map[string]int{}, map[string]int{}, 0
	for line := range strings.Lines(printed) {
		at := strings.Index(line, `{"_aws"`)
		if at < 0 {
			continue
		}
		var counted struct {
			FunctionName     string
			Duration, Errors *float64
			ColdStart        int
			OldestDue        *float64
		}
		if err := json.Unmarshal([]byte(line[at:]), &counted); err != nil || counted.Duration == nil || counted.Errors == nil {
			t.Errorf("%v in the metrics %s", err, line)
		}
		events[counted.FunctionName]++
		starts[counted.FunctionName] += counted.ColdStart
		if counted.OldestDue != nil {
			sweeps++
		}
	}
	t.Logf("metrics of events %v, of them cold %v, sweeps %d", events, starts, sweeps)
	for _, function := range []string{"connect", "disconnect", "router", "processor"} {
		if name := "streamer-" + function; starts[name] == 0 || events[name] <= starts[name] {
			t.Errorf("%s tells of %d events, of %d cold ones", name, events[name], starts[name])
		}
	}
	if sweeps == 0 || sweeps >= events["streamer-processor"] {
		t.Errorf("%d sweeps", sweeps)
	}
}

// killProcessor kills the process that works on a request. The lease ends, the
// sweep finds the request, and another process ends it: once, and right.
func killProcessor(t *testing.T, running *stack.Staging, target *verify.Target) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	conn := rawDial(t, ctx, target)
	const payload = `{"message":"kill","step_ms":400}`
	write(t, ctx, conn, `{"id":"killed","action":"echo_async","payload":`+payload+`}`)
	killed := 0
	var result struct {
		Echo   json.RawMessage `json:"echo"`
		Rounds uint64          `json:"rounds"`
		Digest string          `json:"digest"`
	}
	for result.Digest == "" {
		f := read(t, ctx, conn)
		switch {
		case f.Type == wire.TypeProgress && f.Percentage >= 20 && killed == 0:
			for _, process := range running.Processes("processor") {
				if process.Busy {
					p, err := os.FindProcess(process.PID)
					if err == nil {
						err = p.Kill() // SIGKILL
					}
					if err != nil {
						t.Fatal(err)
					}
					killed++
				}
			}
		case f.Type == wire.TypeComplete:
			if err := json.Unmarshal(f.Result, &result); err != nil {
				t.Fatal(err)
			}
		case f.Type == wire.TypeError:
			t.Fatalf("failed with %+v", f)
		}
	}
	if killed == 0 {
		t.Fatal("no process worked on the request when it was to be killed")
	}
	// The digest is that of as many rounds as the result says.
	digest := sha256.Sum256([]byte(payload))
	input := append(digest[:], payload...)
	for range result.Rounds {
		digest = sha256.Sum256(input)
		copy(input, digest[:])
	}
	if string(result.Echo) != payload || result.Digest != hex.EncodeToString(digest[:]) {
		t.Errorf("the result is %s, %d rounds, digest %s, want %x", result.Echo, result.Rounds, result.Digest, digest)
	}
	write(t, ctx, conn, `{"id":"after","action":"streamer.get","payload":{"request_id":"killed"}}`)
	for {
		f := read(t, ctx, conn)
		if f.Type == wire.TypeComplete && f.RequestID == "killed" {
			t.Error("a second final frame came")
		}
		if f.RequestID == "after" {
			if f.Request == nil || f.Request.State != "SUCCEEDED" {
				t.Fatalf("the request is %+v", f)
			}
			t.Logf("killed %d busy processes; afterwards the request says %s", killed, f.Request.Append(nil))
			return
		}
	}
}

// What each event may cost in network calls when the function is warm.
func TestCallsOfWarmEvents(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	var log lifttest.Log
	var calls counter
	reports := map[string]chan lambda.Report{}
	for _, name := range []string{"connect", "disconnect", "router", "processor"} {
		reports[name] = make(chan lambda.Report, 100)
	}
	// With a longer interval a claim would have to move the look at its request.
	running := startStaging(t, &log, stack.StagingConfig{SweepEvery: time.Minute, OnCall: calls.add,
		OnReport: func(r lambda.Report) { reports[r.Function] <- r }})
	target := targetOf(t, running)
	t.Log(running.Backends())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ended := func(function string, n int) {
		t.Helper()
		for range n {
			select {
			case r := <-reports[function]:
				if r.Err != nil {
					t.Fatalf("%s: %v", function, r.Err)
				}
			case <-ctx.Done():
				t.Fatalf("%s: %v", function, ctx.Err())
			}
		}
	}
	ended("processor", 1) // the schedule fires at the start

	conn := rawDial(t, ctx, target)
	job := func(id string) {
		write(t, ctx, conn, `{"id":"`+id+`","action":"echo_async","payload":{"step_ms":200}}`)
		ended("router", 1)
		for f := read(t, ctx, conn); f.Type != wire.TypeComplete; f = read(t, ctx, conn) {
			if f.Type == wire.TypeError {
				t.Fatalf("%+v", f)
			}
		}
		ended("processor", 1)
	}
	echo := func() {
		write(t, ctx, conn, `{"id":"e","action":"echo","payload":1}`)
		if f := read(t, ctx, conn); f.Type != wire.TypeResponse {
			t.Fatalf("%+v", f)
		}
		ended("router", 1)
	}
	shortLived := func() {
		c := rawDial(t, ctx, target)
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		ended("disconnect", 1)
	}
	for _, warmUp := range []func(){shortLived, echo, func() { job("first") }} {
		warmUp()
	}
	calls.hold(t,
		cost{"connect", "connect", shortLived, 1, 1},
		cost{"disconnect", "disconnect", shortLived, 1, 2},
		cost{"echo", "router", echo, 1, 1},
		cost{"enqueue", "router", func() { job("second") }, 1, 3},
		cost{"a job of five steps", "processor", func() { job("third") }, 1, 12})
}

func rawDial(t *testing.T, ctx context.Context, target *verify.Target) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(ctx, target.WebSocketURL,
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + target.Token}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conn
}

func write(t *testing.T, ctx context.Context, conn *websocket.Conn, text string) {
	t.Helper()
	if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, ctx context.Context, conn *websocket.Conn) wire.Frame {
	t.Helper()
	_, data, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f, err := wire.DecodeFrame(data)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return f
}

// A counter keeps the calls that functions made.
type counter struct {
	mu    sync.Mutex
	calls []stack.Call
}

func (c *counter) add(call stack.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
}

func (c *counter) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = nil
}

// A cost is how many calls an event may make a function do.
type cost struct {
	name, function string
	do             func()
	least, most    int
}

func (c *counter) hold(t *testing.T, events ...cost) {
	t.Helper()
	for _, event := range events {
		c.reset()
		event.do()
		made := c.of(event.function)
		t.Logf("%s: %d calls %v", event.name, len(made), made)
		if len(made) < event.least || len(made) > event.most {
			t.Errorf("%s costs %d calls, want %d to %d: %v", event.name, len(made), event.least, event.most, made)
		}
	}
}

func (c *counter) of(function string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var made []string
	for _, call := range c.calls {
		if call.Function == function {
			made = append(made, fmt.Sprintf("%s.%s", call.Service, call.Operation))
		}
	}
	return made
}

// eventsOfStaging follows a request by the router's function URL, and sees it run.
func eventsOfStaging(t *testing.T, target *verify.Target) {
	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target.HTTPURL+"/requests",
		strings.NewReader(`{"id":"watched","action":"echo_async","payload":{"message":"x","step_ms":700}}`))
	if err != nil {
		t.Fatal(err)
	}
	post.Header.Set("Authorization", "Bearer "+target.Token)
	accepted, err := http.DefaultClient.Do(post)
	if err != nil {
		t.Fatal(err)
	}
	accepted.Body.Close()
	res, err := http.Get(target.HTTPURL + "/requests/watched/events?token=" + target.Token)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got []string
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			got = append(got, name)
		}
	}
	if n := len(got); n < 3 || got[0] != "request" || !slices.Contains(got, "progress") || got[n-1] != "complete" {
		t.Errorf("got the events %v of %s, want a snapshot, progress and the end", got, res.Status)
	}
}
