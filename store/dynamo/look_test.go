package dynamo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/dynamo"
)

// old is a stored request whose row a version before the kinds of looks wrote.
func old(t *testing.T, s *dynamo.Store, id string, state request.State) *request.Request {
	t.Helper()
	r := newRequest(id)
	r.State, r.Fence = state, 1
	if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := s.MakeOld(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// What a version before wrote is what it was: its due time is DueAt, and is the look.
func TestARowOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	later := epoch.Add(time.Hour)
	for name, tt := range map[string]struct {
		change request.Change
		dueAt  time.Time // zero: the change meets a guard
		look   request.Look
	}{
		"nothing":         {request.Change{}, epoch, request.Look{At: epoch}},
		"due by then":     {request.Change{If: request.Guards{DueBy: epoch}}, epoch, request.Look{At: epoch}},
		"not due yet":     {request.Change{If: request.Guards{DueBy: epoch.Add(-time.Millisecond)}}, time.Time{}, request.Look{}},
		"looked at then":  {request.Change{If: request.Guards{LookAt: epoch}}, epoch, request.Look{At: epoch}},
		"looked at later": {request.Change{If: request.Guards{LookAt: later}}, time.Time{}, request.Look{}},
		"another look": {request.Change{Set: request.Effects{Look: request.Look{Kind: request.LookTimer, At: later}}},
			epoch, request.Look{Kind: request.LookTimer, At: later}},
		"no look": {request.Change{Set: request.Effects{Clear: []request.Attribute{request.AttrLook}}}, epoch, request.Look{}},
		"another due time and look": {request.Change{Set: request.Effects{DueAt: later, Look: request.Look{Kind: request.LookLease, At: later}}},
			later, request.Look{Kind: request.LookLease, At: later}},
		"another look with a permit": {request.Change{Set: request.Effects{Acquire: []request.Permit{slot("a", 100)},
			Look: request.Look{Kind: request.LookTimer, At: later}}}, epoch, request.Look{Kind: request.LookTimer, At: later}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := old(t, s, name, request.Running)
			_, err := s.ChangeRequest(t.Context(), r.Key, tt.change)
			if _, conflict := errors.AsType[*request.ConflictError](err); conflict != tt.dueAt.IsZero() || err != nil && !conflict {
				t.Fatalf("got %v, want a conflict: %v", err, tt.dueAt.IsZero())
			}
			got, err := s.LoadRequest(t.Context(), r.Key)
			if err != nil {
				t.Fatal(err)
			}
			if !tt.dueAt.IsZero() && (!got.DueAt.Equal(tt.dueAt) || got.Look != tt.look) {
				t.Errorf("got a row due %v with the look %v, want %v and %v", got.DueAt, got.Look, tt.dueAt, tt.look)
			}
		})
	}
}

func TestRowsOfTheVersionBeforeAreDue(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	for _, state := range []request.State{request.Queued, request.Running, request.Succeeded} {
		old(t, s, string(state), state)
	}
	due, _, err := s.DueRequests(t.Context(), request.DueQuery{Kind: request.LookDispatch, Until: epoch, Limit: 10})
	if err != nil || len(due) != 3 {
		t.Errorf("got %d due, %v; want 3", len(due), err)
	}
}

// An index may have an entry twice while a row moves in it, which a BatchGetItem
// would refuse.
func TestEntriesThatAnIndexHasTwice(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	for n := range 3 {
		r := newRequest(fmt.Sprint("r-", n))
		r.ThrottledBy = "a"
		if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	f.reset(func(_ int, operation string) fault {
		if operation != "Query" {
			return nil
		}
		return func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
			return edit(req, next, func(res *http.Response, body []byte) io.Reader {
				res.Header.Del("X-Amz-Crc32")
				res.Header.Del("Content-Length")
				res.ContentLength = -1
				var out map[string]any
				if err := json.Unmarshal(body, &out); err != nil {
					return failing{err}
				}
				items, _ := out["Items"].([]any)
				out["Items"] = append(items, items...)
				twice, err := json.Marshal(out)
				if err != nil {
					return failing{err}
				}
				return bytes.NewReader(twice)
			})
		}
	})
	for name, read := range map[string]func() ([]*request.Request, error){
		"due": func() ([]*request.Request, error) {
			due, _, err := s.DueRequests(t.Context(), request.DueQuery{Until: epoch, Limit: 10})
			return due, err
		},
		"list": func() ([]*request.Request, error) {
			page, _, err := s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 10})
			return page, err
		},
		"throttled": func() ([]*request.Request, error) { return s.ThrottledRequests(t.Context(), "a", 10) },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read()
			var ids []string
			for _, r := range got {
				ids = append(ids, r.ID)
			}
			slices.Sort(ids)
			if err != nil || strings.Join(ids, " ") != "r-0 r-1 r-2" {
				t.Errorf("got %v, %v; want each of three once", ids, err)
			}
		})
	}
}

