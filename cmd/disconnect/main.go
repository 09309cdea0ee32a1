// Command disconnect is the disconnect function, for Lambda's provided.al2023.
package main

import (
	"context"
	"log"

	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
)

func main() {
	app, err := deployed.Disconnect(context.Background(), config.Options{})
	if err != nil {
		log.Fatal(err)
	}
	lift.Start(app)
}
