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

	"github.com/pay-theory/streamer/local"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	stack, err := local.Start(ctx, local.Config{Data: ".streamer", Actions: ownaction.Actions})
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("WebSocket %s, HTTP %s; Ctrl-C stops", stack.WebSocketURL(), stack.HTTPURL())
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := stack.Close(closing); err != nil {
		log.Print(err)
	}
}
