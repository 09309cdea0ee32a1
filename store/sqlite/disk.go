package sqlite

import (
	"context"
	"sync/atomic"
)

// A disk makes transactions survive a power cut. One sync does for all that are
// committed when it begins, and the writer goes on meanwhile.
type disk struct {
	sync      func() error
	committed atomic.Int64 // how many transactions have to survive a power cut

	turn   chan struct{} // has one while a sync runs: those that wait for it need none of their own
	synced int64         // how many of them do
	err    error         // of a sync that failed
}

// wait returns when the transaction with the number survives a power cut. After a sync
// that failed, nothing does: a later one may report success for what the first one lost
// (Linux, fsync(2), "EIO").
func (d *disk) wait(number int64) error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	if d.err != nil || d.synced >= number {
		return d.err
	}
	committed := d.committed.Load()
	if d.err = d.sync(); d.err == nil {
		d.synced = committed
	}
	return d.err
}

// inTx runs do in a transaction, and returns when that survives a power cut; in an eager
// store, when it survives the death of the process.
func (s *Store) inTx(ctx context.Context, do func(t *tx) error) error {
	mine := &write{do: do}
	if err := s.writer.run(ctx, mine); err != nil || s.eager {
		return err
	}
	return s.writer.disk.wait(mine.number)
}

// inRelaxedTx is inTx for what survives the death of the process, and a power cut only
// where a later write has waited for the disk.
func (s *Store) inRelaxedTx(ctx context.Context, do func(t *tx) error) error {
	return s.writer.run(ctx, &write{do: do, relaxed: true})
}

// Eager is the same store for one that calls Sync before anyone hears of a write: its
// writes return when they survive the death of the process, so that work goes on while
// the disk is busy. Close the store that Open returned, and not this one.
func (s *Store) Eager() *Store {
	eager := *s
	eager.eager = true
	return &eager
}

// Sync returns when each write that has returned, of an eager store too, is as that of
// the store that Open returned. It costs nothing where they are already. Its error is
// for good: what was committed may not be on the disk.
func (s *Store) Sync() error { return s.writer.disk.wait(s.writer.disk.committed.Load()) }
