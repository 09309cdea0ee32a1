package dynamo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/dynamo"
)

// large is a request with the largest payload.
func large(id string) *request.Request {
	r := newRequest(id)
	r.Payload = bytes.Repeat([]byte("x"), request.MaxPayload)
	return r
}

// An item takes 1,000 write units a second (Amazon DynamoDB Developer Guide, "Best
// practices for designing and using partition keys effectively"). What streams output
// over a large payload must stay far below it, also where a version before had the
// payload in the row.
func TestWhatAStreamOverALargePayloadWrites(t *testing.T) {
	t.Parallel()
	const most = 150
	meter := &dynamodbtest.Meter{Next: transport}
	s := open(t, func(c *dynamo.Config) { c.Transport = meter })
	for name, before := range map[string]func(ctx context.Context, r *request.Request) error{
		"of this version":       func(context.Context, *request.Request) error { return nil },
		"of the version before": s.PutInline,
	} {
		t.Run(name, func(t *testing.T) {
			r := large(name)
			if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if err := before(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			claimed, err := s.ChangeRequest(t.Context(), r.Key, claim("w"))
			if err != nil || !bytes.Equal(claimed.Payload, r.Payload) {
				t.Fatalf("claimed with a payload of %d bytes, %v", len(claimed.Payload), err)
			}
			meter.Take()
			for n := range int64(5) { // 50 chunks in a second, stored every 200 ms, and a heartbeat
				if _, err := s.ChangeRequest(t.Context(), r.Key, request.Change{Brief: true, If: request.Guards{Fence: 1, OutputAt: new(10 * n)},
					Set: request.Effects{UpdatedAt: epoch, AddRev: 1, Output: chunks(10)}}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.ChangeRequest(t.Context(), r.Key, request.Change{Brief: true, If: request.Guards{Fence: 1},
				Set: request.Effects{UpdatedAt: epoch, DueAt: epoch.Add(time.Minute), AddRev: 1}}); err != nil {
				t.Fatal(err)
			}
			usage := meter.Take()
			if item, units := usage.Hottest(); units > most || units == 0 {
				t.Errorf("50 chunks in a second write %v units to %s, want at most %d", units, item, most)
			} else {
				t.Logf("50 chunks in a second write %v units to one item, %v in all", units, usage.Written)
			}
			if got, err := s.LoadRequest(t.Context(), r.Key); err != nil || !bytes.Equal(got.Payload, r.Payload) {
				t.Errorf("got a payload of %d bytes, %v", len(got.Payload), err)
			}
		})
	}
}

func TestCallsForALargePayload(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	for _, step := range []struct {
		what, want string
		call       func(ctx context.Context) error
	}{
		{"create", "PutItem PutItem", func(ctx context.Context) error { _, _, err := s.CreateRequest(ctx, large("r-1")); return err }},
		{"load", "GetItem BatchGetItem", func(ctx context.Context) error { _, err := s.LoadRequest(ctx, key); return err }},
		{"list", "Query BatchGetItem", func(ctx context.Context) error {
			_, _, err := s.ListRequests(ctx, request.Query{Tenant: "acme", Limit: 10})
			return err
		}},
		{"claim", "UpdateItem BatchGetItem", func(ctx context.Context) error { _, err := s.ChangeRequest(ctx, key, claim("w")); return err }},
		{"a heartbeat", "UpdateItem", func(ctx context.Context) error {
			_, err := s.ChangeRequest(ctx, key, request.Change{Brief: true, Set: request.Effects{AddRev: 1}})
			return err
		}},
		{"a large result", "PutItem UpdateItem", func(ctx context.Context) error {
			_, err := s.ChangeRequest(ctx, key, request.Change{Brief: true, Set: request.Effects{State: request.Succeeded,
				Result: bytes.Repeat([]byte("x"), request.MaxResult)}})
			return err
		}},
		{"load both", "GetItem BatchGetItem", func(ctx context.Context) error { _, err := s.LoadRequest(ctx, key); return err }},
	} {
		t.Run(step.what, func(t *testing.T) {
			f.reset(nil)
			if err := step.call(t.Context()); err != nil {
				t.Error(err)
			}
			if got := f.made(); got != step.want {
				t.Errorf("got the calls %s, want %s", got, step.want)
			}
		})
	}
}

// A payload lives a little longer than its row, whatever the row waits for.
func TestALargePayloadLivesAsLongAsItsRequest(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *dynamo.Config) { c.OutputKept = 24 * time.Hour })
	if _, _, err := s.CreateRequest(t.Context(), large("r-1")); err != nil {
		t.Fatal(err)
	}
	for _, until := range []time.Time{epoch, epoch.Add(100 * 24 * time.Hour), epoch.Add(50 * 24 * time.Hour)} {
		if _, err := s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{UpdatedAt: epoch, DueAt: until}}); err != nil {
			t.Fatal(err)
		}
		if ttl, err := s.PayloadTTL(t.Context(), key); err != nil || ttl.Before(until.Add(24*time.Hour)) {
			t.Errorf("a request that waits until %v has a payload until %v, %v", until, ttl, err)
		}
	}
}

// A worker that lost its lease writes its result in vain, and not over another's.
func TestTheResultOfAnotherWorker(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	create(t, s, "r-1")
	ended := func(fence int64, result string) error {
		_, err := s.ChangeRequest(t.Context(), key, request.Change{If: request.Guards{States: []request.State{request.Queued}, Fence: fence},
			Set: request.Effects{State: request.Succeeded, ExpiresAt: epoch.Add(time.Hour),
				Result: bytes.Repeat(json.RawMessage(result), 10_000)}})
		return err
	}
	if _, err := s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{AddFence: 2}}); err != nil {
		t.Fatal(err)
	}
	if err := ended(2, "2"); err != nil {
		t.Fatal(err)
	}
	if _, conflict := errors.AsType[*request.ConflictError](ended(1, "1")); !conflict {
		t.Error("the worker before ended it, too")
	}
	if got, err := s.LoadRequest(t.Context(), key); err != nil || !bytes.Equal(got.Result, bytes.Repeat([]byte("2"), 10_000)) {
		t.Errorf("got a result of %d bytes that begins with %.1s, %v; want 2", len(got.Result), got.Result, err)
	}
}
