package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

// A harness is a stack that the browser test controls.
type harness struct {
	t        *testing.T
	data     string
	log      lifttest.Log
	stack    *stack.Dev
	release  chan struct{} // lets one action "hold" go on
	repaired atomic.Bool
}

func (h *harness) start(listen string) {
	stack, err := stack.StartDev(h.t.Context(), stack.DevConfig{Data: h.data, Listen: listen, SweepEvery: 100 * time.Millisecond,
		Parts: functions.Parts{Logger: h.log.Logger(), Lease: 2 * time.Second,
			Schedules: []streamer.Schedule{
				{Name: "nightly", Cron: "0 3 * * *", TimeZone: "Europe/Berlin", Action: "mirror", Tenant: "dev", Subject: "night"},
				{Name: "catalog", Cron: "30 4 * * *", TimeZone: "Europe/Berlin", Action: "import_catalog", Tenant: manyTenant, Subject: "night"},
				{Name: "invoices", Cron: "0 6 1 * *", Action: "send_invoice", Tenant: manyTenant, Subject: "night", Overlap: true},
			},
			Actions: func(request.Lister) ([]streamer.Action, error) { return h.actions(), nil }}})
	if err != nil {
		h.t.Error(err)
		return
	}
	h.stack = stack
}

func (h *harness) stop() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.t.Context()), 20*time.Second)
	defer cancel()
	if err := h.stack.Close(ctx); err != nil {
		h.t.Errorf("close: %v", err)
	}
}

func (h *harness) actions() []streamer.Action {
	long := func(name string) streamer.ActionConfig {
		return streamer.ActionConfig{Name: name, Long: true}
	}
	actions := []streamer.Action{
		streamer.NewAction(streamer.ActionConfig{Name: "answer"},
			func(_ context.Context, _ *streamer.Job, in json.RawMessage) (json.RawMessage, error) { return in, nil }),
		streamer.NewAction(long("mirror"), func(_ context.Context, job *streamer.Job, in json.RawMessage) (json.RawMessage, error) {
			job.Progress(50, string(in[:min(len(in), 500)]))
			return in, nil
		}),
		streamer.NewAction(long("hold"), func(ctx context.Context, job *streamer.Job, _ any) (string, error) {
			if _, err := streamer.RunStep(ctx, job, "take", func(context.Context) (string, error) { return "taken", nil }); err != nil {
				return "", err
			}
			job.Logger().Info("holding on", "token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2VjcmV0")
			job.Progress(25, "holding on")
			select {
			case <-h.release:
				return "let go", nil
			case <-ctx.Done():
				if errors.Is(context.Cause(ctx), streamer.ErrSliceEnd) {
					return "", streamer.Continue(1)
				}
				return "", context.Cause(ctx)
			}
		}),
		streamer.NewAction(long("broken"), func(ctx context.Context, _ *streamer.Job, _ any) (string, error) {
			if h.repaired.Load() {
				select {
				case <-h.release:
				case <-ctx.Done():
				}
				return "repaired", nil
			}
			return "", streamer.Errorf(wire.ProcessingFailed, "the machine is broken")
		}),
		streamer.NewAction(long("chatty"), func(_ context.Context, job *streamer.Job, _ any) (string, error) {
			for i := range 1500 {
				if err := job.Emit(fmt.Sprintf("line %d of the output", i+1)); err != nil {
					return "", err
				}
			}
			return "said", nil
		}),
		streamer.NewAction(streamer.ActionConfig{Name: "formed", Description: "Answers with the order that it gets"},
			func(_ context.Context, _ *streamer.Job, in order) (order, error) { return in, nil }),
		streamer.NewAction(long("approval"), func(ctx context.Context, job *streamer.Job, _ any) (json.RawMessage, error) {
			return streamer.AwaitSignal[json.RawMessage](ctx, job, "approval", time.Hour)
		}),
	}
	for _, name := range shopActions {
		actions = append(actions, streamer.NewAction(streamer.ActionConfig{Name: name, Long: true, MaxRunning: 1},
			func(context.Context, *streamer.Job, any) (string, error) { return "done", nil }))
	}
	return actions
}

// An order is a payload that has a form.
type order struct {
	Item  string `json:"item"`
	Count int64  `json:"count"`
	Gift  bool   `json:"gift,omitempty"`
}

// token signs one for a subject; no scopes: none.
func (h *harness) token(subject string, scopes ...string) string {
	token, err := h.stack.Sign(stack.Grant{Tenant: "dev", Subject: subject, Scopes: scopes, TTL: time.Hour}, nil, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// A person at the console, in headless Chromium: the script says what they do.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	chromium := nodetest.Chromium(t)
	h := &harness{t: t, data: t.TempDir(), release: make(chan struct{})}
	h.start("127.0.0.1:0")
	if t.Failed() {
		return
	}
	defer func() { h.stop() }()
	listen := h.stack.Addr()

	control := http.NewServeMux()
	control.HandleFunc("POST /release", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case h.release <- struct{}{}:
		case <-r.Context().Done():
		}
	})
	control.HandleFunc("POST /repair", func(http.ResponseWriter, *http.Request) { h.repaired.Store(true) })
	control.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { h.stop() })
	control.HandleFunc("POST /start", func(w http.ResponseWriter, _ *http.Request) {
		h.start(listen)
		_, _ = io.WriteString(w, h.stack.ConsoleURL())
	})
	remote := httptest.NewServer(control)
	defer remote.Close()

	nodetest.Run(t, filepath.Join("..", "verify", "node"), []string{
		chromium, "SITE=http://" + listen, "CONSOLE=" + h.stack.ConsoleURL(), "CONTROL=" + remote.URL, "SCREENSHOTS=screenshots",
		"OPERATOR=" + h.token("boss", request.OperatorScope), "USER=" + h.token("ada"),
		"HOSTILE=" + h.token(`<img src=x onerror=alert(1)>`),
	}, "console.mjs")
}
