// Command processor is the processor function, for Lambda's provided.al2023, with the
// example actions. Put your own in their place.
package main

import (
	"context"
	"log"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
)

func main() {
	app, err := deployed.Processor(context.Background(), config.Options{}, func(requests streamer.RequestLister) ([]streamer.Action, error) {
		return actions.New(actions.Config{Requests: requests})
	})
	if err != nil {
		log.Fatal(err)
	}
	lift.Start(app)
}
