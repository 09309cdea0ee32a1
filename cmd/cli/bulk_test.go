package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

// startFlaky is a stack with two actions that fail, as they are made to, until healed.
func startFlaky(t *testing.T) (s *server, healed *atomic.Bool) {
	t.Helper()
	healed = &atomic.Bool{}
	flaky := func(name string, fault error) streamer.Action {
		return streamer.NewAction(streamer.ActionConfig{Name: name, Long: true, Retry: streamer.RetryPolicy{Attempts: 1}},
			func(context.Context, *streamer.Job, any) (string, error) {
				if healed.Load() {
					return "done", nil
				}
				return "", fault
			})
	}
	actions := []streamer.Action{
		flaky("ship", streamer.Errorf(wire.Timeout, "the carrier did not answer")),
		flaky("bill", errors.New("the ledger is away")),
		streamer.NewAction(streamer.ActionConfig{Name: "charge", Long: true, Retry: streamer.RetryPolicy{Attempts: 1}},
			func(_ context.Context, _ *streamer.Job, fault string) (string, error) { return "", errors.New(fault) }),
	}
	data := filepath.Join(t.TempDir(), "data")
	dev, err := stack.StartDev(t.Context(), stack.DevConfig{Data: data, Listen: "127.0.0.1:0", Parts: functions.Parts{
		Actions: func(request.Lister) ([]streamer.Action, error) { return actions, nil },
		Logger:  slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &server{data: data, url: dev.WebSocketURL(), env: map[string]string{"STREAMER_URL": dev.WebSocketURL()}}, healed
}

// What the command of failures prints runs one group again, and no other of the same action and code.
func TestOneGroupOfFailures(t *testing.T) {
	t.Parallel()
	s, _ := startFlaky(t)
	for id, fault := range map[string]string{"c1": "order 12 is refused", "c2": "order 13 is refused", "c3": "the bank is away"} {
		if code, _, errs := s.do(t, "", "call", "charge", fmt.Sprintf("%q", fault), "--id", id); code != exitFailed {
			t.Fatalf("%s exited with %d, %s, want %d", id, code, errs, exitFailed)
		}
	}
	_, _, hint := s.do(t, "", "failures")
	if want := "redrive --action charge --code INTERNAL_ERROR --message 'order # is refused' --subject '*'"; !strings.Contains(hint, want) {
		t.Fatalf("got %q, want %q in it", hint, want)
	}
	group := []string{"--action", "charge", "--code", "INTERNAL_ERROR", "--subject", "*", "-o", "name"}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"as it is printed", []string{"redrive", "--dry-run", "--message", "order # is refused"}, "c1 c2"},
		{"of one of them", []string{"redrive", "--dry-run", "--message", "order 12 is refused"}, "c1 c2"},
		{"another", []string{"redrive", "--dry-run", "--message", "the bank is away"}, "c3"},
		{"a list", []string{"list", "--message", "the bank is away"}, "c3"},
		{"a list of all", []string{"list", "--all", "--message", "order # is refused"}, "c1 c2"},
		{"none", []string{"list", "--message", "the bank"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, out, errs := s.do(t, "", append(tt.args, group...)...)
			got := strings.Fields(out)
			slices.Sort(got)
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, %s, want %q", got, errs, tt.want)
			}
		})
	}
}

