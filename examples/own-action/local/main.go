// Command local runs the project's actions on this machine, where `streamer call`
// and every client find them.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"time"

	ownaction "example.com/own-action"

	"github.com/pay-theory/streamer/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dev, err := stack.StartDev(ctx, stack.DevConfig{Data: ".streamer", Parts: ownaction.Parts})
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("WebSocket %s, HTTP %s; Ctrl-C stops", dev.WebSocketURL(), dev.HTTPURL())
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := dev.Close(closing); err != nil {
		log.Print(err)
	}
}
