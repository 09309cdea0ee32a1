// Connect is the function of that name, with the actions of the queue's tests.
package main

import (
	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/stack/testdata/queueapp/work"
)

func main() { deployed.Start(deployed.Connect, work.Parts()) }
