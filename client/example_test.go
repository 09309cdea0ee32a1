package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// reports is a server with one action, which takes two steps.
func reports() *httptest.Server {
	return httptest.NewServer(sockets(func(_ int, p *peer) {
		for {
			m, ok := p.read()
			switch {
			case !ok:
				return
			case m.Action == "generate_report":
				p.send(ack(m.ID))
				p.send(progress(m.ID, 2, 50))
				p.send(progress(m.ID, 3, 100))
				p.send(complete(m.ID, 4, `{"rows":3}`))
			case m.Action == wire.ActionSubscribe:
				p.send(snapshot(m.ID, wire.Snapshot{ID: "report-1", Action: "generate_report",
					State: wire.StateSucceeded, Rev: 4, Result: json.RawMessage(`{"rows":3}`)}))
			default:
				p.send(wire.Frame{Type: wire.TypeError, RequestID: m.ID,
					Error: &wire.Error{Code: wire.InvalidAction, Message: "there is no action " + m.Action}})
			}
		}
	}, nil))
}

func Example() {
	server := reports()
	defer server.Close()
	ctx := context.Background()

	c, err := client.Dial(ctx, client.Config{
		URL:   "ws" + strings.TrimPrefix(server.URL, "http") + "/dev",
		Token: func(context.Context) (string, error) { return "a signed token", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	result, err := c.Do(ctx, client.Request{Action: "generate_report", Payload: map[string]string{"format": "csv"}},
		func(p client.Progress) { fmt.Printf("%v %% %s\n", p.Percentage, p.Message) })
	fmt.Println(string(result), err)

	_, err = c.Do(ctx, client.Request{Action: "make_coffee"}, nil)
	var failed *client.Error
	if errors.As(err, &failed) {
		fmt.Println(failed.Code, failed.Message)
	}
	// Output:
	// 50 % working
	// 100 % working
	// {"rows":3} <nil>
	// INVALID_ACTION there is no action make_coffee
}

// A request outlives whoever asked for it: any client of the same principal
// picks it up by its id.
func ExampleClient_Watch() {
	server := reports()
	defer server.Close()
	ctx := context.Background()

	c, err := client.Dial(ctx, client.Config{URL: "ws" + strings.TrimPrefix(server.URL, "http") + "/dev"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	call, err := c.Watch(ctx, "report-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := call.Wait(nil)
	fmt.Println(string(result), err)
	// Output: {"rows":3} <nil>
}
