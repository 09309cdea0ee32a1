package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const listHelp = `Lists your requests, newest first. With --subject it lists another subject's, or
with '*' those of all subjects of the token's tenant.`

const listExample = `  streamer list
  streamer list --state FAILED
  streamer list --limit 100 --json | jq -r '.requests[].id'
  streamer list --subject '*' --state QUEUED --token $OPERATOR_TOKEN`

func newList(env *environment) *cobra.Command {
	var flags clientFlags
	var query wire.ListQuery
	var asJSON bool
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
			if asJSON {
				return printJSON(env, list.Append(nil))
			}
			return printTable(env, list)
		}),
	}
	flags.registerHTTP(cmd)
	flags.subjectFlag(env, cmd, "subject whose requests to list, '*' for all (default: your own); other subjects need a token with the "+
		"scope "+request.OperatorScope)
	cmd.Flags().StringVar(&query.Action, "action", "", "list only requests of this action")
	cmd.Flags().StringVar(&query.State, "state", "", "list only requests in this state: QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED")
	complete(cmd, "state", states)
	cmd.Flags().StringVar(&query.Parent, "parent", "", "list only the children of this request, by their names")
	cmd.Flags().IntVar(&query.Limit, "limit", 20, "how many to list, 1 to 100")
	cmd.Flags().StringVar(&query.Cursor, "cursor", "", "start of the page: what the page before printed as more")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printTable(env *environment, list wire.List) error {
	if len(list.Requests) == 0 {
		env.sayf("no requests\n")
		return nil
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	subject := func(string) string { return "" } // a column for operators alone
	if list.Requests[0].Subject != "" {
		subject = func(of string) string { return of + "\t" }
	}
	fmt.Fprintln(w, subject("SUBJECT")+"ID\tACTION\tSTATE\t%\tCREATED\tMESSAGE")
	for _, r := range list.Requests {
		message := r.Message
		if w := r.Waiting; w != nil && w.For == wire.WaitingTime && r.StartedAt == nil {
			message = "starts " + until(w.Until, time.Now())
		}
		if r.Error != nil {
			message = string(r.Error.Code) + ": " + r.Error.Message
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%.0f\t%s\t%s\n", subject(oneLine(r.Subject)), oneLine(r.ID), oneLine(r.Action), oneLine(r.State),
			r.Percentage,
			r.CreatedAt.Local().Format(time.DateTime), oneLine(message))
	}
	return endPage(env, w, list.Cursor)
}

// endPage prints a table and where to go on behind it.
func endPage(env *environment, w *tabwriter.Writer, cursor string) error {
	if err := w.Flush(); err != nil {
		return err
	}
	if cursor != "" {
		env.sayf("more: --cursor %s\n", quote(cursor))
	}
	return nil
}