// A row that does not decode is left out and named, and a page's cursor passes it.
func TestARowThatDoesNotDecodeStopsNoOther(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	for _, id := range []string{"bad", "good"} {
		r := newRequest(id)
		r.ThrottledBy = "a"
		if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	bad := newRequest("bad").Key
	if err := s.PutRaw(t.Context(), bad, "rev", "odd"); err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]func(cursor string) ([]*request.Request, string, error){
		"due": func(cursor string) ([]*request.Request, string, error) {
			return s.DueRequests(t.Context(), request.DueQuery{Until: epoch, Limit: 1, Cursor: cursor})
		},
		"list": func(cursor string) ([]*request.Request, string, error) {
			return s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 1, Cursor: cursor})
		},
		"throttled": func(string) ([]*request.Request, string, error) {
			queue, err := s.ThrottledRequests(t.Context(), "a", 10)
			return queue, "", err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var found []string
			var left []request.Key
			for cursor := ""; ; {
				got, next, err := page(cursor)
				undecodable, some := errors.AsType[*request.UndecodableError](err)
				if err != nil && !some {
					t.Fatal(err)
				}
				for _, r := range got {
					found = append(found, r.ID)
				}
				if some {
					for _, row := range undecodable.Rows {
						left = append(left, row.Key)
					}
				}
				if cursor = next; cursor == "" {
					break
				}
			}
			if !slices.Equal(found, []string{"good"}) || !slices.Equal(left, []request.Key{bad}) {
				t.Errorf("got %v, and %v left out; want the good one, and the bad one left out", found, left)
			}
		})
	}
}

// A limit is listed until no request has waited for it for a while.
func TestALimitThatNoRequestWaitsForAnyMore(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	create(t, s, "r-1")
	throttle := request.Change{Set: request.Effects{ThrottledBy: "tenant:a#b"}}
	resume := request.Change{Set: request.Effects{Clear: []request.Attribute{request.AttrThrottledBy}}}
	for _, step := range []struct {
		name   string
		change request.Change
		age    time.Duration // of the mark, before it is listed
		want   []string
	}{
		{"throttled just now", throttle, 0, []string{"tenant:a#b"}},
		{"throttled long ago", request.Change{}, time.Hour, []string{"tenant:a#b"}},
		{"throttled again", throttle, 0, []string{"tenant:a#b"}},
		{"resumed just now", resume, 0, []string{"tenant:a#b"}},
		{"resumed long ago", request.Change{}, time.Hour, nil},
		{"throttled once more", throttle, 0, []string{"tenant:a#b"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			if _, err := s.ChangeRequest(t.Context(), key, step.change); err != nil {
				t.Fatal(err)
			}
			if step.age > 0 {
				if err := s.AgeMark(t.Context(), "tenant:a#b", step.age); err != nil {
					t.Fatal(err)
				}
			}
			if got, _, err := s.ThrottlingLimits(t.Context(), 10, ""); err != nil || !slices.Equal(got, step.want) {
				t.Errorf("got %q, %v; want %q", got, err, step.want)
			}
		})
	}
	if held, err := s.PermitsHeld(t.Context(), "tenant:a#b"); err != nil || held != 0 {
		t.Errorf("got %d permits held, %v; want 0", held, err)
	}
}
