// Command connect is the connect function, for Lambda's provided.al2023.
package main

import (
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/functions/deployed"
)

func main() { deployed.Start(deployed.Connect, functions.Parts{}) }
