package verify

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// reply is an HTTP answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) String() string { return fmt.Sprintf("%d %s", r.status, r.body) }

// code is the code of a problem document, or "".
func (r reply) code() wire.Code {
	var doc struct {
		Code          wire.Code `json:"code"`
		Status        int       `json:"status"`
		Title         string    `json:"title"`
		CorrelationID string    `json:"correlation_id"`
	}
	if r.header.Get("Content-Type") != "application/problem+json" || json.Unmarshal(r.body, &doc) != nil ||
		doc.Status != r.status || doc.Title == "" || doc.CorrelationID == "" {
		return ""
	}
	return doc.Code
}

func (t *Target) call(ctx context.Context, token, method, path, body string) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(t.HTTPURL, "/")+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return reply{response.StatusCode, response.Header, data}, err
}

// overHTTP is a check that needs the HTTP API.
func overHTTP(run func(context.Context, *Target) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		if t.HTTPURL == "" {
			return skip("no URL of the HTTP API")
		}
		return run(ctx, t)
	}
}

// answers is a check of one call.
func answers(method, path, body string, status int, code wire.Code, contains string) func(context.Context, *Target) error {
	return overHTTP(func(ctx context.Context, t *Target) error {
		r, err := t.call(ctx, t.Token, method, path, body)
		if err != nil {
			return err
		}
		if r.status != status || r.code() != code || !bytes.Contains(r.body, []byte(contains)) {
			return fmt.Errorf("answered %v", r)
		}
		return nil
	})
}

var httpChecks = []Check{
	{"http", "health needs no token", overHTTP(func(ctx context.Context, t *Target) error {
		r, err := t.call(ctx, "", "GET", "/health", "")
		if err != nil || r.status != http.StatusOK {
			return cmp.Or(err, fmt.Errorf("answered %v", r))
		}
		return nil
	})},
	{"http", "no token: 401 with a problem document", overHTTP(func(ctx context.Context, t *Target) error {
		r, err := t.call(ctx, "", "GET", "/requests", "")
		if err != nil || r.status != http.StatusUnauthorized || r.code() != wire.Unauthorized {
			return cmp.Or(err, fmt.Errorf("answered %v", r))
		}
		return nil
	})},
	{"http", "a short action: 201 and its answer, digit for digit", withAction("echo",
		answers("POST", "/requests", `{"id":"s","action":"echo","payload":9223372036854775807}`, 201, "", `"data":9223372036854775807`))},
	{"http", "no JSON: 400", answers("POST", "/requests", `{`, 400, wire.InvalidMessage, "")},
	{"http", "an unknown action: 400", answers("POST", "/requests", `{"id":"q","action":"no_such_action"}`, 400, wire.InvalidAction,
		`"request_id":"q"`)},
	{"http", "an unknown request: 404", answers("GET", "/requests/no-such-request", "", 404, wire.NotFound, "")},
	{"http", "an unknown path: 404", answers("GET", "/no-such-path", "", 404, wire.NotFound, "")},
	{"http", "a wrong method: 405", answers("PUT", "/requests", "", 405, wire.ValidationError, "")},
	{"http", "a payload above 128 KB: 413", withAction("echo",
		answers("POST", "/requests", `{"id":"big","action":"echo","payload":"`+strings.Repeat("x", 129<<10)+`"}`, 413, wire.PayloadTooLarge,
			""))},
	{"http", "a long action: 202, then its result by long polling",
		withAction("echo_async", overHTTP(func(ctx context.Context, t *Target) error {
			id := newID()
			r, err := t.call(ctx, t.Token, "POST", "/requests", `{"id":"`+id+`","action":"echo_async","payload":{"message":"http","step_ms":50}}`)
			if err != nil || r.status != http.StatusAccepted || r.header.Get("Location") != "/requests/"+id {
				return cmp.Or(err, fmt.Errorf("answered %v, Location %q", r, r.header.Get("Location")))
			}
			return t.poll(ctx, id, wire.StateSucceeded)
		}))},
	{"http", "a cancel ends a running one", withAction("echo_async", overHTTP(func(ctx context.Context, t *Target) error {
		id := newID()
		if r, err := t.call(ctx, t.Token, "POST", "/requests",
			`{"id":"`+id+`","action":"echo_async","payload":{"message":"http","step_ms":30000}}`); err != nil || r.status != http.StatusAccepted {
			return cmp.Or(err, fmt.Errorf("answered %v", r))
		}
		if r, err := t.call(ctx, t.Token, "DELETE", "/requests/"+id, ""); err != nil || r.status != http.StatusOK {
			return cmp.Or(err, fmt.Errorf("answered %v", r))
		}
		return t.poll(ctx, id, wire.StateCancelled)
	}))},
	{"http", "its events: a snapshot, its end, and 204 to a client that knows it",
		withAction("echo_async", overHTTP(func(ctx context.Context, t *Target) error {
			id := newID()
			r, err := t.call(ctx, t.Token, "POST", "/requests", `{"id":"`+id+`","action":"echo_async","payload":{"message":"http","step_ms":1}}`)
			if err != nil || r.status != http.StatusAccepted {
				return cmp.Or(err, fmt.Errorf("answered %v", r))
			}
			return t.watch(ctx, id)
		}))},
}

// watch follows a request's events as EventSource does, which connects again with the
// id of the last one until the answer is 204.
func (t *Target) watch(ctx context.Context, id string) error {
	var last string
	var names []string
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(t.HTTPURL, "/")+"/requests/"+id+"/events", nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+t.Token)
		request.Header.Set("Last-Event-ID", last)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		if response.StatusCode == http.StatusNoContent {
			response.Body.Close()
			break
		}
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				names = append(names, name)
			}
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				last = id
			}
		}
		err = cmp.Or(lines.Err(), response.Body.Close())
		if err != nil || response.Header.Get("Content-Type") != "text/event-stream" {
			return cmp.Or(err, fmt.Errorf("answered %s %s", response.Status, response.Header.Get("Content-Type")))
		}
		select {
		case <-time.After(200 * time.Millisecond): // before it comes back, as an EventSource does
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ends := strings.Count(strings.Join(names, " "), string(wire.TypeComplete))
	if len(names) < 2 || names[0] != string(wire.TypeRequest) || ends != 1 {
		return fmt.Errorf("its events were %v, want a snapshot first and one end", names)
	}
	return nil
}

// poll waits for a request's end by long polling: each answer is newer than the
// one before it, or says that the wait is over.
func (t *Target) poll(ctx context.Context, id, state string) error {
	var rev int64
	for {
		r, err := t.call(ctx, t.Token, "GET", fmt.Sprintf("/requests/%s?wait=20s&rev=%d", id, rev), "")
		if err != nil {
			return err
		}
		var s wire.Snapshot
		if r.status != http.StatusOK || json.Unmarshal(r.body, &s) != nil || s.ID != id || s.Rev < rev {
			return fmt.Errorf("after rev %d: answered %v", rev, r)
		}
		rev = s.Rev
		if s.Final() {
			if s.State != state {
				return fmt.Errorf("it ended as %s", r.body)
			}
			return nil
		}
	}
}
