package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

const listHelp = `Lists your requests, newest first; with --subject another's, or with '*' those of
everybody in the token's tenant.`

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
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.open(cmd.Context(), env)
			if err != nil {
				return err
			}
			defer c.Close()
			query.State = strings.ToUpper(query.State)
			list, err := c.List(cmd.Context(), query)
			if err != nil {
				return flags.explain(env, err)
			}
			if asJSON {
				return printJSON(env, list.Append(nil))
			}
			return printTable(env, list)
		},
	}
	flags.registerHTTP(cmd)
	flags.subjectFlag(env, cmd, "whose requests, '*' for everybody's (default: yours); others' need a token with the scope "+streamer.OperatorScope)
	cmd.Flags().StringVar(&query.Action, "action", "", "only of this action")
	cmd.Flags().StringVar(&query.State, "state", "", "only QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED")
	complete(cmd, "state", states)
	cmd.Flags().IntVar(&query.Limit, "limit", 20, "how many, 1 to 100")
	cmd.Flags().StringVar(&query.Cursor, "cursor", "", "where to go on, from the list before")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printTable(env *environment, list wire.List) error {
	if len(list.Requests) == 0 {
		fmt.Fprintln(env.stderr, "no requests")
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
		if r.Error != nil {
			message = string(r.Error.Code) + ": " + r.Error.Message
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%.0f\t%s\t%s\n", subject(oneLine(r.Subject)), r.ID, r.Action, r.State, r.Percentage,
			r.CreatedAt.Local().Format(time.DateTime), oneLine(message))
	}
	if err := w.Flush(); err != nil {
		return &exitError{exitFailed, err}
	}
	if list.Cursor != "" {
		fmt.Fprintf(env.stderr, "more: --cursor %s\n", list.Cursor)
	}
	return nil
}

// oneLine keeps what a server sent from moving the cursor or filling the screen.
func oneLine(s string) string {
	s = printable(s)
	if runes := []rune(s); len(runes) > 80 {
		return string(runes[:79]) + "…"
	}
	return s
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
