package middleware

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// IdempotencyHeader is the header in which HTTP callers name a request, so that
// they may send it again:
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
const IdempotencyHeader = "Idempotency-Key"

// ReplayedHeader tells HTTP callers that an answer is the stored one.
const ReplayedHeader = "Idempotency-Replayed"

// An IdempotencyStore keeps what became of calls. It is safe for concurrent
// use, also by several processes where they share it.
type IdempotencyStore interface {
	// Begin claims the key until the lease ends, if it is free: if it is not
	// there, has ended, or was claimed for a lease that ended without an answer.
	// Looking and claiming are one atomic step. Otherwise it returns who has it.
	Begin(ctx context.Context, key string, hash [32]byte, lease time.Duration) (IdempotencyClaim, error)

	// Complete stores the answer for the time keep. The token is the one that
	// Begin gave; for one that does not hold the key any more it changes nothing
	// and returns ErrClaimLost.
	Complete(ctx context.Context, key, token string, answer []byte, keep time.Duration) error

	// Release gives the key back without an answer. For a token that does not
	// hold it any more nothing changes and nothing is wrong.
	Release(ctx context.Context, key, token string) error
}

// ErrClaimLost is the error of a Complete whose lease ended before.
var ErrClaimLost = errors.New("the lease of the idempotency key has ended")

// An IdempotencyClaim is what Begin found.
type IdempotencyClaim struct {
	Token string // of the claim that was made; "" when another call holds the key

	// Of the one who has the key:
	Hash   [32]byte
	Done   bool
	Answer []byte
	Until  time.Time // the end of the lease
}

// IdempotencyConfig says how calls are known again.
type IdempotencyConfig struct {
	Store IdempotencyStore // required; see [NewMemoryIdempotency]

	// Lease is how long a call is waited for before another with its key may
	// begin. It must be longer than any call takes: the function's timeout is a
	// good choice. Required.
	Lease time.Duration

	// Keep is how long an answer is kept. Default: 24 hours.
	Keep time.Duration

	// Key names a call; "" lets it pass unguarded. Default: the Idempotency-Key
	// header of a request, and the event's ID of everything that AWS may deliver
	// twice, for S3 with the object; for WebSocket messages and direct
	// invocations nothing.
	Key func(*lift.Event) string

	// Required refuses calls without a Key with 400.
	Required bool
}

// Idempotency lets the handler run once for each key, as far as that can be
// known, and answers every further call with the stored answer. Keys belong to
// the trigger, the route and the verified caller, so no caller is given the answer
// of another; a caller that sends another payload under a used key gets 422, and
// one that calls while the first call runs gets 409 with a time to come back after.
// An error and an answer of 5xx are not stored: the call may be made again. A
// streamed answer is buffered, since it could not be repeated otherwise.
//
// HTTP requests with the methods GET, HEAD, OPTIONS and TRACE pass. $connect and
// $disconnect have no answers to repeat, and a durable execution is invoked again
// on purpose: they are refused at registration.
//
// An answer that the store does not take is logged and given all the same; the
// key is then free when the lease ends.
func Idempotency(cfg IdempotencyConfig) lift.Middleware {
	switch {
	case cfg.Store == nil:
		panic("lift/middleware: Idempotency without a Store")
	case cfg.Lease <= 0 || cfg.Keep < 0:
		panic(fmt.Sprintf("lift/middleware: Idempotency with a Lease of %s and a Keep of %s", cfg.Lease, cfg.Keep))
	}
	if cfg.Keep == 0 {
		cfg.Keep = 24 * time.Hour
	}
	if cfg.Key == nil {
		cfg.Key = deliveryKey
	}
	i := &idempotency{cfg}
	apply := func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			return i.handle(ctx, e, next)
		})
	}
	return lift.Except("middleware.Idempotency", apply, lift.TriggerConnect, lift.TriggerDisconnect, lift.TriggerDurable)
}

func deliveryKey(e *lift.Event) string {
	switch e.Trigger {
	case lift.TriggerHTTP:
		return e.Header(IdempotencyHeader)
	case lift.TriggerMessage, lift.TriggerDirect:
		return ""
	case lift.TriggerS3: // the ID is that of a request, which may delete many objects
		return e.ID + " " + e.S3.Event + " " + e.S3.VersionID + " " + e.S3.Key
	}
	return e.ID
}

