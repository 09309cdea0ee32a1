package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// A changeCommand cancels or redrives requests: those that are named, or those that a
// filter finds.
type changeCommand struct {
	env    *environment
	verb   string // what it does
	past   string // what it did
	states []string
	change func(ctx context.Context, c *client.Client, id string) (wire.Snapshot, error)
	stays  string // why a request stayed as it was, beside its state

	flags             clientFlags
	query             wire.ListQuery
	period            period
	failed            pageFilter
	state             string
	most              int
	all, dryRun, sure bool
	out               format
}

const changeFormats = `

Named requests are printed as JSON. Of a filter's, each is a line of what became of it:
-o prints them otherwise.`

const filterHelp = `

A filter in place of IDs finds requests by what --action, --code, --message, --state,
--since, --until and --older-than say, or all with --all; --subject '*' is those of all
subjects. It shows how many there are and asks before it begins, or with --dry-run
lists them and ends; scripts set --yes. Ctrl-C stops behind the requests that are
under way, and says what was done: the same command again does the rest.`

func newCancel(env *environment) *cobra.Command {
	c := &changeCommand{env: env, verb: "cancel", past: "cancelled", states: []string{wire.StateQueued, wire.StateRunning},
		change: func(ctx context.Context, c *client.Client, id string) (wire.Snapshot, error) {
			return c.Cancel(ctx, id)
		},
		stays: "there is nothing to cancel"}
	cmd := &cobra.Command{
		Use:   "cancel [ID...]",
		Short: "Cancel requests",
		Long: `Ends queued requests at once, and asks running ones to stop. One that has ended stays
as it is, and the exit code is 4 when that is so of all.` + changeFormats + filterHelp,
		Example: `  streamer cancel req_7y2m…
  streamer cancel req_7y2m… --subject ada
  streamer cancel --action send_mail --state QUEUED --older-than 1h --dry-run
  streamer cancel --action send_mail --subject '*' --since "2026-11-27T18:00:00Z" --yes`,
	}
	cmd.Flags().StringVar(&c.state, "state", "", "only requests in this state: QUEUED or RUNNING (default: both)")
	complete(cmd, "state", c.states)
	return c.register(cmd)
}

func newRedrive(env *environment) *cobra.Command {
	c := &changeCommand{env: env, verb: "redrive", past: "redriven", states: []string{wire.StateFailed},
		change: func(ctx context.Context, c *client.Client, id string) (wire.Snapshot, error) {
			return c.Redrive(ctx, id)
		},
		stays: "only a FAILED one is run again"}
	return c.register(&cobra.Command{
		Use:   "redrive [ID...]",
		Short: "Run failed requests again",
		Long: `Queues failed requests again. Each continues from its last checkpoint, keeps the
results of its steps, and has all its attempts again. A request that has not failed
stays as it is, and the exit code is 4 when that is so of all.` + changeFormats +
			strings.ReplaceAll(filterHelp, "--message, --state,", "--message,"),
		Example: `  streamer redrive req_7y2m… && streamer watch req_7y2m…
  streamer redrive --action ship --code TIMEOUT --since 2h --dry-run
  streamer redrive --action ship --code TIMEOUT --since 2h --limit 1
  streamer redrive --action ship --message 'charge order #: connection refused'
  streamer redrive --all --subject '*' --yes -o jsonl`,
	})
}

