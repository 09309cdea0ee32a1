package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

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
	}, func(ctx context.Context, c *client.Client, id string) (s wire.Snapshot, unchanged string, err error) {
		if detail {
			s, err = c.Detail(ctx, id)
			return s, "", err
		}
		s, err = c.Get(ctx, id)
		return s, "", err
	})
	cmd.Flags().BoolVar(&detail, "detail", false, "print also what only operators and support need")
	return cmd
}

func newCancel(env *environment) *cobra.Command {
	return newSnapshot(env, &cobra.Command{
		Use:   "cancel ID",
		Short: "Cancel a request",
		Long: `Ends a queued request at once, and asks a running one to stop. One that has
ended stays as it is, and the exit code is 4 unless it was cancelled. Prints the
request as it is after that.`,
		Example: `  streamer cancel req_7y2m…
  streamer cancel req_7y2m… --subject ada`,
	}, func(ctx context.Context, c *client.Client, id string) (s wire.Snapshot, unchanged string, err error) {
		s, err = c.Cancel(ctx, id)
		if s.State == wire.StateSucceeded || s.State == wire.StateFailed {
			unchanged = "the request is " + s.State + ": there is nothing to cancel"
		}
		return s, unchanged, err
	})
}

func newRedrive(env *environment) *cobra.Command {
	return newSnapshot(env, &cobra.Command{
		Use:   "redrive ID",
		Short: "Run a failed request again",
		Long: `Queues a failed request again. It continues from its last checkpoint, keeps the
results of its steps, and has all its attempts again. A request that has not
failed stays as it is, and the exit code is 4.`,
		Example: `  streamer redrive req_7y2m… && streamer watch req_7y2m…`,
	}, func(ctx context.Context, c *client.Client, id string) (s wire.Snapshot, unchanged string, err error) {
		if s, err = c.Get(ctx, id); err == nil && s.State == wire.StateFailed {
			s, err = c.Redrive(ctx, id)
			return s, "", err
		}
		return s, "the request is " + s.State + ": only a FAILED one is run again", err
	})
}

// newSnapshot is a command that prints one request's snapshot. do also says why the
// request stayed as it was, if it should have changed.
func newSnapshot(env *environment, cmd *cobra.Command,
	do func(context.Context, *client.Client, string) (s wire.Snapshot, unchanged string, err error)) *cobra.Command {
	var flags clientFlags
	var out format
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = flags.run(env, func(ctx context.Context, c *client.Client, args []string) error {
		snapshot, unchanged, err := do(ctx, c, args[0])
		if err != nil {
			return err
		}
		rows := []wire.Snapshot{snapshot}
		if err := requestTable(rows, time.Now()).print(env, out, json.RawMessage(snapshot.Append(nil)), rows); err != nil {
			return err
		}
		if unchanged != "" {
			return &exitError{exitUnchanged, errors.New(unchanged)}
		}
		return nil
	})
	flags.registerSubject(env, cmd)
	out.outputFlag(cmd, formatJSON, formatTable, formatWide, formatName)
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
		raw = printableJSON(raw)
	}
	return env.print("%s\n", raw)
}
