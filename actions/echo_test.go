package actions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions/internal/actiontest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const oddPayload = `{"n":9223372036854775807,  "f":1.10, "s":"<&> \u00e9", "step_ms":1}`

func TestEchoAnswersByteForByte(t *testing.T) {
	t.Parallel()
	w := actiontest.New(t, actiontest.NewStore(t), echo())
	for _, payload := range []string{oddPayload, `"x"`, `12345678901234567890123`, `null`, `[1 , 2]`} {
		frame, err := w.Submit(t, "", "echo", payload)
		if err != nil {
			t.Fatal(err)
		}
		if string(frame.Data) != payload {
			t.Errorf("echo of %s is %s", payload, frame.Data)
		}
	}
}

type asyncEchoResult struct {
	Echo   json.RawMessage `json:"echo"`
	Rounds uint64          `json:"rounds"`
	Digest string          `json:"digest"`
}

// checkEcho fails unless the result has the payload and a digest that a second
// computation gets as well.
func checkEcho(t *testing.T, result json.RawMessage, payload string) asyncEchoResult {
	t.Helper()
	var got asyncEchoResult
	if err := json.Unmarshal(result, &got); err != nil {
		t.Fatal(err)
	}
	if string(got.Echo) != payload {
		t.Errorf("the echo is %s, want %s", got.Echo, payload)
	}
	digest := sha256.Sum256([]byte(payload))
	for range got.Rounds {
		digest = sha256.Sum256(append(digest[:], payload...))
	}
	if want := hex.EncodeToString(digest[:]); got.Digest != want {
		t.Errorf("after %d rounds the digest is %s, want %s", got.Rounds, got.Digest, want)
	}
	return got
}

func TestEchoAsync(t *testing.T) {
	t.Parallel()
	slow := strings.Replace(oddPayload, `"step_ms":1`, `"step_ms":110`, 1) // so that the pace holds no progress back
	for name, payload := range map[string]string{"object": slow, "array": `[{"step_ms":0}]`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := actiontest.New(t, actiontest.NewStore(t), echoAsync())
			r := w.Finish(t, "r1", "echo_async", payload)
			actiontest.WantState(t, r, request.Succeeded)
			if got := checkEcho(t, r.Result, payload); got.Rounds < echoSteps {
				t.Errorf("%d rounds in five steps", got.Rounds)
			}
			var percentages []float64
			for _, f := range w.Connections.Progress() {
				percentages = append(percentages, f.Percentage)
			}
			// A machine under load may be late with a push, and then the newest wins.
			outside := func(p float64) bool { return !slices.Contains([]float64{20, 40, 60, 80, 100}, p) }
			if len(percentages) == 0 || !slices.IsSorted(percentages) || slices.ContainsFunc(percentages, outside) {
				t.Errorf("progress was %v, want steps of 20", percentages)
			}
		})
	}
}

func TestEchoAsyncWithoutPayload(t *testing.T) {
	t.Parallel()
	w := actiontest.New(t, actiontest.NewStore(t), echoAsync())
	r := w.Finish(t, "r1", "echo_async", "")
	actiontest.WantState(t, r, request.Succeeded)
	checkEcho(t, r.Result, "null")
}

func TestEchoAsyncRefuses(t *testing.T) {
	t.Parallel()
	w := actiontest.New(t, actiontest.NewStore(t), echoAsync())
	w.WantRefused(t, "echo_async", `{"step_ms":0}`, "step_ms")
	w.WantRefused(t, "echo_async", `{"step_ms":60001}`, "step_ms")
	w.WantRefused(t, "echo_async", `{"step_ms":"200"}`, "")
}

// The slices end in the middle of a step; the work still comes to its end, and
// the digest tells that no round was lost or done twice.
func TestEchoAsyncGoesOnInAnotherSlice(t *testing.T) {
	t.Parallel()
	const payload = `{"step_ms":60}`
	w := actiontest.New(t, actiontest.NewStore(t), echoAsync())
	if _, err := w.Submit(t, "r1", "echo_async", payload); err != nil {
		t.Fatal(err)
	}
	slices := 0
	for ; w.Load(t, "r1").State == request.Queued && slices < 100; slices++ {
		ctx, cancel := context.WithCancel(t.Context())
		if slices < 10 {
			w.Store.Restart(func(c request.Change) bool {
				if c.Set.State == "" { // a heartbeat
					cancel()
				}
				return false
			})
		}
		w.RunOnce(t, ctx, "r1")
		cancel()
	}
	r := w.Load(t, "r1")
	actiontest.WantState(t, r, request.Succeeded)
	if checkEcho(t, r.Result, payload); r.Slices < 1 || r.Attempt != 1 {
		t.Errorf("it was continued %d times in attempt %d, want at least once in the first", r.Slices, r.Attempt)
	}
}

func TestEchoAsyncIsCancelled(t *testing.T) {
	t.Parallel()
	w := actiontest.New(t, actiontest.NewStore(t), echoAsync())
	cancelled := make(chan error, 1)
	w.Connections.OnPush = func(f wire.Frame) {
		if f.Type == wire.TypeProgress && f.Percentage == 20 {
			go func() {
				_, err := w.Requests.Cancel(context.WithoutCancel(t.Context()), streamer.Caller{Principal: actiontest.Ada}, "r1")
				cancelled <- err
			}()
		}
	}
	r := w.Finish(t, "r1", "echo_async", `{"step_ms":300}`)
	actiontest.WantState(t, r, request.Cancelled)
	if err := <-cancelled; err != nil {
		t.Fatal(err)
	}
}

func TestHashChainKeepsItsPayload(t *testing.T) {
	t.Parallel()
	payload := []byte(`"abc"`)
	chain := hashChain{Digest: make([]byte, sha256.Size)}
	chain.work(t.Context(), payload, 1)
	if !bytes.Equal(payload, []byte(`"abc"`)) {
		t.Errorf("the payload is %s", payload)
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{streamer.ErrCancelled, streamer.ErrLimit, streamer.ErrLeaseLost} {
		t.Run(cause.Error(), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(cause)
			if got := stopped(ctx, nil); !errors.Is(got, cause) {
				t.Errorf("got %v, want %v", got, cause)
			}
		})
	}
}
