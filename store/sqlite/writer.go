package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
)

// A writer runs writes in the order in which they came. Those that come while
// others run are committed together with them.
type writer struct {
	db         *sql.DB
	statements statements
	afterwards func(failed bool) // follows each transaction
	disk       disk
	turns      chan *write // without a buffer: what is taken from it is done
	close      func()      // waits for what runs
	closing    chan struct{}
	closed     chan struct{}
}

// A write is one caller's. It is done or not at all, whatever its neighbours in
// the transaction do.
type write struct {
	do      func(t *tx) error // runs once more where it was taken back
	relaxed bool              // it need not survive a power cut
	number  int64             // of its transaction, for the disk
	err     error
	done    chan struct{}
}

// maxTogether bounds how long the first of a transaction waits for the last: some
// 60 ms. On a busy machine the writer has few turns, so that each takes many.
const maxTogether = 1000

var (
	errClosed    = errors.New("the store is closed")
	errTakenBack = errors.New("a write was refused behind its own changes")
)

func newWriter(db *sql.DB, afterwards func(failed bool)) *writer {
	w := &writer{db: db, statements: statements{map[string]*sql.Stmt{}, map[string]bool{}}, afterwards: afterwards,
		disk:  disk{sync: func() error { return nil }, turn: make(chan struct{}, 1)},
		turns: make(chan *write), closing: make(chan struct{}), closed: make(chan struct{})}
	w.close = sync.OnceFunc(func() {
		close(w.closing)
		<-w.closed
	})
	go w.serve()
	return w
}

// run does the write and returns when it survives the death of the process. The context
// bounds the wait for the turn; from then on it takes milliseconds, so that an error of
// the context always means that nothing has changed. The write may run in another
// goroutine.
func (w *writer) run(ctx context.Context, mine *write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	mine.done = make(chan struct{})
	select {
	case w.turns <- mine:
		<-mine.done
		return mine.err
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	}
}

func (w *writer) serve() {
	defer close(w.closed)
	for {
		select {
		case first := <-w.turns:
			w.together(first)
		case <-w.closing:
			return
		}
	}
}

// together runs a write, and those that come meanwhile, in one transaction. Where one of
// them is refused behind changes of its own, all are taken back and run alone.
func (w *writer) together(first *write) {
	all := []*write{first}
	err := w.transaction(func(t *tx) error {
		if err := first.run(t); err != nil {
			return err
		}
		for len(all) < maxTogether {
			select {
			case next := <-w.turns:
				all = append(all, next)
				if err := next.run(t); err != nil {
					return err
				}
			default:
				return nil
			}
		}
		return nil
	})
	if !errors.Is(err, errTakenBack) || len(all) == 1 {
		w.end(err, all...)
		return
	}
	w.afterwards(true)
	for _, one := range all {
		w.end(w.transaction(one.run), one)
	}
}

// end is what follows the transaction of these writes.
func (w *writer) end(err error, all ...*write) {
	number := int64(0)
	if err == nil && slices.ContainsFunc(all, func(one *write) bool { return !one.relaxed && one.err == nil }) {
		number = w.disk.committed.Add(1)
	}
	for _, one := range all {
		one.number = number
		// Where the transaction failed, one may have been refused because of a neighbour's.
		if err != nil && !errors.Is(err, errTakenBack) {
			one.err = err
		}
		close(one.done)
	}
	w.afterwards(err != nil)
}

func (w *writer) transaction(do func(t *tx) error) error {
	begun, err := w.db.Begin()
	if err != nil {
		return err
	}
	if err := do(&tx{Tx: begun, statements: &w.statements}); err != nil {
		return errors.Join(err, begun.Rollback())
	}
	return begun.Commit()
}

// run does the write, whose own error is its caller's. The error that it returns is the
// transaction's, which cannot be committed then.
func (one *write) run(t *tx) error {
	t.wrote = false
	one.err = one.do(t)
	if one.err != nil && t.wrote {
		return errTakenBack
	}
	return nil
}

// A tx is the transaction of some writes. Its texts are prepared: to parse one takes longer
// than to run it.
type tx struct {
	*sql.Tx
	statements *statements
	wrote      bool // has the write that runs changed anything
}

// Exec runs one statement that changes something.
func (t *tx) Exec(text string, args ...any) (sql.Result, error) {
	t.wrote = true
	if stmt := t.statements.of(text); stmt != nil {
		return t.Stmt(stmt).Exec(args...)
	}
	return t.Tx.Exec(text, args...)
}

// script runs statements that no other transaction will.
func (t *tx) script(text string) error {
	t.wrote = true
	_, err := t.Tx.Exec(text)
	return err
}

// QueryRow reads a row.
func (t *tx) QueryRow(text string, args ...any) *sql.Row {
	if stmt := t.statements.of(text); stmt != nil {
		return t.Stmt(stmt).QueryRow(args...)
	}
	return t.Tx.QueryRow(text, args...)
}

// statements are the writer's, by their texts, which are as many as this package has.
type statements struct {
	prepared map[string]*sql.Stmt
	wanted   map[string]bool // to be prepared, which takes the connection that a transaction has
}

// of is the text's, or nil where it is not prepared yet.
func (s *statements) of(text string) *sql.Stmt {
	stmt := s.prepared[text]
	if stmt == nil {
		s.wanted[text] = true
	}
	return stmt
}

// prepare prepares what transactions have wanted.
func (s *statements) prepare(db *sql.DB) {
	for text := range s.wanted {
		if stmt, err := db.Prepare(text); err == nil { // or else the next transaction tries
			s.prepared[text] = stmt
		}
	}
	clear(s.wanted)
}
