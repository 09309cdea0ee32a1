// Command router is the router function with the project's actions, for Lambda's
// provided.al2023.
package main

import (
	"context"
	"log"

	ownaction "example.com/own-action"

	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
)

func main() {
	app, err := deployed.Router(context.Background(), config.Options{}, ownaction.Actions)
	if err != nil {
		log.Fatal(err)
	}
	lift.Start(app)
}
