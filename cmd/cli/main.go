// Package cli is the streamer command, which runs Streamer on a laptop and talks to
// any stage of it.
package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/functions"
)

// Main is the streamer command. It reads the process's arguments and does not return.
func Main() { process(run) }

// Dev is the main of a project: `streamer dev` with the project's parts in place of the
// example actions. It reads the process's arguments, which are the flags of `streamer
// dev`, and does not return.
func Dev(parts functions.Parts) {
	process(func(ctx context.Context, args []string, env *environment) int { return runDev(ctx, args, env, parts) })
}

// process runs a program with what the process around it has, and ends the process.
func process(program func(ctx context.Context, args []string, env *environment) int) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	configDir, err := os.UserConfigDir()
	if err != nil {
		configDir = "" // what needs it says so
	}
	os.Exit(program(ctx, os.Args[1:], &environment{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, configDir: configDir, interrupts: interrupts,
	}))
}

// run is the whole program but for the process around it. It returns the exit
// code.
func run(ctx context.Context, args []string, env *environment) int {
	root := newRoot(env)
	refuseUnknownHelp(root)
	root.SetArgs(protectDashes(root, args))
	return execute(ctx, root, env)
}

// runDev is run for a project's program.
func runDev(ctx context.Context, args []string, env *environment, parts functions.Parts) int {
	root := newProjectDev(env, parts)
	root.SetArgs(args)
	return execute(ctx, root, env)
}

func execute(ctx context.Context, root *cobra.Command, env *environment) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go env.watchInterrupts(ctx, cancel)

	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{exitUsage, plain(cmd, err)} // cobra's own: an unknown command or flag
	}
	if exit.err == nil {
		return exit.code // also of another program, which has said how it is used
	}
	env.sayf("streamer: %s\n", strings.TrimPrefix(exit.err.Error(), "streamer: ")) // which errors of the package begin with
	if exit.code == exitUsage {
		env.sayf("Usage: %s\nSee: %s --help\n", cmd.UseLine(), cmd.CommandPath())
	}
	return exit.code
}

// protectDashes puts arguments such as -5 or -r1 behind --, since no flag of the
// program begins with one dash but -h, -v and -o with a format: ids and payloads may.
func protectDashes(root *cobra.Command, args []string) []string {
	cmd, rest, err := root.Find(args)
	if err != nil || !cmd.Runnable() {
		return args // an unknown command, or one of cobra's own for completion
	}
	var flags, positional []string
	dashes := false
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		name, _, hasValue := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		switch {
		case arg == "--" || arg == "-h" || arg == "-v" || strings.HasPrefix(arg, cobra.ShellCompRequestCmd):
			return args
		case strings.HasPrefix(arg, "--"):
			flags = append(flags, arg)
			if flag := cmd.Flags().Lookup(name); flag != nil && flag.NoOptDefVal == "" && !hasValue && i+1 < len(rest) {
				i++
				flags = append(flags, rest[i])
			}
		case isOutput(cmd, arg):
			flags = append(flags, arg)
			if arg == "-o" && i+1 < len(rest) {
				i++
				flags = append(flags, rest[i])
			}
		default:
			dashes = dashes || len(arg) > 1 && arg[0] == '-'
			positional = append(positional, arg)
		}
	}
	if !dashes {
		return args
	}
	command := strings.Fields(cmd.CommandPath())[1:]
	return slices.Concat(command, flags, []string{"--"}, positional)
}

// isOutput reports whether an argument is the flag -o of a command, alone or with its value.
func isOutput(cmd *cobra.Command, arg string) bool {
	flag := cmd.Flags().ShorthandLookup("o")
	value, ok := strings.CutPrefix(arg, "-o")
	if flag == nil || !ok {
		return false
	}
	f, ok := flag.Value.(*format)
	value = strings.TrimPrefix(value, "=")
	return value == "" || !ok || slices.Contains(f.allowed, value)
}
