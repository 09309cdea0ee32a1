package main

import (
	"time"

	"github.com/spf13/cobra"
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
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.open(cmd.Context(), env)
			if err != nil {
				return err
			}
			defer c.Close()
			for {
				piece, err := c.Output(cmd.Context(), args[0], from)
				if err != nil {
					return flags.explain(env, err)
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
				case <-cmd.Context().Done():
					wait.Stop()
					return flags.explain(env, cmd.Context().Err())
				}
			}
		},
	}
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	cmd.Flags().Int64Var(&from, "from", 0, "the first offset")
	cmd.Flags().BoolVar(&follow, "follow", false, "go on until the request has ended")
	return cmd
}
