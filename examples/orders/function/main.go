// Command function is the orders example as a Lambda function.
package main

import (
	"github.com/pay-theory/streamer/examples/orders"
	"github.com/pay-theory/streamer/lift"
)

func main() { lift.Start(orders.New(lift.Config{})) }
