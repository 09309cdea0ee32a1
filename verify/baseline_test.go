package verify_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
	"github.com/pay-theory/streamer/wire"
)

// basic are the checks that the functions without Lift pass: connect, refuse,
// answer, queue, report progress, complete. The others need what only Streamer
// has.
var basic = []string{
	"messages/ping is answered with pong",
	"messages/a 64-bit integer comes back digit for digit",
	"messages/a message without an id is given one",
	"messages/request_id is taken for id",
	"messages/a payload that the action refuses: VALIDATION_ERROR",
	"messages/bad ones get an error frame, and the socket stays usable",
	"messages/tenant and subject in a message change nothing",
	"messages/a binary frame closes the socket with 1003",
	"messages/a frame above 32 KB closes the socket with 1009",
	"requests/a long one: acknowledgment, progress, result",
	"requests/ten at once on one socket, each answered once",
}

// startBaseline runs the functions of baseline/ on the staging stack, with
// CloudWatch and X-Ray beside it.
func startBaseline(t *testing.T, log *lifttest.Log, config stack.StagingConfig) *stack.Staging {
	t.Helper()
	cloudWatch := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Credential=connect/…: each function has a key of its own.
		_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		function, _, _ := strings.Cut(credential, "/")
		if config.OnCall != nil {
			config.OnCall(stack.Call{Function: function, Service: "cloudwatch", Operation: filepath.Base(r.URL.Path)})
		}
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	}))
	t.Cleanup(cloudWatch.Close)
	xray, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { xray.Close() })

	config.Source, config.SweepEvery = filepath.Join("..", "measure", "baseline"), time.Hour
	config.Template = filepath.Join("..", "deploy", "template.yaml") // the same stage for other functions
	config.Env = []string{"AWS_ENDPOINT_URL_CLOUDWATCH=" + cloudWatch.URL, "AWS_XRAY_DAEMON_ADDRESS=" + xray.LocalAddr().String()}
	return startStaging(t, log, config)
}

func TestBaseline(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	var log, printed lifttest.Log
	var calls counter
	var invocations, failed atomic.Int64
	reports := make(chan lambda.Report, 1000) // more than there are
	running := startBaseline(t, &log, stack.StagingConfig{Output: &printed, OnCall: calls.add, OnReport: func(r lambda.Report) {
		invocations.Add(1)
		if r.Err != nil {
			failed.Add(1)
		}
		reports <- r
	}})
	target := targetOf(t, running)
	target.HTTPURL = ""
	t.Run("the calls of warm events", func(t *testing.T) { baselineCalls(t, target, &calls, reports) })
	passed := 0
	for _, check := range verify.Checks() {
		if check.Group == "handshake" || slices.Contains(basic, check.Group+"/"+check.Name) {
			passed++
			runCheck(t, target, check)
		}
	}
	if passed <= len(basic) {
		t.Errorf("%d checks ran; one of the %d basic ones has another name now", passed, len(basic))
	}
	t.Logf("%d invocations, %d failed", invocations.Load(), failed.Load())
	if failed.Load() > 0 {
		t.Error("an invocation failed")
	}
	if contains(log.String(), target.Token) || contains(printed.String(), target.Token) {
		t.Error("a token is in the log")
	}
	if t.Failed() {
		t.Log(printed.String())
	}
}

// baselineCalls counts what each event costs in network calls when the function
// is warm.
func baselineCalls(t *testing.T, target *verify.Target, calls *counter, reports <-chan lambda.Report) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := func(functions ...string) {
		t.Helper()
		for len(functions) > 0 {
			select {
			case r := <-reports:
				if i := slices.Index(functions, r.Function); i >= 0 {
					functions = slices.Delete(functions, i, i+1)
				}
			case <-ctx.Done():
				t.Fatalf("%v: %v", functions, ctx.Err())
			}
		}
	}
	ended("processor") // the schedule fires at the start
	conn := rawDial(t, ctx, target)
	shortLived := func() {
		c := rawDial(t, ctx, target)
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		ended("disconnect")
	}
	ask := func(text string, last wire.Type) {
		write(t, ctx, conn, text)
		for f := read(t, ctx, conn); f.Type != last; f = read(t, ctx, conn) {
			if f.Type == wire.TypeError {
				t.Fatalf("%+v", f)
			}
		}
	}
	echo := func() {
		ask(`{"id":"e","action":"echo","payload":1}`, wire.TypeResponse)
		ended("router")
	}
	job := func(id string) {
		ask(`{"id":"`+id+`","action":"echo_async","payload":{"step_ms":200}}`, wire.TypeComplete)
		ended("router", "processor")
	}
	for _, warmUp := range []func(){shortLived, echo} {
		warmUp()
	}
	calls.hold(t,
		cost{"connect", "connect", shortLived, 2, 2},
		cost{"disconnect", "disconnect", shortLived, 2, 2},
		cost{"echo", "router", echo, 3, 3},
		cost{"enqueue", "router", func() { job("first") }, 5, 5},
		cost{"a job of five steps", "processor", func() { job("second") }, 14, 14})
}
