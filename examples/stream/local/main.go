// Command local serves the stream example on 127.0.0.1:8080:
//
//	go run ./examples/stream/local &
//	curl -N 127.0.0.1:8080/countdown/5
package main

import (
	"log"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/examples/stream"
	"github.com/pay-theory/streamer/lift"
)

func main() {
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: stream.New(lift.Config{}), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
