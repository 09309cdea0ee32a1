// Command local serves the orders example on 127.0.0.1:8080:
//
//	go run ./examples/orders/local &
//	curl -i 127.0.0.1:8080/orders --json '{"item":"tea","count":2}'
package main

import (
	"log"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/examples/orders"
	"github.com/pay-theory/streamer/lift"
)

func main() {
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: orders.New(lift.Config{}), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
