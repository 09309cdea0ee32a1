package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

var operatorChecks = []Check{
	{"operators", "one sees and controls another subject's request", withAction("echo_async", asOperator(func(ctx context.Context, t *Target,
		token, subject string) error {
		mine, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer mine.close()
		id, err := mine.begin(ctx, "echo_async", work{"controlled", 30_000})
		if err != nil {
			return err
		}
		listed := "nothing"
		err = every(ctx, func() (bool, error) { // lists may be behind by a moment
			r, err := t.call(ctx, token, "GET", "/requests?subject=*&action=echo_async&limit=10", "")
			if err != nil || r.status != http.StatusOK {
				return false, cmp.Or(err, fmt.Errorf("the list answered %v", r))
			}
			listed = string(r.body)
			return strings.Contains(listed, `"id":"`+id+`","subject":"`+subject+`"`), nil
		})
		if err != nil {
			return fmt.Errorf("the list was %s last, without %s: %w", listed, id, err)
		}
		named := "/requests/" + id + "?subject=" + url.QueryEscape(subject)
		detail, err := t.call(ctx, token, "GET", named+"&detail=true", "")
		if err != nil || !strings.Contains(string(detail.body), `"detail":{"payload":{"message":"controlled","step_ms":30000}`) {
			return cmp.Or(err, fmt.Errorf("the detail is %v", detail))
		}
		theirs, status, err := dial(ctx, t.WebSocketURL, token)
		if err != nil {
			return fmt.Errorf("connect as operator (status %d): %w", status, err)
		}
		defer theirs.close()
		f, err := theirs.ask(ctx, `{"id":"s","action":"streamer.subscribe","payload":{"request_id":"`+id+`","subject":"`+subject+`"}}`)
		if err != nil || f.Type != wire.TypeRequest || f.Request.Subject != subject {
			return cmp.Or(err, unexpected(f))
		}
		if r, err := t.call(ctx, token, "DELETE", named, ""); err != nil || r.status != http.StatusOK {
			return cmp.Or(err, fmt.Errorf("the cancel answered %v", r))
		}
		for _, s := range []*socket{mine, theirs} {
			last, err := s.end(ctx, id)
			if err != nil || last.Type != wire.TypeError || last.Error.Code != wire.Cancelled {
				return cmp.Or(err, unexpected(last))
			}
		}
		return nil
	}))},
	{"operators", "a caller who is not one names no other subject", overHTTP(func(ctx context.Context, t *Target) error {
		for _, path := range []string{"/requests?subject=*", "/requests?subject=another", "/requests/x?subject=another",
			"/connections?subject=*", "/stats/states", "/stats/waiting", "/stats/failures", "/requests?tenant=another&subject=*",
			"/stats/waiting?tenant=*"} {
			r, err := t.call(ctx, t.Token, "GET", path, "")
			if err != nil || r.status != http.StatusForbidden || r.code() != wire.Forbidden {
				return cmp.Or(err, fmt.Errorf("%s answered %v", path, r))
			}
		}
		return nil
	})},
	{"operators", "one counts requests of its own tenant", withAction("echo_async", asOperator(func(ctx context.Context, t *Target, token,
		subject string) error {
		mine, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer mine.close()
		id, err := mine.begin(ctx, "echo_async", work{"counted", 30_000})
		if err != nil {
			return err
		}
		counted := "nothing"
		of := "?action=echo_async&subject=" + url.QueryEscape(subject)
		for path, want := range map[string]func(body []byte) bool{
			"/stats/states" + of: func(body []byte) bool {
				var page wire.States
				return json.Unmarshal(body, &page) == nil && len(page.Subjects) == 1 && page.Subjects[0].Subject == subject
			},
			"/stats/waiting" + of: func(body []byte) bool {
				var page wire.WaitingStats
				return json.Unmarshal(body, &page) == nil && len(page.Waiting)+len(page.Workers) > 0 && page.Tenants == nil
			},
			"/stats/failures" + of: func(body []byte) bool {
				var page wire.Failures
				return json.Unmarshal(body, &page) == nil && page.Failures != nil
			},
		} {
			err = every(ctx, func() (bool, error) { // indexes may be behind by a moment
				r, err := t.call(ctx, token, "GET", path, "")
				if err != nil || r.status != http.StatusOK {
					return false, cmp.Or(err, fmt.Errorf("%s answered %v", path, r))
				}
				counted = string(r.body)
				return want(r.body), nil
			})
			if err != nil {
				return fmt.Errorf("%s counted %s last: %w", path, counted, err)
			}
		}
		claims, err := claimsOf(token)
		if err != nil {
			return err
		}
		if scopes, _ := claims["scope"].(string); !strings.Contains(scopes, request.OwnerScope) {
			r, err := t.call(ctx, token, "GET", "/stats/states?tenant="+newID(), "")
			if err != nil || r.status != http.StatusForbidden {
				return cmp.Or(err, fmt.Errorf("another tenant's counts are %v", r))
			}
		}
		r, err := t.call(ctx, token, "DELETE", "/requests/"+id+"?subject="+url.QueryEscape(subject), "")
		if err != nil || r.status != http.StatusOK {
			return cmp.Or(err, fmt.Errorf("the cancel answered %v", r))
		}
		return nil
	}))},
	{"operators", "one of another tenant sees nothing", withAction("echo_async", asOperator(func(ctx context.Context, t *Target, _,
		subject string) error {
		if t.Sign == nil {
			return skip("needs the stage's signing key")
		}
		if claims, err := claimsOf(t.Token); err != nil || claims["tenant_id"] == nil {
			return cmp.Or(err, skip("the stage's token has no claim tenant_id"))
		}
		token, err := t.Sign(map[string]any{"tenant_id": newID(), "sub": "operator", "scope": request.OperatorScope})
		if err != nil {
			return err
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
		for path, want := range map[string]string{
			"/requests?subject=*":                                      `{"requests":[]}`,
			"/connections?subject=*":                                   `{"connections":[]}`,
			"/requests?subject=" + url.QueryEscape(subject):            `{"requests":[]}`,
			"/requests/" + id + "?subject=" + url.QueryEscape(subject): `"code":"NOT_FOUND"`,
		} {
			r, err := t.call(ctx, token, "GET", path, "")
			if err != nil || !strings.Contains(string(r.body), want) {
				return cmp.Or(err, fmt.Errorf("%s answered %v", path, r))
			}
		}
		return nil
	}))},
	{"operators", "closing a subject's connections, which may come back", asOperator(func(ctx context.Context, t *Target, token,
		_ string) error {
		if t.Sign == nil {
			return skip("needs the stage's signing key: only connections of a subject made for the check are closed")
		}
		subject := newID()
		doomed, err := t.Sign(map[string]any{"sub": subject})
		if err != nil {
			return err
		}
		open := func() (*socket, error) {
			s, status, err := dial(ctx, t.WebSocketURL, doomed)
			if err != nil {
				err = fmt.Errorf("connect (status %d): %w", status, err)
			}
			return s, err
		}
		var sockets [2]*socket
		for i := range sockets {
			if sockets[i], err = open(); err != nil {
				return err
			}
			defer sockets[i].close()
		}
		// The list of connections may be behind by a moment.
		err = every(ctx, func() (bool, error) {
			n, err := t.connections(ctx, token, subject)
			return n == 2, err
		})
		if err != nil {
			return fmt.Errorf("two connections are not listed: %w", err)
		}
		r, err := t.call(ctx, token, "DELETE", "/connections?subject="+subject, "")
		if err != nil || r.status != http.StatusOK || string(r.body) != `{"closed":2}` {
			return cmp.Or(err, fmt.Errorf("answered %v", r))
		}
		for _, s := range sockets {
			if err := s.closing(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
				return fmt.Errorf("the socket ended with %w", err)
			}
		}
		err = every(ctx, func() (bool, error) {
			n, err := t.connections(ctx, token, subject)
			return n == 0, err
		})
		if err != nil {
			return fmt.Errorf("what was closed is listed: %w", err)
		}
		again, err := open()
		if err != nil {
			return err
		}
		again.close()
		return nil
	})},
}

// connections counts a subject's.
func (t *Target) connections(ctx context.Context, token, subject string) (int, error) {
	r, err := t.call(ctx, token, "GET", "/connections?subject="+subject, "")
	if err != nil {
		return 0, err
	}
	var list wire.ConnectionList
	if err := json.Unmarshal(r.body, &list); err != nil || r.status != http.StatusOK {
		return 0, fmt.Errorf("answered %v", r)
	}
	for _, c := range list.Connections {
		if c.Subject != subject || c.ConnectedAt.IsZero() || !c.ExpiresAt.After(c.ConnectedAt) {
			return 0, fmt.Errorf("listed %+v", c)
		}
	}
	return len(list.Connections), nil
}

// asOperator is a check made by an operator about what the target's subject has.
func asOperator(run func(ctx context.Context, t *Target, token, subject string) error) func(context.Context, *Target) error {
	return overHTTP(func(ctx context.Context, t *Target) error {
		token := t.OperatorToken
		if token == "" && t.Sign != nil {
			var err error
			if token, err = t.Sign(map[string]any{"sub": "verify-operator", "scope": request.OperatorScope}); err != nil {
				return err
			}
		}
		if token == "" {
			return skip("needs a token of the same tenant with the scope " + request.OperatorScope)
		}
		subject, err := subjectOf(t.Token)
		if err != nil {
			return err
		}
		return run(ctx, t, token, subject)
	})
}

// subjectOf reads a token's subject.
func subjectOf(token string) (string, error) {
	claims, err := claimsOf(token)
	subject, _ := claims["sub"].(string)
	return subject, err
}
