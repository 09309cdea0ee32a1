package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

const failuresHelp = `Says why requests fail: those that are FAILED now, by action, code and message, the
most frequent first. Messages that differ in numbers and ids alone are one group. Of an
internal error it is the cause's message, which only operators see. It reads each request
that is FAILED: narrow it down with --since, --action or --subject on a large stage.`

const failuresExample = `  streamer failures --since 2h --token $OPERATOR_TOKEN
  streamer failures --action ship -o wide
  streamer redrive --subject '*' --action ship --code TIMEOUT --message 'the carrier did not answer for order #'`

func newFailures(env *environment) *cobra.Command {
	s := &statsFlags{env: env}
	var out format
	cmd := &cobra.Command{
		Use:     "failures",
		Short:   "Say why requests fail",
		Long:    failuresHelp,
		Example: failuresExample,
		Args:    takes(0, 0),
	}
	s.register(cmd, func(ctx context.Context, c *client.Client) error {
		sum, err := c.Failures(ctx, s.query, nil)
		if err != nil {
			return err
		}
		if err := failureTable(time.Now()).print(env, out, wire.Failures{Failures: sum.Failures}, sum.Failures); err != nil {
			return err
		}
		if len(sum.Failures) > 0 && (out.name == formatTable || out.name == formatWide) {
			env.sayf("look at one: %s why%s; run a group again: %s redrive%s\n", program(), s.sample(sum.Failures[0]), program(),
				s.filter(sum.Failures[0]))
		}
		return nil
	})
	out.outputFlag(cmd, rowFormats...)
	return cmd
}

func failureTable(now time.Time) table[wire.Failure] {
	return table[wire.Failure]{
		columns: []column[wire.Failure]{
			{title: "COUNT", cell: func(f wire.Failure) string { return strconv.Itoa(f.Count) }},
			{title: "ACTION", cell: func(f wire.Failure) string { return f.Action }},
			{title: "CODE", cell: func(f wire.Failure) string { return string(f.Code) }, colour: func(wire.Failure) string { return red }},
			{title: "LAST", rank: 1, cell: func(f wire.Failure) string { return shortAge(f.Last, now) + " ago" }},
			{title: "FIRST", rank: 3, cell: func(f wire.Failure) string { return shortAge(f.First, now) + " ago" }},
			{title: "LAST AT", wide: true, cell: func(f wire.Failure) string { return stamp(f.Last) }},
			{title: "FIRST AT", wide: true, cell: func(f wire.Failure) string { return stamp(f.First) }},
			{title: "SAMPLE", cell: func(f wire.Failure) string { return requestName(f.Sample) }},
			{title: "KIND", wide: true, cell: func(f wire.Failure) string { return f.Kind }},
			{title: "MESSAGE", text: true, rank: 2, cell: func(f wire.Failure) string { return f.Message }},
		},
		name: func(f wire.Failure) string { return printable(f.Sample.ID) },
		none: "no request has failed",
	}
}

// sample is the arguments for the request that a group shows.
func (s *statsFlags) sample(f wire.Failure) string {
	of := s.flags
	of.subject, of.tenant = f.Sample.Subject, firstOf(f.Sample.Tenant, s.flags.tenant)
	return " " + quote(f.Sample.ID) + of.where()
}

// filter is the arguments for the requests of a group.
func (s *statsFlags) filter(f wire.Failure) string {
	text := " --action " + quote(f.Action) + " --code " + quote(string(f.Code))
	for _, flag := range []struct{ name, value string }{
		{"message", f.Message}, {"since", s.period.since}, {"until", s.period.until}, {"older-than", s.period.olderThan},
	} {
		if flag.value != "" {
			text += " --" + flag.name + " " + quote(flag.value)
		}
	}
	return text + s.flags.where()
}
