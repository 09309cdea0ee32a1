// Package sqlite is the embedded store: requests and connections in one SQLite
// file, for development and for tests. It survives the death of its process at
// any instant. What a client has heard of (a request, a signal, a claim, an outcome)
// survives a power cut, too; the steps, checkpoints and output of a run that is under way may
// be those of some seconds before, as if its worker had died then. [Store.Eager] leaves the
// wait for the disk to its caller.
package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pay-theory/streamer/request"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Memory is the path of a store that lives in memory, private to its Store.
const Memory = ":memory:"

// schemaVersion is the user_version of the files that this code writes.
const schemaVersion = 13

//go:embed schema.sql
var schema string

// upgrades make a file of a version one of the next. A version that is not here
// is too old.
var upgrades = map[int]string{
	3: "ALTER TABLE requests ADD COLUMN claimed_at INTEGER",
	4: `ALTER TABLE requests ADD COLUMN look_kind INTEGER NOT NULL DEFAULT 0;
		ALTER TABLE requests ADD COLUMN look_at INTEGER;
		UPDATE requests SET look_at = due_at WHERE due_at IS NOT NULL;
		DROP INDEX requests_due;
		CREATE INDEX requests_look ON requests (look_kind, look_at) WHERE look_at IS NOT NULL`,
	5: `ALTER TABLE requests ADD COLUMN apart INTEGER NOT NULL DEFAULT 0;
		CREATE TABLE bodies (tenant TEXT NOT NULL, subject TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL,
			PRIMARY KEY (tenant, subject, id, kind)) STRICT;
		INSERT INTO bodies SELECT tenant, subject, id, 'payload', payload FROM requests WHERE length(payload) > 4096;
		INSERT INTO bodies SELECT tenant, subject, id, 'result', result FROM requests WHERE length(result) > 4096;
		UPDATE requests SET payload = NULL, apart = apart | 1 WHERE length(payload) > 4096;
		UPDATE requests SET result = NULL, apart = apart | 2 WHERE length(result) > 4096;
		DROP TRIGGER output_expiry;
		CREATE TRIGGER request_expiry AFTER DELETE ON requests BEGIN
			DELETE FROM output WHERE tenant = old.tenant AND subject = old.subject AND id = old.id;
			DELETE FROM bodies WHERE tenant = old.tenant AND subject = old.subject AND id = old.id;
		END`,
	6: `CREATE TABLE schedules (name TEXT NOT NULL PRIMARY KEY, rev INTEGER NOT NULL, paused INTEGER NOT NULL, since INTEGER,
			fired INTEGER, last TEXT NOT NULL) STRICT, WITHOUT ROWID`,
	7: `ALTER TABLE requests ADD COLUMN parent TEXT NOT NULL DEFAULT '{}';
		ALTER TABLE requests ADD COLUMN children TEXT NOT NULL DEFAULT '{}';
		ALTER TABLE requests ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0`,
	8: "ALTER TABLE requests ADD COLUMN not_before INTEGER",
	9: `CREATE INDEX requests_counts ON requests (tenant, state, action, subject, created_at);
		CREATE INDEX requests_open ON requests (tenant, subject, id) WHERE state IN ('QUEUED', 'RUNNING');
		CREATE INDEX requests_failed ON requests (tenant, created_at DESC, id DESC, subject DESC) WHERE state = 'FAILED'`,
	10: "ALTER TABLE requests ADD COLUMN audit TEXT NOT NULL DEFAULT 'null'",
	11: "ALTER TABLE requests ADD COLUMN step_times TEXT NOT NULL DEFAULT 'null'",
	12: "ALTER TABLE requests ADD COLUMN step_output TEXT NOT NULL DEFAULT 'null'",
}

// applicationID marks a file as ours (SQLite, "PRAGMA application_id").
const applicationID = 0x5374726d // "Strm"

// A Store keeps requests and connections in SQLite. It is safe for concurrent
// use.
//
// One Store at a time has a file open, over all processes: it holds an exclusive
// transaction on an empty database beside it, named like the file with "-lock",
// which ends with the process however that ends.
type Store struct {
	write  *sql.DB // one connection: SQLite has one writer
	writer *writer // of all that changes
	read   *sql.DB
	lock   *sql.DB  // nil in memory
	log    *os.File // SQLite's write-ahead log, to sync it; nil in memory

	// To parse these takes longer than to run them. The writer has its own.
	loadRequest, loadWhole, loadConnection *sql.Stmt // of read
	updates                                updates
	recent                                 recent

	eager bool // see Eager
}

var (
	_ request.Store           = (*Store)(nil)
	_ request.ConnectionStore = (*Store)(nil)
)

