package stack_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/stack/testdata/queueapp/work"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// onBothStacks runs a test on a dev and on a staging stack whose schedule does not fire
// again: what the queue does not bring does not come. late is how long after its time
// something may begin there.
func onBothStacks(t *testing.T, parameters map[string]string, check func(t *testing.T, running stack.Stack, late time.Duration)) {
	t.Run("dev", func(t *testing.T) {
		t.Parallel()
		var log lifttest.Log
		running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", SweepEvery: time.Hour,
			Parts: functions.Parts{Logger: log.Logger(), Actions: work.Actions, Limits: streamer.Limits{RunningPerTenant: 10}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stop(t, running) })
		check(t, running, 2*time.Second)
	})
	t.Run("staging", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("builds and runs the functions")
		}
		check(t, startStaging(t, parameters), 3*time.Second)
	})
}

// startStaging starts a stack of the binaries with the actions of package work.
func startStaging(t *testing.T, parameters map[string]string) *stack.Staging {
	t.Helper()
	dynamodbtest.Binary(t) // or skip
	var log, printed lifttest.Log
	running, err := stack.StartStaging(t.Context(), stack.StagingConfig{Source: filepath.Join("testdata", "queueapp"),
		Template: filepath.Join("..", "deploy", "template.yaml"), Parameters: parameters,
		Cache: filepath.Join("..", ".cache", "dynoxide"), SweepEvery: time.Hour, Logger: log.Logger(), Output: &printed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
		defer cancel()
		if err := running.Close(ctx); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(printed.String())
		}
	})
	return running
}

func clientOf(t *testing.T, running stack.Stack, tenant string) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Config{URL: running.WebSocketURL(), HTTPURL: running.HTTPURL(),
		Token: func(context.Context) (string, error) {
			return running.Sign(stack.Grant{Tenant: tenant, Subject: "ada", TTL: time.Hour}, nil, time.Now())
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A retry and a snooze of a second run again then, though no sweep comes.
func TestNearTimersFireInTime(t *testing.T) {
	t.Parallel()
	onBothStacks(t, nil, func(t *testing.T, running stack.Stack, late time.Duration) {
		c := clientOf(t, running, "acme")
		for action, least := range map[string]time.Duration{"retry": 0, "snooze": work.Wait} { // a retry has full jitter
			t.Run(action, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				result, err := c.Do(ctx, client.Request{Action: action}, nil)
				if err != nil {
					t.Fatal(err)
				}
				ms, err := strconv.Atoi(string(result))
				if got := time.Duration(ms) * time.Millisecond; err != nil || got < least || got > work.Wait+late {
					t.Errorf("got %s after %v, %v; want it between %v and %v", action, got, err, least, work.Wait+late)
				}
				t.Logf("%s: again after %d ms", action, ms)
			})
		}
	})
}

// A tenant with a long backlog has as many runs as its limit says, and another tenant's
// request begins beside them at once.
func TestABacklogDelaysNoOtherTenant(t *testing.T) {
	t.Parallel()
	const limit, backlog = 10, 60
	parameters := map[string]string{"LimitTenantRunning": fmt.Sprint(limit), "MaximumConcurrency": "40"}
	onBothStacks(t, parameters, func(t *testing.T, running stack.Stack, late time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		a, b := clientOf(t, running, "acme"), clientOf(t, running, "globex")
		for range backlog {
			if _, err := a.Start(ctx, client.Request{Action: "hold", Payload: 20_000}); err != nil {
				t.Fatal(err)
			}
		}
		var list wire.List
		for len(list.Requests) != limit {
			var err error
			if list, err = a.List(ctx, wire.ListQuery{State: wire.StateRunning, Limit: 100}); err != nil {
				t.Fatalf("got %d runs of the backlog, want %d: %v", len(list.Requests), limit, err)
			}
		}
		began := time.Now()
		if _, err := b.Do(ctx, client.Request{Action: "hold", Payload: 1}, nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > late {
			t.Errorf("got the other tenant's answer after %v, want it within %v", took, late)
		} else {
			t.Logf("the other tenant's answer after %v", took)
		}
		list, err := a.List(ctx, wire.ListQuery{State: wire.StateRunning, Limit: 100})
		if err != nil || len(list.Requests) != limit {
			t.Errorf("got %d runs of the backlog, %v; want %d still", len(list.Requests), err, limit)
		}
	})
}

// Ten thousand queued requests of a tenant, whether they may run or wait for a permit,
// delay no timer of another: its wait of five seconds ends within seven, or twelve where
// the race detector and other tests have the machine too.
func TestTenThousandQueuedRequestsDelayNoTimer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for _, limit := range []int{0, 10} {
		t.Run(fmt.Sprintf("limit %d", limit), func(t *testing.T) { // one after another: each has the machine
			const backlog, wait, most = 10_000, 5 * time.Second, 40 * time.Second // on a machine that others use too
			data := t.TempDir()
			queueRequests(t, data, backlog)
			var log lifttest.Log
			running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: data, Listen: "127.0.0.1:0",
				Parts: functions.Parts{Logger: log.Logger(), Actions: work.Actions, Limits: streamer.Limits{RunningPerTenant: limit}}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stop(t, running) })
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			began := time.Now()
			_, err = clientOf(t, running, "globex").Do(ctx, client.Request{Action: "await", Payload: wait.Milliseconds()}, nil)
			took := time.Since(began)
			if failure, ok := errors.AsType[*client.Error](err); !ok || failure.Code != wire.Timeout || took < wait || took > most {
				t.Errorf("got %v after %v, want the code %s after %v to %v", err, took, wire.Timeout, wait, most)
			}
			t.Logf("the wait of %v ended after %v", wait, took)
		})
	}
}

// queueRequests puts queued requests of the tenant acme into the database of a stack that
// does not run.
func queueRequests(t *testing.T, data string, n int) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(data, "streamer.db"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	var writing sync.WaitGroup
	for range 100 {
		writing.Go(func() {
			for range n / 100 {
				r := &request.Request{Key: request.Key{Tenant: "acme", Subject: "ada", ID: rand.Text()}, Action: "hold",
					Payload: json.RawMessage("60000"), State: request.Queued, Rev: 1, Attempt: 1, DueAt: at,
					Look: request.QueuedLook(at, at, time.Minute), CreatedAt: at, UpdatedAt: at}
				if _, _, err := store.CreateRequest(t.Context(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	if err := store.Close(); err != nil || t.Failed() {
		t.Fatal(err)
	}
}

// A paused stage takes requests and runs none. What the queue and the sweep have brought
// then waits in the queue.
func TestPaused(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	running := startStaging(t, map[string]string{"Paused": "true"})
	c := clientOf(t, running, "acme")
	call, err := c.Start(t.Context(), client.Request{Action: "hold", Payload: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(t.Context(), call.ID())
	if err != nil || got.State != wire.StateQueued {
		t.Errorf("got %s, %v; want a request that is queued", got.State, err)
	}
	if depth := running.Queue("Dispatches").Depth(); depth.Visible != 1 || depth.InFlight != 0 {
		t.Errorf("got a queue of %+v, want the one dispatch, which nobody receives", depth)
	}
}
