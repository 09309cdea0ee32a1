// Package durable is a durable function on Lift: an order that is reserved,
// waits for its payment and is shipped, over several invocations. The SDK for
// durable functions is represented by a stand-in with the same signatures
// (sdk.go); with the real one, Wrap is its own.
package durable

import (
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

// An Order is the input of an execution.
type Order struct {
	ID string `json:"id"`
}

// A Receipt is its result.
type Receipt struct {
	Parcel string `json:"parcel"`
}

// Warehouse is what the steps act on. A step that is cut off runs again.
type Warehouse interface {
	Reserve(order string) error
	Ship(order string) (parcel string, err error)
}

// New returns the app. Checkpoints go to where the SDK sends them.
func New(cfg lift.Config, checkpoints Checkpoints, w Warehouse) *lift.App {
	app := lift.New(cfg)
	app.Use(middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	app.Durable(Wrap(checkpoints, func(run *Run, order Order) (Receipt, error) {
		if _, err := Step(run, "reserve", func() (struct{}, error) { return struct{}{}, w.Reserve(order.ID) }); err != nil {
			return Receipt{}, err
		}
		if err := run.Wait("payment"); err != nil {
			return Receipt{}, err
		}
		parcel, err := Step(run, "ship", func() (string, error) { return w.Ship(order.ID) })
		return Receipt{Parcel: parcel}, err
	}))
	return app
}
