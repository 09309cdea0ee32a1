package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const listHelp = `Lists your requests, newest first. With --subject it lists another subject's, or
with '*' those of all subjects of the token's tenant.

The server does not look for --code, --id and --message: list does, page by page, until
--limit requests have them, or with --all to the end. Where the code is INTERNAL_ERROR
--message is the cause, which operators see, and each such request is read.

--watch asks again every two seconds: on a terminal it draws the table anew,
elsewhere it prints the rows that are new or have changed.`

const listExample = `  streamer list
  streamer list --state FAILED --since 2h -o wide
  streamer list --all -o jsonl | jq -r 'select(.attempts > 3) | .id'
  streamer list --watch --state RUNNING
  streamer list --subject '*' --id order-4122 --token $OPERATOR_TOKEN
  streamer list --subject '*' --state QUEUED --older-than 10m --token $OPERATOR_TOKEN`

// A listCommand is `streamer list`.
type listCommand struct {
	env        *environment
	query      wire.ListQuery
	looked     pageFilter
	period     period
	out        format
	all, watch bool
}

func newList(env *environment) *cobra.Command {
	var flags clientFlags
	l := &listCommand{env: env}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List requests",
		Long:    listHelp,
		Example: listExample,
		Args:    takes(0, 0),
		RunE:    flags.run(env, func(ctx context.Context, c *client.Client, _ []string) error { return l.run(ctx, c) }),
	}
	cmd.PreRunE = func(*cobra.Command, []string) error { return l.check() }
	flags.registerHTTP(env, cmd)
	flags.subjectFlag(env, cmd, "subject whose requests to list, '*' for all (default: your own); other subjects need a token with the "+
		"scope "+request.OperatorScope)
	f := cmd.Flags()
	f.StringVar(&l.query.Action, "action", "", "list only requests of this action")
	f.StringVar(&l.query.State, "state", "", "list only requests in this state: QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED")
	complete(cmd, "state", states)
	l.looked.register(cmd)
	idFlag(f, &l.query.Parent, "parent", "list only the children of this request, by their names")
	l.period.register(cmd)
	f.IntVar(&l.query.Limit, "limit", 20, "how many to list, 1 to 100")
	f.StringVar(&l.query.Cursor, "cursor", "", "start of the page: what the page before printed as more")
	f.BoolVar(&l.all, "all", false, "list all, page by page")
	cmd.MarkFlagsMutuallyExclusive("all", "limit")
	f.BoolVar(&l.watch, "watch", false, "list again every two seconds, until Ctrl-C")
	idFlag(f, &l.looked.id, "id", "list only requests with this id, of which each subject may have one")
	for _, flag := range []string{"code", "id", "message"} {
		cmd.MarkFlagsMutuallyExclusive(flag, "watch") // it would read every page again
		cmd.MarkFlagsMutuallyExclusive(flag, "cursor")
	}
	l.out.outputFlag(cmd, rowFormats...)
	return cmd
}

// check checks the flags, before anything is asked.
func (l *listCommand) check() error {
	l.query.State = strings.ToUpper(l.query.State)
	if l.query.State != "" {
		if err := checkState(l.query.State, states); err != nil {
			return err
		}
	}
	if l.all {
		l.query.Limit = pageSize
	}
	if err := checkPage(l.query.Limit); err != nil {
		return err
	}
	if l.watch && l.out.name == formatJSON {
		return &exitError{exitUsage, errors.New("-o json is one value, and --watch prints many: use -o jsonl")}
	}
	if err := l.period.into(&l.query, time.Now()); err != nil {
		return &exitError{exitUsage, err}
	}
	return nil
}

func (l *listCommand) run(ctx context.Context, c *client.Client) error {
	if l.watch {
		return l.follow(ctx, c)
	}
	if l.all && (l.out.name == formatJSONL || l.out.name == formatName) { // as they come
		return eachPage(ctx, c, l.query, func(page wire.List) error {
			rows, err := l.looked.keep(ctx, c, page.Requests)
			if err != nil {
				return err
			}
			return requestTable(rows, time.Now()).print(l.env, l.out, nil, rows)
		})
	}
	list, err := l.list(ctx, c)
	if err != nil {
		return err
	}
	if err := requestTable(list.Requests, time.Now()).print(l.env, l.out, json.RawMessage(list.Append(nil)), list.Requests); err != nil {
		return err
	}
	return l.env.more(l.out, list.Cursor)
}

