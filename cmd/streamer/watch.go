package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
)

const watchHelp = `Follows a request that exists, running or ended, from any terminal and after a
restart of either side: shows its progress and prints its result.`

const watchExample = `  streamer watch req_7y2m…`

func newWatch(env *environment) *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:     "watch ID",
		Short:   "Follow a request to its end",
		Long:    watchHelp,
		Example: watchExample,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return follow(cmd.Context(), env, &flags, false, func(ctx context.Context, c *client.Client) (*client.Call, error) {
				return c.Watch(ctx, args[0])
			})
		},
	}
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	return cmd
}
