// Command function is the worker example as a Lambda function, with a ledger
// that only logs.
package main

import (
	"context"

	"github.com/pay-theory/streamer/examples/worker"
	"github.com/pay-theory/streamer/lift"
)

func main() { lift.Start(worker.New(lift.Config{}, logged{})) }

type logged struct{}

func (logged) Book(ctx context.Context, key string, p worker.Payment) error {
	lift.Logger(ctx).InfoContext(ctx, "booked", "key", key, "order", p.Order, "cents", p.Cents)
	return nil
}

func (logged) Import(ctx context.Context, bucket, key string) error {
	lift.Logger(ctx).InfoContext(ctx, "imported", "bucket", bucket, "key", key)
	return nil
}

func (logged) Close(ctx context.Context, day string) error {
	lift.Logger(ctx).InfoContext(ctx, "closed", "day", day)
	return nil
}
