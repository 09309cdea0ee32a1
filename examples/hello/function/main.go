// Command function is the hello example as a Lambda function.
package main

import (
	"github.com/pay-theory/streamer/examples/hello"
	"github.com/pay-theory/streamer/lift"
)

func main() { lift.Start(hello.New(lift.Config{})) }
