// Package app brings everything that a project may bring, to see that each stack takes it.
package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/request"
)

// Token is the one that the project's own verifier takes.
const Token = "opaque-token-of-ada"

// Parts are the project's. Its logger writes to out.
func Parts(out io.Writer) functions.Parts {
	return functions.Parts{
		Actions:          actions,
		ActionMiddleware: []func(streamer.ActionFunc) streamer.ActionFunc{politely},
		Middleware:       []lift.Middleware{marked},
		Routes:           routes,
		Schedules: []streamer.Schedule{{Name: "nightly", Cron: "30 2 * * *", TimeZone: "Europe/Berlin", Action: "long-hello",
			Tenant: "acme", Subject: "system"}},
		Verifier:  verifier{},
		Limits:    streamer.Limits{RunningPerTenant: 20, OpenPerPrincipal: 20},
		Retention: time.Hour,
		Lease:     20 * time.Second,
		Logger:    slog.New(slog.NewJSONHandler(out, nil)).With("project", "partsapp"),
	}
}

func actions(request.Lister) ([]streamer.Action, error) {
	hello := func(name string, long bool) streamer.Action {
		return streamer.NewAction(streamer.ActionConfig{Name: name, Long: long},
			func(_ context.Context, job *streamer.Job, _ any) (string, error) {
				job.Logger().Info("said hello")
				return "Hello, " + job.Principal().Subject + "!", nil
			})
	}
	return []streamer.Action{hello("hello", false), hello("long-hello", true)}, nil
}

// politely wraps what each action returns.
func politely(next streamer.ActionFunc) streamer.ActionFunc {
	return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
		result, err := next(ctx, job)
		if err != nil {
			return nil, err
		}
		return fmt.Appendf(nil, `{"politely":%s}`, result), nil
	}
}

// marked leaves a mark on each answer over HTTP.
func marked(next lift.Handler) lift.Handler {
	return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		e.Annotate(slog.Bool("marked", true))
		res, err := next.Handle(ctx, e)
		if res != nil {
			res.SetHeader("X-Marked", "yes")
		}
		return res, err
	})
}

func routes(app *lift.App, authenticate lift.Middleware) {
	app.HTTP("GET /open", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return lift.JSON(http.StatusOK, "open")
	}))
	app.HTTP("GET /me", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		return lift.JSON(http.StatusOK, e.Claims.Tenant+"/"+e.Claims.Subject)
	}), authenticate)
}

// A verifier takes one opaque token.
type verifier struct{}

// Verify implements auth.TokenVerifier.
func (verifier) Verify(_ context.Context, token string) (*lift.Claims, error) {
	if token != Token {
		return nil, lift.Errorf(lift.CodeUnauthorized, "the token is not the one")
	}
	return &lift.Claims{Tenant: "acme", Subject: "ada", Expiry: time.Now().Add(time.Hour), Scopes: []string{request.OperatorScope}}, nil
}
