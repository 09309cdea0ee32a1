package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

const statsHelp = `Counts the requests: how many are in each state and how old the oldest is, what the
queued ones wait for, which workers hold the running ones, and which subjects have
the most. The token needs the scope streamer:operator. With --tenant '*' it tells what
waits in all tenants of the stage, for which the token needs streamer:owner.

--watch counts again every ten seconds.`

const statsExample = `  streamer stats --token $OPERATOR_TOKEN
  streamer stats --watch
  streamer stats --action ship --since 2026-11-27 -o json | jq .waiting.waiting
  streamer stats --tenant '*' --token $OWNER_TOKEN`

// statsEvery is how often --watch counts again, which is more work than a list.
const statsEvery = 10 * time.Second

// statsFlags are what commands of statistics have in common.
type statsFlags struct {
	env    *environment
	flags  clientFlags
	query  wire.StatsQuery
	period period
}

// register adds the flags, and what the command does.
func (s *statsFlags) register(cmd *cobra.Command, do func(context.Context, *client.Client) error) {
	s.flags = clientFlags{http: true, operator: true, subject: wire.AllSubjects}
	cmd.RunE = s.flags.run(s.env, func(ctx context.Context, c *client.Client, _ []string) error {
		var bounds wire.ListQuery
		if err := s.period.into(&bounds, time.Now()); err != nil {
			return &exitError{exitUsage, err}
		}
		s.query.Since, s.query.Until = bounds.Since, bounds.Until
		return do(ctx, c)
	})
	s.flags.register(s.env, cmd)
	s.flags.subjectFlag(s.env, cmd, "only requests of this subject; '*' is all")
	cmd.Flags().StringVar(&s.query.Action, "action", "", "only requests of this action")
	s.period.register(cmd)
}

// A statistic is the value of the format json.
type statistic struct {
	States  *wire.States      `json:"states,omitempty"` // nil for all tenants
	Waiting wire.WaitingStats `json:"waiting"`
}

func newStats(env *environment) *cobra.Command {
	s := &statsFlags{env: env}
	var out format
	var watch bool
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "Count requests, and say what they wait for",
		Long:    statsHelp,
		Example: statsExample,
		Args:    takes(0, 0),
	}
	s.register(cmd, func(ctx context.Context, c *client.Client) error {
		if !watch {
			return s.show(ctx, c, out, func(text string) error { return env.print("%s", text) })
		}
		if out.name == formatJSON {
			return &exitError{exitUsage, errors.New("-o json is one value, and --watch prints many: leave one of them out")}
		}
		return env.watch(ctx, statsEvery, func() error {
			return s.show(ctx, c, out, func(text string) error {
				if env.terminal(env.stdout) {
					return env.redraw(text, time.Now(), statsEvery)
				}
				return env.print("%s\n%s\n", stamp(time.Now()), text)
			})
		})
	})
	cmd.Flags().BoolVar(&watch, "watch", false, "count again every ten seconds, until Ctrl-C")
	out.outputFlag(cmd, formatTable, formatWide, formatJSON)
	return cmd
}

// show counts once.
func (s *statsFlags) show(ctx context.Context, c *client.Client, out format, write func(text string) error) error {
	var all statistic
	var err error
	if s.flags.tenant != wire.AllTenants {
		states, err := c.States(ctx, s.query, nil)
		if err != nil {
			return err
		}
		all.States = &states
	}
	if all.Waiting, err = c.Waiting(ctx, s.query, nil); err != nil {
		return err
	}
	if out.name == formatJSON {
		return printValue(s.env, all)
	}
	return write(s.render(all, out.name == formatWide, time.Now()))
}

// topLoads is how many subjects and tenants are shown, unless the format is wide.
const topLoads = 10

