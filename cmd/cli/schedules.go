package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

const schedulesHelp = `Lists the schedules that start requests of the token's tenant: when, the action, the
next three times by this machine's clock, and the last request with its state. The
token needs the scope streamer:operator, as for the commands below. They ask over
HTTP.`

const schedulesExample = `  streamer schedules
  streamer schedules --json | jq -r '.schedules[] | select(.paused) | .name'
  streamer schedules pause nightly-report
  streamer schedules run nightly-report --id by-hand-1`

func newSchedules(env *environment) *cobra.Command {
	flags := clientFlags{http: true, operator: true}
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "schedules",
		Short:   "List schedules; pause, resume or run one",
		Long:    schedulesHelp,
		Example: schedulesExample,
		Args:    cobra.NoArgs,
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.Schedules(ctx)
			switch {
			case err != nil:
				return err
			case asJSON:
				return printValue(env, list)
			}
			return printSchedules(env, list)
		}),
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	var id string
	run := newSchedule(env, "run NAME", "Start a schedule's request now",
		"Starts a request of a schedule now, also of one that is paused, and prints the schedule\nas JSON. Its own times stay as they are.",
		func(ctx context.Context, c *client.Client, name string) (wire.Schedule, error) {
			return c.RunSchedule(ctx, name, id)
		})
	run.Flags().StringVar(&id, "id", "", "id of the request (default: the server makes one); the same id again starts nothing")
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
		Args:    cobra.ExactArgs(1),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, args []string) error {
			changed, err := do(ctx, c, args[0])
			if err != nil {
				return err
			}
			return printValue(env, changed)
		}),
	}
	flags.register(cmd)
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

func printSchedules(env *environment, list wire.ScheduleList) error {
	if len(list.Schedules) == 0 {
		env.sayf("no schedules\n")
		return nil
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tWHEN\tACTION\tTENANT\tSUBJECT\tNEXT\tLAST")
	for _, s := range list.Schedules {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(s.Name), oneLine(when(s)), oneLine(s.Action), oneLine(s.Tenant),
			oneLine(s.Subject), nextTimes(s), oneLine(lastRun(s)))
	}
	return endPage(env, w, "")
}

// when says when a schedule's times are.
func when(s wire.Schedule) string {
	if s.Cron == "" {
		return "every " + strings.TrimSuffix((time.Duration(s.EveryMS)*time.Millisecond).String(), "0s")
	}
	return s.Cron + " " + s.TimeZone
}

// nextTimes are a schedule's next times by this machine's clock.
func nextTimes(s wire.Schedule) string {
	if s.Paused {
		return "paused"
	}
	var times []string
	for _, at := range s.Next {
		times = append(times, at.Local().Format("2006-01-02 15:04"))
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
