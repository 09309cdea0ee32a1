package lift_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// A failure is one line at level error, with the error in full, whether there is
// a log middleware or not.
func TestFailureIsOneLine(t *testing.T) {
	t.Parallel()
	internal := errors.New("sesame")
	away := &lift.Error{Code: lift.CodeUnavailable, Message: "away", Cause: internal}
	invalid := lift.Errorf(lift.CodeInvalid, "not an order")
	for name, tt := range map[string]struct {
		event lifttest.Event
		err   error
		want  string // the line's error
	}{
		"an internal error over HTTP":      {lifttest.HTTP{Path: "/things/7"}, internal, "sesame"},
		"a public failure over HTTP":       {lifttest.HTTP{Path: "/things/7"}, away, "unavailable: away: sesame"},
		"an internal error of a caller's":  {lifttest.JSON{Value: 1}, internal, "sesame"},
		"a public failure of a caller's":   {lifttest.JSON{Value: 1}, away, "unavailable: away: sesame"},
		"a poison message":                 {lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: "x"}}}, invalid, "invalid: not an order"},
		"a notification":                   {lifttest.S3{Objects: []lifttest.S3Object{{Key: "a"}}}, invalid, "invalid: not an order"},
		"an event of a bus":                {lifttest.EventBridge{}, invalid, "invalid: not an order"},
		"a tick":                           {lifttest.Schedule{}, invalid, "invalid: not an order"},
		"a message over a WebSocket":       {lifttest.Message{}, internal, "sesame"},
		"a connection that is closed":      {lifttest.Disconnect{}, invalid, "invalid: not an order"},
		"a record that does not decode":    {lifttest.Raw(`{"Records":[{"eventSource":"aws:sqs","messageId":7}]}`), nil, ""},
		"a notification that is malformed": {lifttest.Raw(`{"Records":[{"eventSource":"aws:s3","s3":7}]}`), nil, "read S3 record: invalid JSON: byte 29 is not an object"},
	} {
		for stack, mw := range map[string][]lift.Middleware{"without a log": nil, "with a log": {middleware.Log(), middleware.Recover()}} {
			t.Run(name+", "+stack, func(t *testing.T) {
				t.Parallel()
				var log lifttest.Log
				app := lift.New(lift.Config{Logger: log.Logger()})
				app.Use(mw...)
				registerAll(app, lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, tt.err }))
				lifttest.Invoke(t.Context(), t, app, tt.event)
				lines := log.Lines(t, "")
				if len(lines) != 1 || lines[0]["level"] != "ERROR" || tt.want != "" && lines[0]["error"] != tt.want {
					t.Errorf("got the log\n%swant one line with the error %q", &log, tt.want)
				}
			})
		}
	}
	t.Run("an error that a middleware replaces after the line", func(t *testing.T) {
		t.Parallel()
		var log lifttest.Log
		app := lift.New(lift.Config{Logger: log.Logger()})
		app.Use(func(next lift.Handler) lift.Handler {
			return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				_, _ = next.Handle(ctx, e)
				return nil, errors.New("another")
			})
		}, middleware.Log())
		app.Direct(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, internal }))
		lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: 1})
		if lines := log.Lines(t, "failed"); len(lines) != 2 || lines[1]["error"] != "another" {
			t.Errorf("got the log\n%s", &log)
		}
	})
}
