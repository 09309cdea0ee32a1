// Command connect is the connect function, for Lambda's provided.al2023.
package main

import (
	"os"

	"github.com/pay-theory/streamer/functions/deployed"

	"example.com/workload/app"
)

func main() { deployed.Start(deployed.Connect, app.Parts(os.Getenv)) }
