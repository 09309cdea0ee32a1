package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// fails is an action that fails once and for good as fn does.
func fails(fn func(ctx context.Context, job *streamer.Job) error) streamer.Action {
	config := streamer.ActionConfig{Limit: time.Minute, Retry: streamer.RetryPolicy{Attempts: 1}}
	return long("fail", config, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) { return nil, fn(ctx, job) })
}

// causes are those that an operator sees in the history of ada's r1.
func (w *harness) causes(t *testing.T) []wire.Cause {
	t.Helper()
	frame, err := w.requests.Get(t.Context(), streamer.Caller{Principal: olga, OnBehalfOf: "ada"}, "r1")
	if err != nil {
		t.Fatal(err)
	}
	var causes []wire.Cause
	for _, a := range frame.Request.History {
		causes = append(causes, a.Cause)
	}
	return causes
}

func TestTheCauseOfAnAttempt(t *testing.T) {
	t.Parallel()
	deny := fmt.Errorf("charge: %w", &fs.PathError{Op: "open", Path: "key.pem", Err: fs.ErrPermission})
	for name, tt := range map[string]struct {
		fn   func(ctx context.Context, job *streamer.Job) error
		want wire.Cause
	}{
		"an internal error": {func(context.Context, *streamer.Job) error { return deny },
			wire.Cause{Message: "charge: open key.pem: permission denied", Kind: "*errors.errorString"}},
		"one that no retry cures": {func(context.Context, *streamer.Job) error {
			return streamer.Permanent(json.Unmarshal([]byte("{"), new(int)))
		},
			wire.Cause{Message: "unexpected end of JSON input", Kind: "*json.SyntaxError"}},
		"several at once": {func(context.Context, *streamer.Job) error { return errors.Join(&json.SyntaxError{Offset: 7}, deny) },
			wire.Cause{Message: "\ncharge: open key.pem: permission denied", Kind: "*json.SyntaxError"}},
		"a public error with a cause": {func(context.Context, *streamer.Job) error {
			return &streamer.Error{Code: wire.ProcessingFailed, Message: "no such parcel", Cause: deny}
		}, wire.Cause{Message: "PROCESSING_FAILED: no such parcel: charge: open key.pem: permission denied", Kind: "*errors.errorString"}},
		"a token in it": {func(context.Context, *streamer.Job) error { return errors.New("401 for Bearer abcdef0123456789") },
			wire.Cause{Message: "401 for Bearer [left out]", Kind: "*errors.errorString"}},
		"a result that is too large": {nil,
			wire.Cause{Message: "PAYLOAD_TOO_LARGE: the result has 196611 bytes, 196608 are allowed: store it elsewhere and return a reference",
				Kind: "*request.Error"}},
		"the limit": {func(ctx context.Context, _ *streamer.Job) error {
			<-ctx.Done()
			return fmt.Errorf("query users: %w", ctx.Err())
		}, wire.Cause{Message: "TIMEOUT: the action did not finish within its limit of 1m0s; the action returned: query users: context canceled",
			Kind: "*errors.errorString"}},
		"the limit, and no end": {func(ctx context.Context, _ *streamer.Job) error {
			time.Sleep(10 * time.Minute)
			return nil
		}, wire.Cause{Message: "TIMEOUT: the action did not finish within its limit of 1m0s; the action went on and was abandoned",
			Kind: "*request.Error"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				action := fails(tt.fn)
				if tt.fn == nil {
					action = long("fail", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
						return json.Marshal(strings.Repeat("x", request.MaxResult+1))
					})
				}
				w := newHarness(t, action)
				w.Redact = func(text string) string { return strings.ReplaceAll(text, "abcdef0123456789", "[left out]") }
				w.submit(t, streamer.Caller{Principal: ada}, "r1", "fail", `{}`)
				w.run(t, ada.Key("r1"))
				if diff := cmp.Diff([]wire.Cause{tt.want}, w.causes(t)); diff != "" {
					t.Errorf("causes (-want +got):\n%s", diff)
				}
				time.Sleep(20 * time.Minute) // what was abandoned ends
			})
		})
	}
}

// explode panics in the action's own code, below a call of the standard library's.
func explode(values []int) int { return values[len(values)] }

