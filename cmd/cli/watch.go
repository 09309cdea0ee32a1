package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
)

const watchHelp = `Follows a request that exists, running or ended, from any terminal and after a
restart of either side: shows its progress and prints its result. Ctrl-C leaves
with the exit code 130, and the request keeps running.`

const watchExample = `  streamer watch req_7y2m…`

func newWatch(env *environment) *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:        "watch ID",
		Short:      "Follow a request to its end",
		Long:       watchHelp,
		Example:    watchExample,
		SuggestFor: []string{"tail", "follow"},
		Args:       takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f := following{id: args[0], onInterrupt: leave,
				begin: func(ctx context.Context, c *client.Client) (*client.Handle, error) { return c.Watch(ctx, args[0]) }}
			return f.run(cmd.Context(), env, &flags)
		},
	}
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	return cmd
}
