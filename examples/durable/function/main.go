// Command function is the durable example as a Lambda function, with checkpoints
// and a warehouse that only log.
package main

import (
	"context"
	"log/slog"

	"github.com/pay-theory/streamer/examples/durable"
	"github.com/pay-theory/streamer/lift"
)

func main() {
	logger := lift.NewLogger(lift.LogConfig{})
	lift.Start(durable.New(lift.Config{Logger: logger}, logged{logger}, logged{logger}))
}

type logged struct{ *slog.Logger }

func (l logged) Save(ctx context.Context, execution, _ string, op durable.Operation) error {
	l.InfoContext(ctx, "checkpoint", "execution_arn", execution, "operation", op.ID, "operation_status", op.Status)
	return nil
}

func (l logged) Reserve(order string) error {
	l.Info("reserved", "order", order)
	return nil
}

func (l logged) Ship(order string) (string, error) {
	l.Info("shipped", "order", order)
	return "parcel-" + order, nil
}
