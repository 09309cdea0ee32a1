package verify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/emulator/gateway"
	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/wire"
)

// throttled echoes, and is throttled by the first times that a message comes.
type throttled struct {
	times int
	mu    sync.Mutex
	came  map[string]int
}

func (f *throttled) Invoke(_ context.Context, raw []byte) ([]byte, error) {
	var e struct {
		RequestContext struct{ RouteKey string }
		Body           string
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	if e.RequestContext.RouteKey == gateway.RouteConnect {
		return []byte(`{"statusCode":200}`), nil
	}
	m, err := wire.DecodeMessage([]byte(e.Body))
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.came[m.ID]++
	refused := f.came[m.ID] <= f.times
	f.mu.Unlock()
	if refused {
		return nil, lambda.ErrThrottled
	}
	frame := wire.Frame{Type: wire.TypeResponse, RequestID: m.ID, Data: m.Payload}
	return json.Marshal(map[string]any{"statusCode": http.StatusOK, "body": string(frame.Append(nil))})
}

// The gateway's error frame for a throttled function does not say which message
// was lost: the Go client finds out, and each call gets its own answer.
func TestGoClientAndAThrottledFunction(t *testing.T) {
	t.Parallel()
	f := &throttled{times: 2, came: map[string]int{}}
	address := serveGateway(t, gateway.Config{
		Routes: map[string]gateway.Route{gateway.RouteConnect: {Function: f}, gateway.RouteDefault: {Function: f, RouteResponse: true}},
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := client.Dial(ctx, client.Config{URL: "ws://" + address,
		Token: func(context.Context) (string, error) { return "none", nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const calls = 40
	var all sync.WaitGroup
	for n := range calls {
		all.Go(func() {
			id := fmt.Sprint("r", n)
			got, err := c.Do(ctx, client.Request{ID: id, Action: "echo", Payload: n}, nil)
			if err != nil || string(got) != fmt.Sprint(n) {
				t.Errorf("%s: %s, %v", id, got, err)
			}
		})
	}
	all.Wait()
	sent := 0
	for _, n := range f.came {
		sent += n
	}
	t.Logf("%d calls took %d messages", calls, sent)
}
