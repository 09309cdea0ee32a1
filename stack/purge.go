package stack

import (
	"context"
	"log/slog"
	"time"
)

// What DynamoDB does by itself with items past their time to live.
const (
	purgeEvery = time.Minute
	purgePage  = 1000 // of a kind in one transaction, so that others' writes come in between
)

// A purger is a store whose expired rows can be deleted; see [sqlite.Store.PurgeExpired].
type purger interface {
	PurgeExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// purge deletes what has expired, page by page until there is no more or ctx ends.
func purge(ctx context.Context, store purger, now time.Time, logger *slog.Logger) {
	for {
		n, err := store.PurgeExpired(ctx, now, purgePage)
		if err != nil && ctx.Err() == nil {
			logger.WarnContext(ctx, "purge failed", "error", err.Error())
		}
		if err != nil || n < purgePage {
			return
		}
	}
}
