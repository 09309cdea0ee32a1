// Command processor is the function of that name, with everything that a project may bring.
package main

import (
	"os"

	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/stack/testdata/partsapp/app"
)

func main() { deployed.Start(deployed.Processor, app.Parts(os.Stdout)) }
