package cli

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

const actionsHelp = `Lists the actions that your token's scopes allow: whether a request of one is long,
that is durable, and the fields of its payload, of which those with a ? may be left out.
-o wide adds result, output and error codes, -o json has JSON Schemas of all. It asks
over HTTP. streamer types writes the same for TypeScript.`

const actionsExample = `  streamer actions
  streamer actions -o json | jq '.actions[] | select(.name == "generate_report").payload'`

func newActions(env *environment) *cobra.Command {
	flags := clientFlags{http: true}
	var out format
	cmd := &cobra.Command{
		Use:     "actions",
		Short:   "List what you may ask for",
		Long:    actionsHelp,
		Example: actionsExample,
		Args:    takes(0, 0),
		RunE: flags.run(env, func(ctx context.Context, c *client.Client, _ []string) error {
			catalog, err := c.Actions(ctx)
			if err != nil {
				return err
			}
			return actionTable.print(env, out, catalog, catalog.Actions)
		}),
	}
	flags.register(env, cmd)
	out.outputFlag(cmd, rowFormats...)
	return cmd
}

var actionTable = table[wire.CatalogAction]{
	columns: []column[wire.CatalogAction]{
		{title: "NAME", cell: func(a wire.CatalogAction) string { return a.Name }},
		{title: "KIND", rank: 3, cell: func(a wire.CatalogAction) string {
			if a.Long {
				return "long"
			}
			return "short"
		}},
		{title: "PAYLOAD", text: true, rank: 1, cell: func(a wire.CatalogAction) string { return outline(a.Payload) }},
		{title: "RESULT", wide: true, cell: func(a wire.CatalogAction) string { return outline(a.Result) }},
		{title: "OUTPUT", wide: true, cell: func(a wire.CatalogAction) string { return outline(a.Output) }},
		{title: "ERRORS", wide: true, cell: func(a wire.CatalogAction) string {
			var codes []string
			for _, code := range a.Errors {
				codes = append(codes, string(code))
			}
			return strings.Join(codes, ", ")
		}},
		{title: "DESCRIPTION", text: true, rank: 2, cell: func(a wire.CatalogAction) string { return a.Description }},
	},
	name: func(a wire.CatalogAction) string { return a.Name },
	none: "no actions that this token may ask for",
}

// A schema is what an outline shows of a JSON Schema.
type schema struct {
	Ref         string            `json:"$ref"`
	Type        any               `json:"type"` // a text or a list of texts
	AnyOf       []schema          `json:"anyOf"`
	Items       *schema           `json:"items"`
	Properties  json.RawMessage   `json:"properties"`
	Required    []string          `json:"required"`
	Definitions map[string]schema `json:"$defs"`
}

// outline is a schema in a few characters, such as {id, lines?}. A server of another
// version may have other schemas; what is not understood is left out.
func outline(text json.RawMessage) string {
	var s schema
	if len(text) == 0 || json.Unmarshal(text, &s) != nil {
		return ""
	}
	return s.outline(s.Definitions)
}

func (s schema) outline(definitions map[string]schema) string {
	if len(s.AnyOf) > 0 {
		s = s.AnyOf[0] // the other is null
	}
	if s.Ref != "" {
		s = definitions[path.Base(s.Ref)]
	}
	kind, _ := s.Type.(string)
	if kinds, ok := s.Type.([]any); ok && len(kinds) > 0 {
		kind, _ = kinds[0].(string)
	}
	switch {
	case kind == "array" && s.Items != nil:
		if s.Items.Ref != "" { // which may be the type around it
			return "[{…}]"
		}
		return "[" + s.Items.outline(definitions) + "]"
	case kind == "object" && len(s.Properties) > 0:
		return "{" + strings.Join(s.fields(), ", ") + "}"
	case kind == "object":
		return "{…}"
	case kind == "":
		return "any"
	}
	return kind
}

// fields are the names of an object's properties, in the order of the schema.
func (s schema) fields() []string {
	var names []string
	d := json.NewDecoder(strings.NewReader(string(s.Properties)))
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() {
		token, err := d.Token()
		name, isText := token.(string)
		var value json.RawMessage
		if err != nil || !isText || d.Decode(&value) != nil {
			return names
		}
		if !slices.Contains(s.Required, name) {
			name += "?"
		}
		names = append(names, name)
	}
	return names
}
