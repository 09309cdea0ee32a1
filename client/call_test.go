package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

type (
	order   struct{ Lines []string }
	parcel  struct{ Line string }
	receipt struct{ Parcels int }
)

// ship is a long action with a typed payload, output and result.
func ship() streamer.Action {
	config := streamer.ActionConfig{Name: "ship", Long: true, Output: parcel{}}
	return streamer.NewAction(config, func(_ context.Context, job *streamer.Job, in order) (receipt, error) {
		for i, line := range in.Lines {
			if err := job.Emit(parcel{line}); err != nil {
				return receipt{}, err
			}
			job.Progress(float64(i+1)*100/float64(len(in.Lines)), line)
		}
		return receipt{len(in.Lines)}, nil
	})
}

func ExampleCall() {
	withServer(func(ctx context.Context, cfg client.Config) error {
		c, err := client.Dial(ctx, cfg)
		if err != nil {
			return err
		}
		defer c.Close()
		call, err := client.Call[order, receipt](ctx, c, "ship", order{[]string{"a book", "a pen"}},
			func(r *client.Request) { r.ID = "order-7" })
		if err != nil {
			return err
		}
		for parcel, err := range client.Chunks[parcel](call.Output(ctx)) {
			if err != nil {
				return err
			}
			fmt.Println("sent", parcel.Line)
		}
		receipt, err := call.Wait(nil)
		fmt.Println(call.ID(), receipt.Parcels, "parcels", err)
		return nil
	})
	// Output:
	// sent a book
	// sent a pen
	// order-7 2 parcels <nil>
}

// A result of another type than the caller's is an error, and so is that of a request that
// failed.
func TestTypedCallsThatEndInAnError(t *testing.T) {
	t.Parallel()
	server := reports()
	defer server.Close()
	c, err := client.Dial(t.Context(), client.Config{URL: "ws" + server.URL[len("http"):] + "/dev"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	call, err := client.Call[any, []string](t.Context(), c, "generate_report", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = call.Wait(nil)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); !mistyped {
		t.Errorf("a list for an object: got %v, want an error of its type", err)
	}
	same, err := client.Call[any, json.RawMessage](t.Context(), c, "generate_report", nil)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := same.Wait(nil); string(raw) != `{"rows":3}` || err != nil {
		t.Errorf("as it is: got %s, %v, want {\"rows\":3}", raw, err)
	}
	call, err = client.Call[any, []string](t.Context(), c, "make_coffee", nil)
	if err == nil {
		_, err = call.Wait(nil)
	}
	if failed, ok := errors.AsType[*client.Error](err); !ok || failed.Code != wire.InvalidAction {
		t.Errorf("an action that is not there: got %v, want INVALID_ACTION", err)
	}
}

func TestChunks(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	output := func(chunks ...string) iter.Seq2[json.RawMessage, error] {
		return func(yield func(json.RawMessage, error) bool) {
			for _, chunk := range chunks {
				if !yield(json.RawMessage(chunk), nil) {
					return
				}
			}
			yield(nil, lost)
		}
	}
	for _, tt := range []struct {
		name   string
		chunks []string
		want   []int
		err    any
	}{
		{"to the end", []string{"1", "2"}, []int{1, 2}, &lost},
		{"to a chunk of another type", []string{"1", `"b"`, "3"}, []int{1}, new(*json.UnmarshalTypeError)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []int
			var failed error
			for n, err := range client.Chunks[int](output(tt.chunks...)) {
				if err != nil {
					failed = err
					continue
				}
				got = append(got, n)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.As(failed, tt.err) {
				t.Errorf("ended with %v (-want +got):\n%s", failed, diff)
			}
		})
	}
	for range client.Chunks[int](output("1", "2")) {
		break // and output is not asked for more, which would panic
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.URL.RequestURI() != "/actions" {
			t.Errorf("asked for %s %s, want GET /actions", r.Method, r.URL)
		}
		write(w, 200, []byte(`{"actions":[{"name":"ship","long":true,"payload":{"type":"object"},"result":{},"errors":["SOLD_OUT"]}]}`))
	}))
	defer server.Close()
	c, err := client.HTTP(client.Config{HTTPURL: server.URL, Backoff: quick})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.Actions(t.Context())
	want := wire.Catalog{Actions: []wire.CatalogAction{{Name: "ship", Long: true, Payload: json.RawMessage(`{"type":"object"}`),
		Result: json.RawMessage(`{}`), Errors: []wire.Code{"SOLD_OUT"}}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
