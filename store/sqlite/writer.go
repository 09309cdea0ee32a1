package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
)

// A writer runs writes in the order in which they came. Those that come while
// others run are committed together with them: what survives a power cut waits for
// the disk, which takes longer than many writes.
type writer struct {
	db         *sql.DB
	afterwards func(failed bool) // follows each transaction
	sync       func() error      // makes what is committed survive a power cut
	turns      chan *write       // without a buffer: what is taken from it is done
	close      func()            // waits for what runs
	closing    chan struct{}
	closed     chan struct{}
}

// A write is one caller's. It is done or not at all, whatever its neighbours in
// the transaction do.
type write struct {
	do      func(tx *sql.Tx) error
	relaxed bool // it need not survive a power cut
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
	w := &writer{db: db, afterwards: afterwards, sync: func() error { return nil },
		turns: make(chan *write), closing: make(chan struct{}), closed: make(chan struct{})}
	w.close = sync.OnceFunc(func() {
		close(w.closing)
		<-w.closed
	})
	go w.serve()
	return w
}

// inTx runs do in a transaction, which survives a power cut. The context bounds the wait
// for the turn; from then on it takes milliseconds, so that an error of the context
// always means that nothing has changed. do may run in another goroutine.
func (w *writer) inTx(ctx context.Context, do func(tx *sql.Tx) error) error {
	return w.run(ctx, &write{do: do, done: make(chan struct{})})
}

// inRelaxedTx is inTx for what survives the death of the process, and a power cut only
// where a later write has waited for the disk.
func (w *writer) inRelaxedTx(ctx context.Context, do func(tx *sql.Tx) error) error {
	return w.run(ctx, &write{do: do, relaxed: true, done: make(chan struct{})})
}

func (w *writer) run(ctx context.Context, mine *write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
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
	if err == nil && slices.ContainsFunc(all, func(one *write) bool { return !one.relaxed && one.err == nil }) {
		err = w.sync()
	}
	for _, one := range all {
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
