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
	do      func(tx *sql.Tx) error
	relaxed bool  // it need not survive a power cut
	number  int64 // of its transaction, for the disk
	err     error
	done    chan struct{}
}

// maxTogether bounds how long the first of a transaction waits for the last: some
// 60 ms. On a busy machine the writer has few turns, so that each takes many.
const maxTogether = 1000

var (
	errClosed  = errors.New("the store is closed")
	errRefused = errors.New("the first write of a transaction takes it back")
)

func newWriter(db *sql.DB, afterwards func(failed bool)) *writer {
	w := &writer{db: db, afterwards: afterwards, disk: disk{sync: func() error { return nil }, turn: make(chan struct{}, 1)},
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

// together runs a write, and those that come meanwhile, in one transaction.
func (w *writer) together(first *write) {
	all := []*write{first}
	err := w.transaction(func(tx *sql.Tx) error {
		if first.err = first.do(tx); first.err != nil {
			return errRefused
		}
		for len(all) < maxTogether {
			select {
			case next := <-w.turns:
				all = append(all, next)
				if err := next.run(tx); err != nil {
					return err
				}
			default:
				return nil
			}
		}
		return nil
	})
	number := int64(0)
	if err == nil && slices.ContainsFunc(all, func(one *write) bool { return !one.relaxed && one.err == nil }) {
		number = w.disk.committed.Add(1)
	}
	for _, one := range all {
		one.number = number
		// A first write that was refused is alone. Any other may have been refused
		// because of a neighbour's.
		if err != nil && !errors.Is(err, errRefused) {
			one.err = err
		}
		close(one.done)
	}
	w.afterwards(err != nil && !errors.Is(err, errRefused))
}

func (w *writer) transaction(do func(tx *sql.Tx) error) error {
	tx, err := w.db.Begin()
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// run does the write, or takes it back. Its own error is what that gives; the
// error that it returns is the transaction's.
func (one *write) run(tx *sql.Tx) error {
	if _, err := tx.Exec("SAVEPOINT one"); err != nil {
		return err
	}
	end := "RELEASE one"
	if one.err = one.do(tx); one.err != nil {
		end = "ROLLBACK TO one; RELEASE one"
	}
	_, err := tx.Exec(end)
	return err
}
