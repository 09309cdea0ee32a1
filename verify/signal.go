package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pay-theory/streamer/wire"
)

var signalChecks = withActions("ask_approval", []Check{
	{"signals", "output: live, in order and once, then from any offset", onSocket(func(ctx context.Context, s *socket) error {
		id := newID()
		if err := s.send(ctx, id, "ask_approval", map[string]any{"lines": []string{"a", "b", "c"}}); err != nil {
			return err
		}
		var live []string
		for len(live) < 3 {
			f, err := s.await(ctx, func(f wire.Frame) bool { return f.RequestID == id && (f.Type == wire.TypeOutput || ends(f)) })
			if err != nil {
				return fmt.Errorf("after the chunks %q: %w", live, err)
			}
			if f.Type != wire.TypeOutput || f.Offset != int64(len(live)) {
				return fmt.Errorf("after the chunks %q: %w", live, unexpected(f))
			}
			for _, chunk := range f.Chunks {
				live = append(live, string(chunk))
			}
		}
		if got := strings.Join(live, ","); got != `"a","b","c"` {
			return fmt.Errorf("live came %s", got)
		}
		if err := s.chunks(ctx, id, 1, `"b","c"`, false); err != nil {
			return err
		}
		if err := s.waiting(ctx, id); err != nil {
			return err
		}
		if f, err := s.ask(ctx, `{"id":"sig","action":"streamer.signal",`+
			`"payload":{"request_id":"`+id+`","token":"approval","payload":9007199254740993}}`); err != nil || f.Type != wire.TypeRequest {
			return cmp.Or(err, unexpected(f))
		}
		if err := s.approved(ctx, id, "9007199254740993"); err != nil {
			return err
		}
		for from, want := range map[int]string{0: `"a","b","c"`, 2: `"c"`, 3: ``} {
			if err := s.chunks(ctx, id, from, want, true); err != nil {
				return err
			}
		}
		return nil
	})},
	{"signals", "a signal by HTTP resumes the request that waits for it, and the first counts", overHTTP(func(ctx context.Context,
		t *Target) error {
		s, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer s.close()
		id, err := s.begin(ctx, "ask_approval", map[string]any{"lines": []string{"x"}})
		if err != nil {
			return err
		}
		if err := s.waiting(ctx, id); err != nil {
			return err
		}
		for _, who := range []string{"ada", "eve"} {
			r, err := t.call(ctx, t.Token, "POST", "/requests/"+id+"/signals/approval", `{"by":"`+who+`"}`)
			if err != nil || r.status != 200 {
				return cmp.Or(err, fmt.Errorf("answered %v", r))
			}
		}
		if err := s.approved(ctx, id, `{"by":"ada"}`); err != nil {
			return err
		}
		r, err := t.call(ctx, t.Token, "GET", "/requests/"+id+"/output?from=0", "")
		if err != nil || r.status != 200 || string(r.body) != `{"offset":0,"chunks":["x"],"final":true}` {
			return cmp.Or(err, fmt.Errorf("output answered %v", r))
		}
		return nil
	})},
})

// chunks reads a request's output from an offset.
func (s *socket) chunks(ctx context.Context, id string, from int, want string, final bool) error {
	f, err := s.ask(ctx, fmt.Sprintf(`{"id":"out","action":"streamer.output","payload":{"request_id":%q,"from":%d}}`, id, from))
	if err != nil {
		return err
	}
	if f.Type != wire.TypeResponse || string(f.Data) != fmt.Sprintf(`{"offset":%d,"chunks":[%s],"final":%v}`, from, want, final) {
		return fmt.Errorf("output from %d: %w", from, unexpected(f))
	}
	return nil
}

// waiting returns when a request waits for a signal.
func (s *socket) waiting(ctx context.Context, id string) error {
	return every(ctx, func() (bool, error) {
		f, err := s.ask(ctx, `{"id":"why","action":"streamer.why","payload":{"request_id":"`+id+`"}}`)
		if err != nil || f.Type != wire.TypeRequest || f.Request.Final() {
			return false, cmp.Or(err, unexpected(f))
		}
		w := f.Request.Waiting
		return w != nil && w.For == wire.WaitingSignal && w.Token == "approval" && w.Until != nil, nil
	})
}

// approved follows a request to its end, which has the signal's payload.
func (s *socket) approved(ctx context.Context, id, payload string) error {
	last, err := s.end(ctx, id)
	if err != nil || last.Type != wire.TypeComplete || string(last.Result) != `{"approval":`+payload+`}` {
		return cmp.Or(err, unexpected(last))
	}
	return nil
}

// every looks ten times a second, until it is so or the context ends.
func every(ctx context.Context, look func() (done bool, err error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := look(); done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var tokenChecks = []Check{
	{"tokens", "a token is renewed on the live socket", func(ctx context.Context, t *Target) error {
		return asked(authenticate(t.Token), func(f wire.Frame) bool {
			var until struct {
				ExpiresAt time.Time `json:"expires_at"`
			}
			return f.Type == wire.TypeResponse && json.Unmarshal(f.Data, &until) == nil && until.ExpiresAt.After(time.Now())
		})(ctx, t)
	}},
	{"tokens", "an expired one answers nothing until it is renewed", func(ctx context.Context, t *Target) error {
		if t.Sign == nil {
			return skip("needs the stage's signing key")
		}
		short, err := t.Sign(map[string]any{"exp": time.Now().Add(3 * time.Second).Unix()})
		if err != nil {
			return err
		}
		s, status, err := dial(ctx, t.WebSocketURL, short)
		if err != nil {
			return fmt.Errorf("connect (status %d): %w", status, err)
		}
		defer s.close()
		err = every(ctx, func() (bool, error) {
			f, err := s.ask(ctx, `{"id":"e","action":"streamer.list","payload":{"limit":1}}`)
			if err == nil && f.Type == wire.TypeError && f.Error.Code != wire.Unauthorized {
				err = unexpected(f)
			}
			return f.Type == wire.TypeError, err
		})
		if err != nil {
			return err
		}
		fresh, err := t.Sign(nil)
		if err != nil {
			return err
		}
		if f, err := s.ask(ctx, authenticate(fresh)); err != nil || f.Type != wire.TypeResponse {
			return cmp.Or(err, unexpected(f))
		}
		if f, err := s.ask(ctx, `{"id":"e","action":"streamer.list","payload":{"limit":1}}`); err != nil || f.Type != wire.TypeResponse {
			return cmp.Or(err, unexpected(f))
		}
		return nil
	}},
	{"tokens", "another's token does not renew a socket", func(ctx context.Context, t *Target) error {
		if t.OtherToken == "" {
			return skip("needs a token of another tenant")
		}
		return asked(authenticate(t.OtherToken), func(f wire.Frame) bool {
			return f.Type == wire.TypeError && f.Error.Code == wire.Forbidden
		})(ctx, t)
	}},
}

func authenticate(token string) string {
	return `{"id":"auth","action":"streamer.authenticate","payload":{"token":"` + token + `"}}`
}
