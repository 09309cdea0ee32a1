package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/store/sqlite"

	"github.com/pay-theory/streamer/request"
)

// Each case prepares a path that cannot be the store; the advice must hold words
// that tell its user what to do.
func TestOpenAdvises(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, path string) string // the one to open
		advice  string
	}{
		"garbage": {func(t *testing.T, path string) string {
			return write(t, path, strings.Repeat("this is no database ", 1000))
		}, "move it away"},
		"a damaged database": {func(t *testing.T, path string) string {
			s := open(t, path)
			create(t, s, "r-1")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return write(t, path, string(raw[:100])+strings.Repeat("x", len(raw)-100))
		}, "move it away"},
		"another program's database": {func(t *testing.T, path string) string {
			execute(t, path, "CREATE TABLE songs (name TEXT)")
			return path
		}, "choose another file"},
		"a newer version's database":  {ofVersion(99), "newer version"},
		"an older version's database": {ofVersion(2), "older version"},
		"no folder": {func(_ *testing.T, path string) string {
			return filepath.Join(filepath.Dir(path), "missing", "streamer.db")
		}, "make it or choose another"},
		"a file for a folder": {func(t *testing.T, path string) string {
			return filepath.Join(write(t, path, ""), "streamer.db")
		}, "choose another folder"},
		"a file for the folder's folder": {func(t *testing.T, path string) string {
			return filepath.Join(write(t, path, ""), "sub", "streamer.db")
		}, "choose another"},
		"a folder in the file's place": {func(t *testing.T, path string) string {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
			return path
		}, "choose another folder"},
		"a folder that takes no files, from root neither": {func(t *testing.T, _ string) string {
			if _, err := os.Stat("/proc/self"); err != nil {
				t.Skip("needs a /proc file system")
			}
			return "/proc/self/streamer.db"
		}, "choose another folder or change its permissions"},
		"a folder without permission to write": {func(t *testing.T, path string) string {
			if os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
				t.Fatal(err)
			}
			return path
		}, "choose another folder or change its permissions"},
		"open already": {func(t *testing.T, path string) string {
			open(t, path)
			return path
		}, "another process is using it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := tt.prepare(t, filepath.Join(t.TempDir(), "streamer.db"))
			s, err := sqlite.Open(t.Context(), path)
			if err == nil {
				t.Fatalf("it opens: %v", s.Close())
			}
			var advice *sqlite.OpenError
			if !errors.As(err, &advice) || advice.Path != path || !strings.Contains(advice.Advice, tt.advice) || advice.Unwrap() == nil {
				t.Errorf("the error is %v, want advice with %q", err, tt.advice)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %q", err)
			}
		})
	}
}

func ofVersion(version int) func(*testing.T, string) string {
	return func(t *testing.T, path string) string {
		if err := open(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		execute(t, path, fmt.Sprint("PRAGMA user_version = ", version))
		return path
	}
}

func TestARefusedDatabaseIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "songs.db")
	execute(t, path, "CREATE TABLE songs (name TEXT)")
	if s, err := sqlite.Open(t.Context(), path); err == nil {
		t.Fatalf("it opens: %v", s.Close())
	}
	execute(t, path, "INSERT INTO songs VALUES ('still there')")
}

func TestPathsWithOddCharacters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "50%.db", "what?.db", "#1.db", "é&=.db", "file:x.db"} {
		path := filepath.Join(t.TempDir(), name)
		s := open(t, path)
		create(t, s, "r-1")
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestOpenAgainHasWhatWasWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "streamer.db")
	s := open(t, path)
	want := create(t, s, "r-1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LoadRequest(t.Context(), want.Key); err == nil {
		t.Error("a closed store still answers")
	}
	got, err := open(t, path).LoadRequest(t.Context(), want.Key)
	if err != nil || got.Action != want.Action || !got.CreatedAt.Equal(want.CreatedAt) {
		t.Errorf("loaded %+v, %v", got, err)
	}
}

// version3 makes of a file of this version one whose requests have neither looks
// nor claimed_at.
const version3 = `ALTER TABLE requests DROP COLUMN step_times;
	ALTER TABLE requests DROP COLUMN step_output;
	ALTER TABLE requests DROP COLUMN audit;
	ALTER TABLE requests DROP COLUMN not_before;
	DROP TABLE schedules;
	DROP TRIGGER request_expiry;
	UPDATE requests SET payload = (SELECT data FROM bodies WHERE bodies.id = requests.id AND kind = 'payload') WHERE apart & 1;
	UPDATE requests SET result = (SELECT data FROM bodies WHERE bodies.id = requests.id AND kind = 'result') WHERE apart & 2;
	DROP TABLE bodies;
	ALTER TABLE requests DROP COLUMN apart;
	CREATE TRIGGER output_expiry AFTER DELETE ON requests BEGIN
		DELETE FROM output WHERE tenant = old.tenant AND subject = old.subject AND id = old.id;
	END;
	DROP INDEX requests_counts;
	DROP INDEX requests_open;
	DROP INDEX requests_failed;
	DROP INDEX requests_look;
	ALTER TABLE requests DROP COLUMN look_kind;
	ALTER TABLE requests DROP COLUMN look_at;
	CREATE INDEX requests_due ON requests (due_at) WHERE due_at IS NOT NULL;
	ALTER TABLE requests DROP COLUMN claimed_at;
	ALTER TABLE requests DROP COLUMN parent;
	ALTER TABLE requests DROP COLUMN children;
	ALTER TABLE requests DROP COLUMN redrives;
	PRAGMA user_version = 3`

