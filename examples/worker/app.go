// Package worker is an app of events without a waiting caller: messages of a
// queue, new objects in a bucket, events of a bus and the ticks of a schedule,
// all behind one stack.
package worker

import (
	"context"
	"errors"
	"strings"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

// A Payment is the body of a message.
type Payment struct {
	Order string `json:"order"`
	Cents int64  `json:"cents"`
}

// Validate refuses what can never be handled: the message fails until its queue
// moves it to the dead-letter queue.
func (p Payment) Validate() error {
	if p.Order == "" || p.Cents <= 0 {
		return errors.New("it is no payment")
	}
	return nil
}

// Ledger is what the app writes to. Its methods may be called again with the
// same key: events come at least once.
type Ledger interface {
	Book(ctx context.Context, key string, p Payment) error
	Import(ctx context.Context, bucket, key string) error
	Close(ctx context.Context, day string) error
}

// New returns the app. Up to eight messages are handled at a time, those of one
// message group in order.
func New(cfg lift.Config, ledger Ledger) *lift.App {
	cfg.Parallel = 8
	app := lift.New(cfg)
	app.Use(middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	w := worker{ledger}
	app.SQS(lift.Typed(w.book))
	app.S3(lift.HandlerFunc(w.imported))
	app.EventBridge("Payment Received", lift.Typed(w.book))
	app.Schedule(lift.HandlerFunc(w.closeDay))
	return app
}

type worker struct{ ledger Ledger }

func (w worker) book(ctx context.Context, p Payment) (struct{}, error) {
	return struct{}{}, w.ledger.Book(ctx, lift.EventFrom(ctx).ID, p)
}

func (w worker) imported(ctx context.Context, e *lift.Event) (*lift.Response, error) {
	if !strings.HasPrefix(e.S3.Event, "ObjectCreated:") {
		return nil, nil
	}
	return nil, w.ledger.Import(ctx, e.S3.Bucket, e.S3.Key)
}

func (w worker) closeDay(ctx context.Context, e *lift.Event) (*lift.Response, error) {
	return nil, w.ledger.Close(ctx, e.Time.AddDate(0, 0, -1).Format("2006-01-02"))
}
