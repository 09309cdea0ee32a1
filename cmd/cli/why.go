package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

const whyHelp = `Says why a request does not run yet, or what state it is in, what to do about it,
and how its earlier attempts ended. To operators it also says what the cause of each
was, and who cancelled, redrove or signalled the request.`

const whyExample = `  streamer why req_7y2m…
  streamer why req_7y2m… --subject ada`

func newWhy(env *environment) *cobra.Command {
	var flags clientFlags
	var out format
	cmd := &cobra.Command{
		Use:     "why ID",
		Short:   "Say why a request waits",
		Long:    whyHelp,
		Example: whyExample,
		Args:    takes(1, 1),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, args []string) error {
			s, err := c.Why(ctx, args[0])
			if err != nil {
				return err
			}
			if flags.subject != "" { // an operator asks: the detail has the audit
				detail, err := c.Detail(ctx, args[0])
				if err != nil {
					env.sayf("who changed the request is not known: %v\n", err)
				}
				s.Detail = detail.Detail
			}
			if out.name == formatJSON {
				return printJSON(env, s.Append(nil))
			}
			now := time.Now()
			lines := fmt.Sprintf("%s %s is %s\n", oneLine(s.Action), s.ID, reason(s, now, flags.where()))
			if !hasCause(s) { // which past tells
				defer flags.sayCause(env, s)
			}
			return env.print("%s", printableLines(lines+past(s, now)))
		}),
	}
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	out.outputFlag(cmd, formatText, formatJSON)
	return cmd
}

// isInternal reports whether an error is of a request whose client does not hear the cause.
func isInternal(err error) bool {
	answer, ok := errors.AsType[*client.Error](err)
	return ok && answer.Code == wire.InternalError
}

// sayCause leads an operator, or whoever has the development key, from a request that failed
// with an internal error to its cause.
func (f *clientFlags) sayCause(env *environment, s wire.Snapshot) {
	if s.State != wire.StateFailed || s.Error == nil || s.Error.Code != wire.InternalError {
		return
	}
	of := *f
	if !hasCause(s) {
		if f.subject != "" || f.devKey(env) == nil {
			return // it is not known, or not shown
		}
		of.subject = devGrant().Subject
	}
	env.sayf("its cause: %s why %s\n", program(), quote(s.ID)+of.where())
}

// hasCause reports whether the cause of an attempt is known, and shown to this caller.
func hasCause(s wire.Snapshot) bool {
	return slices.ContainsFunc(s.History, func(a wire.Attempt) bool { return a.Cause.Message != "" })
}

// past says how a request's attempts ended and, to operators, why and who changed it.
func past(s wire.Snapshot, now time.Time) string {
	lines := ""
	for _, a := range s.History {
		lines += fmt.Sprintf("  attempt %d ended %s ago with %s, after %v on worker %s\n", a.Number, age(a.EndedAt, now),
			oneLine(string(a.Code)), a.EndedAt.Sub(a.StartedAt).Round(time.Millisecond), oneLine(a.Worker))
		if a.Cause.Message != "" {
			lines += fmt.Sprintf("    %s: %s\n", printable(a.Cause.Kind), printable(a.Cause.Message))
		}
		if a.Cause.Frame != "" {
			lines += fmt.Sprintf("    at %s\n", printable(a.Cause.Frame))
		}
	}
	if s.Detail == nil {
		return lines
	}
	did := map[string]string{wire.EventCancel: "cancelled", wire.EventRedrive: "redriven", wire.EventSignal: "signalled"}
	for _, e := range s.Detail.Audit {
		by := e.By
		if e.Tenant != "" {
			by += " of the tenant " + e.Tenant
		}
		lines += fmt.Sprintf("  %s by %s %s ago, at %s\n", firstOf(did[e.Event], e.Event), printable(by), age(e.At, now), stamp(e.At))
	}
	return lines
}

// reason says what state a request is in, why, and what to do about it. Commands in
// it have the flags of where.
func reason(s wire.Snapshot, now time.Time, where string) string {
	switch {
	case s.State == wire.StateRunning && s.Cancelling:
		return "RUNNING, and asked to stop: its worker learns that with its next heartbeat, usually within 15 s, and its action then ends"
	case s.State == wire.StateRunning:
		return fmt.Sprintf("RUNNING, at %.0f %%: its last progress or heartbeat was %s ago; if its worker has died, another one continues it",
			s.Percentage, age(s.UpdatedAt, now))
	case s.State == wire.StateFailed && s.Error != nil:
		return fmt.Sprintf("FAILED with %s: %s; `streamer redrive %s` runs it again", s.Error.Code, oneLine(s.Error.Message), s.ID+where)
	case s.Final() || s.Waiting == nil:
		return s.State
	}
	switch w := s.Waiting; w.For {
	case wire.WaitingRetry:
		failed := ""
		if s.Error != nil {
			failed = fmt.Sprintf(" because the last attempt failed with %s", s.Error.Code)
		}
		return fmt.Sprintf("QUEUED%s: attempt %d starts %s", failed, s.Attempts, until(w.Until, now))
	case wire.WaitingTime:
		if s.StartedAt == nil {
			return "QUEUED because it was asked for a later start: it starts " + until(w.Until, now)
		}
		return "QUEUED because its action asked for a pause: it continues " + until(w.Until, now)
	case wire.WaitingSignal:
		return fmt.Sprintf("QUEUED until it gets the signal %q: it stops waiting %s; `streamer signal %s %s` sends the signal",
			oneLine(w.Token), until(w.Until, now), s.ID, quote(w.Token)+where)
	case wire.WaitingChildren:
		return fmt.Sprintf("QUEUED because it waits for its children: %s; `streamer list --parent %s` lists them",
			endedOf(s.Children), s.ID+where)
	case wire.WaitingLimit:
		return fmt.Sprintf("QUEUED because the concurrency limit %s is reached: %s running; %s",
			oneLine(w.Limit), ofItsRequests(w.Running), turn(w.Position))
	}
	return fmt.Sprintf("QUEUED for %s, until a worker starts it, which is usually at once; if it still waits after a few minutes, "+
		"the processor is not running or fails: look at its logs", age(s.UpdatedAt, now))
}

// endedOf says how many children have.
func endedOf(c *wire.Children) string {
	if c == nil {
		return "none has ended"
	}
	return fmt.Sprintf("%d of %d have ended", c.Ended, c.Total)
}

// ofItsRequests says that so many of a limit's requests are something.
func ofItsRequests(n int) string {
	if n == 1 {
		return "1 of its requests is"
	}
	return fmt.Sprintf("%d of its requests are", n)
}

// turn says when a request that waits for a concurrency limit starts.
func turn(position int) string {
	switch {
	case position == 1:
		return "this one is next, and starts when one of them ends"
	case position > 1:
		return fmt.Sprintf("this one is number %d in the wait queue", position)
	}
	return "this one starts when it has come up in the wait queue"
}

// until says how long it is until t, if t is still to come.
func until(t *time.Time, now time.Time) string {
	if t == nil || !t.After(now) {
		return "now"
	}
	return fmt.Sprintf("in %v, at %s", t.Sub(now).Round(time.Second), stamp(*t))
}

// age says how long ago t was, in seconds.
func age(t, now time.Time) string {
	return max(now.Sub(t), 0).Round(time.Second).String()
}