// list is one page, or with --all what all pages have, or as many as are to be listed of those
// that are looked for.
func (l *listCommand) list(ctx context.Context, c *client.Client) (wire.List, error) {
	if !l.all && !l.looked.isSet() {
		return listPage(ctx, c, l.query)
	}
	var all wire.List
	query := l.query
	query.Limit = pageSize
	err := eachPage(ctx, c, query, func(page wire.List) error {
		found, err := l.looked.keep(ctx, c, page.Requests)
		all.Requests = append(all.Requests, found...)
		if err == nil && !l.all && len(all.Requests) > l.query.Limit {
			all.Requests = all.Requests[:l.query.Limit]
			return errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		l.env.sayf("there are more: set a higher --limit, or --all\n")
		return all, nil
	}
	return all, err
}

// pageSize is the largest page of a list.
const pageSize = 100

// eachPage calls do for each page of a list, from the query's cursor on.
func eachPage(ctx context.Context, c *client.Client, query wire.ListQuery, do func(wire.List) error) error {
	for {
		var page wire.List
		err := again(ctx, func() (err error) {
			page, err = listPage(ctx, c, query)
			return err
		})
		if err != nil {
			return err
		}
		if err := do(page); err != nil || page.Cursor == "" {
			return err
		}
		query.Cursor = page.Cursor
	}
}

// listPage is a page without what is outside the query's period: a server of an older version
// does not know that, and what a filter finds is changed.
func listPage(ctx context.Context, c *client.Client, query wire.ListQuery) (wire.List, error) {
	page, err := c.List(ctx, query)
	page.Requests = slices.DeleteFunc(page.Requests, func(r wire.Snapshot) bool {
		return r.CreatedAt.Before(query.Since) || !query.Until.IsZero() && !r.CreatedAt.Before(query.Until)
	})
	return page, err
}

// listEvery is how often --watch asks again.
const listEvery = 2 * time.Second

// follow lists again and again. Where there is no terminal it prints what has changed.
func (l *listCommand) follow(ctx context.Context, c *client.Client) error {
	live := l.env.terminal(l.env.stdout) && (l.out.name == formatTable || l.out.name == formatWide)
	seen := map[[2]string]int64{} // subject and id to rev
	titled := false
	return l.env.watch(ctx, listEvery, func() error {
		list, err := l.list(ctx, c)
		if err != nil {
			return err
		}
		now := time.Now()
		if live {
			as := layout{wide: l.out.name == formatWide, coloured: l.env.colours(l.env.stdout), width: l.env.width()}
			return l.env.redraw(requestTable(list.Requests, now).render(as, list.Requests), now, listEvery)
		}
		listed := map[[2]string]int64{}
		var changed []wire.Snapshot
		for _, r := range slices.Backward(list.Requests) {
			key := [2]string{r.Subject, r.ID}
			if rev, ok := seen[key]; !ok || rev != r.Rev {
				changed = append(changed, r)
			}
			listed[key] = r.Rev
		}
		seen = listed
		if len(changed) == 0 {
			return nil
		}
		t := requestTable(changed, now)
		if l.out.name == formatTable || l.out.name == formatWide {
			text := t.render(layout{wide: l.out.name == formatWide, bare: titled}, changed)
			titled = true
			return l.env.print("%s", text)
		}
		return t.print(l.env, l.out, nil, changed)
	})
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
		{title: "ACTION", rank: 1, cell: func(r wire.Snapshot) string { return r.Action }},
		{title: "STATE", cell: func(r wire.Snapshot) string { return r.State },
			colour: func(r wire.Snapshot) string { return stateColour(r.State) }},
		{title: "%", rank: 5, cell: func(r wire.Snapshot) string { return fmt.Sprintf("%.0f", r.Percentage) }},
		{title: "AGE", rank: 4, cell: func(r wire.Snapshot) string { return shortAge(r.CreatedAt, now) }},
		{title: "ATTEMPTS", rank: 6, cell: func(r wire.Snapshot) string { return strconv.Itoa(r.Attempts) }},
		{title: "WAITS FOR", rank: 2, cell: func(r wire.Snapshot) string { return waitsFor(r, now) }},
		{title: "CREATED", wide: true, cell: func(r wire.Snapshot) string { return stamp(r.CreatedAt) }},
		{title: "STARTED", wide: true, cell: func(r wire.Snapshot) string { return stampOf(r.StartedAt) }},
		{title: "FINISHED", wide: true, cell: func(r wire.Snapshot) string { return stampOf(r.FinishedAt) }},
		{title: "CHUNKS", wide: true, cell: func(r wire.Snapshot) string { return strconv.FormatInt(r.Output, 10) }},
		{title: "PARENT", wide: true, cell: func(r wire.Snapshot) string { return r.Parent }},
		{title: "MESSAGE", text: true, rank: 3, cell: func(r wire.Snapshot) string {
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
