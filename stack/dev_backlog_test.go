package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// queued stores requests of a tenant as a stack that was killed leaves them.
func queued(t *testing.T, data, tenant, action string, n int) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(data, "streamer.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	at := time.Now()
	var all sync.WaitGroup
	for worker := range 64 {
		all.Go(func() {
			for i := worker; i < n; i += 64 {
				r := &request.Request{Key: request.Key{Tenant: tenant, Subject: "eve", ID: fmt.Sprint("r", i)}, Action: action,
					Payload: json.RawMessage(`null`), State: request.Queued, Rev: 1, Fence: 1, Attempt: 1, DueAt: at, CreatedAt: at, UpdatedAt: at,
					Look: request.QueuedLook(at, at, time.Second)}
				if _, _, err := store.CreateRequest(t.Context(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// Ten thousand requests of one tenant, none of which ends, and another tenant's job and
// timer beside them: neither waits for a stranger.
func TestATenantBesideTheBacklogOfAnother(t *testing.T) {
	t.Parallel()
	data, log := t.TempDir(), lifttest.Log{}
	queued(t, data, "globex", "endless", 10_000)
	endless := streamer.NewAction(streamer.ActionConfig{Name: "endless", Expected: time.Minute},
		func(ctx context.Context, _ *streamer.Job, _ any) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
	approval := streamer.NewAction(streamer.ActionConfig{Name: "approval", Expected: time.Minute},
		func(ctx context.Context, job *streamer.Job, wait string) (json.RawMessage, error) {
			timeout, err := time.ParseDuration(wait)
			if err != nil {
				return nil, err
			}
			return streamer.AwaitSignal(ctx, job, "go", timeout)
		})
	running := start(t, data, &log, endless, approval)
	defer stop(t, running)
	c := connect(t, running)

	const wait = 5 * time.Second
	began := time.Now()
	_, err := c.Do(t.Context(), client.Request{Action: "approval", Payload: wait.String()}, nil)
	took := time.Since(began)
	t.Logf("the wait of %v ended after %v", wait, took)
	failed, ok := errors.AsType[*client.Error](err)
	if !ok || failed.Code != wire.Timeout {
		t.Errorf("got %v, want the end of the wait, %s", err, wire.Timeout)
	}
	if took > 6*wait { // a bound for machines that are busy: behind the backlog it would be for ever
		t.Errorf("the wait of %v ended after %v", wait, took)
	}
}