// render makes the tables of what was counted.
func (s *statsFlags) render(all statistic, wide bool, now time.Time) string {
	l := layout{wide: wide, coloured: s.env.colours(s.env.stdout)}
	if s.env.terminal(s.env.stdout) && !wide {
		l.width = s.env.width()
	}
	var tables []string
	if all.States != nil {
		if len(all.States.States) > 0 {
			tables = append(tables, stateTable(now).render(l, all.States.States))
		}
		if len(all.States.Actions) > 0 {
			tables = append(tables, actionStatesTable.render(l, all.States.Actions))
		}
	}
	w := all.Waiting
	if len(w.Waiting) > 0 {
		tables = append(tables, waitingTable(now).render(l, w.Waiting))
	}
	if len(w.Workers) > 0 {
		tables = append(tables, workerTable(now).render(l, w.Workers))
	}
	for _, loads := range []struct {
		title string
		rows  []wire.Load
	}{{"TENANT", w.Tenants}, {"SUBJECT", w.Subjects}} {
		rows := loads.rows
		if !wide {
			rows = rows[:min(len(rows), topLoads)]
		}
		if len(rows) > 0 {
			tables = append(tables, loadTable(loads.title).render(l, rows))
		}
	}
	switch {
	case len(tables) == 0 && all.States == nil: // of every tenant only what is open is counted
		return "no request waits or runs\n"
	case len(tables) == 0:
		return "no requests\n"
	}
	return strings.Join(tables, "\n")
}

func stateTable(now time.Time) table[wire.StateCount] {
	return table[wire.StateCount]{columns: []column[wire.StateCount]{
		{title: "STATE", cell: func(c wire.StateCount) string { return c.State },
			colour: func(c wire.StateCount) string { return stateColour(c.State) }},
		{title: "COUNT", cell: func(c wire.StateCount) string { return strconv.Itoa(c.Count) }},
		{title: "OLDEST", cell: func(c wire.StateCount) string { return shortAge(c.Oldest, now) }},
	}}
}

var actionStatesTable = table[wire.ActionStates]{columns: []column[wire.ActionStates]{
	{title: "ACTION", cell: func(a wire.ActionStates) string { return a.Action }},
	inState(wire.StateQueued), inState(wire.StateRunning), inState(wire.StateSucceeded), inState(wire.StateFailed),
	inState(wire.StateCancelled),
}}

func inState(state string) column[wire.ActionStates] {
	return column[wire.ActionStates]{title: state, cell: func(a wire.ActionStates) string { return strconv.Itoa(a.States[state]) },
		colour: func(a wire.ActionStates) string {
			if a.States[state] == 0 {
				return faint
			}
			return stateColour(state)
		}}
}

func waitingTable(now time.Time) table[wire.WaitingCount] {
	return table[wire.WaitingCount]{columns: []column[wire.WaitingCount]{
		{title: "WAITS FOR", cell: func(w wire.WaitingCount) string { return strings.TrimSpace(w.For + " " + w.Limit) }},
		{title: "COUNT", cell: func(w wire.WaitingCount) string { return strconv.Itoa(w.Count) }},
		{title: "OLDEST", cell: func(w wire.WaitingCount) string { return shortAge(w.Oldest, now) }},
	}}
}

func workerTable(now time.Time) table[wire.WorkerLoad] {
	return table[wire.WorkerLoad]{columns: []column[wire.WorkerLoad]{
		{title: "WORKER", cell: func(w wire.WorkerLoad) string { return w.Worker }},
		{title: "RUNNING", cell: func(w wire.WorkerLoad) string { return strconv.Itoa(w.Running) }},
		{title: "SINCE", rank: 1, cell: func(w wire.WorkerLoad) string { return shortAge(w.Since, now) }},
		{title: "HOLDS", text: true, rank: 2, cell: func(w wire.WorkerLoad) string {
			var names []string
			for _, r := range w.Requests {
				names = append(names, fmt.Sprintf("%s %s", r.Action, requestName(r.RequestName)))
			}
			return strings.Join(names, ", ")
		}},
	}}
}

// requestName is a request's name with its subject and, of another tenant, with that.
func requestName(r wire.RequestName) string {
	name := r.Subject + "/" + r.ID
	if r.Tenant != "" {
		name = r.Tenant + "/" + name
	}
	return name
}

func loadTable(title string) table[wire.Load] {
	return table[wire.Load]{columns: []column[wire.Load]{
		{title: title, cell: func(l wire.Load) string {
			if l.Tenant != "" && l.Subject != "" {
				return l.Tenant + "/" + l.Subject
			}
			return l.Tenant + l.Subject
		}},
		{title: "QUEUED", cell: func(l wire.Load) string { return strconv.Itoa(l.Queued) }},
		{title: "RUNNING", cell: func(l wire.Load) string { return strconv.Itoa(l.Running) }},
	}}
}