// A file of an older version is made one of this.
func TestOpenUpgrades(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "streamer.db")
	s := open(t, path)
	want := create(t, s, "r-1")
	large := newRequest("large")
	large.Payload, large.Result = bytes.Repeat([]byte("p"), 5000), bytes.Repeat([]byte("r"), 6000)
	large.Look = request.Look{}
	if _, _, err := s.CreateRequest(t.Context(), large); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, path, version3+`; UPDATE requests SET due_at = NULL WHERE id = 'large'; UPDATE requests SET steps = '{"charge":"MQ=="}'`)
	for range 2 {
		s = open(t, path)
		if got, err := s.LoadRequest(t.Context(), want.Key); err != nil || got.Action != want.Action || !got.ClaimedAt.IsZero() ||
			!got.DueAt.Equal(want.DueAt) || got.Look != (request.Look{At: want.DueAt}) {
			t.Errorf("loaded %+v, %v", got, err)
		}
		if got, err := s.LoadRequest(t.Context(), want.Key); err != nil || string(got.Steps["charge"]) != "1" || len(got.StepTimes) != 0 {
			t.Errorf("loaded the steps %v at %v, %v, want one without a time", got.Steps, got.StepTimes, err)
		}
		if due, _, err := s.DueRequests(t.Context(), request.DueQuery{Until: want.DueAt, Limit: 10}); err != nil || len(due) != 1 {
			t.Errorf("%d are due, %v; want 1", len(due), err)
		}
		if got, err := s.LoadRequest(t.Context(), large.Key); err != nil || !bytes.Equal(got.Payload, large.Payload) ||
			!bytes.Equal(got.Result, large.Result) {
			t.Errorf("loaded a large request %+v, %v", got, err)
		}
		at := time.Date(2096, 1, 1, 0, 0, 0, 0, time.UTC)
		if got, err := s.ChangeRequest(t.Context(), want.Key,
			request.Change{Set: request.Effects{UpdatedAt: at, ClaimedAt: at, StartedAt: at}}); err != nil || !got.ClaimedAt.Equal(at) {
			t.Errorf("claimed %+v, %v", got, err)
		}
		states, err := s.LoadSchedules(t.Context(), []string{"nightly"})
		if err != nil {
			t.Fatalf("load schedules: %v", err)
		}
		if saved, err := s.SaveSchedule(t.Context(), states[0]); err != nil || !saved {
			t.Errorf("save schedule: got %v, %v, want true", saved, err)
		}
		execute(t, path, "UPDATE requests SET claimed_at = NULL")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesAreTheirOwners(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	create(t, open(t, filepath.Join(dir, "streamer.db")), "r-1")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("got the files %v, %v; want a database, its log and its lock", files, err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("got %s with mode %o, want 600", file.Name(), mode)
		}
	}
}

func TestStoresInMemoryArePrivate(t *testing.T) {
	t.Parallel()
	a, b := open(t, sqlite.Memory), open(t, sqlite.Memory)
	r := create(t, a, "r-1")
	if _, err := b.LoadRequest(t.Context(), r.Key); !errors.Is(err, request.ErrNotFound) {
		t.Errorf("the other store has it: %v", err)
	}
}

// A store in memory lives in one connection, which no cancelled call may cost.
func TestCancelledCallsDoNotLoseTheMemory(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Memory)
	r := create(t, s, "r-1")
	acknowledged := int64(0)
	for i := range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*5*time.Microsecond)
		if _, err := s.ChangeRequest(ctx, r.Key, request.Change{Set: request.Effects{AddRev: 1}}); err == nil {
			acknowledged++
		}
		_, _, _ = s.ListRequests(ctx, request.Query{Tenant: "acme", Limit: 10})
		_ = s.SaveConnection(ctx, request.Connection{ID: "c-1"})
		cancel()
	}
	got, err := s.LoadRequest(t.Context(), r.Key)
	if err != nil || got.Rev != 1+acknowledged {
		t.Errorf("loaded %+v, %v; %d changes were acknowledged, the others failed", got, err, acknowledged)
	}
}

func TestPurgeExpired(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Memory)
	for i, id := range []string{"past", "now", "future", "never"} {
		r := newRequest(id)
		if id != "never" {
			r.ExpiresAt = epoch.Add(time.Duration(i-1) * time.Millisecond)
		}
		if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		c := request.Connection{ID: id, Principal: request.Principal{ExpiresAt: epoch.Add(time.Duration(i-1)*time.Millisecond - 24*time.Hour)}}
		if err := s.SaveConnection(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{2, 2, 0} { // one of each, one of each, nothing
		if n, err := s.PurgeExpired(t.Context(), epoch, 1); err != nil || n != want {
			t.Fatalf("purged %d, %v; want %d", n, err, want)
		}
	}
	for id, want := range map[string]error{"past": request.ErrNotFound, "now": request.ErrNotFound, "future": nil, "never": nil} {
		if _, err := s.LoadRequest(t.Context(), newRequest(id).Key); !errors.Is(err, want) {
			t.Errorf("request %s: %v, want %v", id, err, want)
		}
		if _, err := s.LoadConnection(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("connection %s: %v, want %v", id, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.PurgeExpired(ctx, epoch, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("purge with a cancelled context: %v", err)
	}
}

var epoch = time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)

func newRequest(id string) *request.Request {
	return &request.Request{Key: request.Key{Tenant: "acme", Subject: "ada", ID: id}, Action: "report",
		State: request.Queued, Rev: 1, Attempt: 1, DueAt: epoch, Look: request.Look{At: epoch}, CreatedAt: epoch, UpdatedAt: epoch}
}

func create(t *testing.T, s *sqlite.Store, id string) *request.Request {
	t.Helper()
	r, created, err := s.CreateRequest(t.Context(), newRequest(id))
	if err != nil || !created {
		t.Fatalf("create %s: created %v, %v", id, created, err)
	}
	return r
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// execute writes to a file as another program would.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
