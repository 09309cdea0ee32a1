package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// app has one handler for every trigger but schedules and direct invocations.
func app(log *lifttest.Log, h lift.HandlerFunc, mw ...lift.Middleware) *lift.App {
	a := lift.New(lift.Config{Logger: log.Logger()})
	a.Use(mw...)
	a.HTTP("/x", h)
	a.WebSocket(lift.RouteConnect, h)
	a.WebSocket(lift.RouteDefault, h)
	a.WebSocket(lift.RouteDisconnect, h)
	a.DynamoDB(h)
	a.Kinesis(h)
	a.SQS(h)
	a.SNS(h)
	a.S3(h)
	a.EventBridge("Example", h)
	return a
}

func succeed(context.Context, *lift.Event) (*lift.Response, error) {
	return &lift.Response{Status: 201}, nil
}

func TestRecover(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	var log lifttest.Log
	a := app(&log, func(context.Context, *lift.Event) (*lift.Response, error) { panic(fmt.Errorf("sesame: %w", broken)) },
		func(next lift.Handler) lift.Handler {
			return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				res, err := next.Handle(ctx, e)
				var p *middleware.PanicError
				if !errors.As(err, &p) || !errors.Is(err, broken) {
					t.Errorf("error %v", err)
				}
				return res, err
			})
		}, middleware.Log(), middleware.Recover())

	answer := lifttest.Invoke(t.Context(), t, a, lifttest.HTTP{Path: "/x"})
	if answer.Status != 500 || strings.Contains(string(answer.Body), "sesame") {
		t.Errorf("answer %d %s", answer.Status, answer.Body)
	}
	line := log.Line(t, "failed")
	logged := line["error"].(map[string]any)
	if logged["message"] != "panic: sesame: broken" || !strings.Contains(logged["stack"].(string), "middleware_test.go") {
		t.Errorf("logged %v", logged)
	}
	if line["code"] != "internal" || len(log.Lines(t, "")) != 1 {
		t.Errorf("line %v of\n%s", line, &log)
	}
	if answer := lifttest.Invoke(t.Context(), t, a, lifttest.Stream{Records: make([]lifttest.Record, 2)}); len(answer.Failed) != 1 {
		t.Errorf("a record's panic answers %+v", answer)
	}
	if (&middleware.PanicError{Value: "text"}).Unwrap() != nil {
		t.Error("a text is no error")
	}
}

