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
	"github.com/pay-theory/streamer/wire"
)

// short actions for the tests below.
var shorts = []streamer.Action{
	streamer.NewAction(streamer.ActionConfig{Name: "mirror"},
		func(_ context.Context, _ *streamer.Job, in json.RawMessage) (json.RawMessage, error) { return in, nil }),
	streamer.NewAction(streamer.ActionConfig{Name: "raw"},
		func(context.Context, *streamer.Job, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage("\"\xff\""), nil
		}),
	streamer.NewAction(streamer.ActionConfig{Name: "add"},
		func(_ context.Context, _ *streamer.Job, in sumInput) (int, error) { return in.A + in.B, nil }),
	streamer.NewAction(streamer.ActionConfig{Name: "who"},
		func(_ context.Context, job *streamer.Job, _ json.RawMessage) (string, error) {
			return job.Principal().Tenant + "/" + job.Principal().Subject, nil
		}),
	streamer.NewAction(streamer.ActionConfig{Name: "guarded", Scope: "admin"},
		func(context.Context, *streamer.Job, json.RawMessage) (int, error) { return 1, nil }),
	streamer.NewAction(streamer.ActionConfig{Name: "leaky"},
		func(context.Context, *streamer.Job, json.RawMessage) (int, error) { return 0, errNetwork }),
	streamer.NewAction(streamer.ActionConfig{Name: "panics"},
		func(context.Context, *streamer.Job, json.RawMessage) (int, error) { panic("secret") }),
	streamer.NewAction(streamer.ActionConfig{Name: "slow", Limit: time.Second},
		func(ctx context.Context, _ *streamer.Job, _ json.RawMessage) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}),
	streamer.NewAction(streamer.ActionConfig{Name: "continues"},
		func(context.Context, *streamer.Job, json.RawMessage) (int, error) { return 0, streamer.Continue(nil) }),
	long("job", streamer.ActionConfig{}, nil),
	streamer.NewAction(streamer.ActionConfig{Name: "checked", Long: true},
		func(context.Context, *streamer.Job, sumInput) (int, error) { return 0, nil }),
}

type sumInput struct{ A, B int }

func (in sumInput) Validate() error {
	if in.A < 0 {
		return errors.New("A must not be negative")
	}
	return nil
}

