package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/lift/middleware"
)

// maxAnswer is how long an answer may be, in bytes. An item has 400 KB at most
// (DynamoDB quotas, "Item size").
const maxAnswer = 399 << 10

// An Idempotency is an IdempotencyStore of lift/middleware in a table. It is safe
// for concurrent use, and so are several that share the table. Begin is one
// conditional write, and so are Complete and Release.
//
// A claim whose lease has ended without an answer is free for the next call, and
// an answer counts until its time is over. Both go by this machine's clock,
// which Lambda keeps.
type Idempotency struct {
	table Table
	now   func() time.Time
}

var _ middleware.IdempotencyStore = (*Idempotency)(nil)

// IdempotencyConfig sets up an [Idempotency].
type IdempotencyConfig struct {
	Table Table            // required
	Now   func() time.Time // default: time.Now
}

// NewIdempotency returns a store. It makes no call.
func NewIdempotency(cfg IdempotencyConfig) (*Idempotency, error) {
	if err := cfg.Table.check(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Idempotency{cfg.Table, cfg.Now}, nil
}

func idempotencyKey(key string) attribute { return text("idempotency#" + key) }

// Begin claims the key or returns who has it.
func (i *Idempotency) Begin(ctx context.Context, key string, hash [32]byte, lease time.Duration) (middleware.IdempotencyClaim, error) {
	now, token := i.now(), rand.Text()
	until := now.Add(lease)
	err := i.table.do(ctx, "PutItem", write{
		Item: item{
			"pk": idempotencyKey(key), "token": text(token), "hash": {B: hash[:]},
			"until": number(until.UnixMilli()), "ttl": lasting(until),
		},
		ConditionExpression:       "attribute_not_exists(pk) OR #until <= :now",
		ExpressionAttributeNames:  used("#until"),
		ExpressionAttributeValues: item{":now": number(now.UnixMilli())},
	})
	held, taken := errors.AsType[*conflict](err)
	switch {
	case err == nil:
		return middleware.IdempotencyClaim{Token: token}, nil
	case !taken:
		return middleware.IdempotencyClaim{}, fmt.Errorf("claim an idempotency key: %w", err)
	case held.item["token"].S == token: // an attempt whose answer was lost
		return middleware.IdempotencyClaim{Token: token}, nil
	}
	claim := middleware.IdempotencyClaim{Until: time.UnixMilli(held.item.number("until")).UTC()}
	copy(claim.Hash[:], held.item["hash"].B)
	if _, claim.Done = held.item["done"]; claim.Done {
		claim.Answer = held.item["answer"].B
	}
	return claim, nil
}

// Complete stores the answer.
func (i *Idempotency) Complete(ctx context.Context, key, token string, answer []byte, keep time.Duration) error {
	if len(answer) > maxAnswer {
		return fmt.Errorf("store an idempotent answer: it has %d bytes, and an item of DynamoDB holds %d", len(answer), maxAnswer)
	}
	now := i.now()
	until := now.Add(keep)
	values := item{
		":token": text(token), ":now": number(now.UnixMilli()), ":done": number(1), ":until": number(until.UnixMilli()), ":ttl": lasting(until),
	}
	update := "SET #until = :until, #ttl = :ttl, done = :done"
	if len(answer) > 0 {
		update += ", answer = :answer"
		values[":answer"] = attribute{B: answer}
	}
	err := i.table.do(ctx, "UpdateItem", write{
		Key: item{"pk": idempotencyKey(key)}, UpdateExpression: update,
		ConditionExpression:      "#token = :token AND #until > :now AND attribute_not_exists(done)",
		ExpressionAttributeNames: used("#token", "#until", "#ttl"), ExpressionAttributeValues: values,
	})
	if held, lost := errors.AsType[*conflict](err); lost {
		if _, done := held.item["done"]; done && held.item["token"].S == token && string(held.item["answer"].B) == string(answer) {
			return nil // an attempt whose answer was lost
		}
		return middleware.ErrClaimLost
	}
	if err != nil {
		return fmt.Errorf("store an idempotent answer: %w", err)
	}
	return nil
}

// Release gives the key back.
func (i *Idempotency) Release(ctx context.Context, key, token string) error {
	err := i.table.do(ctx, "DeleteItem", write{
		Key: item{"pk": idempotencyKey(key)}, ConditionExpression: "#token = :token AND attribute_not_exists(done)",
		ExpressionAttributeNames: used("#token"), ExpressionAttributeValues: item{":token": text(token)},
	})
	if _, lost := errors.AsType[*conflict](err); lost || err == nil {
		return nil
	}
	return fmt.Errorf("release an idempotency key: %w", err)
}
