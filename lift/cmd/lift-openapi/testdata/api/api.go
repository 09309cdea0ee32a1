// Package api has functions that make an app in the ways that lift-openapi takes.
package api

import (
	"context"
	"errors"

	"github.com/pay-theory/streamer/lift"
)

// New needs all that lift-openapi can give.
func New(ctx context.Context, cfg lift.Config) (*lift.App, error) {
	app := lift.New(cfg)
	app.HTTP("GET /x", lift.Typed(func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }))
	return app, ctx.Err()
}

// Fail cannot make the app.
func Fail() (*lift.App, error) { return nil, errors.New("TABLE is not set") }
