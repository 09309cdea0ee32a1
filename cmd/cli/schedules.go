package cli

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

const schedulesHelp = `Lists the schedules that start requests of the token's tenant: when, the action, the
next time, with -o wide the next three, by this machine's clock, and the last request with its state. The
token needs the scope streamer:operator, as for the commands below. They ask over
HTTP.`

const schedulesExample = `  streamer schedules
  streamer schedules -o jsonl | jq -r 'select(.paused) | .name'
  streamer schedules pause nightly-report
  streamer schedules run nightly-report --id by-hand-1`

func newSchedules(env *environment) *cobra.Command {
	flags := clientFlags{http: true, operator: true}
	var out format
	cmd := &cobra.Command{
		Use:     "schedules",
		Short:   "List schedules; pause, resume or run one",
		Long:    schedulesHelp,
		Example: schedulesExample,
		Args:    takes(0, 0),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.Schedules(ctx)
			if err != nil {
				return err
			}
			return scheduleTable.print(env, out, list, list.Schedules)
		}),
	}
	flags.register(env, cmd)
	out.outputFlag(cmd, rowFormats...)
	var id string
	run := newSchedule(env, "run NAME", "Start a schedule's request now",
		"Starts a request of a schedule now, also of one that is paused, and prints the schedule\nas JSON. Its own times stay as they are.",
		func(ctx context.Context, c *client.Client, name string) (wire.Schedule, error) {
			return c.RunSchedule(ctx, name, id)
		})
	idFlag(run.Flags(), &id, "id", "id of the request (default: the server makes one); the same id again starts nothing")
	cmd.AddCommand(run,
		newSchedule(env, "pause NAME", "Pause a schedule",
			"Pauses a schedule until it is resumed, whatever is deployed, and prints it as JSON. What it\nhas started keeps running.",
			func(ctx context.Context, c *client.Client, name string) (wire.Schedule, error) {
				return c.PauseSchedule(ctx, name)
			}),
		newSchedule(env, "resume NAME", "Resume a paused schedule",
			"Resumes a schedule, and prints it as JSON. Times that passed meanwhile are not made up for.",
			func(ctx context.Context, c *client.Client, name string) (wire.Schedule, error) {
				return c.ResumeSchedule(ctx, name)
			}))
	return cmd
}

// newSchedule is a command that does something with one schedule.
func newSchedule(env *environment, use, short, long string,
	do func(ctx context.Context, c *client.Client, name string) (wire.Schedule, error)) *cobra.Command {
	flags := clientFlags{http: true, operator: true}
	verb, _, _ := strings.Cut(use, " ")
	cmd := &cobra.Command{
		Use:     use,
		Short:   short,
		Long:    long,
		Example: "  streamer schedules " + verb + " nightly-report",
		Args:    takes(1, 1),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, args []string) error {
			changed, err := do(ctx, c, args[0])
			if err != nil {
				return err
			}
			return printValue(env, changed)
		}),
	}
	flags.register(env, cmd)
	cmd.ValidArgsFunction = flags.completeSchedule(env)
	return cmd
}

// printValue prints a value of the protocol as JSON.
func printValue(env *environment, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return printJSON(env, raw)
}

var scheduleTable = table[wire.Schedule]{
	columns: []column[wire.Schedule]{
		{title: "NAME", cell: func(s wire.Schedule) string { return s.Name }},
		{title: "WHEN", rank: 1, cell: when},
		{title: "ACTION", rank: 3, cell: func(s wire.Schedule) string { return s.Action }},
		{title: "TENANT", wide: true, cell: func(s wire.Schedule) string { return s.Tenant }},
		{title: "SUBJECT", rank: 4, cell: func(s wire.Schedule) string { return s.Subject }},
		{title: "NEXT", rank: 2, cell: func(s wire.Schedule) string { return nextTimes(s, 1) }},
		{title: "THEN", wide: true, cell: func(s wire.Schedule) string { _, then, _ := strings.Cut(nextTimes(s, 3), ", "); return then }},
		{title: "LAST", cell: lastRun, colour: func(s wire.Schedule) string {
			if s.Last == nil {
				return ""
			}
			return stateColour(s.Last.State)
		}},
	},
	name: func(s wire.Schedule) string { return printable(s.Name) },
	none: "no schedules",
}

// when says when a schedule's times are.
func when(s wire.Schedule) string {
	if s.Cron == "" {
		return "every " + strings.TrimSuffix((time.Duration(s.EveryMS)*time.Millisecond).String(), "0s")
	}
	return s.Cron + " " + s.TimeZone
}

// nextTimes are the first of a schedule's next times by this machine's clock.
func nextTimes(s wire.Schedule, most int) string {
	if s.Paused {
		return "paused"
	}
	var times []string
	for _, at := range s.Next[:min(most, len(s.Next))] {
		times = append(times, stamp(at))
	}
	return strings.Join(times, ", ")
}

// lastRun is the request that a schedule started last, and its state.
func lastRun(s wire.Schedule) string {
	if s.Last == nil {
		return ""
	}
	return strings.TrimSpace(s.Last.State + " " + s.Last.RequestID)
}