func TestCorrelation(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	var seen string
	a := app(&log, func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		seen = lift.CorrelationID(ctx)
		return nil, lift.Errorf(lift.CodeConflict, "no")
	}, middleware.Correlation(), middleware.Log())

	for name, tt := range map[string]struct {
		header http.Header
		want   string
	}{
		"none":        {nil, "own"},
		"first":       {http.Header{"X-Correlation-Id": {"a.b:c-d_9"}, "X-Request-Id": {"r"}}, "a.b:c-d_9"},
		"second":      {http.Header{"X-Request-Id": {"r"}}, "r"},
		"not allowed": {http.Header{"X-Correlation-Id": {"a\nb"}}, "own"},
		"too long":    {http.Header{"X-Correlation-Id": {strings.Repeat("a", 129)}}, "own"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, a, lifttest.HTTP{Path: "/x", RequestID: "own", Header: tt.header})
			if seen != tt.want || answer.Header.Get("X-Correlation-Id") != tt.want || !strings.Contains(string(answer.Body), `"correlation_id":"`+tt.want+`"`) {
				t.Errorf("%s: %q, answered with %q and %s", name, seen, answer.Header.Get("X-Correlation-Id"), answer.Body)
			}
			lines := log.Lines(t, "refused")
			if got := lines[len(lines)-1]["correlation_id"]; got != tt.want {
				t.Errorf("%s: logged under %q", name, got)
			}
		})
	}
	if answer := lifttest.Invoke(t.Context(), t, a, lifttest.Connect{Header: http.Header{"X-Request-Id": {"c1"}}}); answer.Header.Get("X-Correlation-Id") != "c1" {
		t.Errorf("$connect answers %v", answer.Header)
	}
	if answer := lifttest.Invoke(t.Context(), t, a, lifttest.Message{}); answer.Header.Get("X-Correlation-Id") != "" {
		t.Errorf("a message answers %v", answer.Header)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event   lifttest.Event
		err     error
		message string
		want    map[string]any
	}{
		"success": {lifttest.HTTP{Path: "/x", Query: "token=sesame", Header: http.Header{"Authorization": {"Bearer sesame"}}}, nil, "handled",
			map[string]any{"level": "INFO", "trigger": "http", "route": "/x", "method": "GET", "path": "/x", "gateway": "http_api", "status": 201.0, "cold_start": true, "subject": "ada"}},
		"refusal": {lifttest.Message{Body: "sesame"}, &lift.Error{Code: lift.CodeConflict, Message: "no", Cause: errors.New("why")}, "refused",
			map[string]any{"level": "INFO", "trigger": "websocket_message", "route": "$default", "code": "conflict", "error": "conflict: no: why", "connection_id": lifttest.ConnectionID}},
		"failure": {lifttest.Connect{}, lift.Errorf(lift.CodeUnavailable, "away"), "failed",
			map[string]any{"level": "ERROR", "trigger": "websocket_connect", "code": "unavailable"}},
		"undeclared": {lifttest.Disconnect{Code: 1001}, errors.New("boom"), "failed",
			map[string]any{"level": "ERROR", "code": "internal", "error": "boom", "disconnect_code": 1001.0}},
		"record": {lifttest.Stream{Records: []lifttest.Record{{SequenceNumber: "77"}}}, nil, "handled",
			map[string]any{"trigger": "dynamodb", "record": "77", "route": "Example"}},
		"Kinesis": {lifttest.Kinesis{Records: []lifttest.KinesisRecord{{SequenceNumber: "77", Data: []byte("sesame")}}}, nil, "handled",
			map[string]any{"trigger": "kinesis", "record": "77", "shard": "shardId-000000000006", "route": "example"}},
		"SQS": {lifttest.SQS{Messages: []lifttest.SQSMessage{{ID: "m7", Body: "sesame", Receives: 3}}}, errors.New("boom"), "failed",
			map[string]any{"trigger": "sqs", "message_id": "m7", "receives": 3.0, "route": "example"}},
		"SNS": {lifttest.SNS{ID: "m7", Message: "sesame"}, nil, "handled",
			map[string]any{"trigger": "sns", "message_id": "m7", "route": "example"}},
		"S3": {lifttest.S3{Objects: []lifttest.S3Object{{Event: "ObjectRemoved:Delete", Key: "a b.txt"}}}, nil, "handled",
			map[string]any{"trigger": "s3", "s3_event": "ObjectRemoved:Delete", "object": "a b.txt", "route": "example"}},
		"EventBridge": {lifttest.EventBridge{ID: "e7", Detail: map[string]string{"a": "sesame"}}, nil, "handled",
			map[string]any{"trigger": "eventbridge", "event_id": "e7", "source": "com.example", "route": "Example"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			a := app(&log, func(_ context.Context, e *lift.Event) (*lift.Response, error) {
				e.Claims = &lift.Claims{Subject: "ada"}
				e.Annotate(slog.String("order", "o-7"))
				return &lift.Response{Status: 201}, tt.err
			}, middleware.Log())
			lifttest.Invoke(t.Context(), t, a, tt.event)
			line := log.Line(t, tt.message)
			for key, want := range tt.want {
				if line[key] != want {
					t.Errorf("%s is %v, want %v", key, line[key], want)
				}
			}
			if _, ok := line["duration_ms"].(float64); !ok || line["correlation_id"] == "" || line["order"] != "o-7" {
				t.Errorf("line %v", line)
			}
			if strings.Contains(log.String(), "sesame") {
				t.Errorf("a secret in the log: %s", log.String())
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log lifttest.Log
		result := error(nil)
		a := app(&log, func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
			<-ctx.Done()
			if context.Cause(ctx) != middleware.ErrDeadline {
				t.Errorf("cause %v", context.Cause(ctx))
			}
			if result != nil {
				return nil, result
			}
			return nil, ctx.Err()
		}, middleware.Deadline(29*time.Second))

		start := time.Now()
		answer := lifttest.Invoke(t.Context(), t, a, lifttest.HTTP{Path: "/x"})
		if answer.Status != 504 || time.Since(start) != 29*time.Second {
			t.Errorf("answer %d after %s", answer.Status, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start = time.Now()
		answer = lifttest.Invoke(ctx, t, a, lifttest.Message{})
		if !strings.Contains(string(answer.Body), `"timeout"`) || time.Since(start) != 9500*time.Millisecond {
			t.Errorf("answer %s after %s", answer.Body, time.Since(start))
		}
		result = lift.Errorf(lift.CodeConflict, "said before")
		if answer := lifttest.Invoke(t.Context(), t, a, lifttest.HTTP{Path: "/x"}); answer.Status != 409 {
			t.Errorf("a declared error answers %d", answer.Status)
		}
	})
}

// The context of a streamed answer lasts as long as the stream, and ends it in time.
func TestDeadlineOfAStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log lifttest.Log
		var during, after error
		a := app(&log, func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
			return &lift.Response{Stream: func(w io.Writer) error {
				time.Sleep(20 * time.Second) // of the bubble's clock
				during = ctx.Err()
				<-ctx.Done()
				after = context.Cause(ctx)
				return ctx.Err()
			}}, nil
		}, middleware.Deadline(29*time.Second))
		start := time.Now()
		answer := lifttest.Invoke(t.Context(), t, a, lifttest.HTTP{Path: "/x"})
		if took := time.Since(start); answer.Status != 504 || took != 29*time.Second || during != nil || after != middleware.ErrDeadline {
			t.Errorf("got %d after %v, the context %v and then %v; want 504 after 29 s, no error and then ErrDeadline",
				answer.Status, took, during, after)
		}
	})
}

func TestDeadlineLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	a := app(&log, succeed, middleware.Deadline(0))
	if answer := lifttest.Invoke(t.Context(), t, a, lifttest.HTTP{Path: "/x"}); answer.Status != 201 {
		t.Errorf("answer %d", answer.Status)
	}
	defer func() {
		if recover() == nil {
			t.Error("a negative limit passes")
		}
	}()
	middleware.Deadline(-1)
}
