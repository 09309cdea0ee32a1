package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// followed is what a Follow sent, one word for each frame, and how far that brings.
type followed struct {
	words       []string
	rev, offset int64
}

func (w *harness) follow(t *testing.T, who streamer.Caller, from followed, atOnce bool, until int) followed {
	t.Helper()
	errEnough := errors.New("the connection is gone")
	got := followed{rev: from.rev, offset: from.offset}
	err := w.requests.Follow(t.Context(), who, "r1", from.rev, from.offset, atOnce, func(f wire.Frame, rev, offset int64) error {
		switch f.Type {
		case wire.TypeRequest:
			got.words = append(got.words, f.Request.State)
		case wire.TypeProgress:
			got.words = append(got.words, fmt.Sprint(f.Percentage, "%"))
		case wire.TypeOutput:
			got.words = append(got.words, fmt.Sprintf("%d:%s", f.Offset, f.Chunks))
		default:
			got.words = append(got.words, string(f.Type))
		}
		got.rev, got.offset = rev, offset
		if len(got.words) == until {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		t.Fatalf("follow: %v", err)
	}
	return got
}

// A watcher that comes back with the place that it had reached misses nothing and gets
// nothing twice, wherever its connection broke.
func TestFollowGoesOnWithoutAGap(t *testing.T) {
	t.Parallel()
	whole := []string{"QUEUED", "RUNNING", "0:[1 2]", "50%", "2:[3]", "3:[4]", "SUCCEEDED", "complete"}
	for until := range whole {
		t.Run(fmt.Sprint("after ", until), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newHarness(t, long("tokens", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
					for i := 1; i <= 4; i++ {
						if i == 3 {
							job.Progress(50, "half")
							time.Sleep(time.Second)
						}
						if err := job.Emit(i); err != nil {
							return nil, err
						}
						if i >= 2 {
							time.Sleep(10 * time.Second)
						}
					}
					return json.RawMessage(`"done"`), nil
				}))
				who := w.connect(t, "c1", ada)
				w.submit(t, who, "r1", "tokens", `{}`)
				go func() {
					time.Sleep(5 * time.Second)
					w.run(t, ada.Key("r1"))
				}()
				first := w.follow(t, who, followed{}, false, until)
				time.Sleep(7 * time.Second)
				var second followed
				if until > 0 {
					second = w.follow(t, who, first, false, 0)
				}
				got := strings.Join(append(first.words, second.words...), " ")
				for _, once := range []string{"0:[1 2]", "2:[3]", "3:[4]", "complete"} {
					if strings.Count(got, once) != 1 {
						t.Errorf("broken after %d: got %s, want %s once", until, got, once)
					}
				}
				if want := strings.Join(whole, " "); until == 0 && got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		})
	}
}

func TestFollowAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, nil))
		who := w.connect(t, "c1", ada)
		w.submit(t, who, "r1", "work", `{}`)
		began := time.Now()
		got := w.follow(t, who, followed{}, true, 0)
		if strings.Join(got.words, " ") != "QUEUED" || time.Since(began) != 0 {
			t.Errorf("got %v after %v, want QUEUED at once", got.words, time.Since(began))
		}
		if again := w.follow(t, who, got, true, 0); len(again.words) != 0 {
			t.Errorf("got %v for one that knows, want nothing", again.words)
		}
	})
}

// A progress frame is of a request that runs: one that begins to wait is sent as it is.
func TestFollowShowsThatARequestWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("wait", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
			return nil, nil
		}))
		who := w.connect(t, "c1", ada)
		w.submit(t, who, "r1", "wait", `{}`)
		go func() {
			time.Sleep(5 * time.Second)
			if _, err := w.Store.ChangeRequest(t.Context(), ada.Key("r1"), request.Throttle(time.Now(), "action:wait")); err != nil {
				t.Error(err)
			}
		}()
		got := w.follow(t, who, followed{}, false, 2).words
		if want := []string{"QUEUED", "QUEUED"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