// An operator runs again, or cancels, what a filter finds.
func TestChangesByFilter(t *testing.T) {
	t.Parallel()
	s, healed := startFlaky(t)
	for i, action := range []string{"ship", "ship", "ship", "bill"} {
		if code, _, errs := s.do(t, "", "call", action, "1", "--id", fmt.Sprint("r", i)); code != exitFailed {
			t.Fatalf("%s exited with %d, %s, want %d", action, code, errs, exitFailed)
		}
	}
	for _, id := range []string{"later", "soon"} { // the newest is cancelled first
		if code, _, errs := s.do(t, "", "call", "ship", "1", "--id", id, "--in", "24h", "--no-wait"); code != exitDone {
			t.Fatalf("exited with %d, %s", code, errs)
		}
	}
	healed.Store(true)
	for _, tt := range []struct {
		name     string
		args     []string
		code     int
		out, err string // contained; out "-": empty
	}{
		{"no id and no filter", []string{"redrive", "--subject", "you"}, exitUsage, "-", "redrive needs the ID of a request, or a filter"},
		{"ids and a filter", []string{"redrive", "r1", "--action", "ship"}, exitUsage, "-", "redrive has IDs and a filter"},
		{"a limit of ids", []string{"redrive", "r1", "--limit", "1"}, exitUsage, "-", "--dry-run and --limit are for a filter"},
		{"dry run", []string{"redrive", "--action", "ship", "--dry-run"}, 0, "TIMEOUT: the carrier did not answer", "3 requests would be redriven"},
		{"names of a dry run", []string{"redrive", "--all", "--code", "internal_error", "--dry-run", "-o", "name"}, 0, "r3\n", "1 request would be redriven"},
		{"a dry run in full", []string{"redrive", "--action", "bill", "--dry-run", "-o", "wide"}, 0, "CREATED", "1 request would be redriven"},
		{"in full without a dry run", []string{"redrive", "--action", "bill", "--yes", "-o", "wide"}, exitUsage, "-", "-o wide is for --dry-run"},
		{"list by code", []string{"list", "--code", "timeout", "-o", "name"}, 0, "r2\nr1\nr0\n", ""},
		{"list by code, cut", []string{"list", "--code", "TIMEOUT", "--limit", "2", "-o", "name"}, 0, "r2\nr1\n", "there are more: set a higher --limit, or --all"},
		{"list by code, just as many", []string{"list", "--code", "TIMEOUT", "--limit", "3", "-o", "name"}, 0, "r2\nr1\nr0\n", ""},
		{"list all by code", []string{"list", "--code", "INTERNAL_ERROR", "--all", "-o", "name"}, 0, "r3\n", ""},
		{"list all by code as JSON", []string{"list", "--code", "INTERNAL_ERROR", "--all", "-o", "json"}, 0, `{"requests":[{"id":"r3"`, ""},
		{"list by a code that none has", []string{"list", "--code", "CANCELLED"}, 0, "-", "no requests"},
		{"nothing is so old", []string{"redrive", "--older-than", "1h", "--yes"}, exitUnchanged, "-", "no requests"},
		{"of this hour", []string{"redrive", "--since", "1h", "--dry-run", "--http"}, 0, "bill", "4 requests would be redriven"},
		{"no terminal to ask at", []string{"redrive", "--action", "ship"}, exitUsage, "-",
			"there is no terminal to ask at whether to redrive 3 requests of your own at " + s.url + ": set --yes"},
		{"one to begin with", []string{"redrive", "--action", "ship", "--limit", "1", "--yes"}, 0, "r2 redriven\n", "1 redriven"},
		{"it is done", []string{"watch", "r2"}, 0, `"done"`, ""},
		{"the rest of all subjects", []string{"redrive", "--all", "--subject", "*", "--yes"}, 0, "you/r3 redriven\n", "3 redriven"},
		{"it is done, too", []string{"watch", "r3"}, 0, `"done"`, ""},
		{"several that are named", []string{"redrive", "r2", "none"}, exitFailed, `"id":"r2"`, "none was not redriven: NOT_FOUND"},
		{"a state that cannot be cancelled", []string{"cancel", "--state", "failed"}, exitUsage, "-", "set QUEUED or RUNNING"},
		{"cancel, as JSON", []string{"cancel", "--state", "queued", "--limit", "1", "--yes", "-o", "jsonl"}, 0, `"state":"CANCELLED"`, "1 cancelled"},
		{"cancel the rest over HTTP", []string{"cancel", "--action", "ship", "--yes", "--http", "-o", "name"}, 0, "later\n", "1 cancelled"},
		{"cancelled before", []string{"cancel", "later", "-o", "text"}, exitUnchanged, "-", "later is CANCELLED: there is nothing to cancel"},
		{"several, some of which change", []string{"cancel", "later", "none"}, exitFailed, `"changed":false`, "0 cancelled, 1 as before, 1 failed"},
		{"nothing is left", []string{"cancel", "--all", "--yes"}, exitUnchanged, "-", "no requests"},
		{"all pages", []string{"list", "--all", "-o", "name"}, 0, "r0\n", ""},
		{"a period of a list", []string{"list", "--older-than", "1h"}, 0, "-", "no requests"},
		{"all and a limit", []string{"list", "--all", "--limit", "3"}, exitUsage, "-", "--all and --limit exclude each other"},
		{"watch as one value", []string{"list", "--watch", "-o", "json"}, exitUsage, "-", "use -o jsonl"},
	} {
		t.Run(tt.name, func(t *testing.T) { // one after the other: they are steps
			code, out, errs := s.do(t, "", tt.args...)
			wantRun(t, code, out, errs, tt.code, tt.out, tt.err)
		})
	}
}

// In a pipe, list --watch prints what is new and what has changed, and Ctrl-C ends it.
func TestListWatch(t *testing.T) {
	t.Parallel()
	s, _ := startFlaky(t)
	watching := start(t, t.Context(), s.env, "", "list", "--watch", "--data", s.data)
	if code, _, errs := s.do(t, "", "call", "ship", "1", "--id", "r1"); code != exitFailed {
		t.Fatalf("exited with %d, %s, want %d", code, errs, exitFailed)
	}
	watching.out.await(t, "FAILED")
	watching.interrupts <- os.Interrupt
	if code := <-watching.exit; code != exitInterrupt || strings.Count(watching.out.String(), "ATTEMPTS") != 1 {
		t.Errorf("exited with %d, %s, want %d and one line of titles", code, watching.out, exitInterrupt)
	}
}

// Ctrl-C stops a change of many behind those that are under way, and says what was done.
func TestCtrlCStopsAChangeOfMany(t *testing.T) {
	t.Parallel()
	const total = 50
	interrupts := make(chan os.Signal, 1)
	out, errs := newConsole(), newConsole()
	env := &environment{stdin: strings.NewReader(""), stdout: out, stderr: errs, getenv: func(string) string { return "" }, interrupts: interrupts}
	ctx, end := context.WithCancelCause(t.Context())
	defer end(nil)
	go env.watchInterrupts(ctx, end)
	var calls atomic.Int64
	handled := make(chan struct{})
	c := &changeCommand{env: env, verb: "redrive", past: "redriven"}
	c.out.name = formatText
	c.change = func(_ context.Context, _ *client.Client, id string) (wire.Snapshot, error) {
		if calls.Add(1) == changesAtOnce { // the others wait for the signal to be handled
			interrupts <- os.Interrupt
			errs.await(t, "stopping behind")
			close(handled)
		}
		<-handled
		return wire.Snapshot{ID: id, State: wire.StateQueued}, nil
	}
	all := make([]wire.Snapshot, total)
	for i := range all {
		all[i].ID = fmt.Sprint("r", i)
	}
	err := c.changeAll(ctx, nil, all)
	exit, ok := errors.AsType[*exitError](err)
	if done := strings.Count(out.String(), " redriven\n"); !ok || exit.code != exitInterrupt || done < changesAtOnce || done == total ||
		!strings.Contains(errs.String(), fmt.Sprintf("%d redriven; %d requests left", done, total-done)) {
		t.Errorf("got %v after %d, %s, want the exit code %d and what was done", err, done, errs, exitInterrupt)
	}
}