// Open opens the file, or makes it with mode 0600. Its folder must exist. Every error is an
// [*OpenError]; a file that is open already is refused at once. Close the store
// when done.
func Open(ctx context.Context, path string) (*Store, error) {
	s := &Store{recent: recent{}, updates: updates{}}
	if err := s.open(ctx, path); err != nil {
		return nil, explain(path, errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) (err error) {
	if path == Memory {
		if s.write, err = connect(path, 1); err != nil {
			return err
		}
		s.writer, s.read = newWriter(s.write, s.afterwards), s.write
		return s.prepare(ctx)
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	if !folder.IsDir() {
		return errNoFolder
	}
	for _, file := range []string{path + "-lock", path} {
		touch(file)
	}
	if s.lock, err = acquire(ctx, path+"-lock"); err != nil {
		return err
	}
	if s.write, err = connect(path, 1); err != nil {
		return err
	}
	s.writer = newWriter(s.write, s.afterwards)
	if s.read, err = connect(path, 4, "query_only(ON)"); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if s.log, err = os.OpenFile(path+"-wal", os.O_RDWR, 0); err != nil {
		return err
	}
	s.writer.disk.sync = s.log.Sync
	return nil
}

// touch makes a file that only its owner may read, if there is none. SQLite makes files
// that all may, and gives what it keeps beside one the same mode. Where no file can be
// made, SQLite cannot make one either, and says why.
func touch(path string) {
	if file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
		_ = file.Close() // nothing was written
	}
}

func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	// synchronous NORMAL makes a commit survive the death of the process, and a power cut
	// once the log is synced (SQLite, "PRAGMA synchronous"), which the writer does.
	query := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)"}, pragmas...)}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// acquire takes the lock, which is held until the returned database is closed.
func acquire(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(0)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // its transaction stays open between calls
	if _, err := db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

var (
	errNoFolder = errors.New("its folder is a file")
	errNewer    = errors.New("it was written by a newer version of this program")
	errOlder    = errors.New("it was written by an older version of this program; move it away to start with an empty one")
	errForeign  = errors.New("it is the database of another program")
)

func (s *Store) prepare(ctx context.Context) (err error) {
	if err := s.makeTables(ctx); err != nil {
		return err
	}
	for _, p := range []struct {
		text string
		stmt **sql.Stmt
	}{
		{selectRequest, &s.loadRequest},
		{selectWhole, &s.loadWhole},
		{selectConnection, &s.loadConnection},
	} {
		if *p.stmt, err = s.read.PrepareContext(ctx, p.text); err != nil {
			return err
		}
	}
	return nil
}

// afterwards follows each transaction, in the writer.
func (s *Store) afterwards(failed bool) {
	if failed {
		clear(s.recent)
	}
	s.writer.statements.prepare(s.write)
}

func (s *Store) makeTables(ctx context.Context) error {
	var version, application, objects int
	err := s.write.QueryRowContext(ctx, "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema) "+
		"FROM pragma_user_version, pragma_application_id").Scan(&version, &application, &objects)
	switch {
	case err != nil:
		return err
	case objects > 0 && application != applicationID:
		return errForeign
	case version > schemaVersion:
		return errNewer
	case version == schemaVersion:
		return nil
	case version > 0 && upgrades[version] == "":
		return errOlder
	}
	return s.inTx(ctx, func(t *tx) error {
		if version == 0 {
			if err := t.script(schema); err != nil {
				return err
			}
			version = schemaVersion
		}
		for ; version < schemaVersion; version++ {
			if err := t.script(upgrades[version]); err != nil {
				return err
			}
		}
		return t.script(fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", schemaVersion, applicationID))
	})
}

// Close waits for running calls and closes the file.
func (s *Store) Close() error {
	var faults []error
	if s.writer != nil {
		s.writer.close()
	}
	if s.read != nil && s.read != s.write {
		faults = append(faults, s.read.Close())
	}
	if s.write != nil {
		faults = append(faults, s.write.Close())
	}
	if s.log != nil {
		if err := s.log.Close(); !errors.Is(err, fs.ErrClosed) {
			faults = append(faults, err)
		}
	}
	if s.lock != nil {
		faults = append(faults, s.lock.Close())
	}
	return errors.Join(faults...)
}

// PurgeExpired deletes final requests past their retention time and connections
// a day past their principal's expiry, up to limit of each, and says how many.
func (s *Store) PurgeExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	purged := 0
	for _, q := range []struct {
		sql string
		at  time.Time
	}{
		{"DELETE FROM requests WHERE rowid IN (SELECT rowid FROM requests WHERE expires_at <= ? LIMIT ?)", now},
		{"DELETE FROM connections WHERE rowid IN (SELECT rowid FROM connections WHERE expires_at <= ? LIMIT ?)", now.Add(-24 * time.Hour)},
	} {
		var n int64
		err := s.inTx(ctx, func(t *tx) error {
			clear(s.recent)
			result, err := t.Exec(q.sql, q.at.UnixMilli(), limit)
			if err == nil {
				n, err = result.RowsAffected()
			}
			return err
		})
		if err != nil {
			return purged, fmt.Errorf("purge: %w", err)
		}
		purged += int(n)
	}
	return purged, nil
}

// An OpenError says why a file cannot be the store, and what to do.
type OpenError struct {
	Path   string
	Advice string
	Cause  error
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("cannot open the database %s: %s", e.Path, e.Advice)
}

func (e *OpenError) Unwrap() error { return e.Cause }

func explain(path string, err error) error {
	advice := err.Error()
	sqliteErr, ofSQLite := errors.AsType[*driver.Error](err)
	pathErr, ofPath := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, errNewer), errors.Is(err, errForeign):
		advice += "; choose another file"
	case errors.Is(err, errNoFolder):
		advice += "; choose another folder"
	case errors.Is(err, fs.ErrNotExist):
		advice = "its folder does not exist; make it or choose another"
	case ofPath:
		advice = fmt.Sprintf("its folder cannot be used (%v); choose another or change its permissions", pathErr.Err)
	case ofSQLite:
		switch sqliteErr.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
			advice = "it is not a database, or a damaged one; move it away to start with an empty one"
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR:
			advice = "it cannot be written; choose another folder or change its permissions"
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			advice = "another process is using it; stop that one or choose another folder"
		}
	}
	return &OpenError{Path: path, Advice: advice, Cause: err}
}
