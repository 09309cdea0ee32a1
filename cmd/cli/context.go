package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/request"
)

const contextHelp = `A context is a stage's addresses, how to get a token for it and, for operators, the
subject and tenant that commands are about. It has a name, which --context and
$STREAMER_CONTEXT take; streamer context use sets the one that counts without them.
"local" is always there: the server of this machine.

What counts first:

    --url, --http-url, --token and --subject, or --context
    $STREAMER_URL, $STREAMER_HTTP_URL and $STREAMER_TOKEN, then $STREAMER_CONTEXT
    the context of streamer context use
    the server of this machine, with a token of its development key

A URL from a flag or a variable leaves the contexts aside as a whole, so that the token
of one stage is never sent to another. With --context the context's own token counts
before $STREAMER_TOKEN.

Contexts are in a file of this user with mode 0600, below $XDG_CONFIG_HOME or where
this system keeps configuration. It holds no tokens. The token command runs in a shell and prints a
token, which is kept in memory until a minute before it expires; when a server refuses
it, the command is asked once more. A token file is read each time.

The development stack of another folder has a key of its own, which a token command signs
with, as in --token-command 'streamer token --data ~/shop/.streamer'.`

const contextAddExample = `  streamer context add prod --url wss://abc.execute-api.eu-west-1.amazonaws.com/prod \
      --http-url https://def.execute-api.eu-west-1.amazonaws.com \
      --token-command shop-token
  streamer context add test --url wss://test.example.com/test --token-file ~/.shop/token`

func newContext(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "context",
		Short:   "Name stages, and choose one",
		Long:    contextHelp,
		Example: "  streamer context add prod --url wss://api.example.com/prod --token-command shop-token\n  streamer context use prod",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			return &exitError{exitUsage, errors.New("context needs a command: add, list, show, use or remove")}
		},
	}
	cmd.AddCommand(newContextAdd(env), newContextList(env), newContextShow(env), newContextUse(env), newContextRemove(env))
	return cmd
}

func newContextAdd(env *environment) *cobra.Command {
	var s stage
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Add a context, or replace it",
		Long:    "Stores a context under a name. One of that name is replaced.",
		Example: contextAddExample,
		Args:    takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[0]
			if !contextName.MatchString(name) || name == localContext {
				return &exitError{exitUsage, fmt.Errorf("%q is not a valid name of a context: take letters, digits, dots and dashes, at most 64, "+
					"and not %q, which is the server of this machine", name, localContext)}
			}
			if err := s.check(); err != nil {
				return &exitError{exitUsage, err}
			}
			if s.TokenFile != "" { // commands run in other folders
				path, err := filepath.Abs(s.TokenFile)
				if err != nil {
					return &exitError{exitUsage, err}
				}
				s.TokenFile = path
			}
			return env.changeContexts(func(all *contexts) error {
				all.Stages[name] = s
				if all.Current != name {
					env.sayf("choose it with: %s context use %s\n", program(), name)
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.URL, "url", "", "WebSocket URL")
	f.StringVar(&s.HTTPURL, "http-url", "", "root of the HTTP API (default: the root of --url's host)")
	f.StringVar(&s.TokenCommand, "token-command", "", "command of a shell that prints a token")
	f.StringVar(&s.TokenFile, "token-file", "", "file with a token")
	f.StringVar(&s.Subject, "subject", "", "subject that commands are about where --subject is not set; another's than the token's needs "+
		"the scope "+request.OperatorScope)
	f.StringVar(&s.Tenant, "tenant", "", "tenant that commands are about where --tenant is not set; another's than the token's needs "+
		"the scope "+request.OwnerScope)
	cmd.MarkFlagsMutuallyExclusive("token-command", "token-file")
	if err := cmd.MarkFlagRequired("url"); err != nil {
		panic(err) // there is no such flag
	}
	return cmd
}

// A namedStage is a row of context list.
type namedStage struct {
	Name    string `json:"name"`
	Current bool   `json:"current"`
	stage
}

var contextTable = table[namedStage]{
	columns: []column[namedStage]{
		{title: "CURRENT", cell: func(s namedStage) string {
			if s.Current {
				return "*"
			}
			return ""
		}},
		{title: "NAME", cell: func(s namedStage) string { return s.Name }},
		{title: "URL", cell: func(s namedStage) string { return s.URL }},
		{title: "HTTP URL", wide: true, cell: func(s namedStage) string { return s.HTTPURL }},
		{title: "TOKEN", text: true, rank: 1, cell: func(s namedStage) string {
			switch {
			case s.TokenCommand != "":
				return "command " + s.TokenCommand
			case s.TokenFile != "":
				return "file " + s.TokenFile
			}
			return ""
		}},
		{title: "SUBJECT", rank: 2, cell: func(s namedStage) string { return s.Subject }},
		{title: "TENANT", wide: true, cell: func(s namedStage) string { return s.Tenant }},
	},
	name: func(s namedStage) string { return s.Name },
}

func newContextList(env *environment) *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the contexts",
		Long:    "Lists the contexts. A star marks the one that counts without --context and $STREAMER_CONTEXT.",
		Example: "  streamer context list",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			rows, err := env.namedStages()
			if err != nil {
				return err
			}
			return contextTable.print(env, out, map[string]any{"contexts": rows}, rows)
		},
	}
	out.outputFlag(cmd, rowFormats...)
	return cmd
}

