package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// manyTenant is whose the seeded requests are.
const manyTenant = "shop"

// A census is what a store holds of a tenant, as the console should show it.
type census struct {
	States   map[request.State]int     `json:"states"`
	Waiting  map[string]int            `json:"waiting"` // by reason, with the limit behind a colon
	Workers  map[string]int            `json:"workers"`
	Failures map[string]int            `json:"failures"` // by action and code
	Actions  map[string]map[string]int `json:"actions"`  // by action and state
}

// seed stores n requests of a tenant, over the last day and in every state, as a shop's
// day would leave them. None of them is due for a look, so that they stay as they are. It
// returns what the store then lists.
func seed(t testing.TB, folder string, n int) census {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(folder, "streamer.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	now := time.Now().UTC().Truncate(time.Millisecond)
	// The store writes together what is asked for at once.
	var next atomic.Int64
	var writers sync.WaitGroup
	for range 64 {
		writers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				r := seeded(i, n, now)
				var permits []request.Permit
				if r.State == request.Running {
					permits = append(permits, request.ActionPermit(r.Action, n))
					r.Permits = []string{permits[0].Name}
				}
				if _, _, err := store.CreateRequest(t.Context(), r, permits...); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	return take(t.Context(), t, store)
}

// shopActions are the seeded requests' actions. One request of each may run at a time, and
// more do, so that those that wait for a permit go on waiting.
var shopActions = []string{"ship_order", "send_invoice", "resize_image", "import_catalog", "refund_payment"}

// seeded is the request of a number.
func seeded(i, n int, now time.Time) *request.Request {
	created := now.Add(-24 * time.Hour * time.Duration(n-i) / time.Duration(n))
	r := &request.Request{
		Key:    request.Key{Tenant: manyTenant, Subject: fmt.Sprintf("user-%03d", i*i%211), ID: fmt.Sprintf("req_%06d", i)},
		Action: shopActions[i/20%len(shopActions)], Payload: fmt.Appendf(nil, `{"order":"O-%d","amount":%d}`, 100000+i, 100+i%9000),
		CorrelationID: fmt.Sprintf("c-%06d", i), State: request.Succeeded, Rev: 4, Fence: 2, Attempt: 1,
		CreatedAt: created, StartedAt: created.Add(200 * time.Millisecond), ClaimedAt: created.Add(200 * time.Millisecond),
		UpdatedAt: created.Add(time.Second), Ran: time.Second, Worker: fmt.Sprintf("worker-%d", i/20%4+1),
		Progress: request.Progress{Percentage: 100, Message: "done"}, Result: json.RawMessage(`{"ok":true}`),
	}
	finish := func() {
		r.FinishedAt = created.Add(time.Duration(300+i*37%90000) * time.Millisecond)
		r.UpdatedAt, r.ExpiresAt = r.FinishedAt, now.Add(30*24*time.Hour)
	}
	later := now.Add(48 * time.Hour)
	fail := func(code wire.Code, message string, cause wire.Cause) {
		r.State, r.Result, r.Error, r.Progress = request.Failed, nil, &wire.Error{Code: code, Message: message}, request.Progress{Percentage: 40}
		r.History = []wire.Attempt{{Number: 1, StartedAt: r.StartedAt, EndedAt: created.Add(250 * time.Millisecond), Code: code, Worker: r.Worker,
			Cause: cause}}
		finish()
	}
	queue := func() {
		r.State, r.Result, r.StartedAt, r.ClaimedAt, r.Worker = request.Queued, nil, time.Time{}, time.Time{}, ""
		r.Progress, r.UpdatedAt, r.DueAt = request.Progress{}, created, later
	}
	switch i % 20 {
	case 12, 13:
		fail(wire.ProcessingFailed, fmt.Sprintf("card %d was declined", 4000+i), wire.Cause{})
	case 14:
		fail(wire.Timeout, "the carrier did not answer within 30 s", wire.Cause{})
	case 15:
		fail(wire.InternalError, "internal error", wire.Cause{Message: fmt.Sprintf("insert order %d: duplicate key", i), Kind: "*pq.Error"})
	case 16:
		r.State, r.Result, r.Error = request.Cancelled, nil, &wire.Error{Code: wire.Cancelled, Message: "the request was cancelled"}
		finish()
	case 17:
		r.State, r.Result, r.DueAt = request.Running, nil, later // the end of its lease
		r.Progress = request.Progress{Percentage: float64(i % 100), Message: "packing"}
	case 18:
		queue()
		r.ThrottledBy = "action:" + r.Action
	case 19:
		queue()
		switch i / 20 % 3 {
		case 0:
			r.Await = request.Await{Token: "approval", Until: later}
		case 1:
			r.Error = &wire.Error{Code: wire.ServiceUnavailable, Message: "the carrier is down"}
		case 2:
			r.DueAt = created // a worker is about to take it
		}
	default:
		finish()
	}
	return r
}

// take counts what a store lists.
func take(ctx context.Context, t testing.TB, store request.Store) census {
	t.Helper()
	c := census{map[request.State]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]map[string]int{}}
	for cursor := ""; ; {
		page, next, err := store.ListRequests(ctx, request.Query{Tenant: manyTenant, Limit: 1000, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			c.States[r.State]++
			if c.Actions[r.Action] == nil {
				c.Actions[r.Action] = map[string]int{}
			}
			c.Actions[r.Action][string(r.State)]++
			switch w := r.Waiting(); {
			case w != nil && w.Limit != "":
				c.Waiting[w.For+":"+w.Limit]++
			case w != nil:
				c.Waiting[w.For]++
			}
			switch r.State {
			case request.Running:
				c.Workers[r.Worker]++
			case request.Failed:
				c.Failures[r.Action+" "+string(r.Error.Code)]++
			}
		}
		if cursor = next; cursor == "" {
			return c
		}
	}
}
