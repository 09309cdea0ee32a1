package functions

import (
	"context"
	"net/http"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

func (a httpAPI) schedules(ctx context.Context, _ *lift.Event, who streamer.Caller) (*lift.Response, error) {
	list, err := a.ListSchedules(ctx, who)
	if err != nil {
		return nil, err
	}
	return lift.JSON(http.StatusOK, list)
}

// schedule answers with a schedule after it was changed.
func (a httpAPI) schedule(change func(ctx context.Context, who streamer.Caller, name string) (wire.Schedule, error)) func(
	ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	return func(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
		changed, err := change(ctx, who, e.HTTP.PathValue("name"))
		if err != nil {
			return nil, err
		}
		return lift.JSON(http.StatusOK, changed)
	}
}

// runSchedule starts a schedule's request. The body may name the request, so that the call
// may be made again.
func (a httpAPI) runSchedule(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	var in wire.ScheduleRef
	if err := wire.DecodePayload(e.Body, &in); err != nil {
		return nil, streamer.Errorf(wire.ValidationError, `the body is not JSON such as {"request_id": "r-1"}`)
	}
	if in.RequestID == "" {
		in.RequestID = request.NewID()
	}
	concerns(e, in.RequestID)
	ran, err := a.RunSchedule(ctx, who, e.HTTP.PathValue("name"), in.RequestID)
	if err != nil {
		return nil, err
	}
	res, err := lift.JSON(http.StatusAccepted, ran)
	if err != nil {
		return nil, err
	}
	return res.SetHeader("Location", request.ResultPath(in.RequestID)), nil
}
