package lambda_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/pay-theory/streamer/lift"
)

// streamingApp is the function of the tests here. It streams behind a function
// URL.
func streamingApp() *lift.App {
	app := lift.New(lift.Config{Logger: slog.New(slog.DiscardHandler), Streaming: []lift.GatewayKind{lift.GatewayFunctionURL, lift.GatewayRESTAPI}})
	app.HTTP("POST /echo", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		return &lift.Response{
			Status: 207, Header: http.Header{"Set-Cookie": {"a=1", "b=2"}, "X-Query": {e.HTTP.URL.RawQuery}, "X-Cookie": {e.Header("Cookie")}},
			Stream: lift.Reader(strings.NewReader(string(e.Body))),
		}, nil
	}))
	app.HTTP("GET /wait", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		return &lift.Response{Stream: func(w io.Writer) error {
			if _, err := io.WriteString(w, "first\n"); err != nil {
				return err
			}
			_, err := os.ReadFile(e.HTTP.FormValue("file")) // until the test opens the other end of the FIFO
			if err == nil {
				_, err = io.WriteString(w, "last\n")
			}
			return err
		}}, nil
	}))
	app.HTTP("GET /after", lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		if file := e.HTTP.FormValue("file"); file != "" {
			lift.After(ctx, func(context.Context) { _, _ = os.ReadFile(file) }) // as above
		}
		return &lift.Response{Body: []byte(strconv.Itoa(os.Getpid()))}, nil
	}))
	app.HTTP("GET /broken", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Stream: func(w io.Writer) error {
			_, _ = io.WriteString(w, "first\n")
			return errors.New("sesame")
		}}, nil
	}))
	app.HTTP("GET /large", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Stream: lift.Reader(strings.NewReader(strings.Repeat("x", 6<<20)))}, nil // and its metadata
	}))
	app.HTTP("GET /exit", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		return &lift.Response{Stream: func(w io.Writer) error {
			_, _ = io.WriteString(w, "first\n")
			_, _ = os.ReadFile(e.HTTP.FormValue("file")) // until the client has it
			os.Exit(1)
			return nil
		}}, nil
	}))
	app.HTTP("GET /cut", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Stream: func(w io.Writer) error {
			_, _ = w.Write(make([]byte, 5<<20)) // more than sockets hold, so the host has begun to read
			os.Exit(1)
			return nil
		}}, nil
	}))
	return app
}
