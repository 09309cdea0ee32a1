// Command router is the router function, for Lambda's provided.al2023, with the
// example actions. Put your own in their place.
package main

import (
	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/functions/deployed"
)

func main() { deployed.Start(deployed.Router, functions.Parts{Actions: actions.All}) }
