// Command function is the socket example as a Lambda function.
package main

import (
	"github.com/pay-theory/streamer/examples/socket"
	"github.com/pay-theory/streamer/lift"
)

func main() { lift.Start(socket.New(lift.Config{})) }