func TestTheCauseOfAPanic(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fn              func(ctx context.Context, job *streamer.Job) error
		message, within string
	}{
		"a runtime error": {func(context.Context, *streamer.Job) error { return fmt.Errorf("%d", explode([]int{1})) },
			"action fail panicked: runtime error: index out of range [1] with length 1", "streamer_test.explode"},
		"a value": {func(context.Context, *streamer.Job) error { panic("boom") }, "action fail panicked: boom",
			"streamer_test.TestTheCauseOfAPanic"},
		"in a library": {func(context.Context, *streamer.Job) error { return errors.New(strings.Repeat("x", -1)) },
			"action fail panicked: strings: negative Repeat count", "streamer_test.TestTheCauseOfAPanic"},
		"in a step": {func(ctx context.Context, job *streamer.Job) error {
			_, err := streamer.RunStep(ctx, job, "one", func(context.Context) (int, error) { return explode(nil), nil })
			return err
		}, "action fail panicked: runtime error: index out of range [0] with length 0", "streamer_test.explode"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newHarness(t, fails(tt.fn))
			w.submit(t, streamer.Caller{Principal: ada}, "r1", "fail", `{}`)
			w.run(t, ada.Key("r1"))
			causes := w.causes(t)
			if len(causes) != 1 || causes[0].Message != tt.message || causes[0].Kind != wire.KindPanic {
				t.Fatalf("got %+v, want one panic: %s", causes, tt.message)
			}
			if frame := causes[0].Frame; !strings.HasPrefix(frame, "cause_test.go:") || !strings.Contains(frame, tt.within) {
				t.Errorf("the frame: got %q, want cause_test.go and %s", frame, tt.within)
			}
		})
	}
}

// A cause has 1 KiB, and ends where a character does, whatever the error says.
func TestALongCauseIsCut(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"ASCII":              strings.Repeat("x", 5000),
		"three bytes each":   strings.Repeat("€", 5000),
		"one byte, then two": "x" + strings.Repeat("é", 5000),
		"not UTF-8":          strings.Repeat("\xffx", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newHarness(t, fails(func(context.Context, *streamer.Job) error { return errors.New(text) }))
			w.submit(t, streamer.Caller{Principal: ada}, "r1", "fail", `{}`)
			w.run(t, ada.Key("r1"))
			c := w.causes(t)[0]
			size := len(c.Message) + len(c.Kind) + len(c.Frame)
			if size > wire.MaxCause || size < wire.MaxCause-4 || !utf8.ValidString(c.Message) || !strings.HasSuffix(c.Message, "…") {
				t.Errorf("got %d bytes, want %d less a character, in UTF-8 with … at the end: %q", size, wire.MaxCause, c.Message)
			}
		})
	}
}

// What an older worker cannot decode is said to operators, and not to the client.
func TestTheCauseOfAMismatch(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"no action":          `the worker does not know the action "order"`,
		"another input":      `VALIDATION_ERROR: the payload's field "N" is a JSON number: it must be a string`,
		"another checkpoint": "json: cannot unmarshal number into Go value of type struct { Page int }",
		"another step":       "json: cannot unmarshal string into Go value of type bool",
		"another signal":     "json: cannot unmarshal string into Go value of type int",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt := misfits()[name]
				w := prepared(t, tt.fits)
				r := w.workFor(t, w.withActions(tt.old...), 20*time.Minute)
				wantState(t, r, request.Failed)
				for n, c := range w.causes(t) {
					if !strings.HasSuffix(c.Message, want) {
						t.Errorf("cause %d: got %q, want %q at its end", n, c.Message, want)
					}
				}
				if strings.Contains(r.Error.Message, "json:") {
					t.Errorf("the client is shown %q", r.Error.Message)
				}
			})
		})
	}
}

