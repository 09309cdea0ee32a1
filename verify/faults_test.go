package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/internal/faulty"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
	"github.com/pay-theory/streamer/wire"
)

// DynamoDB and the @connections API throttle, fail, answer late or not at all, and
// for three seconds the database and the queue refuse
// connections, after which the database is dead for five more, while two dozen
// clients have work done by the real binaries. Every request ends once, and right. At the sockets
// that follow one connection throughout, each final frame is counted: it comes
// once, and again only where the answer to the push was lost, to the byte the
// same.
func TestFaultsUnderLoad(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	const seed, clients, each = 4, 13, 10 // clients of each kind, and requests of each client
	faults := faulty.New(faulty.Config{Seed: seed, Every: 10, Late: 300 * time.Millisecond})
	var log, printed lifttest.Log
	database, messages := front(t), front(t)
	running := startStaging(t, &log, stack.StagingConfig{Parameters: map[string]string{"Lease": "10s"}, SweepEvery: time.Second,
		RetryWait: time.Second, Concurrency: 16, Output: &printed,
		Env: []string{"AWS_ENDPOINT_URL_DYNAMODB=" + database.URL, "AWS_ENDPOINT_URL_SQS=" + messages.URL},
		Between: func(service string, next http.Handler) http.Handler {
			switch service {
			case "dynamodb":
				database.Serve(faults.DynamoDB(next))
			case "sqs":
				messages.Serve(next)
			case "execute-api":
				return faults.Connections(next)
			}
			return next
		}})
	target := targetOf(t, running)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()

	var death sync.Once
	died := make(chan struct{})
	var all sync.WaitGroup
	die := func() { // in the middle of it
		death.Do(func() {
			faults.Die(8 * time.Second)
			for _, service := range []*faulty.Front{database, messages} {
				all.Go(func() {
					if err := service.Refuse(ctx, 3*time.Second); err != nil {
						t.Error(err)
					}
				})
			}
			close(died)
		})
	}
	watchers := make([]*watcher, clients)
	for n := range clients {
		w := &watcher{t: t, faults: faults, target: target, die: die, ids: map[string]*watched{}}
		for i := range each {
			w.ids[fmt.Sprintf("raw%d-%d", n, i)] = &watched{}
		}
		watchers[n] = w
		all.Go(func() { w.run(ctx) })
		all.Go(func() {
			for i := range each {
				useClient(t, ctx, target, fmt.Sprintf("go%d-%d", n, i))
			}
		})
	}
	all.Wait()
	select {
	case <-died:
	default:
		t.Error("the database never died: there was too little to do")
	}
	counts := faults.Counts()
	faults.Calm()
	t.Logf("seed %d: %v", seed, counts)
	for _, kind := range []faulty.Fault{faulty.Throttled, faulty.Conflict, faulty.Failed, faulty.Reset, faulty.FailedAfter,
		faulty.ResetAfter, faulty.Slow, faulty.Dead} {
		if counts[kind] == 0 {
			t.Errorf("no call was %q", kind)
		}
	}
	for _, service := range []*faulty.Front{database, messages} {
		if !strings.Contains(printed.String(), strings.TrimPrefix(service.URL, "http://")+": connect: connection refused") {
			t.Errorf("no call was refused at %s", service.URL)
		}
	}

	// What is stored now is what the clients got, and nothing comes after it.
	c := dial(t, ctx, target, target.Token)
	for _, w := range watchers {
		w.finish(ctx)
		for id := range w.ids {
			wantSucceeded(t, ctx, c, id)
		}
	}
	for n := range clients {
		for i := range each {
			wantSucceeded(t, ctx, c, fmt.Sprintf("go%d-%d", n, i))
		}
	}
	if t.Failed() {
		t.Log(printed.String())
	}
}