func TestMessagesAndTheirAnswers(t *testing.T) {
	t.Parallel()
	w := newHarness(t, shorts...)
	w.connect(t, "c1", ada)
	cases := []struct{ message, want string }{
		{`{"id":"a","action":"mirror","payload":{"n":9007199254740993, "h":"<&>"}}`,
			`{"type":"response","request_id":"a","success":true,"data":{"n":9007199254740993, "h":"<&>"}}`},
		{`{"id":"a","action":"mirror"}`, `{"type":"response","request_id":"a","success":true,"data":null}`},
		{`{"request_id":"b","action":"add","payload":{"A":1,"B":2}}`, `{"type":"response","request_id":"b","success":true,"data":3}`},
		{`{"id":"b","action":"add","payload":{"A":-1}}`, `VALIDATION_ERROR A must not be negative`},
		{`{"id":"b","action":"checked","payload":{"A":-1}}`, `VALIDATION_ERROR A must not be negative`},
		{`{"id":"b","action":"add","payload":{"A":"x"}}`, `VALIDATION_ERROR the payload's field "A" is a JSON string: it must be a whole number`},
		{`{"id":"b","action":"add","payload":[]}`, `VALIDATION_ERROR the payload is a JSON array: it must be an object`},
		{`{"id":"b","action":"nope"}`, `INVALID_ACTION there is no action "nope"`},
		{`{"id":"b","action":"streamer.nope"}`, `INVALID_ACTION there is no action "streamer.nope"`},
		{`{"id":"b","action":"guarded"}`, `FORBIDDEN action "guarded" needs the scope "admin"`},
		{"{\"id\":\"b\",\"action\":\"mirror\",\"payload\":\"\xff\"}", `VALIDATION_ERROR the payload is not UTF-8`},
		{"{\"id\":\"b\",\"action\":\"job\",\"payload\":\"\xff\"}", `VALIDATION_ERROR the payload is not UTF-8`},
		{"{\"id\":\"b\",\"action\":\"streamer.signal\",\"payload\":{\"request_id\":\"b\",\"token\":\"t\",\"payload\":\"\xff\"}}",
			`VALIDATION_ERROR the signal is not UTF-8`},
		{`{"id":"b","action":"raw"}`, `INTERNAL_ERROR internal error`},
		{`{"id":"b","action":"leaky"}`, `INTERNAL_ERROR internal error`},
		{`{"id":"b","action":"panics"}`, `INTERNAL_ERROR internal error`},
		{`{"id":"b","action":"continues"}`, `INTERNAL_ERROR internal error`},
		{`{"id":"b","action":"job","payload":"` + strings.Repeat("x", request.MaxPayload) + `"}`, `PAYLOAD_TOO_LARGE`},
		{`{"id":"b","action":"job","metadata":{"k":"` + strings.Repeat("x", request.MaxMetadata) + `"}}`, `PAYLOAD_TOO_LARGE`},
		{`{"id":"b"}`, `INVALID_MESSAGE the message has no action`},
		{`{"id":"a b","action":"mirror"}`, `INVALID_MESSAGE id may hold only`},
		{`{"id":7,"action":"mirror"}`, `INVALID_MESSAGE id is not a string`},
		{`[1]`, `INVALID_MESSAGE the message is not a JSON object`},
		{`{"id":`, `INVALID_MESSAGE the message is not valid JSON`},
		{"\x00\xff", `INVALID_MESSAGE`},
		{`{"id":"g","action":"streamer.get"}`, `VALIDATION_ERROR streamer.get needs a payload with request_id`},
		{`{"id":"g","action":"streamer.get","payload":{"request_id":"../x"}}`, `NOT_FOUND there is no request "../x"`},
		{`{"id":"g","action":"streamer.get","payload":7}`, `VALIDATION_ERROR`},
		{`{"id":"l","action":"streamer.list","payload":{"limit":1000}}`, `VALIDATION_ERROR limit is 1000: it must be 1 to 100; without it, or with 0, it is 20`},
		{`{"id":"l","action":"streamer.list","payload":{"state":"done"}}`, `VALIDATION_ERROR unknown state "done"`},
		{`{"id":"l","action":"streamer.list"}`, `{"type":"response","request_id":"l","success":true,"data":{"requests":[]}}`},
	}
	var faults []error
	for _, c := range cases {
		frame, err := w.answer(t, "c1", "corr-9", c.message)
		faults = append(faults, err)
		got := string(frame.Append(nil))
		if frame.Error != nil {
			got = fmt.Sprintf("%s %s", frame.Error.Code, frame.Error.Message)
			if string(frame.Error.Details) != `{"correlation_id":"corr-9"}` {
				t.Errorf("%.80s: details are %s", c.message, frame.Error.Details)
			}
		}
		if strings.HasPrefix(c.want, "{") && got != c.want || !strings.HasPrefix(got, c.want) {
			t.Errorf("%.80s\n got %s\nwant %s", c.message, got, c.want)
		}
		if strings.Contains(c.message, `"id":"b"`) && frame.RequestID != "b" {
			t.Errorf("%.80s: the answer is for %q", c.message, frame.RequestID)
		}
	}
	if f := w.ask(t, "c1", `{"action":"streamer.ping"}`); f.Type != wire.TypePong || f.Timestamp.IsZero() {
		t.Errorf("ping is answered with %+v", f)
	}
	if err := errors.Join(faults...); !strings.Contains(err.Error(), "secret detail") {
		t.Errorf("no error explains the internal error to the caller's log: %v", err)
	}
}

func TestShortActionHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, shorts...)
		w.connect(t, "c1", ada)
		began := time.Now()
		f := w.ask(t, "c1", `{"id":"s","action":"slow"}`)
		if f.Error == nil || f.Error.Code != wire.Timeout || time.Since(began) != time.Second {
			t.Errorf("after %v: %+v", time.Since(began), f)
		}
	})
}

