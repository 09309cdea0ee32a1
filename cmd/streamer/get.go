package main

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

func newGet(env *environment) *cobra.Command {
	var detail bool
	cmd := newSnapshot(env, &cobra.Command{
		Use:   "get ID",
		Short: "Print a request's state",
		Long: `Prints a request as JSON: its state, progress, result or error. With --detail
also its payload, steps, checkpoint, worker, and the correlation id to search the
logs for.`,
		Example: `  streamer get req_7y2m… | jq .state
  streamer get req_7y2m… --subject ada --detail | jq -r .detail.correlation_id`,
	}, func(c *client.Client, ctx context.Context, id string) (wire.Snapshot, error) {
		if detail {
			return c.Detail(ctx, id)
		}
		return c.Get(ctx, id)
	})
	cmd.Flags().BoolVar(&detail, "detail", false, "print also what only operators and support need")
	return cmd
}

func newCancel(env *environment) *cobra.Command {
	return newSnapshot(env, &cobra.Command{
		Use:   "cancel ID",
		Short: "Cancel a request",
		Long: `Ends a queued request at once, and asks a running one to stop. One that has
ended stays as it is. Prints the request as it is after that.`,
		Example: `  streamer cancel req_7y2m…
  streamer cancel req_7y2m… --subject ada`,
	}, (*client.Client).Cancel)
}

func newRedrive(env *environment) *cobra.Command {
	return newSnapshot(env, &cobra.Command{
		Use:   "redrive ID",
		Short: "Run a failed request again",
		Long: `Queues a failed request again. It continues from its last checkpoint, keeps the
results of its steps, and has all its attempts again. A request that has not
failed stays as it is.`,
		Example: `  streamer redrive req_7y2m… && streamer watch req_7y2m…`,
	}, (*client.Client).Redrive)
}

// newSnapshot is a command that prints one request's snapshot.
func newSnapshot(env *environment, cmd *cobra.Command, do func(*client.Client, context.Context, string) (wire.Snapshot, error)) *cobra.Command {
	var flags clientFlags
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = flags.run(env, func(ctx context.Context, c *client.Client, args []string) error {
		snapshot, err := do(c, ctx, args[0])
		if err != nil {
			return err
		}
		return printJSON(env, snapshot.Append(nil))
	})
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	return cmd
}

// printJSON prints a value on stdout: indented for a person, as it came for a
// program.
func printJSON(env *environment, raw json.RawMessage) error {
	if env.terminal(env.stdout) {
		var pretty bytes.Buffer
		if json.Indent(&pretty, raw, "", "  ") == nil {
			raw = pretty.Bytes()
		}
	}
	return env.print("%s\n", raw)
}
