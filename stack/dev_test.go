package stack_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// actionsOf is what makes the given actions.
func actionsOf(all ...streamer.Action) func(request.Lister) ([]streamer.Action, error) {
	return func(request.Lister) ([]streamer.Action, error) { return all, nil }
}

func start(t *testing.T, data string, log *lifttest.Log, actions ...streamer.Action) *stack.Dev {
	t.Helper()
	running, err := stack.StartDev(t.Context(), stack.DevConfig{
		Data: data, Listen: "127.0.0.1:0", SweepEvery: 100 * time.Millisecond,
		Parts: functions.Parts{Logger: log.Logger(), Lease: 2 * time.Second, Actions: actionsOf(actions...)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return running
}

func stop(t *testing.T, running *stack.Dev) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := running.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

func connect(t *testing.T, running *stack.Dev) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Config{URL: running.WebSocketURL(), Token: func(context.Context) (string, error) {
		return running.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A clean stop ends the slices of running actions; the next start goes on from
// their checkpoints at once, though the dispatches of the first ended with it.
func TestStopAndStartAgain(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "new", "folder")
	var log lifttest.Log
	began := make(chan int, 8)
	action := streamer.NewAction(streamer.ActionConfig{Name: "steps", Long: true},
		func(ctx context.Context, job *streamer.Job, finish bool) (int, error) {
			var from int
			if _, err := job.Checkpoint(&from); err != nil {
				return 0, err
			}
			began <- from
			if from == 1 {
				return 42, nil
			}
			<-ctx.Done()
			return 0, streamer.Continue(from + 1)
		})
	start := func() *stack.Dev { // whose sweeps find nothing in time
		running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: data, Listen: "127.0.0.1:0", SweepEvery: time.Hour,
			Parts: functions.Parts{Logger: log.Logger(), Actions: actionsOf(action)}})
		if err != nil {
			t.Fatal(err)
		}
		return running
	}
	first := start()
	call, err := connect(t, first).Start(t.Context(), client.Request{Action: "steps"})
	if err != nil {
		t.Fatal(err)
	}
	if from := <-began; from != 0 {
		t.Fatalf("began at %d", from)
	}
	stop(t, first)

	second := start()
	defer stop(t, second)
	again, err := connect(t, second).Watch(t.Context(), call.ID())
	if err != nil {
		t.Fatal(err)
	}
	result, err := again.Wait(nil)
	if err != nil || string(result) != "42" {
		t.Errorf("result %s, %v", result, err)
	}
}

// A stack that is killed leaves its connections in the database, and the next one has
// none of them.
func TestConnectionsOfAKilledStack(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(data, "streamer.db"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, id := range []string{"a=", "b="} {
		err := store.SaveConnection(t.Context(), request.Connection{ID: id, ConnectedAt: now,
			Principal: streamer.Principal{Tenant: "acme", Subject: "ada", ExpiresAt: now.Add(time.Hour)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	var log lifttest.Log
	running := start(t, data, &log)
	defer stop(t, running)
	list, err := connect(t, running).Connections(t.Context(), wire.ConnectionQuery{})
	if err != nil || len(list.Connections) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// What a stack ran when it was killed goes on with the next one, and does not wait for the
// dead worker's lease to end.
func TestRequestsOfAKilledStack(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC()
	claim := request.Claim(at, time.Hour, "killed", nil)
	for name, claim := range map[string]request.Change{"claim": claim, "claim that leaves the look": claim.KeepLook()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, key := t.TempDir(), request.Key{Tenant: "acme", Subject: "ada", ID: "left"}
			store, err := sqlite.Open(t.Context(), filepath.Join(data, "streamer.db"))
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = store.CreateRequest(t.Context(), &request.Request{Key: key, Action: "go-on", Payload: []byte("null"),
				State: request.Queued, Rev: 1, Fence: 1, Attempt: 1, DueAt: at, CreatedAt: at, UpdatedAt: at,
				Look: request.QueuedLook(at, at, time.Minute)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.ChangeRequest(t.Context(), key, claim); err != nil {
				t.Fatal(err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			var log lifttest.Log
			running, err := stack.StartDev(t.Context(), stack.DevConfig{
				Data: data, Listen: "127.0.0.1:0", SweepEvery: time.Hour, // the first sweep has to do
				Parts: functions.Parts{Logger: log.Logger(), Actions: actionsOf(streamer.NewAction(
					streamer.ActionConfig{Name: "go-on", Long: true},
					func(context.Context, *streamer.Job, any) (string, error) { return "to its end", nil }))},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer stop(t, running)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			left, err := connect(t, running).Watch(ctx, key.ID)
			if err != nil {
				t.Fatal(err)
			}
			result, err := left.Wait(nil)
			if err != nil || string(result) != `"to its end"` {
				t.Errorf("got %s, %v of the request that the killed stack ran, want its result\n%s", result, err, &log)
			}
		})
	}
}

// When the database does not let $disconnect write, a stop does not wait for every
// client: what is left is for the sweep.
func TestStopDoesNotWaitForEveryDisconnect(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	var log lifttest.Log
	running := start(t, data, &log)
	for range 3 {
		connect(t, running)
	}
	lock, err := sql.Open("sqlite", "file:"+filepath.Join(data, "streamer.db")+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	tx, err := lock.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := running.Close(ctx); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "left to the sweep") {
		t.Error("got no log line of it, want one")
	}
}

// A failed attempt is run again when its time has come.
func TestRetriesRunAgain(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	running := start(t, t.TempDir(), &log, streamer.NewAction(
		streamer.ActionConfig{Name: "flaky", Long: true, Retry: streamer.RetryPolicy{Base: time.Millisecond}},
		func(_ context.Context, job *streamer.Job, _ any) (int, error) {
			if job.Attempt() == 1 {
				return 0, errors.New("not yet")
			}
			return job.Attempt(), nil
		}))
	defer stop(t, running)
	result, err := connect(t, running).Do(t.Context(), client.Request{Action: "flaky"}, nil)
	if err != nil || string(result) != "2" {
		t.Errorf("result %s, %v\n%s", result, err, &log)
	}
}

func TestKeyStaysAndIsItsOwners(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if _, err := stack.OpenKey(data); !errors.Is(err, stack.ErrNoKey) {
		t.Errorf("no key: %v", err)
	}
	first, err := stack.CreateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	second, err := stack.CreateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	one, err := first.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	two, err := second.PublicPEM()
	if err != nil || string(one) != string(two) {
		t.Errorf("the key changed, %v", err)
	}
	info, err := os.Stat(filepath.Join(data, "dev-key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for name, content := range map[string]string{"no PEM": "x", "no key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(data, "dev-key.pem"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := stack.CreateKey(data); err == nil || !strings.Contains(err.Error(), "delete it") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	parts := functions.Parts{Actions: actionsOf()}
	with := func(change func(*functions.Parts)) functions.Parts {
		changed := parts
		change(&changed)
		return changed
	}
	data := t.TempDir()
	for _, tt := range []struct {
		name   string
		config stack.DevConfig
		want   string
	}{
		{"no data", stack.DevConfig{Parts: parts}, "DevConfig.Data is empty"},
		{"no actions", stack.DevConfig{Data: data}, "DevConfig.Parts.Actions is nil"},
		{"a negative sweep", stack.DevConfig{Data: data, Parts: parts, SweepEvery: -1}, "SweepEvery -1ns is negative"},
		{"a negative lease", stack.DevConfig{Data: data, Parts: with(func(p *functions.Parts) { p.Lease = -1 })}, "Parts.Lease is negative"},
		{"a negative limit", stack.DevConfig{Data: data, Parts: with(func(p *functions.Parts) { p.Limits.RunningPerTenant = -1 })},
			"Parts.Limits.RunningPerTenant is negative"},
		{"a worker", stack.DevConfig{Data: data, Parts: with(func(p *functions.Parts) { p.Worker = "w" })}, "the stack has its own"},
		{"listen", stack.DevConfig{Data: data, Parts: parts, Listen: "nowhere:0"}, "nowhere:0"},
		{"failing actions", stack.DevConfig{Data: data, Parts: functions.Parts{
			Actions: func(request.Lister) ([]streamer.Action, error) { return nil, errors.New("no actions today") },
		}}, "no actions today"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.config.Listen == "" {
				tt.config.Listen = "127.0.0.1:0"
			}
			running, err := stack.StartDev(t.Context(), tt.config)
			if err == nil {
				stop(t, running)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// Two stacks over one folder would both run its requests.
func TestOneFolderOneStack(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	var log lifttest.Log
	running := start(t, data, &log)
	defer stop(t, running)
	other, err := stack.StartDev(t.Context(), stack.DevConfig{Data: data, Listen: "127.0.0.1:0", Parts: functions.Parts{Actions: actionsOf()}})
	if err == nil {
		t.Error("a second stack started")
		stop(t, other)
	}
}
