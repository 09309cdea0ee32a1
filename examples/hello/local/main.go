// Command local serves the hello example on 127.0.0.1:8080:
//
//	go run ./examples/hello/local &
//	curl -i 127.0.0.1:8080/hello/ada
package main

import (
	"log"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/examples/hello"
	"github.com/pay-theory/streamer/lift"
)

func main() {
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: hello.New(lift.Config{}), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
