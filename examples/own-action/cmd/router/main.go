// Command router is the router function, for Lambda's provided.al2023.
package main

import (
	"github.com/pay-theory/streamer/functions/deployed"

	"example.com/own-action/app"
)

func main() { deployed.Start(deployed.Router, app.Parts) }
