package stream_test

import (
	"bytes"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/pay-theory/streamer/examples/stream"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func TestReport(t *testing.T) {
	t.Parallel()
	app := stream.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/report.csv?rows=100000"})
	if lines := bytes.Count(answer.Body, []byte("\n")); !answer.Streamed || answer.Header.Get("Content-Type") != "text/csv" || lines != 100_000 {
		t.Errorf("got %d lines of %v, streamed %t", lines, answer.Header, answer.Streamed)
	}
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/report.csv?rows=x"}); answer.Status != 400 {
		t.Errorf("got %d %s, want 400", answer.Status, answer.Body)
	}
}

func TestCountdown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		last   string
		status int
		want   string
	}{
		"from the beginning":    {"", 200, "id: 1\nevent: tick\ndata: 1\n\nid: 0\nevent: tick\ndata: 0\n\n"},
		"after the stream lost": {"1", 200, "id: 0\nevent: tick\ndata: 0\n\n"},
		"after the last event":  {"0", 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				app := stream.New(lift.Config{Logger: new(lifttest.Log).Logger()})
				request := lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/countdown/1"}
				if tt.last != "" {
					request.Header = http.Header{"Last-Event-Id": {tt.last}}
				}
				answer := lifttest.Invoke(t.Context(), t, app, request)
				if answer.Status != tt.status || string(answer.Body) != tt.want || !answer.Streamed {
					t.Errorf("got %d %q, want %d %q", answer.Status, answer.Body, tt.status, tt.want)
				}
			})
		})
	}
}
