package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

func newID() string { return request.NewID() }

// work is a payload of echo_async whose five steps take the given time each.
type work struct {
	Message string `json:"message"`
	StepMS  int    `json:"step_ms"`
}

var requestChecks = []Check{
	{"requests", "a long one: acknowledgment, progress, result", onSocket(func(ctx context.Context, s *socket) error {
		frames, err := s.request(ctx, newID(), "echo_async", work{"hello", 20})
		if err != nil {
			return err
		}
		// The acknowledgment may come after the first progress: two functions
		// send. A client that goes by rev sees them in order.
		acknowledged, percentage := false, -1.0
		for _, f := range inOrder(frames) {
			switch f.Type {
			case wire.TypeAcknowledgment:
				acknowledged = f.Status == wire.StatusQueued && f.Rev > 0
			case wire.TypeProgress:
				if f.Percentage < percentage || f.Percentage > 100 || f.Timestamp.IsZero() {
					return unexpected(f)
				}
				percentage = f.Percentage
			}
		}
		if last := frames[len(frames)-1]; last.Type != wire.TypeComplete || last.Rev == 0 || len(last.Result) == 0 {
			return unexpected(last)
		}
		if !acknowledged || percentage < 0 {
			return fmt.Errorf("acknowledged: %v, progress seen: %v", acknowledged, percentage >= 0)
		}
		return nil
	})},
	{"requests", "the same message again is the same request", onSocket(func(ctx context.Context, s *socket) error {
		id := newID()
		first, err := s.request(ctx, id, "echo_async", work{"again", 1})
		if err != nil {
			return err
		}
		if err := s.send(ctx, id, "echo_async", work{"again", 1}); err != nil {
			return err
		}
		f, err := s.end(ctx, id)
		if err != nil || f.Type != wire.TypeRequest || f.Request.State != wire.StateSucceeded || f.Request.Attempts != 1 ||
			string(f.Request.Result) != string(first[len(first)-1].Result) {
			return cmp.Or(err, unexpected(f))
		}
		f, err = s.ask(ctx, `{"id":"`+id+`","action":"echo_async","payload":{"message":"other","step_ms":1}}`)
		if err != nil || f.Type != wire.TypeError || f.Error.Code != wire.DuplicateRequest {
			return cmp.Or(err, fmt.Errorf("another payload under the id: %w", unexpected(f)))
		}
		return nil
	})},
	{"requests", "a connection lost in the middle, and a new one that subscribes", func(ctx context.Context, t *Target) error {
		first, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer first.close()
		id := newID()
		f, err := first.ask(ctx, string(wire.Message{ID: id, Action: "echo_async",
			Payload: json.RawMessage(`{"message":"lost","step_ms":100}`)}.Append(nil)))
		if err != nil {
			return err
		}
		first.close()
		seen := f.Rev
		second, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer second.close()
		return subscribed(ctx, second, id, seen)
	}},
	{"requests", "another device of the same principal watches too", func(ctx context.Context, t *Target) error {
		one, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer one.close()
		other, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer other.close()
		id, err := one.begin(ctx, "echo_async", work{"two", 100})
		if err != nil {
			return err
		}
		watched := make(chan error, 1)
		go func() { watched <- subscribed(ctx, other, id, 0) }()
		_, err = one.follow(ctx, id)
		return errors.Join(err, <-watched)
	}},
	{"requests", "a cancel ends a running one with CANCELLED", onSocket(func(ctx context.Context, s *socket) error {
		id, err := s.begin(ctx, "echo_async", work{"cancel me", 30_000})
		if err != nil {
			return err
		}
		if err := s.sendText(ctx, `{"id":"cancel","action":"streamer.cancel","payload":{"request_id":"`+id+`"}}`); err != nil {
			return err
		}
		last, err := s.end(ctx, id)
		if err != nil || last.Type != wire.TypeError || last.Error.Code != wire.Cancelled {
			return cmp.Or(err, unexpected(last))
		}
		return nil
	})},
	{"requests", "the list has the newest first", onSocket(func(ctx context.Context, s *socket) error {
		id := newID()
		if _, err := s.request(ctx, id, "echo_async", work{"listed", 1}); err != nil {
			return err
		}
		f, err := s.ask(ctx, `{"id":"l","action":"streamer.list","payload":{"state":"SUCCEEDED","limit":3}}`)
		if err != nil {
			return err
		}
		var list wire.List
		if err := json.Unmarshal(f.Data, &list); err != nil {
			return cmp.Or(err, unexpected(f))
		}
		if len(list.Requests) == 0 || len(list.Requests) > 3 || list.Requests[0].ID != id || list.Requests[0].Result != nil {
			return unexpected(f)
		}
		return nil
	})},
	{"requests", "ten at once on one socket, each answered once", onSocket(func(ctx context.Context, s *socket) error {
		const n = 10
		open := map[string]bool{}
		for range n {
			id := newID()
			open[id] = true
			if err := s.send(ctx, id, "echo_async", work{id, 1}); err != nil {
				return err
			}
		}
		for len(open) > 0 {
			f, err := s.read(ctx)
			if err != nil {
				return fmt.Errorf("%d of %d are open: %w", len(open), n, err)
			}
			if !ends(f) {
				continue
			}
			if !open[f.RequestID] || f.Type != wire.TypeComplete {
				return unexpected(f)
			}
			delete(open, f.RequestID)
		}
		return nil
	})},
	{"requests", "the same message from eight sockets at once is one request", func(ctx context.Context, t *Target) error {
		id := newID()
		results := make([]string, 8)
		faults := make([]error, len(results))
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() {
				s, err := t.connect(ctx)
				if err != nil {
					faults[i] = err
					return
				}
				defer s.close()
				frames, err := s.request(ctx, id, "echo_async", work{"race", 20})
				if err != nil {
					faults[i] = err
					return
				}
				switch last := frames[len(frames)-1]; {
				case last.Type == wire.TypeComplete:
					results[i] = string(last.Result)
				case last.Type == wire.TypeRequest:
					results[i] = string(last.Request.Result)
				default:
					faults[i] = unexpected(last)
				}
			})
		}
		all.Wait()
		if err := errors.Join(faults...); err != nil {
			return err
		}
		for _, result := range results {
			if result != results[0] {
				return fmt.Errorf("two results of one request: %s and %s", results[0], result)
			}
		}
		return nil
	}},
}

// subscribed follows a request from its snapshot to its end by rev and checks
// that nothing comes twice.
func subscribed(ctx context.Context, s *socket, id string, seen int64) error {
	f, err := s.ask(ctx, `{"id":"sub","action":"streamer.subscribe","payload":{"request_id":"`+id+`"}}`)
	if err != nil {
		return err
	}
	if f.Type != wire.TypeRequest || f.Request.ID != id || f.Request.Rev < seen {
		return unexpected(f)
	}
	if f.Request.Final() {
		return nil
	}
	last, err := s.end(ctx, id)
	if err != nil || last.Type != wire.TypeComplete || last.Rev <= f.Request.Rev {
		return cmp.Or(err, unexpected(last))
	}
	return nil
}

// inOrder drops what a client drops: frames whose rev is not above those seen
// before, the acknowledgment apart, which may come late.
func inOrder(frames []wire.Frame) []wire.Frame {
	var kept []wire.Frame
	var rev int64
	for _, f := range frames {
		if f.Type == wire.TypeAcknowledgment || f.Rev > rev {
			kept = append(kept, f)
			rev = max(rev, f.Rev)
		}
	}
	return kept
}
