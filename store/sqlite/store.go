// Package sqlite is the embedded store: requests and connections in one SQLite
// file, for development and for tests. It survives the death of its process at
// any instant.
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

	"github.com/pay-theory/streamer"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Memory is the path of a store that lives in memory, private to its Store.
const Memory = ":memory:"

// schemaVersion is the user_version of the files that this code writes.
const schemaVersion = 1

//go:embed schema.sql
var schema string

// A Store keeps requests and connections in SQLite. It is safe for concurrent
// use. Only one process may have a file open at a time.
type Store struct {
	write *sql.DB // one connection: SQLite has one writer
	read  *sql.DB
}

var (
	_ streamer.RequestStore    = (*Store)(nil)
	_ streamer.ConnectionStore = (*Store)(nil)
)

// Open opens the file, or makes it. Its folder must exist. Close the store when
// done.
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(ctx, path)
	if err != nil {
		return nil, explain(path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string) (*Store, error) {
	if path != Memory {
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return nil, err
		}
	}
	write, err := connect(path, 1)
	if err != nil {
		return nil, err
	}
	s := &Store{write: write, read: write}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	if path != Memory {
		if s.read, err = connect(path, 4); err != nil {
			return nil, errors.Join(err, write.Close())
		}
	}
	return s, nil
}

func connect(path string, connections int) (*sql.DB, error) {
	// synchronous FULL makes a commit survive a power cut too, not only the
	// death of the process (SQLite, "PRAGMA synchronous").
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

var errNewer = errors.New("it was written by a newer version of this program")

func (s *Store) prepare(ctx context.Context) error {
	var version int
	if err := s.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case version > schemaVersion:
		return errNewer
	case version == schemaVersion:
		return nil
	}
	return s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, schema); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
		return err
	})
}

// Close waits for running calls and closes the file.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(s.read.Close(), err)
	}
	return err
}

func (s *Store) inTx(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

// ignoreDone drops the error of rolling back what a cancelled context has
// rolled back already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
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
		result, err := s.write.ExecContext(ctx, q.sql, q.at.UnixMilli(), limit)
		if err != nil {
			return purged, fmt.Errorf("purge: %w", err)
		}
		n, err := result.RowsAffected()
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
	var sqliteErr *driver.Error
	switch {
	case errors.Is(err, errNewer):
		advice = "it was written by a newer version of this program; use that version or another folder"
	case errors.Is(err, fs.ErrNotExist):
		advice = "its folder does not exist; make it or choose another"
	case errors.Is(err, fs.ErrPermission):
		advice = "its folder may not be read; choose another or change its permissions"
	case errors.As(err, &sqliteErr):
		switch sqliteErr.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
			advice = "it is no database, or a damaged one; move it away to start with an empty one"
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			advice = "it cannot be written; choose another folder or change its permissions"
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			advice = "another process is using it; stop that one or choose another folder"
		}
	}
	return &OpenError{Path: path, Advice: advice, Cause: err}
}
