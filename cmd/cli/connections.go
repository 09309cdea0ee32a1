package cli

import (
	"context"
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
still valid, so stop issuing tokens to the subject first.`

func newCloseConnections(env *environment) *cobra.Command {
	flags := clientFlags{http: true}
	cmd := &cobra.Command{
		Use:     "close",
		Short:   "Close a subject's WebSockets",
		Long:    closeHelp,
		Example: `  streamer connections close --subject ada --token $OPERATOR_TOKEN`,
		Args:    takes(0, 0),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, _ []string) error {
			closed, err := c.CloseConnections(ctx)
			if err != nil {
				return err
			}
			return env.print("%d\n", closed)
		}),
	}
	flags.register(env, cmd)
	flags.subjectFlag(env, cmd, "subject whose connections to close; another's need a token with the scope "+request.OperatorScope)
	if err := cmd.MarkFlagRequired("subject"); err != nil {
		panic(err) // there is no such flag
	}
	return cmd
}
