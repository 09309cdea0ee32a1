// Command own-action runs the project on this machine, with the console and every flag of
// `streamer dev`.
package main

import (
	"github.com/pay-theory/streamer/cmd/cli"

	"example.com/own-action/app"
)

func main() { cli.Dev(app.Parts) }
