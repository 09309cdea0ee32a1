package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const callHelp = `Asks for an action, shows its progress and prints its result. The payload is JSON:
an argument, @FILE, or - for standard input.

The first Ctrl-C tells how to pick the request up later, the second cancels it.
A request with an --id that exists is that request: calling again is safe.`

const callExample = `  streamer call echo '{"hello":"world"}'
  streamer call profile_csv '{"file":"sales.csv"}'
  streamer call profile_csv @payload.json --no-wait`

func newCall(env *environment) *cobra.Command {
	var flags clientFlags
	var id string
	var noWait bool
	var metadata map[string]string
	cmd := &cobra.Command{
		Use:     "call ACTION [PAYLOAD]",
		Short:   "Ask for an action and wait for its result",
		Long:    callHelp,
		Example: callExample,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			message := client.Request{Action: args[0], ID: id, Metadata: metadata}
			if len(args) == 2 {
				payload, err := readPayload(env, args[1])
				if err != nil {
					return &exitError{exitUsage, err}
				}
				message.Payload = payload
			}
			if message.ID == "" {
				message.ID = request.NewID() // it is printed when the answer is lost
			}
			return follow(cmd.Context(), env, &flags, noWait, func(ctx context.Context, c *client.Client) (*client.Call, error) {
				call, err := c.Start(ctx, message)
				if errors.Is(err, context.Canceled) {
					fmt.Fprintf(env.stderr, "the server may have the request; see with: %s get %s\n", program(), message.ID+flags.where())
				}
				return call, err
			})
		},
	}
	flags.registerHTTP(cmd)
	cmd.ValidArgsFunction = flags.completeAction(env)
	cmd.Flags().StringVar(&id, "id", "", "the request's id, its idempotency key (default: a new one)")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "print the id as soon as the request is stored, and go")
	cmd.Flags().StringToStringVar(&metadata, "metadata", nil, "key=value that travels with the request; repeat for more")
	return cmd
}

func readPayload(env *environment, arg string) (json.RawMessage, error) {
	var data []byte
	var err error
	switch {
	case arg == "-":
		data, err = io.ReadAll(env.stdin)
	case strings.HasPrefix(arg, "@"):
		data, err = os.ReadFile(arg[1:])
	default:
		data = []byte(arg)
	}
	if err != nil {
		return nil, fmt.Errorf("read payload: %w", err)
	}
	data = []byte(strings.TrimSpace(string(data)))
	if !json.Valid(data) {
		return nil, fmt.Errorf("the payload %s is not valid JSON: quote it for the shell, as in '{\"hello\":\"world\"}'", excerpt(data))
	}
	return data, nil
}

// follow begins a call and sees it to its end: progress on stderr, the result on
// stdout.
func follow(ctx context.Context, env *environment, flags *clientFlags, noWait bool,
	begin func(context.Context, *client.Client) (*client.Call, error)) error {
	c, err := flags.open(ctx, env)
	if err != nil {
		return err
	}
	defer c.Close()
	call, err := begin(ctx, c)
	if err != nil {
		return flags.explain(env, err)
	}
	if noWait {
		return env.print("%s\n", call.ID())
	}
	goesOn := fmt.Sprintf("the request keeps running; follow it again with: %s watch %s", program(), call.ID()+flags.where())
	env.interrupt(func() {
		fmt.Fprintf(env.stderr, "\n%s\npress Ctrl-C again to cancel it\n", goesOn)
		env.interrupt(func() {
			env.interrupt(nil)
			fmt.Fprintln(env.stderr, "\ncancelling; press Ctrl-C again to leave at once")
			go func() {
				if _, err := c.Cancel(ctx, call.ID()); err != nil {
					fmt.Fprintf(env.stderr, "cancelling failed: %v\n", err)
				}
			}()
		})
	})
	defer env.interrupt(nil)

	bar := newBar(env)
	result, err := call.Wait(bar.show)
	bar.done(err == nil)
	switch {
	case err == nil:
		return printJSON(env, result)
	case !isAnswer(err):
		fmt.Fprintln(env.stderr, goesOn)
	}
	return flags.explain(env, err)
}

// isAnswer reports whether an error is the outcome of the request, not of the connection.
func isAnswer(err error) bool {
	var answer *client.Error
	return errors.As(err, &answer) && answer.Code != wire.Unauthorized
}
