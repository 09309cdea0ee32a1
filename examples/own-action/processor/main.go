// Command processor is the processor function with the project's actions, for Lambda's
// provided.al2023.
package main

import (
	ownaction "example.com/own-action"

	"github.com/pay-theory/streamer/functions/deployed"
)

func main() { deployed.Start(deployed.Processor, ownaction.Parts) }
