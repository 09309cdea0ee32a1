package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/internal/typegen"
	"github.com/pay-theory/streamer/request"
)

const typesHelp = `Writes the types of a project's actions for clients, from its Go types and their
comments: payloads, results, chunks of output and error codes. In TypeScript it is a
module with the interface Actions, for new Streamer<Actions>(…); --lang json-schema
writes a document of JSON Schema 2020-12.

It builds the project in the folder and asks its program, whose main calls cli.Dev, as
streamer new writes it. Without --project it writes the types of the example actions.`

const typesExample = `  streamer types --project . -o web/actions.ts
  streamer types --project shop --lang json-schema -o actions.schema.json
  streamer types --lang json-schema | jq '.properties | keys'`

// The languages of `streamer types`.
const (
	langTypeScript = "ts"
	langJSONSchema = "json-schema"
)

// A typesCommand is `streamer types`, or what it asks a project's program for.
type typesCommand struct {
	env       *environment
	parts     functions.Parts
	lang, out string
}

func newTypes(env *environment) *cobra.Command {
	var project string
	t := typesCommand{env: env}
	t.parts.Actions = func(requests request.Lister) ([]streamer.Action, error) { return devActions(requests, "") }
	cmd := t.command()
	write := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := t.check(); err != nil { // before anything is built
			return err
		}
		if project != "" {
			return ended(cmd.Context(), runProject(cmd, env, project, "types"))
		}
		return write(cmd, args)
	}
	cmd.Flags().StringVar(&project, "project", "", "folder of a project whose actions to write, in place of the example actions")
	return cmd
}

// newProjectTypes is the command of a project's program that `streamer types` runs.
func newProjectTypes(env *environment, parts functions.Parts) *cobra.Command {
	t := typesCommand{env: env, parts: parts}
	cmd := t.command()
	cmd.Hidden = true
	return cmd
}

func (t *typesCommand) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "types",
		Short:   "Write the types of actions for clients",
		Long:    typesHelp,
		Example: typesExample,
		Args:    takes(0, 0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return t.write(cmd.Context()) },
	}
	cmd.Flags().StringVar(&t.lang, "lang", langTypeScript, "language: ts or json-schema")
	complete(cmd, "lang", []string{langTypeScript, langJSONSchema})
	cmd.Flags().StringVarP(&t.out, "out", "o", "", "file to write (default: standard output)")
	return cmd
}

func (t *typesCommand) check() error {
	if t.lang != langTypeScript && t.lang != langJSONSchema {
		return &exitError{exitUsage, fmt.Errorf("--lang %q is not a language of types: want %s or %s",
			t.lang, langTypeScript, langJSONSchema)}
	}
	return nil
}

// write writes the types of the program's own actions.
func (t *typesCommand) write(ctx context.Context) error {
	if err := t.check(); err != nil {
		return err
	}
	if t.parts.Actions == nil {
		return &exitError{exitFailed, errors.New("the project has no actions: set Actions of its functions.Parts")}
	}
	all, err := t.parts.Actions(noRequests{})
	if err != nil {
		return &exitError{exitFailed, fmt.Errorf("make the actions: %w", err)}
	}
	actions, source := streamer.NewRegistry(all...).Actions(), typegen.NewSource(ctx, ".")
	var text []byte
	if t.lang == langJSONSchema {
		text, err = typegen.JSONSchema(actions, source)
	} else {
		text = typegen.TypeScript(actions, source)
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return &exitError{exitFailed, fmt.Errorf("write the types: %w", err)}
	}
	if err := source.Err(); err != nil {
		t.env.sayf("the types have no comments where there is no source: %v\n", err)
	}
	if t.out == "" {
		return t.env.print("%s", text)
	}
	if err := os.WriteFile(t.out, text, 0o644); err != nil {
		return &exitError{exitFailed, fmt.Errorf("cannot write the types: %w; choose another file with -o", err)}
	}
	t.env.sayf("wrote %s\n", t.out)
	return nil
}

// noRequests are what actions may list while only their types are asked for.
type noRequests struct{}

// ListRequests implements [request.Lister].
func (noRequests) ListRequests(context.Context, request.Query) ([]*request.Request, string, error) {
	return nil, "", errors.New("there are no requests while types are written")
}
