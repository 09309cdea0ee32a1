package functions

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/request"
)

// A RunInvocation is the payload of a direct invocation of the processor: run
// this request.
type RunInvocation struct {
	Run request.Key `json:"run"`
}

// Payload encodes the invocation.
func (r RunInvocation) Payload() ([]byte, error) { return json.Marshal(r) }

// Validate names what is missing.
func (r RunInvocation) Validate() error {
	if r.Run.Tenant == "" || r.Run.Subject == "" || r.Run.ID == "" {
		return lift.Errorf(lift.CodeInvalid, `the payload must be {"run": {"tenant", "subject", "id"}}`)
	}
	return nil
}

// Processor answers the three triggers that durable requests need: a record of
// the stream dispatches a request, a direct invocation runs one, and the
// schedule sweeps. A sweep adds the metrics OldestDue and Due to its event's. It
// needs Connections, Requests, Actions, Push, Close and Dispatch.
func Processor(parts Parts) (*lift.App, error) {
	err := parts.check("Processor", need{"Connections", parts.Connections != nil}, need{"Requests", parts.Requests != nil},
		need{"Actions", parts.Actions != nil}, need{"Push", parts.Push != nil}, need{"Close", parts.Close != nil},
		need{"Dispatch", parts.Dispatch != nil})
	if err != nil {
		return nil, err
	}
	actions, err := parts.registry()
	if err != nil {
		return nil, err
	}
	p, err := streamer.NewProcessor(streamer.ProcessorConfig{Store: parts.Requests, Actions: actions, Push: parts.Push,
		Dispatch: parts.Dispatch, Connections: parts.connections(), Worker: parts.Worker, Logger: parts.Logger, Now: parts.Now,
		Lease: parts.Lease, Retention: parts.Retention, Limits: parts.Limits})
	if err != nil {
		return nil, err
	}
	app := newApp(parts, 0)
	app.DynamoDB(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		key, queued := queuedNow(p, e.DynamoDB.NewImage)
		if !queued {
			return nil, nil
		}
		belongsTo(e, key.Tenant)
		concerns(e, key.ID)
		return nil, parts.Dispatch.Dispatch(ctx, key, time.Time{})
	}))
	app.Direct(lift.Typed(func(ctx context.Context, in RunInvocation) (struct{}, error) {
		e := lift.EventFrom(ctx)
		belongsTo(e, in.Run.Tenant)
		concerns(e, in.Run.ID)
		return struct{}{}, p.Run(ctx, in.Run)
	}))
	app.Schedule(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		report, err := p.Sweep(ctx)
		e.Annotate(slog.Int("dispatched", report.Dispatched), slog.Int("lease_expirations", report.LeaseExpirations),
			slog.Int("failed", report.Failed), slog.Int("notified", report.Notified), slog.Int("unnotified", report.Unnotified),
			slog.Int("undecodable", report.Undecodable), slog.Int("closed", report.Closed), slog.Int("pruned", report.Pruned),
			slog.Int64("oldest_ms", report.Oldest.Milliseconds()))
		if err != nil {
			return nil, fmt.Errorf("sweep: %w", err)
		}
		metric.Add(ctx, "OldestDue", float64(report.Oldest.Milliseconds()), metric.Milliseconds)
		metric.Add(ctx, "Due", float64(report.Due), metric.Count)
		return nil, nil
	}))
	return app, nil
}

// queuedNow reads whether an image is a request that may be claimed. One that
// is due later is the sweep's, and so is one that was due before it was written:
// the sweep has dispatched it.
func queuedNow(p *streamer.Processor, image lift.Item) (request.Key, bool) {
	if image.Text(request.AttrState) != string(request.Queued) {
		return request.Key{}, false
	}
	if due, ok := image.Get(request.AttrDueAt).Int(); ok {
		if written, ok := image.Get(request.AttrUpdatedAt).Int(); due > p.Now().UnixMilli() || ok && written > due {
			return request.Key{}, false
		}
	}
	key := request.Key{Tenant: image.Text(request.AttrTenant), Subject: image.Text(request.AttrSubject), ID: image.Text(request.AttrID)}
	return key, key.Tenant != "" && key.Subject != "" && key.ID != ""
}
