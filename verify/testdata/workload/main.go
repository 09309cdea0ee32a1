// Command workload runs the project on this machine, with every flag of `streamer dev`.
package main

import (
	"os"

	"github.com/pay-theory/streamer/cmd/cli"

	"example.com/workload/app"
)

func main() { cli.Dev(app.Parts(os.Getenv)) }