// namedStages are all contexts.
func (env *environment) namedStages() ([]namedStage, error) {
	all, err := env.readContexts()
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	current := firstOf(all.Current, localContext)
	var rows []namedStage
	for _, name := range all.names() {
		s := all.Stages[name]
		if name == localContext {
			s = stage{URL: defaultURL}
		}
		rows = append(rows, namedStage{Name: name, Current: name == current, stage: s})
	}
	return rows, nil
}

func newContextShow(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show [NAME]",
		Short:   "Print a context",
		Long:    "Prints a context as JSON, and without a name the one that counts now.",
		Example: "  streamer context show prod",
		Args:    takes(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			rows, err := env.namedStages()
			if err != nil {
				return err
			}
			wanted := env.getenv("STREAMER_CONTEXT")
			if len(args) == 1 {
				wanted = args[0]
			}
			for _, row := range rows {
				if row.Name == wanted || wanted == "" && row.Current {
					return printValue(env, row)
				}
			}
			_, err = contexts{}.find(wanted)
			return &exitError{exitUsage, err}
		},
	}
	cmd.ValidArgsFunction = env.completeContext
	return cmd
}

func newContextUse(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "use NAME",
		Short:   "Choose the context of the next commands",
		Long:    "Makes a context the one that counts without --context and $STREAMER_CONTEXT, in every terminal of this user.",
		Example: "  streamer context use prod\n  streamer context use local",
		Args:    takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return env.changeContexts(func(all *contexts) error {
				all.Current = args[0]
				if args[0] == localContext {
					all.Current = ""
					return nil
				}
				_, err := all.find(args[0])
				return err
			})
		},
	}
	cmd.ValidArgsFunction = env.completeContext
	return cmd
}

func newContextRemove(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "remove NAME",
		Short:   "Remove a context",
		Long:    "Removes a context. When it is the one in use, that is \"local\" after this.",
		Example: "  streamer context remove test",
		Args:    takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == localContext {
				return &exitError{exitUsage, fmt.Errorf("%q is always there and cannot be removed: it is the server of this machine", localContext)}
			}
			return env.changeContexts(func(all *contexts) error {
				if _, err := all.find(args[0]); err != nil {
					return err
				}
				delete(all.Stages, args[0])
				if all.Current == args[0] {
					all.Current = ""
				}
				return nil
			})
		},
	}
	cmd.ValidArgsFunction = env.completeContext
	return cmd
}

// changeContexts reads the contexts, changes them and stores them.
func (env *environment) changeContexts(change func(*contexts) error) error {
	all, err := env.readContexts()
	if err == nil {
		err = change(&all)
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if err := env.writeContexts(all); err != nil {
		return &exitError{exitFailed, err}
	}
	return nil
}

// completeContext completes the first argument with the names of contexts.
func (env *environment) completeContext(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	all, err := env.readContexts()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return all.names(), cobra.ShellCompDirectiveNoFileComp
}
