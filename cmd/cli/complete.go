package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// completeTime is how long completion may wait for the server.
const completeTime = 2 * time.Second

// states are the values of list --state.
var states = []cobra.Completion{wire.StateQueued, wire.StateRunning, wire.StateSucceeded, wire.StateFailed, wire.StateCancelled}

// recent asks the server for the newest requests, of the subject if there is one.
// When the server does not answer, nothing is completed: a shell does not show errors.
func (f *clientFlags) recent(ctx context.Context, env *environment) []wire.Snapshot {
	ctx, cancel := context.WithTimeout(ctx, completeTime)
	defer cancel()
	c, err := f.quiet(env)
	if err != nil {
		return nil
	}
	defer c.Close()
	list, err := f.of(c).List(ctx, wire.ListQuery{Limit: 50})
	if err != nil {
		return nil
	}
	return list.Requests
}

// quiet is a client for completion.
func (f *clientFlags) quiet(env *environment) (*client.Client, error) {
	config, err := f.config(env)
	if err != nil {
		return nil, err
	}
	return client.HTTP(config)
}

// completeID completes the first argument with the ids of requests.
func (f *clientFlags) completeID(env *environment) cobra.CompletionFunc {
	return f.complete(env, func(s wire.Snapshot) cobra.Completion {
		return cobra.CompletionWithDesc(printable(s.ID), printable(s.Action+" "+s.State))
	})
}

// completeAction completes the first argument with actions that were asked for
// before.
func (f *clientFlags) completeAction(env *environment) cobra.CompletionFunc {
	return f.complete(env, func(s wire.Snapshot) cobra.Completion { return printable(s.Action) })
}

// completeSubject completes a flag with the subjects of the tenant's newest requests.
func (f *clientFlags) completeSubject(env *environment) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		tenant := *f
		tenant.subject = wire.AllSubjects
		var all []cobra.Completion
		for _, s := range tenant.recent(cmd.Context(), env) {
			if subject := printable(s.Subject); !slices.Contains(all, subject) {
				all = append(all, subject)
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

func (f *clientFlags) complete(env *environment, of func(wire.Snapshot) cobra.Completion) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var all []cobra.Completion
		if len(args) == 0 {
			for _, s := range f.recent(cmd.Context(), env) {
				if c := of(s); !slices.Contains(all, c) {
					all = append(all, c)
				}
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// completeSchedule completes the first argument with the names of schedules.
func (f *clientFlags) completeSchedule(env *environment) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
		defer cancel()
		c, err := f.quiet(env)
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer c.Close()
		list, _ := c.Schedules(ctx) // a shell does not show errors
		var all []cobra.Completion
		for _, s := range list.Schedules {
			all = append(all, cobra.CompletionWithDesc(printable(s.Name), printable(when(s)+" "+s.Action)))
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// complete gives a flag its values.
func complete(cmd *cobra.Command, flag string, values []cobra.Completion) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}
