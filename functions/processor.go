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

// A RunInvocation is a dispatch as the processor function takes it, by a message of
// its queue or by a direct invocation: run this request if it is due by then.
type RunInvocation struct {
	Run request.Key `json:"run"`
	Due int64       `json:"due,omitempty"` // milliseconds of the epoch; 0: whenever it is due
}

// NewRunInvocation is the invocation of a dispatch.
func NewRunInvocation(key request.Key, due time.Time) RunInvocation {
	r := RunInvocation{Run: key}
	if !due.IsZero() {
		r.Due = due.UnixMilli()
	}
	return r
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

func (r RunInvocation) due() time.Time {
	if r.Due == 0 {
		return time.Time{}
	}
	return time.UnixMilli(r.Due).UTC()
}

// Processor answers the triggers that durable requests need: a message of the queue,
// or a direct invocation, runs one, and the schedule sweeps. A sweep adds the metrics
// OldestDue and Due to its event's. It needs Connections, Requests, Actions, Push,
// Close and Dispatch.
//
// A run whose outcome could not be stored fails a direct invocation, but not a
// message, which is then logged as an error and counted as Unstored: the sweep queues
// the request again once its lease has ended, so the message has nothing left to do.
func Processor(parts Parts) (*lift.App, error) {
	err := parts.check("Processor", need{"Connections", parts.Connections != nil}, need{"Requests", parts.Requests != nil},
		need{"Actions", parts.Actions != nil}, need{"Push", parts.Push != nil}, need{"Close", parts.Close != nil},
		need{"Dispatch", parts.Dispatch != nil})
	if err != nil {
		return nil, err
	}
	actions, schedules, err := parts.registry()
	if err != nil {
		return nil, err
	}
	p, err := streamer.NewProcessor(streamer.ProcessorConfig{Store: parts.Requests, Actions: actions, Push: parts.Push,
		Dispatch: counted{parts.Dispatch}, Connections: parts.connections(), Worker: parts.Worker, Logger: parts.Logger, Now: parts.Now,
		Redact: lift.WithoutTokens,
		Lease:  parts.Lease, Retention: parts.Retention, Limits: parts.Limits,
		SweepEvery: parts.SweepEvery, Paused: parts.Paused, Schedules: schedules})
	if err != nil {
		return nil, err
	}
	app := newApp(parts, 0)
	run := func(ctx context.Context, in RunInvocation) error {
		e := lift.EventFrom(ctx)
		belongsTo(e, in.Run.Tenant)
		concerns(e, in.Run.ID)
		return p.Run(ctx, in.Run, in.due())
	}
	app.Direct(lift.Typed(func(ctx context.Context, in RunInvocation) (struct{}, error) { return struct{}{}, run(ctx, in) }))
	app.SQS(lift.Typed(func(ctx context.Context, in RunInvocation) (struct{}, error) {
		if err := run(ctx, in); err != nil {
			parts.Logger.ErrorContext(ctx, "run failed; the sweep goes on with the request", "request_id", in.Run.ID, "error", err.Error())
			metric.Add(ctx, "Unstored", 1, metric.Count)
		}
		return struct{}{}, nil
	}))
	app.Schedule(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		report, err := p.Sweep(ctx)
		annotate(e, report)
		metric.Add(ctx, "OldestDue", float64(report.Oldest.Milliseconds()), metric.Milliseconds)
		metric.Add(ctx, "Due", float64(report.Due), metric.Count)
		if err != nil {
			return nil, fmt.Errorf("sweep: %w", err)
		}
		return nil, nil
	}))
	return app, nil
}

// annotate has the event's log line tell what a sweep did, and which request waits the
// longest.
func annotate(e *lift.Event, report streamer.SweepReport) {
	e.Annotate(slog.Int("dispatched", report.Dispatched), slog.Int("waiting", report.Waiting),
		slog.Int("lease_expirations", report.LeaseExpirations), slog.Int("failed", report.Failed), slog.Int("resumed", report.Resumed),
		slog.Int("notified", report.Notified), slog.Int("unnotified", report.Unnotified), slog.Int("abandoned", report.Abandoned),
		slog.Int("started", report.Started), slog.Int("skipped", report.Skipped),
		slog.Int("undecodable", report.Undecodable), slog.Int("closed", report.Closed), slog.Int("pruned", report.Pruned),
		slog.Bool("cut_short", report.CutShort), slog.Int64("oldest_ms", report.Oldest.Milliseconds()))
	if r := report.Latest; r != nil {
		e.Annotate(slog.Group("oldest", "tenant", r.Tenant, "subject", r.Subject, "request_id", r.ID, "action", r.Action, "state", r.State))
	}
}
