package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const connectionsHelp = `Lists your open WebSockets, the oldest first. With --subject it lists another
subject's, or with '*' those of all subjects of the token's tenant. It asks over
HTTP.`

const connectionsExample = `  streamer connections
  streamer connections --subject '*' --token $OPERATOR_TOKEN
  streamer connections close --subject ada --token $OPERATOR_TOKEN`

func newConnections(env *environment) *cobra.Command {
	flags := clientFlags{http: true} // a WebSocket would be one more
	var query wire.ConnectionQuery
	var out format
	cmd := &cobra.Command{
		Use:     "connections",
		Short:   "List open WebSockets",
		Long:    connectionsHelp,
		Example: connectionsExample,
		Args:    takes(0, 0),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.Connections(ctx, query)
			if err != nil {
				return err
			}
			if err := connectionTable.print(env, out, list, list.Connections); err != nil {
				return err
			}
			return env.more(out, list.Cursor)
		}),
	}
	cmd.PreRunE = func(*cobra.Command, []string) error { return checkPage(query.Limit) }
	flags.register(env, cmd)
	flags.subjectFlag(env, cmd, "subject whose connections to list, '*' for all (default: your own); other subjects need a token with "+
		"the scope "+request.OperatorScope)
	cmd.Flags().IntVar(&query.Limit, "limit", 100, "how many to list, 1 to 100")
	cmd.Flags().StringVar(&query.Cursor, "cursor", "", "start of the page: what the page before printed as more")
	out.outputFlag(cmd, rowFormats...)
	cmd.AddCommand(newCloseConnections(env))
	return cmd
}

var connectionTable = table[wire.Connection]{
	columns: []column[wire.Connection]{
		{title: "SUBJECT", cell: func(c wire.Connection) string { return c.Subject }},
		{title: "ID", cell: func(c wire.Connection) string { return c.ID }},
		{title: "AGE", rank: 2, cell: func(c wire.Connection) string { return shortAge(c.ConnectedAt, time.Now()) }},
		{title: "CONNECTED", wide: true, cell: func(c wire.Connection) string { return stamp(c.ConnectedAt) }},
		{title: "TOKEN ENDS", rank: 4, cell: func(c wire.Connection) string { return stamp(c.ExpiresAt) }},
		{title: "FROM", rank: 1, cell: func(c wire.Connection) string { return c.SourceIP }},
		{title: "CLIENT", text: true, rank: 3, cell: func(c wire.Connection) string { return c.UserAgent }},
	},
	name: func(c wire.Connection) string { return printable(c.ID) },
	none: "no connections",
}

const closeHelp = `Closes all open WebSockets of a subject and prints how many there were. The
subject's requests keep running. A client can connect again with a token that is
still valid, so stop issuing tokens to the subject first.

It shows how many there are and asks before it begins, or with --dry-run lists them
and ends; scripts set --yes.`

func newCloseConnections(env *environment) *cobra.Command {
	flags := clientFlags{http: true}
	var dryRun, sure bool
	cmd := &cobra.Command{
		Use:   "close",
		Short: "Close a subject's WebSockets",
		Long:  closeHelp,
		Example: `  streamer connections close --subject ada --dry-run --token $OPERATOR_TOKEN
  streamer connections close --subject ada --yes --token $OPERATOR_TOKEN`,
		Args: takes(0, 0),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, _ []string) error {
			if dryRun || !sure {
				all, err := allConnections(ctx, c)
				switch {
				case err != nil:
					return err
				case dryRun || len(all) == 0:
					return connectionTable.print(env, format{name: formatTable}, nil, all)
				}
				if err := flags.ask(ctx, env, sure, fmt.Sprintf("close %s of %s", count(len(all), "connection"), flags.whose())); err != nil {
					return err
				}
			}
			closed, err := c.CloseConnections(ctx)
			if err != nil {
				return err
			}
			return env.print("%d\n", closed)
		}),
	}
	flags.register(env, cmd)
	flags.subjectFlag(env, cmd, "subject whose connections to close; another's need a token with the scope "+request.OperatorScope)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "list the connections, and close none")
	cmd.Flags().BoolVar(&sure, "yes", false, "do not ask")
	if err := cmd.MarkFlagRequired("subject"); err != nil {
		panic(err) // there is no such flag
	}
	return cmd
}

// allConnections are those of the client's subject, from all pages.
func allConnections(ctx context.Context, c *client.Client) (all []wire.Connection, err error) {
	for query := (wire.ConnectionQuery{}); ; {
		page, err := c.Connections(ctx, query)
		if err != nil {
			return nil, err
		}
		if all = append(all, page.Connections...); page.Cursor == "" {
			return all, nil
		}
		query.Cursor = page.Cursor
	}
}