// The operator of a parent is shown why its child failed; the parent's client gets what
// the child's is, also where the action passes the error on.
func TestTheCauseOfAChildsFailure(t *testing.T) {
	t.Parallel()
	child := long("child", streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 1}},
		func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, errNetwork })
	parent := fails(func(ctx context.Context, job *streamer.Job) error {
		_, err := streamer.AwaitChildren[int](ctx, job, streamer.UntilOneFails, streamer.Child{Name: "a", Action: "child"})
		if err == nil || streamer.IsFailure(ctx, err) {
			return streamer.Errorf(wire.ProcessingFailed, "no report: %w", err)
		}
		return err
	})
	w := newHarness(t, child, parent)
	w.submit(t, streamer.Caller{Principal: ada}, "r1", "fail", `{}`)
	w.run(t, ada.Key("r1"))
	w.run(t, request.ChildKey(ada.Key("r1"), "a", 0))
	w.run(t, ada.Key("r1"))
	r := w.load(t, ada.Key("r1"))
	wantState(t, r, request.Failed)
	if want := `no report: PROCESSING_FAILED: the child "a" ended FAILED: internal error`; r.Error.Message != want {
		t.Errorf("the client is shown %q, want %q", r.Error.Message, want)
	}
	want := wire.Cause{Message: `PROCESSING_FAILED: ` + r.Error.Message + ": " + errNetwork.Error(), Kind: "*errors.errorString"}
	if diff := cmp.Diff([]wire.Cause{want}, w.causes(t)); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}

// Each way that a request is shown over a WebSocket and to a follower: who has the scope
// sees the causes and the audit, also those of its own requests, and no owner without.
func TestOnlyOperatorsAreShownCausesAndAudit(t *testing.T) {
	t.Parallel()
	mask := func(seen bool) string {
		return map[bool]string{true: "shown", false: "not shown"}[seen]
	}
	for _, who := range []struct {
		name      string
		principal streamer.Principal
		subject   string
		operator  bool
	}{
		{"the owner", ada, "", false},
		{"an operator", olga, "ada", true},
		{"an owner with the scope", streamer.Principal{Tenant: "acme", Subject: "ada", Scopes: olga.Scopes, ExpiresAt: ada.ExpiresAt}, "", true},
	} {
		t.Run(who.name, func(t *testing.T) {
			t.Parallel()
			w := newHarness(t, fails(func(context.Context, *streamer.Job) error { return errNetwork }))
			w.submit(t, w.connect(t, "c-ada", ada), "r1", "fail", `{}`)
			w.ask(t, "c-ada", `{"id":"m","action":"streamer.signal","payload":{"request_id":"r1","token":"go"}}`)
			caller := w.connect(t, "c", who.principal)
			caller.OnBehalfOf = who.subject
			ask := func(action, more string) string {
				payload := fmt.Sprintf(`{"request_id":"r1","subject":%q%s}`, who.principal.Subject, more)
				if who.subject != "" {
					payload = fmt.Sprintf(`{"request_id":"r1","subject":%q%s}`, who.subject, more)
				}
				f := w.ask(t, "c", `{"id":"m","action":"streamer.`+action+`","payload":`+payload+`}`)
				if f.Error != nil {
					t.Errorf("%s: %s", action, f.Append(nil))
				}
				return string(f.Append(nil))
			}
			ask("subscribe", "")
			w.run(t, ada.Key("r1"))
			detail, err := w.requests.Detail(t.Context(), caller, "r1")
			if err != nil {
				t.Fatal(err)
			}
			var followed strings.Builder
			err = w.requests.Follow(t.Context(), caller, "r1", 0, 0, true, func(f wire.Frame, _, _ int64) error {
				followed.Write(f.Append(nil))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			const cause, audit = `secret detail`, `"audit":[`
			shown := map[string]string{
				"detail": string(detail.Append(nil)), "events": followed.String(), "get": ask("get", ""), "subscribe": ask("subscribe", ""),
				"why": ask("why", ""), "cancel": ask("cancel", ""), "redrive": ask("redrive", ""), "signal": ask("signal", `,"token":"on"`),
				"unsubscribe": ask("unsubscribe", ""),
			}
			for what, text := range shown {
				if got := strings.Contains(text, cause); got != who.operator {
					t.Errorf("the cause in %s: got %s, want %s: %s", what, mask(got), mask(who.operator), text)
				}
				if got, want := strings.Contains(text, audit), who.operator && what == "detail"; got != want {
					t.Errorf("the audit in %s: got %s, want %s: %s", what, mask(got), mask(want), text)
				}
			}
			pushed := describe(w.sockets.got("c")) + describe(w.sockets.got("c-ada"))
			for what, text := range map[string]string{"list": ask("list", ""), "pushed frames": pushed} {
				if strings.Contains(text, cause) || strings.Contains(text, audit) || !strings.Contains(text, "r1") {
					t.Errorf("%s: got %s, want neither cause nor audit", what, text)
				}
			}
		})
	}
}
