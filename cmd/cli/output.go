package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

const outputHelp = `Prints the output of a request: one chunk of JSON on each line, in order, from an
offset on. With --follow it continues until the request has ended.`

const outputExample = `  streamer output req_7y2m…
  streamer output req_7y2m… --from 100 --follow`

// followEvery is how often the output of a running request is asked for.
const followEvery = 500 * time.Millisecond

func newOutput(env *environment) *cobra.Command {
	var flags clientFlags
	var from int64
	var follow bool
	cmd := &cobra.Command{
		Use:        "output ID",
		Short:      "Print a request's output",
		Long:       outputHelp,
		Example:    outputExample,
		SuggestFor: []string{"tail", "follow", "logs"},
		Args:       takes(1, 1),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, args []string) error {
			for met, lost := false, false; ; {
				part, err := c.Output(ctx, args[0], from)
				switch {
				case follow && met && transient(err):
					if !lost {
						env.sayf("%v; trying again\n", err)
					}
					lost, part = true, wire.Output{Offset: from}
				case err != nil:
					return err
				default:
					met, lost = true, false
				}
				for _, chunk := range part.Chunks {
					if env.terminal(env.stdout) {
						chunk = printableJSON(chunk)
					}
					if err := env.print("%s\n", chunk); err != nil {
						return err
					}
				}
				from = part.Offset + int64(len(part.Chunks))
				if part.Final || len(part.Chunks) == 0 && !follow {
					return nil
				}
				if len(part.Chunks) > 0 {
					continue
				}
				wait := time.NewTimer(followEvery)
				select {
				case <-wait.C:
				case <-ctx.Done():
					wait.Stop()
					return context.Cause(ctx)
				}
			}
		}),
	}
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if from < 0 {
			return &exitError{exitUsage, fmt.Errorf("--from %d is not an offset: set 0 or more", from)}
		}
		return nil
	}
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	cmd.Flags().Int64Var(&from, "from", 0, "offset of the first chunk to print")
	cmd.Flags().BoolVar(&follow, "follow", false, "continue until the request has ended")
	return cmd
}

// transient reports whether it helps to ask again after an error.
func transient(err error) bool {
	var answer *client.Error
	var away *client.ConnectError
	return errors.As(err, &answer) && answer.Retryable || errors.As(err, &away) && away.Status == 0
}
