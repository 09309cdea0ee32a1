package verify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/verify"
	"github.com/pay-theory/streamer/wire"
)

func dial(t *testing.T, ctx context.Context, target *verify.Target, token string) *client.Client {
	t.Helper()
	c, err := client.Dial(ctx, client.Config{
		URL: target.WebSocketURL, HTTPURL: target.HTTPURL,
		Token: func(context.Context) (string, error) { return token, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Two hundred clients at once, each with ten short and two long requests: every
// one gets exactly one final answer, and it is its own. The server is a process
// as users start it; the clients are under the race detector.
func TestManyClientsAtOnce(t *testing.T) {
	data := t.TempDir()
	server := startDev(t, buildCLI(t), "--data", data, "--listen", "127.0.0.1:0", "--log", "json")
	target := server.target(t, data)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute) // a bound for the slowest of machines; seconds elsewhere
	defer cancel()

	const clients, short, long = 200, 10, 2
	var (
		mu      sync.Mutex
		answers = map[string]int{}
		all     sync.WaitGroup
	)
	for n := range clients {
		all.Go(func() {
			c, err := client.Dial(ctx, client.Config{URL: target.WebSocketURL, HTTPURL: target.HTTPURL,
				Token: func(context.Context) (string, error) { return target.Token, nil }})
			if err != nil {
				t.Errorf("client %d: %v", n, err)
				return
			}
			defer c.Close()
			var requests sync.WaitGroup
			for i := range short + long {
				requests.Go(func() {
					id := fmt.Sprintf("c%d-r%d", n, i)
					request := client.Request{ID: id, Action: "echo", Payload: id}
					if i >= short {
						request.Action = "echo_async"
						request.Payload = map[string]any{"message": id, "step_ms": 1}
					}
					result, err := c.Do(ctx, request, nil)
					if err != nil {
						t.Errorf("%s: %v", id, err)
						return
					}
					var long struct {
						Echo struct {
							Message string `json:"message"`
						} `json:"echo"`
					}
					if got := string(result); i < short && got != `"`+id+`"` ||
						i >= short && (json.Unmarshal(result, &long) != nil || long.Echo.Message != id) {
						t.Errorf("%s was answered with %s", id, got)
					}
					mu.Lock()
					answers[id]++
					mu.Unlock()
				})
			}
			requests.Wait()
		})
	}
	all.Wait()
	if len(answers) != clients*(short+long) {
		t.Errorf("%d requests were answered, of %d", len(answers), clients*(short+long))
	}
}

// A client whose connection is lost again and again in the middle of its request
// gets the final result once, and sees progress only go forward.
func TestAConnectionThatIsLostAgainAndAgain(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	target := targetOf(t, startStack(t, &log))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	proxy := newProxy(t, target.WebSocketURL)
	c, err := client.Dial(ctx, client.Config{URL: proxy.url, HTTPURL: target.HTTPURL,
		Backoff: client.Backoff{Min: 10 * time.Millisecond, Max: 50 * time.Millisecond},
		Token:   func(context.Context) (string, error) { return target.Token, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	call, err := c.Start(ctx, client.Request{Action: "echo_async", Payload: map[string]any{"message": "cut", "step_ms": 600}})
	if err != nil {
		t.Fatal(err)
	}
	var rev int64
	percentage, drops := -1.0, 0
	result, err := call.Wait(func(p client.Progress) {
		if p.Rev <= rev || p.Percentage < percentage {
			t.Errorf("rev %d after %d, %v %% after %v %%", p.Rev, rev, p.Percentage, percentage)
		}
		rev, percentage = p.Rev, p.Percentage
		proxy.drop()
		drops++
	})
	if err != nil || drops < 2 {
		t.Fatalf("after %d lost connections: %s, %v", drops, result, err)
	}
	snapshot, err := c.Get(ctx, call.ID())
	if err != nil || snapshot.State != wire.StateSucceeded || snapshot.Attempts != 1 || string(snapshot.Result) != string(result) {
		t.Errorf("the request is %s, %v", snapshot.Append(nil), err)
	}
}
