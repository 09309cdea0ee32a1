package verify

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/pay-theory/streamer/wire"
)

var isolationChecks = []Check{
	{"isolation", "another tenant's request looks like none, on every way", asOther(func(ctx context.Context, t *Target,
		other *socket, id string) error {
		for _, action := range []string{"streamer.get", "streamer.subscribe", "streamer.unsubscribe", "streamer.cancel"} {
			var answers [2]string
			for i, name := range []string{id, newID()} {
				f, err := other.ask(ctx, `{"id":"a","action":"`+action+`","payload":{"request_id":"`+name+`"}}`)
				if err != nil {
					return err
				}
				if f.Type != wire.TypeError || f.Error.Code != wire.NotFound {
					return fmt.Errorf("%s: %w", action, unexpected(f))
				}
				answers[i] = strings.ReplaceAll(f.Error.Message, name, "ID")
			}
			if answers[0] != answers[1] {
				return fmt.Errorf("%s tells them apart: %q and %q", action, answers[0], answers[1])
			}
		}
		return nil
	})},
	{"isolation", "the same id of another tenant is another request", asOther(func(ctx context.Context, t *Target, other *socket,
		id string) error {
		last, _, err := other.request(ctx, id, "echo_async", work{"theirs", 1})
		if err != nil {
			return err
		}
		if last.Type != wire.TypeComplete || !strings.Contains(string(last.Result), "theirs") {
			return unexpected(last)
		}
		return nil
	})},
	{"isolation", "another tenant's list does not have it", asOther(func(ctx context.Context, t *Target, other *socket, id string) error {
		f, err := other.ask(ctx, `{"id":"l","action":"streamer.list","payload":{"limit":100}}`)
		if err != nil || strings.Contains(string(f.Data), id) {
			return cmp.Or(err, unexpected(f))
		}
		return nil
	})},
	{"isolation", "over HTTP it looks like none too", asOther(func(ctx context.Context, t *Target, _ *socket, id string) error {
		if t.HTTPURL == "" {
			return skip("no URL of the HTTP API")
		}
		for _, method := range []string{"GET", "DELETE"} {
			r, err := t.call(ctx, t.OtherToken, method, "/requests/"+id, "")
			if err != nil || r.status != 404 || r.code() != wire.NotFound {
				return cmp.Or(err, fmt.Errorf("%s: answered %v", method, r))
			}
		}
		return nil
	})},
}

// asOther is a check made by another tenant about a finished request of the
// target's principal.
func asOther(run func(ctx context.Context, t *Target, other *socket, id string) error) func(context.Context, *Target) error {
	return withAction("echo_async", func(ctx context.Context, t *Target) error {
		if t.OtherToken == "" {
			return skip("needs a token of another tenant")
		}
		mine, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer mine.close()
		id := newID()
		if _, _, err := mine.request(ctx, id, "echo_async", work{"mine", 1}); err != nil {
			return err
		}
		other, status, err := dial(ctx, t.WebSocketURL, t.OtherToken)
		if err != nil {
			return fmt.Errorf("connect as another tenant (status %d): %w", status, err)
		}
		defer other.close()
		return run(ctx, t, other, id)
	})
}
