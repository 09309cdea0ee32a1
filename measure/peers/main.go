// Command peers runs the same job on Streamer and on what people would use instead, in
// turns on one machine, and connections beside Centrifugo's, and writes what it finds
// between the marks of docs/compare.md. Run it from the module's root by `make peers`.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// childArgument makes this program one of a peer's processes.
const childArgument = "child"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 1 && args[0] == childArgument {
		return runChild(ctx, args[1:])
	}
	var o options
	flags := flag.NewFlagSet("peers", flag.ExitOnError)
	flags.StringVar(&o.page, "page", "", "the page to write the tables into; empty: they are printed alone")
	flags.StringVar(&o.temporal, "temporal", "", "the program of ./temporal; empty: Temporal is left out")
	flags.StringVar(&o.centrifugo, "centrifugo", "", "Centrifugo's program; empty: no connections are measured")
	flags.StringVar(&o.only, "only", "", "only rows whose names contain this")
	flags.IntVar(&o.rounds, "rounds", 3, "how many times each peer has its turn")
	flags.IntVar(&o.divide, "divide", 1, "divides all counts, to try it out")
	flags.BoolVar(&o.kill, "kill", true, "kill what runs a job, and see what becomes of it")
	flags.IntVar(&o.connections, "connections", 5000, "how many idle connections are opened")
	_ = flags.Parse(args) // it exits
	return o.run(ctx)
}
