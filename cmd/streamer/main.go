// Command streamer runs Streamer on a laptop and talks to any stage of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	os.Exit(run(ctx, os.Args[1:], &environment{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, interrupts: interrupts,
	}))
}

// run is the whole program but for the process around it. It returns the exit
// code.
func run(ctx context.Context, args []string, env *environment) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go env.watchInterrupts(ctx, cancel)

	root := newRoot(env)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{exitUsage, err} // cobra's own: an unknown command or flag
	}
	if exit.err != nil {
		fmt.Fprintf(env.stderr, "streamer: %v\n", exit.err)
	}
	if exit.code == exitUsage {
		fmt.Fprintf(env.stderr, "Usage: %s\nSee: %s --help\n", cmd.UseLine(), cmd.CommandPath())
	}
	return exit.code
}