func front(t *testing.T) *faulty.Front {
	t.Helper()
	f, err := faulty.NewFront()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func wantSucceeded(t *testing.T, ctx context.Context, c *client.Client, id string) {
	t.Helper()
	s, err := c.Get(ctx, id)
	if err != nil || s.State != wire.StateSucceeded || !isEcho(s.Result, id) {
		t.Errorf("%s is %s, %v", id, s.Append(nil), err)
	}
}

func payloadOf(id string) string { return `{"message":"` + id + `","step_ms":20}` }

func isEcho(result json.RawMessage, id string) bool {
	var said struct {
		Echo struct {
			Message string `json:"message"`
		} `json:"echo"`
	}
	return json.Unmarshal(result, &said) == nil && said.Echo.Message == id
}

// useClient has a short and a long request done by the Go client. A submission that failed
// for now is made again under its id, as the error says.
func useClient(t *testing.T, ctx context.Context, target *verify.Target, id string) {
	c, err := client.Dial(ctx, client.Config{URL: target.WebSocketURL, HTTPURL: target.HTTPURL,
		Token: func(context.Context) (string, error) { return target.Token, nil }})
	if err != nil {
		t.Errorf("%s: %v", id, err)
		return
	}
	defer c.Close()
	do := func(r client.Request) (json.RawMessage, error) {
		for {
			result, err := c.Do(ctx, r, nil)
			failure, ok := errors.AsType[*client.Error](err)
			if !ok || !failure.Retryable || ctx.Err() != nil {
				return result, err
			}
		}
	}
	if result, err := do(client.Request{Action: "echo", Payload: id}); err != nil || string(result) != `"`+id+`"` {
		t.Errorf("echo %s: %s, %v", id, result, err)
	}
	if result, err := do(client.Request{ID: id, Action: "echo_async", Payload: json.RawMessage(payloadOf(id))}); err != nil ||
		!isEcho(result, id) {
		t.Errorf("%s: %s, %v", id, result, err)
	}
}

// A watcher is one socket with no cleverness. It has several requests done and
// counts every frame that ends one.
type watcher struct {
	t      *testing.T
	faults *faulty.Faults
	target *verify.Target
	die    func()
	conn   *websocket.Conn

	mu    sync.Mutex
	ids   map[string]*watched
	queue []string // not sent yet
	open  int      // not ended
}

const (
	atOnce      = 5               // requests that a watcher has open
	sendAgainIn = 2 * time.Second // when there is no answer
)

type watched struct {
	sent         time.Time // zero: not yet
	acknowledged bool
	ended        bool
	final        []byte
	copies       int // of final
}

func (w *watcher) run(ctx context.Context) {
	options := &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + w.target.Token}}}
	for w.conn == nil {
		conn, response, err := websocket.Dial(ctx, w.target.WebSocketURL, options)
		if err != nil && (response == nil || response.StatusCode < 500 || ctx.Err() != nil) {
			w.t.Error(err)
			return
		}
		w.conn = conn
	}
	w.t.Cleanup(func() { w.conn.CloseNow() })
	w.mu.Lock()
	w.open = len(w.ids)
	w.queue = slices.Sorted(maps.Keys(w.ids))
	for range atOnce {
		w.next(ctx)
	}
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	var sending sync.WaitGroup
	sending.Go(func() { w.sendAgain(ctx) })
	for w.open > 0 && w.read(ctx) {
	}
	cancel()
	sending.Wait()
}

// sendAgain sends what has no answer once more, until ctx ends. The gateway's
// own error frames do not say what they are of.
func (w *watcher) sendAgain(ctx context.Context) {
	ticker := time.NewTicker(sendAgainIn/2 + rand.N(sendAgainIn))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		w.mu.Lock()
		for id, r := range w.ids {
			if !r.sent.IsZero() && !r.acknowledged && !r.ended && time.Since(r.sent) > sendAgainIn {
				w.submit(ctx, id)
			}
		}
		w.mu.Unlock()
	}
}

// next sends the next request, if there is one.
func (w *watcher) next(ctx context.Context) {
	if len(w.queue) > 0 {
		id := w.queue[0]
		w.queue = w.queue[1:]
		w.submit(ctx, id)
	}
}

func (w *watcher) submit(ctx context.Context, id string) {
	w.ids[id].sent = time.Now()
	err := w.conn.Write(ctx, websocket.MessageText, []byte(`{"id":"`+id+`","action":"echo_async","payload":`+payloadOf(id)+`}`))
	if err != nil && ctx.Err() == nil {
		w.t.Errorf("%s: %v", id, err)
	}
}

// read takes one frame. It returns false when no more are to be read, and for
// the answer to finish's ping.
func (w *watcher) read(ctx context.Context) bool {
	_, data, err := w.conn.Read(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.t.Errorf("with %d requests open: %v", w.open, err)
		for id, r := range w.ids {
			if !r.ended {
				w.t.Errorf("%s has not ended; acknowledged: %v", id, r.acknowledged)
			}
		}
		return false
	}
	f, err := wire.DecodeFrame(data)
	if err != nil { // the gateway's own: a message failed, and it does not say which
		return true
	}
	r := w.ids[f.RequestID]
	switch {
	case r == nil:
		return f.Type != wire.TypePong
	case f.Type == wire.TypeError && f.Rev == 0: // the message failed, not the request
		if f.Error.Retry == nil || !f.Error.Retry.Retryable {
			w.t.Errorf("%s: %s", f.RequestID, data)
			return false
		}
		return true // sendAgain will
	case f.Type == wire.TypeAcknowledgment:
		r.acknowledged = true
	case f.Type == wire.TypeRequest:
		r.acknowledged = true
		if f.Request.Final() {
			w.end(ctx, r, f.Request.Result, f.RequestID)
		}
	case f.Type == wire.TypeProgress:
		w.die()
	case f.Type == wire.TypeComplete, f.Type == wire.TypeError:
		if r.copies > 0 && string(data) != string(r.final) {
			w.t.Errorf("%s ended twice: %s and %s", f.RequestID, r.final, data)
		}
		r.final = data
		r.copies++
		w.end(ctx, r, f.Result, f.RequestID)
	}
	return true
}

func (w *watcher) end(ctx context.Context, r *watched, result json.RawMessage, id string) {
	if !isEcho(result, id) {
		w.t.Errorf("%s ended with %s", id, result)
	}
	if !r.ended {
		r.ended = true
		w.open--
		w.next(ctx)
	}
}

// finish reads what still comes before the answer to a ping. A final frame may
// have come again only where the function could not know that it had arrived.
func (w *watcher) finish(ctx context.Context) {
	if w.conn == nil {
		return
	}
	write(w.t, ctx, w.conn, `{"id":"finish","action":"streamer.ping"}`)
	for w.read(ctx) {
	}
	for id, r := range w.ids {
		if most := 1 + w.faults.Doubts(r.final); r.copies > most {
			w.t.Errorf("%s: its final frame came %d times, and %d were to be expected at most", id, r.copies, most)
		}
	}
}