func TestSameIDIsTheSameRequest(t *testing.T) {
	t.Parallel()
	w := newHarness(t, shorts...)
	c1, c2 := w.connect(t, "c1", ada), w.connect(t, "c2", ada)
	first := w.submit(t, c1, "r1", "job", `{"a": 1}`)
	if first.Type != wire.TypeAcknowledgment || first.Status != wire.StatusQueued {
		t.Fatalf("first: %+v", first)
	}
	again := w.submit(t, c2, "r1", "job", `{"a": 1}`)
	if again.Type != wire.TypeRequest || again.Request.State != wire.StateQueued || again.Request.Rev != first.Rev {
		t.Errorf("again: %+v", again)
	}
	if subs := w.load(t, ada.Key("r1")).Subscribers; len(subs) != 2 {
		t.Errorf("both connections asked, %v are told", subs)
	}
	for _, other := range []wire.Message{
		{ID: "r1", Action: "job", Payload: json.RawMessage(`{"a":1}`)},
		{ID: "r1", Action: "checked", Payload: json.RawMessage(`{"a": 1}`)},
	} {
		_, err := w.requests.Submit(t.Context(), c1, other)
		wantCode(t, err, wire.DuplicateRequest)
	}
	other := w.submit(t, w.connect(t, "c3", mallo), "r1", "job", `{"b": 2}`)
	if other.Type != wire.TypeAcknowledgment {
		t.Errorf("another tenant's own r1: %+v", other)
	}
}

func TestNobodySeesAnothersRequest(t *testing.T) {
	t.Parallel()
	w := newHarness(t, shorts...)
	w.submit(t, w.connect(t, "c1", ada), "r1", "job", `{}`)
	w.connect(t, "c2", mallo)
	w.connect(t, "c3", streamer.Principal{Tenant: "acme", Subject: "bob", ExpiresAt: ada.ExpiresAt})
	for _, connection := range []string{"c2", "c3"} {
		for _, action := range []string{wire.ActionGet, wire.ActionSubscribe, wire.ActionUnsubscribe, wire.ActionCancel} {
			ask := func(id string) string {
				f := w.ask(t, connection, `{"id":"m","action":"`+action+`","payload":{"request_id":"`+id+`"},"metadata":{"tenant":"acme"}}`)
				return strings.ReplaceAll(string(f.Append(nil)), id, "ID")
			}
			theirs, absent := ask("r1"), ask("r2")
			if theirs != absent || !strings.Contains(theirs, "NOT_FOUND") {
				t.Errorf("%s: another's request answers %s, an absent one %s", action, theirs, absent)
			}
		}
		if f := w.ask(t, connection, `{"id":"l","action":"streamer.list"}`); string(f.Data) != `{"requests":[]}` {
			t.Errorf("%s lists %s", connection, f.Data)
		}
	}
	if r := w.load(t, ada.Key("r1")); r.State != request.Queued || len(r.Subscribers) != 1 {
		t.Errorf("somebody reached it: %+v", r)
	}
	f := w.ask(t, "c2", `{"action":"who","tenant":"acme","subject":"root","tenant_id":"acme","payload":{"tenant_id":"acme","user_id":"root"}}`)
	if string(f.Data) != `"globex/ada"` {
		t.Errorf("the message says who it is from: %s", f.Data)
	}
}

func TestCancelOfAQueuedRequestIsAtOnce(t *testing.T) {
	t.Parallel()
	w := newHarness(t, shorts...)
	w.submit(t, w.connect(t, "c1", ada), "r1", "job", `{}`)
	w.connect(t, "c2", ada)
	f := w.ask(t, "c2", `{"id":"x","action":"streamer.cancel","payload":{"request_id":"r1"}}`)
	if f.Type != wire.TypeRequest || f.RequestID != "x" || f.Request.ID != "r1" || f.Request.State != wire.StateCancelled {
		t.Fatalf("cancel is answered with %s", f.Append(nil))
	}
	if got := w.sockets.got("c1"); len(got) != 1 || got[0].Error.Code != wire.Cancelled || got[0].Rev != f.Request.Rev {
		t.Errorf("the one who waits got %s", describe(got))
	}
	w.run(t, ada.Key("r1"))
	again := w.ask(t, "c2", `{"id":"y","action":"streamer.cancel","payload":{"request_id":"r1"}}`)
	if again.Request.State != wire.StateCancelled || again.Request.Rev != f.Request.Rev {
		t.Errorf("a second cancel changes it: %+v", again.Request)
	}
}

