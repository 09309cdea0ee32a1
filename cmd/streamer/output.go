package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

const outputHelp = `Prints what a request has emitted, a chunk of JSON a line, in order, from an
offset on. With --follow it goes on until the request has ended.`

const outputExample = `  streamer output req_7y2m…
  streamer output req_7y2m… --from 100 --follow`

// followEvery is how often a request that runs is asked for more.
const followEvery = 500 * time.Millisecond

func newOutput(env *environment) *cobra.Command {
	var flags clientFlags
	var from int64
	var follow bool
	cmd := &cobra.Command{
		Use:     "output ID",
		Short:   "Print what a request has emitted",
		Long:    outputHelp,
		Example: outputExample,
		Args:    cobra.ExactArgs(1),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, args []string) error {
			for met, lost := false, false; ; {
				piece, err := c.Output(ctx, args[0], from)
				switch {
				case follow && met && passes(err):
					if !lost {
						fmt.Fprintf(env.stderr, "%v; trying again\n", err)
					}
					lost, piece = true, wire.Output{Offset: from}
				case err != nil:
					return err
				default:
					met, lost = true, false
				}
				for _, chunk := range piece.Chunks {
					if err := env.print("%s\n", chunk); err != nil {
						return err
					}
				}
				from = piece.Offset + int64(len(piece.Chunks))
				if piece.Final || len(piece.Chunks) == 0 && !follow {
					return nil
				}
				if len(piece.Chunks) > 0 {
					continue
				}
				wait := time.NewTimer(followEvery)
				select {
				case <-wait.C:
				case <-ctx.Done():
					wait.Stop()
					return ctx.Err()
				}
			}
		}),
	}
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	cmd.Flags().Int64Var(&from, "from", 0, "the first offset")
	cmd.Flags().BoolVar(&follow, "follow", false, "go on until the request has ended")
	return cmd
}

// passes reports whether it helps to ask again after an error.
func passes(err error) bool {
	var answer *client.Error
	var away *client.ConnectError
	return errors.As(err, &answer) && answer.Retryable || errors.As(err, &away) && away.Status == 0
}
