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

var requestChecks = withActions("echo_async", []Check{
	{"requests", "a long one: acknowledgment, progress, result", onSocket(func(ctx context.Context, s *socket) error {
		last, frames, err := s.request(ctx, newID(), "echo_async", work{"hello", 20})
		if err != nil {
			return err
		}
		if last.Type != wire.TypeComplete || len(last.Result) == 0 {
			return unexpected(last)
		}
		progress, err := live(frames)
		if err == nil && progress == 0 {
			err = errors.New("no progress came")
		}
		return err
	})},
	{"requests", "the same message again is the same request", onSocket(func(ctx context.Context, s *socket) error {
		id := newID()
		first, _, err := s.request(ctx, id, "echo_async", work{"again", 1})
		if err != nil {
			return err
		}
		if err := s.send(ctx, id, "echo_async", work{"again", 1}); err != nil {
			return err
		}
		f, err := s.end(ctx, id)
		if err != nil || f.Type != wire.TypeRequest || f.Request.State != wire.StateSucceeded || f.Request.Attempts != 1 ||
			string(f.Request.Result) != string(first.Result) {
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
		id, err := first.begin(ctx, "echo_async", work{"lost", 100})
		if err != nil {
			return err
		}
		first.close()
		second, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer second.close()
		return subscribed(ctx, second, id)
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
		go func() { watched <- subscribed(ctx, other, id) }()
		_, err = one.end(ctx, id)
		return errors.Join(err, <-watched)
	}},
	{"requests", "a cancel ends a running one with CANCELLED", onSocket(func(ctx context.Context, s *socket) error {
		id, err := s.begin(ctx, "echo_async", work{"cancel me", 30_000})
		if err != nil {
			return err
		}
		f, err := s.ask(ctx, `{"id":"cancel","action":"streamer.cancel","payload":{"request_id":"`+id+`"}}`)
		if err != nil || f.Type != wire.TypeRequest {
			return cmp.Or(err, unexpected(f))
		}
		last, err := s.end(ctx, id)
		if err != nil || last.Type != wire.TypeError || last.Error.Code != wire.Cancelled {
			return cmp.Or(err, unexpected(last))
		}
		return nil
	})},
	{"requests", "the list has the newest first", onSocket(func(ctx context.Context, s *socket) error {
		id := newID()
		if _, _, err := s.request(ctx, id, "echo_async", work{"listed", 1}); err != nil {
			return err
		}
		listed := "nothing"
		err := every(ctx, func() (bool, error) { // lists may be behind by a moment
			f, err := s.ask(ctx, `{"id":"l","action":"streamer.list","payload":{"state":"SUCCEEDED","limit":3}}`)
			if err != nil {
				return false, err
			}
			var list wire.List
			if json.Unmarshal(f.Data, &list) != nil || len(list.Requests) > 3 {
				return false, unexpected(f)
			}
			listed = string(f.Data)
			return len(list.Requests) > 0 && list.Requests[0].ID == id && list.Requests[0].Result == nil, nil
		})
		if err != nil {
			return fmt.Errorf("the list was %s last, without %s as the first: %w", listed, id, err)
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
				last, _, err := s.request(ctx, id, "echo_async", work{"race", 20})
				switch {
				case err != nil:
					faults[i] = err
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
})

// subscribed follows a request from its snapshot to its end by rev. The snapshot may
// be older than what was seen or pushed before it: it is read while the request runs.
func subscribed(ctx context.Context, s *socket, id string) error {
	f, err := s.ask(ctx, `{"id":"sub","action":"streamer.subscribe","payload":{"request_id":"`+id+`"}}`)
	if err != nil {
		return err
	}
	if f.Type != wire.TypeRequest || f.Request.ID != id {
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

// live checks the frames of a long request as a client sees them, which drops those
// whose rev is not above the highest before: an acknowledgment, whenever it comes,
// progress that does not fall, an end. It returns how many frames of progress came.
func live(frames []wire.Frame) (progress int, err error) {
	acknowledged, percentage, rev := false, 0.0, int64(0)
	for _, f := range frames {
		switch {
		case f.Type == wire.TypeAcknowledgment:
			if f.Status != wire.StatusQueued || f.Rev == 0 {
				return progress, unexpected(f)
			}
			acknowledged = true
		case f.Type == wire.TypeComplete && f.Rev == 0:
			return progress, unexpected(f)
		case f.Rev <= rev:
			continue
		case f.Type == wire.TypeProgress:
			if f.Percentage < percentage || f.Percentage > 100 || f.Timestamp.IsZero() {
				return progress, unexpected(f)
			}
			percentage = f.Percentage
			progress++
		}
		rev = max(rev, f.Rev)
	}
	if !acknowledged {
		return progress, errors.New("it was not acknowledged")
	}
	return progress, nil
}