// register adds the flags that both commands have.
func (c *changeCommand) register(cmd *cobra.Command) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		filtered := false
		for _, name := range []string{"action", "code", "message", "state", "since", "until", "older-than", "all"} {
			filtered = filtered || cmd.Flags().Changed(name)
		}
		switch {
		case slices.Contains(ids, ""):
			return &exitError{exitUsage, errEmpty(cmd)}
		case filtered && len(ids) > 0:
			return &exitError{exitUsage, fmt.Errorf("%s has IDs and a filter: leave one of them out", c.verb)}
		case !filtered && len(ids) == 0:
			return &exitError{exitUsage, fmt.Errorf("%s needs the ID of a request, or a filter such as --action; --all takes all", c.verb)}
		case !c.dryRun && (c.out.name == formatTable || c.out.name == formatWide):
			return &exitError{exitUsage, fmt.Errorf("-o %s is for --dry-run: use %s", c.out.name, listed(c.out.allowed[:4], "or"))}
		case cmd.Flags().Changed("limit") && c.most < 1:
			return &exitError{exitUsage, fmt.Errorf("--limit %d is not a number of requests: set 1 or more, or leave it out for all", c.most)}
		}
		if err := c.check(); err != nil {
			return err
		}
		api, err := c.flags.open(cmd.Context(), c.env)
		if err != nil {
			return err
		}
		defer api.Close()
		if len(ids) > 0 {
			err = c.named(cmd.Context(), api, ids)
		} else {
			err = c.found(cmd.Context(), api)
		}
		if err != nil {
			return c.flags.explain(c.env, err)
		}
		return nil
	}
	c.flags.registerHTTP(c.env, cmd)
	c.flags.subjectFlag(c.env, cmd, "subject of the requests (default: your own), with a filter also '*' for all; others' need a token "+
		"with the scope streamer:operator")
	f := cmd.Flags()
	f.StringVar(&c.query.Action, "action", "", "only requests of this action")
	c.failed.register(cmd)
	c.period.register(cmd)
	f.BoolVar(&c.all, "all", false, "all requests that can be "+c.past)
	f.IntVar(&c.most, "limit", 0, "at most so many of a filter's, the newest (default: all)")
	f.BoolVar(&c.dryRun, "dry-run", false, "list what a filter finds, and change nothing")
	f.BoolVar(&c.sure, "yes", false, "do not ask")
	c.out = format{allowed: []string{formatText, formatJSON, formatJSONL, formatName, formatTable, formatWide}}
	f.VarP(&c.out, "output", "o", "what to print: text, json, jsonl or name; with --dry-run also table or wide")
	complete(cmd, "output", c.out.allowed)
	cmd.ValidArgsFunction = c.flags.completeID(c.env)
	return cmd
}

// codes are the values of --code.
func codes() (all []cobra.Completion) {
	for _, code := range wire.Codes() {
		all = append(all, string(code))
	}
	return all
}

// named changes requests one after the other, in the order in which they are named.
func (c *changeCommand) named(ctx context.Context, api *client.Client, ids []string) error {
	if c.dryRun || c.most != 0 {
		return &exitError{exitUsage, errors.New("--dry-run and --limit are for a filter: leave out them, or the IDs")}
	}
	if c.out.name == "" {
		c.out.name = formatJSON
	}
	var done outcomes
	for _, id := range ids {
		var s wire.Snapshot
		err := again(ctx, func() (err error) {
			s, err = c.change(ctx, api, id)
			return err
		})
		if err != nil && len(ids) == 1 {
			return err
		}
		if err := c.report(&done, wire.Snapshot{ID: id}, s, err); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if len(ids) == 1 {
		return done.exit()
	}
	c.env.sayf("%s\n", done.summary(c.past))
	return done.exit()
}

// outcomes count what became of requests.
type outcomes struct{ changed, unchanged, failed int }

func (o outcomes) summary(past string) string {
	text := fmt.Sprintf("%d %s", o.changed, past)
	if o.unchanged > 0 {
		text += fmt.Sprintf(", %d as before", o.unchanged)
	}
	if o.failed > 0 {
		text += fmt.Sprintf(", %d failed", o.failed)
	}
	return text
}

// exit is the exit code as an error; nil when something was done and nothing failed.
func (o outcomes) exit() error {
	switch {
	case o.failed > 0:
		return &exitError{exitFailed, nil}
	case o.changed == 0:
		return &exitError{exitUnchanged, nil}
	}
	return nil
}

// report prints what became of one request, and counts it.
func (c *changeCommand) report(done *outcomes, of, s wire.Snapshot, failure error) error {
	name := printable(of.ID)
	if of.Subject != "" {
		name = printable(of.Subject) + "/" + name
	}
	switch {
	case failure != nil:
		done.failed++
		c.env.sayf("%s was not %s: %v\n", name, c.past, failure)
		return nil
	case !c.changed(s):
		done.unchanged++
		why := c.stays
		if s.Cancelling {
			why = "it is asked to stop already"
		}
		c.env.sayf("%s is %s: %s\n", name, s.State, why)
		if c.out.name == formatText || c.out.name == formatName {
			return nil
		}
	default:
		done.changed++
	}
	switch c.out.name {
	case formatText:
		return c.env.print("%s %s\n", name, c.past)
	case formatJSON:
		return printJSON(c.env, s.Append(nil))
	}
	rows := []wire.Snapshot{s}
	return requestTable(rows, time.Now()).print(c.env, c.out, nil, rows)
}

// changed reports whether the call did anything. A server of an older version does not say
// it, and then the state must do.
func (c *changeCommand) changed(s wire.Snapshot) bool {
	switch {
	case s.Changed != nil:
		return *s.Changed
	case c.verb == "redrive":
		return s.State == wire.StateQueued
	}
	return s.State != wire.StateSucceeded && s.State != wire.StateFailed
}
