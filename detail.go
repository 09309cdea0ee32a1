package streamer

import (
	"context"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Why returns the snapshot with all that is known of why the request waits.
func (s *Requests) Why(ctx context.Context, caller Caller, id string) (wire.Frame, error) {
	_, frame, err := s.explained(ctx, caller, id)
	return frame, err
}

// Detail is Why with all that the request holds, and a result in full.
func (s *Requests) Detail(ctx context.Context, caller Caller, id string) (wire.Frame, error) {
	r, frame, err := s.explained(ctx, caller, id)
	if err != nil {
		return wire.Frame{}, err
	}
	frame.Request.Detail = r.Detail()
	if caller.Has(request.OperatorScope) {
		frame.Request.Detail.Audit = r.Audit.Entries()
	}
	return frame, nil
}

// explained is a request and its snapshot, which says why it waits.
func (s *Requests) explained(ctx context.Context, caller Caller, id string) (*request.Request, wire.Frame, error) {
	r, err := s.load(ctx, caller, id)
	if err != nil {
		return nil, wire.Frame{}, err
	}
	waiting, err := s.why(ctx, r)
	if err != nil {
		return nil, wire.Frame{}, unavailable("look why request waits", err)
	}
	frame := caller.frame(r)
	frame.Request.Waiting = waiting
	return r, frame, nil
}
