package sqlite_test

import (
	"errors"
	"path/filepath"
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
			State: request.Queued, Rev: 1, Attempt: 1, DueAt: at, CreatedAt: at, UpdatedAt: at}
		if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, path, "UPDATE requests SET steps = '{' WHERE id = 'bad-json'; UPDATE requests SET history = '[[]]' WHERE id = 'bad-type'")
	due, err := s.DueRequests(t.Context(), at, 10)
	if len(due) != 1 || due[0].ID != "good" {
		t.Errorf("got %d due, want the good one", len(due))
	}
	undecodable, ok := errors.AsType[*request.UndecodableError](err)
	if !ok || len(undecodable.Rows) != 2 {
		t.Fatalf("got %v, want an error of two rows", err)
	}
	for i, want := range []string{"bad-json", "bad-type"} {
		if key := undecodable.Rows[i].Key; key.Tenant != "acme" || key.Subject != "ada" || key.ID != want {
			t.Errorf("row %d is named %+v, want %s", i, key, want)
		}
	}
}
