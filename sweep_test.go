package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

// dispatchTimes notes when each request was dispatched.
type dispatchTimes map[request.Key]time.Time

func (d dispatchTimes) Dispatch(_ context.Context, key request.Key, _ time.Time) error {
	d[key] = time.Now()
	return nil
}

// Results that a client does not read are announced behind the timers of the others,
// several at a time, and count as what they are.
func TestAClientThatDoesNotReadHoldsUpNoTimer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const results = 900
		w := newHarness(t, approval(func() {}), long("done", streamer.ActionConfig{},
			func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, nil }))
		dispatched := dispatchTimes{}
		w.Processor.Dispatch = streamer.QueueFunc(dispatched.Dispatch)
		w.sockets.setFault(func(connection string) error {
			if connection == "deaf" {
				return errNetwork
			}
			return nil
		})
		deaf := w.connect(t, "deaf", ada)
		synctest.Wait()
		for n := range results {
			id := fmt.Sprint("r", n)
			w.submit(t, deaf, id, "done", `{}`)
			at := time.Now()
			if _, err := w.store.ChangeRequest(t.Context(), ada.Key(id), request.Change{Set: request.Effects{
				State: request.Succeeded, UpdatedAt: at, Look: request.Look{Kind: request.LookNotify, At: at}, FinishedAt: at,
				ExpiresAt: at.Add(time.Hour * 24), AddRev: 1}}); err != nil {
				t.Fatal(err)
			}
		}
		w.submit(t, w.connect(t, "c1", mallo), "b", "approval", `{}`)
		w.run(t, mallo.Key("b"))
		time.Sleep(time.Hour)

		began := time.Now()
		report := w.sweep(t)
		if late := dispatched[mallo.Key("b")].Sub(began); dispatched[mallo.Key("b")].IsZero() || late > time.Second {
			t.Errorf("the end of the other tenant's wait was dispatched %v after the sweep began, want at once", late)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("the sweep took %v, want a minute at most", took)
		}
		if report.Notified != 0 || report.Unnotified != results || report.Dispatched != 1 {
			t.Errorf("got %+v, want %d unnotified and 1 dispatched", report, results)
		}
	})
}

// A worker that has just ended a request is about to notify its subscribers, so a sweep
// that comes in between does not: they would have every such frame twice. It does when
// the worker has not.
func TestASweepLeavesAnnouncementsToTheWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("done", streamer.ActionConfig{}, nil))
		w.submit(t, w.connect(t, "c1", ada), "r1", "done", `{}`)
		at := time.Now()
		if _, err := w.store.ChangeRequest(t.Context(), ada.Key("r1"), request.Change{Set: request.Effects{
			State: request.Succeeded, UpdatedAt: at, FinishedAt: at, ExpiresAt: at.Add(24 * time.Hour), AddRev: 1,
			Look: request.Look{Kind: request.LookDispatch, At: at}}}); err != nil { // the look of its dispatch, which the end left
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if report := w.sweep(t); report.Notified != 0 {
			t.Errorf("got %+v a second after the end, want nothing notified", report)
		}
		time.Sleep(time.Minute)
		if report := w.sweep(t); report.Notified != 1 {
			t.Errorf("got %+v a minute after the end, want 1 notified", report)
		}
	})
}

// A row that does not decode is named, and stops no other.
func TestASweepOverARowThatDoesNotDecode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("done", streamer.ActionConfig{}, nil))
		w.submit(t, w.connect(t, "c1", ada), "good", "done", `{}`)
		time.Sleep(time.Minute)
		w.Processor.Store = undecodableStore{w.store}
		report, err := w.Sweep(t.Context())
		if _, ok := errors.AsType[*request.UndecodableError](err); !ok || report.Undecodable != 1 || report.Due != 1 {
			t.Errorf("got %+v, %v; want 1 due, 1 undecodable, and an error", report, err)
		}
		if logs := w.logs.String(); !strings.Contains(logs, `"tenant":"globex","subject":"eve","request_id":"bad"`) {
			t.Errorf("the log does not name the row: %s", logs)
		}
	})
}

// undecodableStore finds a row due that does not decode.
type undecodableStore struct{ *faultyStore }

func (s undecodableStore) DueRequests(ctx context.Context, q request.DueQuery) ([]*request.Request, string, error) {
	due, cursor, err := s.faultyStore.DueRequests(ctx, q)
	if q.Kind != request.LookDispatch {
		return due, cursor, err
	}
	row := &request.RowError{Key: request.Key{Tenant: "globex", Subject: "eve", ID: "bad"}, Err: errNetwork}
	return due, cursor, errors.Join(err, fmt.Errorf("due: %w", &request.UndecodableError{Rows: []*request.RowError{row}}))
}
