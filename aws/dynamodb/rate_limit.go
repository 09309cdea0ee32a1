package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/pay-theory/streamer/lift/middleware"
)

// RateLimitConfig is the limit of each key of a [RateLimit].
type RateLimitConfig struct {
	Table Table            // required
	Rate  float64          // calls a second, in the long run. Required
	Burst int              // calls at once. Default: Rate, rounded up
	Now   func() time.Time // default: time.Now
}

// A RateLimit is a Limiter of lift/middleware with a token bucket for each key in
// a table, which all environments of a function share. A bucket is one number, the
// time at which it will be full again (GCRA), so that a call of a busy key is one
// conditional write, and that of a key that was idle two.
type RateLimit struct {
	table           Table
	interval, burst time.Duration
	now             func() time.Time
}

var _ middleware.Limiter = (*RateLimit)(nil)

// NewRateLimit returns a limiter. It makes no call.
func NewRateLimit(cfg RateLimitConfig) (*RateLimit, error) {
	if err := cfg.Table.check(); err != nil {
		return nil, err
	}
	if cfg.Rate <= 0 || cfg.Rate > 1e6 || cfg.Burst < 0 {
		return nil, fmt.Errorf("a Rate of %v and a Burst of %d are not a limit: use a Rate above 0, up to a million a second", cfg.Rate,
			cfg.Burst)
	}
	if cfg.Burst == 0 {
		cfg.Burst = int(math.Ceil(cfg.Rate))
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	interval := time.Duration(float64(time.Second) / cfg.Rate)
	return &RateLimit{cfg.Table, interval, time.Duration(cfg.Burst-1) * interval, cfg.Now}, nil
}

// tries bounds how often a bucket is looked at that other calls change meanwhile.
const tries = 4

// Allow takes a token from the key's bucket. An error says nothing of the limit.
func (l *RateLimit) Allow(ctx context.Context, key string) (bool, time.Duration, error) {
	busy := true // guess that it is
	for range tries {
		now := l.now()
		full, err := l.take(ctx, key, now, busy)
		if err == nil {
			return true, 0, nil
		}
		if _, refused := errors.AsType[*conflict](err); !refused {
			return false, 0, fmt.Errorf("take a token of a rate limit: %w", err)
		}
		if wait := full.Sub(now) - l.burst; wait > 0 {
			return false, wait, nil
		}
		busy = full.After(now)
	}
	return false, l.interval, nil // so many at once are too many
}

// take takes a token from a bucket that is busy, or from one that is full. On a
// conflict it returns when the bucket will be full.
func (l *RateLimit) take(ctx context.Context, key string, now time.Time, busy bool) (time.Time, error) {
	w := write{
		Key:                      item{"pk": text("rate#" + key)},
		ExpressionAttributeNames: used("#until", "#ttl"),
		ExpressionAttributeValues: item{
			":now": number(now.UnixMicro()), ":ttl": lasting(now.Add(l.burst + l.interval + time.Minute)),
		},
	}
	if busy {
		w.UpdateExpression = "SET #until = #until + :step, #ttl = :ttl"
		w.ConditionExpression = "#until > :now AND #until <= :most"
		w.ExpressionAttributeValues[":step"] = number(l.interval.Microseconds())
		w.ExpressionAttributeValues[":most"] = number(now.Add(l.burst).UnixMicro())
	} else {
		w.UpdateExpression = "SET #until = :full, #ttl = :ttl"
		w.ConditionExpression = "attribute_not_exists(pk) OR #until <= :now"
		w.ExpressionAttributeValues[":full"] = number(now.Add(l.interval).UnixMicro())
	}
	err := l.table.do(ctx, "UpdateItem", w)
	if held, ok := errors.AsType[*conflict](err); ok {
		return time.UnixMicro(held.item.number("until")), err
	}
	return time.Time{}, err
}
