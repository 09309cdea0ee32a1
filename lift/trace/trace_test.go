package trace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/internal/schematest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/trace"
)

const (
	root   = "1-5759e988-bd862e3fe1be46a994272793"
	parent = "53995c3f42cd8ad8"
	lambda = "Root=" + root + ";Parent=" + parent + ";Sampled=1;Lineage=1:a87bd80c:0"
)

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(1500 * time.Microsecond)
	return c.at
}

func tracer(t *testing.T, daemon *lifttest.Daemon) *trace.Tracer {
	t.Helper()
	address := "127.0.0.1:1"
	if daemon != nil {
		address = daemon.Address()
	}
	c := &clock{at: time.Unix(1461096053, 37518e4)}
	tr, err := trace.New(trace.Config{Service: "orders", Daemon: address, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func next(t *testing.T, daemon *lifttest.Daemon) map[string]any {
	t.Helper()
	document := daemon.Next(t)
	schematest.Segment(t, document)
	var segment map[string]any
	if err := json.Unmarshal(document, &segment); err != nil {
		t.Fatal(err)
	}
	return segment
}

func TestUnderLambda(t *testing.T) {
	t.Parallel()
	daemon := lifttest.NewDaemon(t)
	ctx, s := tracer(t, daemon).Start(t.Context(), "GET /things/{id}", trace.Caller{Lambda: lambda})
	if trace.From(ctx) != s || s.ID() != root {
		t.Errorf("id %q", s.ID())
	}
	s.Annotate("trigger", "none")
	s.Annotate("trigger", "http")
	s.Annotate("cold", true)
	s.Annotate("items", 3)
	s.Annotate("not allowed", "x")
	s.Annotate("list", []int{1})
	s.Metadata("order", map[string]any{"id": 7})
	s.Metadata("AWS.reserved", 1)
	s.Metadata("function", func() {})
	s.End(nil)
	s.End(errors.New("a second end"))
	s.Annotate("late", "x")

	got := next(t, daemon)
	id := got["id"]
	delete(got, "id")
	text, _ := json.Marshal(got)
	const want = `{"annotations":{"cold":true,"items":3,"trigger":"http"},"end_time":1461096053.378180,"metadata":{"default":{"order":{"id":7}}},` +
		`"name":"GET /things/_id_","parent_id":"` + parent + `","start_time":1461096053.376680,"trace_id":"` + root + `","type":"subsegment"}`
	if string(text) != strings.NewReplacer("378180", "37818", "376680", "37668").Replace(want) {
		t.Errorf("document\n%s, want\n%s", text, want)
	}
	if len(id.(string)) != 16 || id == parent {
		t.Errorf("id %v", id)
	}
	daemon.Empty(t)
}

func TestOutsideLambda(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		caller        trace.Caller
		root, parent  string
		sub           bool
		traceparentID string
		nothing       bool
	}{
		"X-Ray's header":      {caller: trace.Caller{XRay: lambda}, root: root, parent: parent},
		"without parent":      {caller: trace.Caller{XRay: "Root=" + root + ";Sampled=1"}, root: root},
		"traceparent":         {caller: trace.Caller{Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, root: "1-0af76519-16cd43dd8448eb211c80319c", parent: "b7ad6b7169203331"},
		"both":                {caller: trace.Caller{XRay: lambda, Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}, root: root, parent: parent, traceparentID: "0af7651916cd43dd8448eb211c80319c"},
		"Lambda's and a page": {caller: trace.Caller{Lambda: lambda, Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}, root: root, parent: parent, sub: true, traceparentID: "0af7651916cd43dd8448eb211c80319c"},
		"nothing":             {nothing: true},
		"not valid":           {caller: trace.Caller{Lambda: "x", XRay: "Root=1-x", Traceparent: "00-0-0-0"}, nothing: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			daemon := lifttest.NewDaemon(t)
			ctx, s := tracer(t, daemon).Start(t.Context(), "GET /x", tt.caller)
			if tt.nothing {
				if s != nil || ctx != t.Context() {
					t.Error("a segment of no trace")
				}
				return
			}
			s.SetHTTP("GET", "https://orders.example/x", 404)
			s.End(nil)
			got := next(t, daemon)
			if got["trace_id"] != tt.root || got["error"] != true {
				t.Errorf("document %v", got)
			}
			if p, _ := got["parent_id"].(string); p != tt.parent {
				t.Errorf("parent %q", p)
			}
			if sub := got["type"] == "subsegment"; sub != tt.sub || !sub && got["name"] != "orders" {
				t.Errorf("document %v", got)
			}
			id := tt.traceparentID
			if id == "" {
				id = strings.ReplaceAll(tt.root[2:], "-", "")
			}
			if want := "00-" + id + "-" + got["id"].(string) + "-01"; s.Traceparent() != want {
				t.Errorf("traceparent %q, want %q", s.Traceparent(), want)
			}
		})
	}
}

func TestNothingIsSent(t *testing.T) {
	t.Parallel()
	daemon := lifttest.NewDaemon(t)
	for name, header := range map[string]string{
		"not sampled": "Root=" + root + ";Parent=" + parent + ";Sampled=0",
		"undecided":   "Root=" + root + ";Sampled=?",
		"passed on":   "Root=" + root + ";Lineage=1:a:0",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, s := tracer(t, daemon).Start(t.Context(), "x", trace.Caller{Lambda: header})
			child, sub := trace.Start(ctx, "part")
			if child != ctx || sub != nil {
				t.Errorf("%s: a subsegment", name)
			}
			sub.Annotate("a", 1)
			s.Annotate("a", 1)
			s.End(nil)
			if link := s.Link(); link.TraceID != root || link.Sampled {
				t.Errorf("%s: link %+v", name, link)
			}
		})
	}
	daemon.Empty(t)

	var none *trace.Segment
	none.Annotate("a", 1)
	none.Metadata("a", 1)
	none.SetHTTP("GET", "x", 200)
	none.End(nil)
	if none.ID() != "" || none.Traceparent() != "" || none.Link() != (trace.Link{}) {
		t.Error("nil says something")
	}
	// A daemon that is not there changes nothing.
	_, s := tracer(t, nil).Start(t.Context(), "x", trace.Caller{Lambda: lambda})
	s.End(nil)
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	daemon := lifttest.NewDaemon(t)
	tr := tracer(t, daemon)
	for name, tt := range map[string]struct {
		err                    error
		fault, error, throttle bool
	}{
		"success":    {},
		"undeclared": {err: fmt.Errorf("dial: %w", io.ErrUnexpectedEOF), fault: true},
		"fault":      {err: lift.Errorf(lift.CodeUnavailable, "away"), fault: true},
		"refusal":    {err: lift.Errorf(lift.CodeNotFound, "gone"), error: true},
		"throttle":   {err: lift.Errorf(lift.CodeRateLimited, "slow down"), error: true, throttle: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, s := tr.Start(t.Context(), "x", trace.Caller{Lambda: lambda})
			s.End(tt.err)
			got := next(t, daemon)
			if got["fault"] == true != tt.fault || got["error"] == true != tt.error || got["throttle"] == true != tt.throttle {
				t.Errorf("%s: %v", name, got)
			}
			if tt.err == nil {
				return
			}
			exception := got["cause"].(map[string]any)["exceptions"].([]any)[0].(map[string]any)
			if exception["message"] != tt.err.Error() || exception["type"] != fmt.Sprintf("%T", tt.err) {
				t.Errorf("%s: %v", name, exception)
			}
		})
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	daemon := lifttest.NewDaemon(t)
	ctx, event := tracer(t, daemon).Start(t.Context(), "x", trace.Caller{Lambda: lambda})
	wrong := errors.New("wrong")
	err := trace.Do(ctx, "outer", func(ctx context.Context) error {
		trace.From(ctx).Annotate("in", "outer")
		if err := trace.Do(ctx, "inner", func(context.Context) error { return nil }); err != nil {
			t.Error(err)
		}
		return wrong
	})
	if err != wrong {
		t.Errorf("error %v", err)
	}
	inner, outer := next(t, daemon), next(t, daemon)
	if inner["name"] != "inner" || outer["name"] != "outer" || inner["parent_id"] != outer["id"] || outer["parent_id"] != event.Link().Parent ||
		outer["fault"] != true || inner["fault"] != nil || outer["annotations"].(map[string]any)["in"] != "outer" {
		t.Errorf("inner %v, outer %v", inner, outer)
	}
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic is gone")
			}
		}()
		_ = trace.Do(ctx, "panics", func(context.Context) error { panic("boom") })
	}()
	if got := next(t, daemon); got["name"] != "panics" || got["fault"] != true {
		t.Errorf("document %v", got)
	}
	if err := trace.Do(t.Context(), "no trace", func(context.Context) error { return wrong }); err != wrong {
		t.Errorf("error %v", err)
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	received := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received <- r.Header
		w.Header().Set("X-Amzn-Requestid", "REQ1")
		if r.URL.Path == "/slow" {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		io.WriteString(w, "hello")
	}))
	defer server.Close()
	daemon := lifttest.NewDaemon(t)
	tr := tracer(t, daemon)
	client := &http.Client{Transport: trace.Transport(nil)}
	call := func(ctx context.Context, path string, header http.Header) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, "", server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name := range header {
			req.Header.Set(name, header.Get(name))
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if req.Header.Get("Traceparent") != "" {
			t.Error("the caller's request is changed")
		}
	}

	ctx, event := tr.Start(t.Context(), "x", trace.Caller{Lambda: lambda, Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", Tracestate: "a=1, b=2"})
	call(ctx, "/things?token=sesame", nil)
	header, got := <-received, next(t, daemon)
	id := got["id"].(string)
	if h := header.Get("X-Amzn-Trace-Id"); h != "Root="+root+";Parent="+id+";Sampled=1;Lineage=1:a87bd80c:0" {
		t.Errorf("X-Amzn-Trace-Id %q", h)
	}
	if h := header.Get("Traceparent"); h != "00-0af7651916cd43dd8448eb211c80319c-"+id+"-01" || header.Get("Tracestate") != "a=1, b=2" {
		t.Errorf("traceparent %q, tracestate %q", h, header.Get("Tracestate"))
	}
	text, _ := json.Marshal(got["http"])
	if want := `{"request":{"method":"GET","url":"` + server.URL + `/things"},"response":{"content_length":5,"status":200}}`; string(text) != want {
		t.Errorf("http %s, want %s", text, want)
	}
	if got["namespace"] != "remote" || got["name"] != strings.TrimPrefix(server.URL, "http://") || got["parent_id"] != event.Link().Parent {
		t.Errorf("document %v", got)
	}

	call(ctx, "/slow", http.Header{"X-Amz-Target": {"DynamoDB_20120810.GetItem"}})
	<-received
	got = next(t, daemon)
	if got["name"] != "DynamoDB" || got["namespace"] != "aws" || got["throttle"] != true || got["aws"].(map[string]any)["operation"] != "GetItem" ||
		got["aws"].(map[string]any)["request_id"] != "REQ1" {
		t.Errorf("document %v", got)
	}

	// A trace that is not recorded is passed on; without a trace nothing is.
	unsampled, _ := tr.Start(t.Context(), "x", trace.Caller{Lambda: "Root=" + root + ";Parent=" + parent + ";Sampled=0"})
	call(unsampled, "/", nil)
	if h := (<-received).Get("X-Amzn-Trace-Id"); !strings.HasPrefix(h, "Root="+root+";Parent=") || !strings.HasSuffix(h, ";Sampled=0") {
		t.Errorf("X-Amzn-Trace-Id %q", h)
	}
	call(t.Context(), "/", nil)
	if h := <-received; h.Get("X-Amzn-Trace-Id") != "" || h.Get("Traceparent") != "" {
		t.Errorf("headers %v", h)
	}
	daemon.Empty(t)

	refused := errors.New("refused")
	broken := trace.Transport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, refused }))
	req, _ := http.NewRequestWithContext(ctx, "POST", "http://gone.example/", nil)
	if _, err := broken.RoundTrip(req); err != refused {
		t.Errorf("error %v", err)
	}
	if got := next(t, daemon); got["fault"] != true || got["name"] != "gone.example" {
		t.Errorf("document %v", got)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDocumentsStayWithinXRaysBounds(t *testing.T) {
	t.Parallel()
	daemon := lifttest.NewDaemon(t)
	tr := tracer(t, daemon)
	_, s := tr.Start(t.Context(), strings.Repeat("ä{}\x00", 100), trace.Caller{Lambda: lambda})
	for i := range 100 {
		s.Annotate(fmt.Sprint("k", i), strings.Repeat("ü", 300))
		s.Metadata(fmt.Sprint("k", i), strings.Repeat("x", 2000))
	}
	s.Annotate("", "x")
	s.End(errors.New(strings.Repeat("e", 1000)))
	got := next(t, daemon)
	if got["metadata"] != nil || len(got["annotations"].(map[string]any)) != 50 {
		t.Error("metadata or annotations that do not fit")
	}
	_, s = tr.Start(t.Context(), "", trace.Caller{Lambda: lambda})
	s.Metadata("t", "Bearer sesame-1234567890")
	s.End(nil)
	if document := string(daemon.Next(t)); strings.Contains(document, "sesame") {
		t.Errorf("a token in %s", document)
	}
}

// A secret that the cut of a text would halve is not known for one after it.
func TestSecretsAreLeftOutBeforeTheCut(t *testing.T) {
	t.Parallel()
	daemon := lifttest.NewDaemon(t)
	_, s := tracer(t, daemon).Start(t.Context(), "x", trace.Caller{Lambda: lambda})
	s.End(errors.New(strings.Repeat("x", 225) + " postgres://u:s3cr3t-of-the-database@db/x"))
	text, err := json.Marshal(next(t, daemon))
	if err != nil || strings.Contains(string(text), "s3cr3t") || !strings.Contains(string(text), "u:[redacted") {
		t.Errorf("got %s, %v; want the password left out", text, err)
	}
}

func TestNewTracer(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:2000": true, "169.254.79.129:2000": true, "[::1]:2000": true,
		"tcp:127.0.0.1:2000 udp:127.0.0.2:2001": true, "udp:127.0.0.2:2001": true,
		"127.0.0.1": false, "127.0.0.1:": false, "tcp:x": false,
	} {
		t.Run(address, func(t *testing.T) {
			if _, err := trace.New(trace.Config{Daemon: address}); (err == nil) != ok {
				t.Errorf("%q: %v", address, err)
			}
		})
	}
	daemon := lifttest.NewDaemon(t)
	t.Setenv("AWS_XRAY_DAEMON_ADDRESS", "tcp:127.0.0.1:9 udp:"+daemon.Address())
	tr, err := trace.New(trace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, s := tr.Start(t.Context(), "x", trace.Caller{XRay: lambda})
	s.End(nil)
	if got := next(t, daemon); got["name"] != "lift" {
		t.Errorf("document %v", got)
	}
	t.Setenv("AWS_XRAY_DAEMON_ADDRESS", "")
	if tr, err = trace.New(trace.Config{}); err != nil {
		t.Fatal(err)
	}
	ctx, s := tr.Start(t.Context(), "x", trace.Caller{XRay: lambda})
	if _, sub := trace.Start(ctx, "y"); sub != nil || !s.Link().Sampled {
		t.Error("without a daemon something is recorded, or the decision is not passed on")
	}
}

// Two events at the same time stay apart, also in what their handlers do side
// by side.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	daemon := lifttest.NewDaemon(t)
	tr := tracer(t, daemon)
	const events, parts = 8, 4
	var wg sync.WaitGroup
	for i := range events {
		wg.Go(func() {
			id := fmt.Sprintf("1-5759e988-%024x", i)
			ctx, s := tr.Start(context.Background(), "event", trace.Caller{Lambda: "Root=" + id + ";Parent=" + parent + ";Sampled=1"})
			var inner sync.WaitGroup
			for range parts {
				inner.Go(func() {
					_ = trace.Do(ctx, "part", func(ctx context.Context) error {
						trace.From(ctx).Annotate("event", i)
						s.Annotate("seen", true)
						return nil
					})
				})
			}
			inner.Wait()
			s.End(nil)
		})
	}
	wg.Wait()
	seen := make(map[string]int)
	for range events * (parts + 1) {
		got := next(t, daemon)
		seen[got["trace_id"].(string)]++
		if got["name"] == "part" && fmt.Sprintf("1-5759e988-%024x", int(got["annotations"].(map[string]any)["event"].(float64))) != got["trace_id"] {
			t.Errorf("a part in another trace: %v", got)
		}
	}
	for id, n := range seen {
		if n != parts+1 {
			t.Errorf("%s has %d documents", id, n)
		}
	}
}