type idempotency struct{ cfg IdempotencyConfig }

func (i *idempotency) handle(ctx context.Context, e *lift.Event, next lift.Handler) (*lift.Response, error) {
	if e.HTTP != nil {
		switch e.HTTP.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
			return next.Handle(ctx, e)
		}
	}
	name := i.cfg.Key(e)
	if name == "" {
		if i.cfg.Required {
			return nil, lift.Errorf(lift.CodeInvalid, "an idempotency key is needed")
		}
		return next.Handle(ctx, e)
	}
	key, hash := scopedKey(e, name), payloadHash(e)
	claim, err := i.cfg.Store.Begin(ctx, key, hash, i.cfg.Lease)
	if err != nil {
		return nil, &lift.Error{
			Code: lift.CodeUnavailable, Message: "the idempotency key cannot be looked up",
			Cause: fmt.Errorf("begin idempotent call: %w", err),
		}
	}
	if claim.Token == "" {
		return repeated(e, claim, hash)
	}
	return i.run(ctx, e, next, key, claim.Token)
}

// run calls the handler and stores its answer, or gives the key back, also when
// the call's time is up by then.
func (i *idempotency) run(ctx context.Context, e *lift.Event, next lift.Handler, key, token string) (*lift.Response, error) {
	answered := false
	defer func() {
		if answered {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
		defer cancel()
		if err := i.cfg.Store.Release(ctx, key, token); err != nil {
			e.Logger().LogAttrs(ctx, slog.LevelError, "idempotency key not released", slog.String("error", err.Error()))
		}
	}()
	res, err := next.Handle(ctx, e)
	if err == nil {
		err = res.Buffer()
	}
	if err != nil || lift.OutcomeOf(e, res, nil).Status >= http.StatusInternalServerError {
		return res, err
	}
	answer, err := json.Marshal(res)
	if err != nil {
		return nil, fmt.Errorf("encode idempotent answer: %w", err)
	}
	answered = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	if err := i.cfg.Store.Complete(ctx, key, token, answer, i.cfg.Keep); err != nil {
		e.Logger().LogAttrs(ctx, slog.LevelError, "idempotent answer not stored", slog.String("error", err.Error()))
	}
	return res, nil
}

// storeTime is what storing an answer may take.
const storeTime = 2 * time.Second

// repeated answers a call whose key another call holds.
func repeated(e *lift.Event, claim IdempotencyClaim, hash [32]byte) (*lift.Response, error) {
	switch {
	case claim.Hash != hash:
		return nil, lift.Errorf(lift.CodeUnprocessable, "the idempotency key was used for another payload")
	case !claim.Done:
		return nil, &lift.Error{Code: lift.CodeConflict, Message: "a call with this idempotency key is running", RetryAfter: time.Second}
	}
	var res *lift.Response
	if err := json.Unmarshal(claim.Answer, &res); err != nil {
		return nil, fmt.Errorf("decode idempotent answer: %w", err)
	}
	if e.Trigger == lift.TriggerHTTP {
		res = res.SetHeader(ReplayedHeader, "true")
	}
	return res, nil
}

// scopedKey binds a key to whom it belongs. Lengths keep the parts apart.
func scopedKey(e *lift.Event, name string) string {
	h := sha256.New()
	var issuer, subject string
	if e.Claims != nil {
		issuer, subject = e.Claims.Issuer, e.Claims.Subject
	}
	for _, part := range [...]string{e.Trigger.String(), e.Route, issuer, subject, name} {
		h.Write(strconv.AppendInt(nil, int64(len(part)), 10))
		h.Write([]byte{' '})
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func payloadHash(e *lift.Event) [32]byte {
	h := sha256.New()
	if e.HTTP != nil {
		h.Write([]byte(e.HTTP.Method + " " + e.HTTP.RequestURI + "\n"))
	}
	h.Write(e.Body)
	return [32]byte(h.Sum(nil))
}
