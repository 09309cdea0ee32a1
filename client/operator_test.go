package client_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// An operated is a server that keeps what it was asked, over either transport.
type operated struct {
	mu    sync.Mutex
	asked []string
}

func (o *operated) note(asked string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, asked)
}

// ServeHTTP answers each call with what has the fields of all answers.
func (o *operated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/dev" {
		sockets(o.play, nil).ServeHTTP(w, r)
		return
	}
	o.note(r.Method + " " + r.URL.RequestURI())
	write(w, 200, []byte(`{"type":"response","data":1,"id":"r-1","subject":"ada","state":"SUCCEEDED","rev":3,"result":"a large one","detail":{"correlation_id":"corr-7"},
		"requests":[{"id":"r-1","subject":"ada"}],"connections":[{"id":"c-1","subject":"ada"}],"cursor":"d","closed":2,"chunks":["out"]}`))
}

func (o *operated) play(_ int, p *peer) {
	for m := range p.messages() {
		o.note(m.Action + " " + string(m.Payload))
		switch m.Action {
		case wire.ActionList, wire.ActionOutput:
			p.send(response(m.ID, `{"requests":[{"id":"r-1","subject":"ada"}],"chunks":["out"]}`))
		case "echo":
			p.send(response(m.ID, `1`))
		default:
			p.send(snapshot(m.ID, wire.Snapshot{ID: "r-1", Subject: "ada", State: wire.StateSucceeded, Rev: 3, ResultRef: "/requests/r-1"}))
		}
	}
}

// operate makes every call of an operator's and of its own.
func operate(t *testing.T, c *client.Client) {
	t.Helper()
	ctx, ada := t.Context(), c.OnBehalfOf("ada")
	for name, do := range map[string]func(context.Context, string) (wire.Snapshot, error){
		"get": ada.Get, "cancel": ada.Cancel, "redrive": ada.Redrive, "why": ada.Why, "detail": ada.Detail,
		"signal": func(ctx context.Context, id string) (wire.Snapshot, error) {
			return ada.Signal(ctx, id, "go", json.RawMessage(`1`))
		},
	} {
		s, err := do(ctx, "r-1")
		if err != nil || s.Subject != "ada" || name == "detail" && (s.Detail == nil || s.Detail.CorrelationID != "corr-7") {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if _, err := do(ctx, "a/b"); err == nil {
			t.Errorf("%s of no id passes", name)
		}
	}
	if out, err := ada.Output(ctx, "r-1", 4); err != nil || len(out.Chunks) != 1 {
		t.Errorf("output: %+v, %v", out, err)
	}
	if list, err := ada.List(ctx, wire.ListQuery{Action: "ship", Limit: 7}); err != nil || len(list.Requests) != 1 || list.Requests[0].Subject != "ada" {
		t.Errorf("list: %+v, %v", list, err)
	}
	if _, err := c.List(ctx, wire.ListQuery{Subject: wire.AllSubjects}); err != nil {
		t.Errorf("list of all: %v", err)
	}
	if list, err := c.OnBehalfOf(wire.AllSubjects).Connections(ctx, wire.ConnectionQuery{Limit: 5, Cursor: "c"}); err != nil || len(list.Connections) != 1 || list.Cursor != "d" {
		t.Errorf("connections: %+v, %v", list, err)
	}
	if closed, err := ada.CloseConnections(ctx); err != nil || closed != 2 {
		t.Errorf("closed %d, %v", closed, err)
	}
	call, err := ada.Watch(ctx, "r-1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := call.Wait(nil)
	wantResult(t, got, err, `"a large one"`)
	if _, err := ada.Do(ctx, client.Request{Action: "echo", ID: "r-2"}, nil); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(ctx, "r-3"); err != nil { // its own, as before
		t.Error(err)
	}
}

func (o *operated) want(t *testing.T, want ...string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.Sort(o.asked)
	slices.Sort(want)
	if !slices.Equal(o.asked, want) {
		t.Errorf("asked\n%q, want\n%q", o.asked, want)
	}
}

func TestAnOperatorNamesTheSubjectOverAWebSocket(t *testing.T) {
	t.Parallel()
	var o operated
	c, err := client.Dial(t.Context(), client.Config{URL: serve(t, &o), Backoff: quick})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	operate(t, c)
	const of = ` {"request_id":"r-1","subject":"ada"}`
	o.want(t, "streamer.get"+of, "streamer.cancel"+of, "streamer.redrive"+of, "streamer.why"+of, "streamer.subscribe"+of,
		`streamer.signal {"request_id":"r-1","subject":"ada","token":"go","payload":1}`,
		`streamer.output {"request_id":"r-1","subject":"ada","from":4}`,
		`streamer.list {"subject":"ada","action":"ship","limit":7}`, `streamer.list {"subject":"*"}`,
		"GET /requests/r-1?detail=true&subject=ada", "GET /connections?limit=5&cursor=c&subject=%2A", "DELETE /connections?subject=ada",
		"GET /requests/r-1?subject=ada", // the large result
		"echo ", `streamer.get {"request_id":"r-3"}`)
}

func TestAnOperatorNamesTheSubjectOverHTTP(t *testing.T) {
	t.Parallel()
	var o operated
	server := httptest.NewServer(&o)
	defer server.Close()
	c, err := client.HTTP(client.Config{HTTPURL: server.URL, Backoff: quick})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	operate(t, c)
	const of = "/requests/r-1?subject=ada"
	o.want(t, "GET "+of, "GET "+of, "DELETE "+of, "POST /requests/r-1/redrive?subject=ada", "POST /requests/r-1/signals/go?subject=ada",
		"GET /requests/r-1/output?from=4&subject=ada", "GET /requests?action=ship&limit=7&subject=ada", "GET /requests?subject=%2A",
		"GET /requests/r-1?detail=true&subject=ada", "GET /connections?limit=5&cursor=c&subject=%2A", "DELETE /connections?subject=ada",
		"GET /requests/r-1?wait=20s&rev=0&subject=ada", "POST /requests", "GET /requests/r-3")
}

// A frame names only the id, so requests of two subjects with one id cannot be
// told apart on one connection.
func TestOneIDOfTwoSubjectsIsNotWatchedAtOnce(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		for m := range p.messages() {
			p.send(snapshot(m.ID, wire.Snapshot{ID: "r-1", State: wire.StateRunning, Rev: 2}))
		}
	})
	for _, subject := range []string{"ada", "ada"} {
		if _, err := c.OnBehalfOf(subject).Watch(t.Context(), "r-1"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.OnBehalfOf("bob").Watch(t.Context(), "r-1")
	wantCode(t, err, wire.DuplicateRequest, "r-1")
}

// What Of returns lives and ends with its client.
func TestClosingEitherClosesBoth(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) { p.drain() })
	if err := c.OnBehalfOf("ada").Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start(t.Context(), client.Request{Action: "echo"}); err != client.ErrClosed {
		t.Errorf("a request after the close: %v", err)
	}
}
