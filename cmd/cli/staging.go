package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

const stagingHelp = `Runs what the CloudFormation template says: builds the binaries of its functions
and runs them as AWS does, as processes on a Runtime API, one event at a time and
frozen between events, on DynamoDB's protocol and a queue like SQS, behind the API
Gateway emulator. It starts empty and keeps nothing when it stops. It needs the go
command, a project as streamer dist takes it and, the first time, npm.

--once runs the command with STREAMER_URL, STREAMER_HTTP_URL, STREAMER_TOKEN,
STREAMER_OPERATOR_TOKEN, STREAMER_OTHER_TOKEN (of another tenant) and STREAMER_SIGN_KEY
set, stops the stack and exits with the command's code.`

const stagingExample = `  streamer staging
  streamer staging --parameter StageName=test --parameter LogLevel=DEBUG
  streamer staging --parameter EnvironmentPath=/shop/prod/ --secret /shop/prod/API_KEY=sesame
  streamer staging --once -- go run ./cmd/streamer call echo_async
  streamer staging --once -- go run ./cmd/streamer verify
  streamer staging --once -- sh -c 'streamer stats --token "$STREAMER_OPERATOR_TOKEN"'`

func newStaging(env *environment) *cobra.Command {
	var config stack.StagingConfig
	var format string
	var once bool
	var parameters, secrets []string
	grant := devGrant()
	cmd := &cobra.Command{
		Use:     "staging [--once -- COMMAND…]",
		Short:   "Run the functions' binaries as AWS does",
		Long:    stagingHelp,
		Example: stagingExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case once && len(args) == 0:
				return &exitError{exitUsage, errors.New("--once has no command: put one behind --, as in \"streamer staging --once -- go test ./app\"")}
			case !once && len(args) > 0:
				return &exitError{exitUsage, fmt.Errorf("%q is run only with --once: add --once before --, or leave the command out",
					strings.Join(args, " "))}
			case config.Concurrency < stack.LeastConcurrency:
				return &exitError{exitUsage, fmt.Errorf("--concurrency %d leaves a queue no room beside the schedule: set %d or more",
					config.Concurrency, stack.LeastConcurrency)}
			case config.Source == "" || config.Cache == "":
				return &exitError{exitUsage, errors.New("--source and --cache are folders, and one of them is empty: name it, or leave the flag out")}
			case grant.TTL <= 0:
				return &exitError{exitUsage, fmt.Errorf("--ttl %v is not valid: set a time above zero, such as 1h", grant.TTL)}
			}
			var err error
			if config.Parameters, err = readPairs("parameter", parameters); err != nil {
				return &exitError{exitUsage, err}
			}
			if config.ParameterStore, err = readPairs("secret", secrets); err != nil {
				return &exitError{exitUsage, err}
			}
			logger, err := newLogger(env, format)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			config.Logger, config.Output = logger, env.stderr
			if once { // the output is the command's
				config.Logger, config.Output = slog.New(slog.DiscardHandler), nil
			}
			return staging(cmd.Context(), env, config, grant, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&once, "once", false, "run a command against the stack, then stop")
	f.StringVar(&config.Source, "source", ".", "folder of the project whose functions are built")
	f.StringVar(&config.Cache, "cache", filepath.Join(".cache", "dynoxide"), "folder that keeps the database server")
	f.StringVar(&config.Listen, "listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	f.StringVar(&config.Template, "template", "",
		"the template to run (default deploy/template.yaml in --source, else the one of this version of Streamer)")
	f.StringArrayVar(&parameters, "parameter", nil, "a parameter of the template, as in StageName=test; may be repeated")
	f.StringArrayVar(&secrets, "secret", nil, "a parameter of the Parameter Store, as in /shop/prod/API_KEY=sesame; may be repeated")
	f.StringVar(&config.Name, "name", "streamer", "name of the stack, with which the names of its functions begin")
	f.StringVar(&format, "log", "", "json or text (default text on a terminal, else json)")
	complete(cmd, "log", logFormats)
	spanFlag(f, &config.SweepEvery, "sweep-every", 0, "how often schedules fire (default as the template says)")
	spanFlag(f, &grant.TTL, "ttl", grant.TTL, "how long the tokens are valid")
	f.IntVar(&config.Concurrency, "concurrency", 50, fmt.Sprintf("how many processes each function may have at most, %d or more",
		stack.LeastConcurrency))
	return cmd
}

// staging runs a stack until it is stopped, or for a command.
func staging(ctx context.Context, env *environment, config stack.StagingConfig, grant stack.Grant, command []string) error {
	env.sayf("building the functions and starting the database\n")
	running, err := stack.StartStaging(ctx, config)
	if err != nil {
		return &exitError{exitFailed, err}
	}
	fault := useStaging(ctx, env, running, grant, command)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := running.Close(closing); err != nil && fault == nil {
		fault = &exitError{exitFailed, err}
	}
	return fault
}

func useStaging(ctx context.Context, env *environment, running *stack.Staging, grant stack.Grant, command []string) error {
	operator, other := grant, grant
	operator.Scopes, other.Tenant = []string{request.OperatorScope}, grant.Tenant+"-other"
	variables := []string{"STREAMER_URL=" + running.WebSocketURL(), "STREAMER_HTTP_URL=" + running.HTTPURL(),
		"STREAMER_SIGN_KEY=" + running.KeyFile()}
	for _, signed := range []struct {
		name  string
		grant stack.Grant
	}{{"STREAMER_TOKEN", grant}, {"STREAMER_OPERATOR_TOKEN", operator}, {"STREAMER_OTHER_TOKEN", other}} {
		token, err := running.Sign(signed.grant, nil, time.Now())
		if err != nil {
			return &exitError{exitFailed, err}
		}
		variables = append(variables, signed.name+"="+token)
	}
	env.sayf("  WebSocket  %s\n  HTTP       %s\n  Console    %s\n  %s\n", running.WebSocketURL(), running.HTTPURL(), running.ConsoleURL(),
		running.Backends())
	variables = append(variables, running.AWSVariables()...)
	if len(command) > 0 {
		err := runCommand(ctx, env, "", command, variables)
		for _, m := range running.Messages() {
			env.sayf("in the queue %s: %s\n", m.Queue, m.Body)
		}
		return err
	}
	env.sayf("Ctrl-C stops it. In another terminal:\n")
	for _, variable := range variables {
		fmt.Fprintln(env.stdout, "export "+variable)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-running.Done():
		return &exitError{exitFailed, err}
	}
}

// runCommand runs a command and passes Ctrl-C and its exit code on. On Linux the command gets
// SIGTERM when this process is killed.
func runCommand(ctx context.Context, env *environment, folder string, command, variables []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = folder, env.stdin, env.stdout, env.stderr
	cmd.Env = append(os.Environ(), variables...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * stopTime // a stack that stops has its own
	cmd.SysProcAttr = childAttributes()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() < 0 { // it did not start, or was killed
		return &exitError{exitFailed, fmt.Errorf("run %s: %w", command[0], err)}
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		return &exitError{code: code}
	}
	return nil
}
