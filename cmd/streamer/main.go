// Command streamer runs Streamer on a laptop and talks to any stage of it.
package main

import "github.com/pay-theory/streamer/cmd/cli"

func main() { cli.Main() }