func TestSubscribeIsBounded(t *testing.T) {
	t.Parallel()
	w := newHarness(t, shorts...)
	w.submit(t, w.connect(t, "c0", ada), "r1", "job", `{}`)
	for i := range request.MaxSubscribers {
		_, err := w.requests.Subscribe(t.Context(), streamer.Caller{Principal: ada, Connection: fmt.Sprintf("c%d", i)}, "r1")
		if err != nil {
			t.Fatalf("subscriber %d: %v", i, err)
		}
	}
	_, err := w.requests.Subscribe(t.Context(), streamer.Caller{Principal: ada, Connection: "one more"}, "r1")
	wantCode(t, err, wire.RateLimited)
	if _, err := w.requests.Unsubscribe(t.Context(), streamer.Caller{Principal: ada, Connection: "c7"}, "r1"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.requests.Subscribe(t.Context(), streamer.Caller{Principal: ada, Connection: "one more"}, "r1"); err != nil {
		t.Errorf("a place became free: %v", err)
	}
}

func TestListPagesNewestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, shorts...)
		who := w.connect(t, "c1", ada)
		for i := range 5 {
			w.submit(t, who, fmt.Sprintf("r%d", i), "job", `{}`)
			time.Sleep(time.Second)
		}
		var ids []string
		q := wire.ListQuery{Limit: 2, State: wire.StateQueued}
		for {
			list, err := w.requests.List(t.Context(), who, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list.Requests {
				ids = append(ids, s.ID)
			}
			if q.Cursor = list.Cursor; q.Cursor == "" {
				break
			}
		}
		if got := strings.Join(ids, " "); got != "r4 r3 r2 r1 r0" {
			t.Errorf("listed %s", got)
		}
		if _, err := w.requests.List(t.Context(), who, wire.ListQuery{Cursor: "made up"}); err == nil {
			t.Error("a made-up cursor is taken")
		}
	})
}

func TestWaitAnswersWhenSomethingIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, shorts...)
		who := w.connect(t, "c1", ada)
		w.submit(t, who, "r1", "job", `{}`)

		began := time.Now()
		f, err := w.requests.Wait(t.Context(), who, "r1", 1, 5*time.Second)
		if err != nil || f.Request.Rev != 1 || time.Since(began) != 5*time.Second {
			t.Errorf("nothing new: after %v %+v, %v", time.Since(began), f.Request, err)
		}
		go func() {
			time.Sleep(3 * time.Second)
			if _, err := w.requests.Cancel(context.Background(), who, "r1"); err != nil {
				t.Error(err)
			}
		}()
		began = time.Now()
		f, err = w.requests.Wait(t.Context(), who, "r1", 1, time.Hour)
		if err != nil || f.Request.State != wire.StateCancelled || time.Since(began) > 4*time.Second {
			t.Errorf("after %v %+v, %v", time.Since(began), f.Request, err)
		}
		if _, err = w.requests.Wait(t.Context(), who, "absent", 1, time.Hour); err == nil {
			t.Error("waited for nothing")
		}
	})
}

func TestRetentionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, shorts...)
		who := w.connect(t, "c1", ada)
		w.submit(t, who, "r1", "job", `{}`)
		if _, err := w.requests.Cancel(t.Context(), who, "r1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(streamer.DefaultRetention - time.Second)
		if _, err := w.requests.Get(t.Context(), who, "r1"); err != nil {
			t.Errorf("a second before the end: %v", err)
		}
		time.Sleep(time.Second)
		_, err := w.requests.Get(t.Context(), who, "r1")
		wantCode(t, err, wire.NotFound)
		if f := w.submit(t, who, "r1", "job", `{"new": true}`); f.Type != wire.TypeAcknowledgment {
			t.Errorf("the id is not free again: %+v", f)
		}
	})
}

func TestExpiredTokenMayOnlyRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, shorts...)
		soon := ada
		soon.ExpiresAt = time.Now().Add(time.Minute)
		w.connect(t, "c1", soon)
		if f := w.ask(t, "c1", `{"action":"who"}`); f.Type != wire.TypeResponse {
			t.Fatalf("before: %+v", f)
		}
		time.Sleep(time.Minute)
		if f := w.ask(t, "c1", `{"action":"who"}`); f.Error == nil || f.Error.Code != wire.Unauthorized {
			t.Errorf("after: %+v", f)
		}
		for token, want := range map[string]wire.Code{"rubbish": wire.Unauthorized, "acme/bob": wire.Forbidden, "globex/ada": wire.Forbidden} {
			if f := w.ask(t, "c1", `{"action":"streamer.authenticate","payload":{"token":"`+token+`"}}`); f.Error == nil || f.Error.Code != want {
				t.Errorf("token %s: %+v", token, f)
			}
		}
		if f := w.ask(t, "c1", `{"action":"streamer.authenticate","payload":{"token":"acme/ada"}}`); f.Type != wire.TypeResponse {
			t.Errorf("renewal: %+v", f)
		}
		if f := w.ask(t, "c1", `{"action":"who"}`); f.Type != wire.TypeResponse {
			t.Errorf("after the renewal: %+v", f)
		}
	})
}

func TestUnknownConnectionIsRefused(t *testing.T) {
	t.Parallel()
	w := newHarness(t, shorts...)
	w.connect(t, "c1", ada)
	if err := w.router.Connections.Close(t.Context(), "c1"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"c1", "never"} {
		if f := w.ask(t, id, `{"id":"a","action":"who"}`); f.Error == nil || f.Error.Code != wire.Unauthorized {
			t.Errorf("%s: %+v", id, f)
		}
	}
}

func TestWiringMistakesPanic(t *testing.T) {
	t.Parallel()
	nop := func(context.Context, *streamer.Job, json.RawMessage) (int, error) { return 0, nil }
	of := func(config streamer.ActionConfig) func() {
		return func() { streamer.NewAction(config, nop) }
	}
	for name, c := range map[string]struct {
		wire func()
		want string // in the panic's text
	}{
		"no name":         {of(streamer.ActionConfig{}), "needs a name"},
		"reserved name":   {of(streamer.ActionConfig{Name: "streamer.x"}), `"streamer.x"`},
		"negative":        {of(streamer.ActionConfig{Name: "x", Limit: -1}), "negative"},
		"contradiction":   {of(streamer.ActionConfig{Name: "x", Long: true, Expected: time.Hour, Limit: time.Minute}), "raise Limit"},
		"short: Expected": {of(streamer.ActionConfig{Name: "x", Expected: streamer.ShortLimit + 1}), "Expected 5.000000001s"},
		"short: Limit":    {of(streamer.ActionConfig{Name: "x", Limit: streamer.MaxShortLimit + 1}), "Limit 25.000000001s"},
		"short: Attempts": {of(streamer.ActionConfig{Name: "x", Retry: streamer.RetryPolicy{Attempts: 1}}), "Retry"},
		"short: Base":     {of(streamer.ActionConfig{Name: "x", Retry: streamer.RetryPolicy{Base: 1}}), "Retry"},
		"short: Cap":      {of(streamer.ActionConfig{Name: "x", Retry: streamer.RetryPolicy{Cap: 1}}), "Retry"},
		"short: Retryable": {of(streamer.ActionConfig{Name: "x",
			Retry: streamer.RetryPolicy{Retryable: func(error) bool { return true }}}), "Retry"},
		"short: MaxSlices":  {of(streamer.ActionConfig{Name: "x", MaxSlices: 1}), "MaxSlices"},
		"short: MaxRunning": {of(streamer.ActionConfig{Name: "x", MaxRunning: 1}), "MaxRunning"},
		"short: Priority":   {of(streamer.ActionConfig{Name: "x", Priority: streamer.Low}), "Priority"},
		"twice": {func() {
			a := streamer.NewAction(streamer.ActionConfig{Name: "x"}, nop)
			streamer.NewRegistry(a, a)
		}, "two actions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				text := fmt.Sprint(recover())
				if !strings.Contains(text, c.want) {
					t.Errorf("the panic says %q, want %q in it", text, c.want)
				}
				if strings.HasPrefix(name, "short: ") && !strings.Contains(text, "set Long, or leave it out") {
					t.Errorf("the panic says %q, and not what to do", text)
				}
			}()
			c.wire()
		})
	}
}
