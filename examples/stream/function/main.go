// Command function is the stream example as a Lambda function.
package main

import (
	"github.com/pay-theory/streamer/examples/stream"
	"github.com/pay-theory/streamer/lift"
)

func main() { lift.Start(stream.New(lift.Config{})) }
