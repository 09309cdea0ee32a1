// Package stream answers as it goes: a report that is as long as it likes, and a
// countdown that a browser follows by EventSource. It runs behind a function URL
// with InvokeMode RESPONSE_STREAM (examples/stream/function), and on one's own
// machine (examples/stream/local).
package stream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

// New returns the app. A function URL streams its answers, other ways in get
// them whole.
func New(cfg lift.Config) *lift.App {
	cfg.Streaming = []lift.GatewayKind{lift.GatewayFunctionURL}
	app := lift.New(cfg)
	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	app.HTTP("GET /report.csv", lift.HandlerFunc(report))
	app.HTTP("GET /countdown/{from}", lift.HandlerFunc(countdown))
	return app
}

// report writes a line for each row; the bufio.Writer sends some 4 KB at a time.
func report(_ context.Context, e *lift.Event) (*lift.Response, error) {
	rows, err := number(e.HTTP.FormValue("rows"), 1_000_000)
	if err != nil {
		return nil, err
	}
	return &lift.Response{
		Header: http.Header{"Content-Type": {"text/csv"}},
		Stream: func(w io.Writer) error {
			lines := bufio.NewWriter(w)
			for row := range rows {
				if _, err := fmt.Fprintf(lines, "%d,%d\n", row, row*row); err != nil {
					return err
				}
			}
			return lines.Flush()
		},
	}, nil
}

// countdown sends an event a second. A client that lost the stream goes on behind
// the event that it saw last.
func countdown(ctx context.Context, e *lift.Event) (*lift.Response, error) {
	from := e.HTTP.PathValue("from")
	if last := e.Header("Last-Event-ID"); last != "" {
		from = last
	}
	n, err := number(from, 60)
	if err != nil {
		return nil, err
	}
	if e.Header("Last-Event-ID") != "" {
		n--
	}
	if n < 0 {
		return &lift.Response{Status: http.StatusNoContent}, nil // nothing is left: the client stops
	}
	return lift.Events(15*time.Second, func(events *lift.EventStream) error {
		for ; n >= 0; n-- {
			event := lift.ServerSentEvent{ID: strconv.Itoa(n), Name: "tick", Data: []byte(strconv.Itoa(n))}
			if err := events.Send(event); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil // the time is up; the client connects again
			case <-time.After(time.Second):
			}
		}
		return nil
	}), nil
}

func number(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, lift.Errorf(lift.CodeInvalid, "%q is not a number from 0 to %d", text, most)
	}
	return n, nil
}
