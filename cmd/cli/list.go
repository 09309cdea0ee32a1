package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const listHelp = `Lists your requests, newest first. With --subject it lists another subject's, or
with '*' those of all subjects of the token's tenant.`

const listExample = `  streamer list
  streamer list --state FAILED -o wide
  streamer list --limit 100 -o name | xargs -n 1 streamer get
  streamer list --subject '*' --state QUEUED --token $OPERATOR_TOKEN`

func newList(env *environment) *cobra.Command {
	var flags clientFlags
	var query wire.ListQuery
	var out format
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List requests",
		Long:    listHelp,
		Example: listExample,
		Args:    cobra.NoArgs,
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, _ []string) error {
			query.State = strings.ToUpper(query.State)
			list, err := c.List(ctx, query)
			if err != nil {
				return err
			}
			if err := requestTable(list.Requests, time.Now()).print(env, out, json.RawMessage(list.Append(nil)), list.Requests); err != nil {
				return err
			}
			return env.more(out, list.Cursor)
		}),
	}
	flags.registerHTTP(env, cmd)
	flags.subjectFlag(env, cmd, "subject whose requests to list, '*' for all (default: your own); other subjects need a token with the "+
		"scope "+request.OperatorScope)
	cmd.Flags().StringVar(&query.Action, "action", "", "list only requests of this action")
	cmd.Flags().StringVar(&query.State, "state", "", "list only requests in this state: QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED")
	complete(cmd, "state", states)
	cmd.Flags().StringVar(&query.Parent, "parent", "", "list only the children of this request, by their names")
	cmd.Flags().IntVar(&query.Limit, "limit", 20, "how many to list, 1 to 100")
	cmd.Flags().StringVar(&query.Cursor, "cursor", "", "start of the page: what the page before printed as more")
	out.outputFlag(cmd, rowFormats...)
	return cmd
}

// requestTable is the table of requests.
func requestTable(rows []wire.Snapshot, now time.Time) table[wire.Snapshot] {
	t := table[wire.Snapshot]{
		name: func(r wire.Snapshot) string { return printable(r.ID) },
		json: func(r wire.Snapshot) json.RawMessage { return r.Append(nil) },
		none: "no requests",
	}
	if len(rows) > 0 && rows[0].Subject != "" { // a column for operators alone
		t.columns = []column[wire.Snapshot]{{title: "SUBJECT", cell: func(r wire.Snapshot) string { return r.Subject }}}
	}
	t.columns = append(t.columns, []column[wire.Snapshot]{
		{title: "ID", cell: func(r wire.Snapshot) string { return r.ID }},
		{title: "ACTION", cell: func(r wire.Snapshot) string { return r.Action }},
		{title: "STATE", cell: func(r wire.Snapshot) string { return r.State }, colour: func(r wire.Snapshot) string { return stateColour(r.State) }},
		{title: "%", cell: func(r wire.Snapshot) string { return fmt.Sprintf("%.0f", r.Percentage) }},
		{title: "AGE", cell: func(r wire.Snapshot) string { return shortAge(r.CreatedAt, now) }},
		{title: "ATTEMPTS", cell: func(r wire.Snapshot) string { return strconv.Itoa(r.Attempts) }},
		{title: "WAITS FOR", cell: func(r wire.Snapshot) string { return waitsFor(r, now) }},
		{title: "CREATED", wide: true, cell: func(r wire.Snapshot) string { return stamp(r.CreatedAt) }},
		{title: "STARTED", wide: true, cell: func(r wire.Snapshot) string { return stampOf(r.StartedAt) }},
		{title: "FINISHED", wide: true, cell: func(r wire.Snapshot) string { return stampOf(r.FinishedAt) }},
		{title: "CHUNKS", wide: true, cell: func(r wire.Snapshot) string { return strconv.FormatInt(r.Output, 10) }},
		{title: "PARENT", wide: true, cell: func(r wire.Snapshot) string { return r.Parent }},
		{title: "MESSAGE", cell: func(r wire.Snapshot) string {
			if r.Error != nil {
				return string(r.Error.Code) + ": " + r.Error.Message
			}
			return r.Message
		}},
	}...)
	return t
}

// waitsFor says in a few words why a request does not run.
func waitsFor(r wire.Snapshot, now time.Time) string {
	w := r.Waiting
	switch {
	case r.State == wire.StateRunning && r.Cancelling:
		return "its cancel"
	case r.State != wire.StateQueued || w == nil:
		return ""
	case w.For == wire.WaitingLimit:
		return "limit " + w.Limit
	case w.For == wire.WaitingSignal:
		return "signal " + w.Token
	case w.For == wire.WaitingChildren && r.Children != nil:
		return fmt.Sprintf("children %d/%d", r.Children.Ended, r.Children.Total)
	case w.Until != nil && w.Until.After(now):
		return w.For + " in " + shortDuration(w.Until.Sub(now))
	}
	return w.For
}

// more says on stderr where the next page begins. JSON has that itself.
func (env *environment) more(out format, cursor string) error {
	if cursor != "" && out.name != formatJSON {
		env.sayf("more: --cursor %s\n", quote(cursor))
	}
	return nil
}
