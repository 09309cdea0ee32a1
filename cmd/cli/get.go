package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

func newGet(env *environment) *cobra.Command {
	var flags clientFlags
	var detail bool
	var out format
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Print a request's state",
		Long: `Prints a request as JSON: its state, progress, result or error. With --detail
also its payload, steps, checkpoint, worker, and the correlation id to search the
logs for.`,
		Example: `  streamer get req_7y2m… | jq .state
  streamer get req_7y2m… -o wide
  streamer get req_7y2m… --subject ada --detail | jq -r .detail.correlation_id`,
		Args: takes(1, 1),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, args []string) error {
			get := c.Get
			if detail {
				get = c.Detail
			}
			s, err := get(ctx, args[0])
			if err != nil {
				return err
			}
			rows := []wire.Snapshot{s}
			if out.name == formatTable || out.name == formatWide {
				defer flags.sayCause(env, s)
			}
			return requestTable(rows, time.Now()).print(env, out, json.RawMessage(s.Append(nil)), rows)
		}),
	}
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	cmd.Flags().BoolVar(&detail, "detail", false, "print also what only operators and support need")
	out.outputFlag(cmd, formatJSON, formatTable, formatWide, formatName)
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
