package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

const whyHelp = `Says in a sentence why a request does not run, or how it stands, and what its
failed attempts were.`

const whyExample = `  streamer why req_7y2m…
  streamer why req_7y2m… --subject ada`

func newWhy(env *environment) *cobra.Command {
	var flags clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "why ID",
		Short:   "Say why a request waits",
		Long:    whyHelp,
		Example: whyExample,
		Args:    cobra.ExactArgs(1),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, args []string) error {
			s, err := c.Why(ctx, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(env, s.Append(nil))
			}
			lines := fmt.Sprintf("%s %s: %s\n", s.Action, s.ID, reason(s, time.Now(), flags.where()))
			for _, a := range s.History {
				lines += fmt.Sprintf("  attempt %d on %s ended after %v with %s, %s ago\n", a.Number, oneLine(a.Worker),
					a.EndedAt.Sub(a.StartedAt).Round(time.Millisecond), a.Code, time.Since(a.EndedAt).Round(time.Second))
			}
			return env.print("%s", lines)
		}),
	}
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the snapshot as JSON")
	return cmd
}

// reason is how a request stands, in words. A command that it names has the flags of where.
func reason(s wire.Snapshot, now time.Time, where string) string {
	in := func(t *time.Time) string {
		if t == nil || !t.After(now) {
			return "now"
		}
		return "in " + t.Sub(now).Round(time.Second).String()
	}
	switch {
	case s.State == wire.StateRunning && s.Cancelling:
		return "it runs and was asked to stop; its worker hears of that with its next heartbeat"
	case s.State == wire.StateRunning:
		return fmt.Sprintf("it runs, at %.0f %%; its worker was last heard of at %s", s.Percentage, s.UpdatedAt.Local().Format(time.DateTime))
	case s.State == wire.StateFailed && s.Error != nil:
		return fmt.Sprintf("it failed with %s: %s; `streamer redrive %s` runs it again", s.Error.Code, oneLine(s.Error.Message), s.ID+where)
	case s.Final() || s.Waiting == nil:
		return "it is " + s.State
	}
	switch w := s.Waiting; w.For {
	case wire.WaitingRetry:
		return fmt.Sprintf("the last attempt failed with %s; attempt %d begins %s", s.Error.Code, s.Attempts, in(w.Until))
	case wire.WaitingTime:
		return "its action asked to go on " + in(w.Until)
	case wire.WaitingSignal:
		return fmt.Sprintf("it waits for the signal %q, whose time is over %s; `streamer signal %s %s` sends it", oneLine(w.Token), in(w.Until), s.ID, quote(w.Token)+where)
	case wire.WaitingLimit:
		place := ""
		if w.Position > 0 {
			place = fmt.Sprintf(", and it is number %d in the line", w.Position)
		}
		return fmt.Sprintf("all places of %s are taken (%d run)%s", oneLine(w.Limit), w.Running, place)
	}
	return fmt.Sprintf("it is queued since %s and waits for a worker; the next sweep rings for it if its doorbell was lost", s.UpdatedAt.Local().Format(time.DateTime))
}
