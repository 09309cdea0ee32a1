package sqlite_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
)

// A row that does not decode is left out of what is due, and named.
func TestARowThatDoesNotDecodeStopsNoOther(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "streamer.db")
	s := open(t, path)
	at := time.UnixMilli(1_000_000).UTC()
	for _, id := range []string{"bad-json", "bad-type", "good"} {
		r := &request.Request{Key: request.Key{Tenant: "acme", Subject: "ada", ID: id}, Action: "report",
			State: request.Queued, Rev: 1, Attempt: 1, DueAt: at, Look: request.Look{At: at},
			ThrottledBy: "tenant:acme", CreatedAt: at, UpdatedAt: at}
		if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, path, "UPDATE requests SET metadata = '{' WHERE id = 'bad-json'; UPDATE requests SET history = '[[]]' WHERE id = 'bad-type'")
	for name, pages := range map[string]func(cursor string) ([]*request.Request, string, error){
		"due": func(cursor string) ([]*request.Request, string, error) {
			return s.DueRequests(t.Context(), request.DueQuery{Until: at, Limit: 1, Cursor: cursor})
		},
		"list": func(cursor string) ([]*request.Request, string, error) {
			return s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 1, Cursor: cursor})
		},
		"open": func(cursor string) ([]*request.Request, string, error) {
			return s.OpenRequests(t.Context(), request.Query{Tenant: "acme", Limit: 1, Cursor: cursor})
		},
		"throttled": func(string) ([]*request.Request, string, error) {
			queue, err := s.ThrottledRequests(t.Context(), "tenant:acme", 10)
			return queue, "", err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var found, left []string
			for cursor := ""; ; {
				page, next, err := pages(cursor)
				undecodable, some := errors.AsType[*request.UndecodableError](err)
				if err != nil && !some {
					t.Fatal(err)
				}
				for _, r := range page {
					found = append(found, r.ID)
				}
				if some {
					for _, row := range undecodable.Rows {
						if row.Key.Tenant != "acme" || row.Key.Subject != "ada" {
							t.Errorf("got the key %+v of a row left out, want acme's ada's", row.Key)
						}
						left = append(left, row.Key.ID)
					}
				}
				if cursor = next; cursor == "" {
					break
				}
			}
			slices.Sort(left)
			if got, want := fmt.Sprint(found, left), "[good] [bad-json bad-type]"; got != want {
				t.Errorf("got %s found and left out, want %s", got, want)
			}
		})
	}
}
