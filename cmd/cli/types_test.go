//go:build !windows

package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A token sees the actions of a running stack, on a terminal and as JSON Schemas, which
// accept and refuse what the stack does.
func TestActions(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	code, out, errs := s.do(t, "", "actions")
	cells := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{"NAME KIND PAYLOAD ", " echo short any Answers ",
		" generate_report long {start_date, end_date, format?} Counts "} {
		if code != exitDone || !strings.Contains(cells, want) {
			t.Errorf("actions exited with %d: %s%s, want %q", code, out, errs, want)
		}
	}
	if _, out, _ := s.do(t, "", "actions", "-o", "wide"); !strings.Contains(out, "NOT_FOUND, FORBIDDEN") {
		t.Errorf("got %s, want the codes of profile_csv", out)
	}
	_, out, errs = s.do(t, "", "actions", "-o", "json")
	var catalog wire.Catalog
	if err := json.Unmarshal([]byte(out), &catalog); err != nil || len(catalog.Actions) != 5 {
		t.Fatalf("got %s%s, %v, want five actions", out, errs, err)
	}
	schemas := map[string]*validator.Schema{}
	for _, a := range catalog.Actions {
		document, err := validator.UnmarshalJSON(strings.NewReader(string(a.Payload)))
		if err != nil {
			t.Fatal(err)
		}
		c := validator.NewCompiler()
		if err := c.AddResource("https://example.com/"+a.Name, document); err != nil {
			t.Fatal(err)
		}
		if schemas[a.Name], err = c.Compile("https://example.com/" + a.Name); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, action, payload string
		ok                    bool
	}{
		{"anything", "echo", `[1,{"a":null}]`, true},
		{"an option of anything", "echo_async", `{"step_ms":1,"more":true}`, true},
		{"a text for anything", "echo_async", `"a text"`, true},
		{"nothing of an object", "ask_approval", `{}`, true},
		{"a field of an object", "ask_approval", `{"lines":[],"timeout_s":1}`, true},
		{"a field of another type", "ask_approval", `{"lines":"one"}`, false},
		{"what is required", "generate_report", `{"start_date":"2026-01-01","end_date":"2026-01-02"}`, true},
		{"less than is required", "generate_report", `{"start_date":"2026-01-01"}`, false},
		{"a text", "profile_csv", `{"text":"a,b\n1,2\n","header":true,"columns":["a"]}`, true},
		{"a number for a text", "profile_csv", `{"text":1}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			value, err := validator.UnmarshalJSON(strings.NewReader(tt.payload))
			if err != nil {
				t.Fatal(err)
			}
			refused := schemas[tt.action].Validate(value)
			code, out, errs := s.do(t, "", "call", tt.action, tt.payload, "--no-wait")
			if (refused == nil) != tt.ok || (code == exitDone) != tt.ok {
				t.Errorf("the schema says %v and the stack %s%s, want %s to be accepted: %v", refused, out, errs, tt.payload, tt.ok)
			}
		})
	}
}

func TestOutlines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, schema, want string }{
		{"anything", `{}`, "any"},
		{"a text", `{"type":"string"}`, "string"},
		{"a list that may be null", `{"type":["array","null"],"items":{"type":"string"}}`, "[string]"},
		{"a map", `{"type":"object","additionalProperties":{}}`, "{…}"},
		{"a definition", `{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"b":{},"a":{}},"required":["b"]}}}`, "{b, a?}"},
		{"one that may be null", `{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}],"$defs":{"a":{"type":"integer"}}}`, "integer"},
		{"one that contains itself", `{"$ref":"#/$defs/a","$defs":{"a":{"type":"array","items":{"$ref":"#/$defs/a"}}}}`, "[{…}]"},
		{"none", ``, ""},
		{"of another version", `true`, ""},
		{"without its definition", `{"$ref":"#/$defs/a"}`, "any"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := outline(json.RawMessage(tt.schema)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What `streamer types` asks a project's program, and what that answers.
func TestTypes(t *testing.T) {
	t.Parallel()
	// A Parcel is what is sent.
	type Parcel struct {
		Weight float64 `json:"weight"` // in kilograms
	}
	parts := functions.Parts{Actions: func(requests request.Lister) ([]streamer.Action, error) {
		if _, _, err := requests.ListRequests(t.Context(), request.Query{}); err == nil {
			t.Error("there are requests to list")
		}
		return []streamer.Action{streamer.NewAction(streamer.ActionConfig{Name: "send"},
			func(context.Context, *streamer.Job, Parcel) (bool, error) { return true, nil })}, nil
	}}
	program := func(parts functions.Parts, args ...string) (int, string, string) {
		out, errs := newConsole(), newConsole()
		env := &environment{stdin: strings.NewReader(""), stdout: out, stderr: errs, getenv: func(string) string { return "" }}
		return runDev(t.Context(), args, env, parts), out.String(), errs.String()
	}
	file := filepath.Join(t.TempDir(), "actions.ts")
	if code, out, errs := program(parts, "types", "--out="+file); code != exitDone || out != "" {
		t.Errorf("exited with %d: %s%s", code, out, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"    payload: Parcel;\n    result: boolean;\n",
		"/** A Parcel is what is sent. */\nexport interface Parcel {\n  /** in kilograms */\n  weight: number;\n}\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got %s, want %s", text, want)
		}
	}
	if code, out, errs := program(parts, "types", "--lang", "json-schema"); code != exitDone || !json.Valid([]byte(out)) || errs != "" {
		t.Errorf("exited with %d: %s%s, want JSON", code, out, errs)
	}
	for _, tt := range []struct {
		name  string
		parts functions.Parts
		args  []string
		code  int
		says  string
	}{
		{"another language", parts, []string{"types", "--lang", "go"}, exitUsage, `--lang "go" is not a language of types: want ts or json-schema`},
		{"no actions", functions.Parts{}, []string{"types"}, exitFailed, "set Actions of its functions.Parts"},
		{"a file in no folder", parts, []string{"types", "-o", filepath.Join(file, "x")}, exitFailed, "choose another file with -o"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code, _, errs := program(tt.parts, tt.args...); code != tt.code || !strings.Contains(errs, tt.says) {
				t.Errorf("exited with %d and %q, want %d and %q", code, errs, tt.code, tt.says)
			}
		})
	}

	folder := programOf(t, "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() { fmt.Println(os.Args[1:]) }\n")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	term := start(t, t.Context(), nil, "", "types", "--project", folder, "--lang", "json-schema", "-o", "x.json")
	want := "[types --lang=json-schema --out=" + filepath.Join(here, "x.json") + "]\n"
	if code := <-term.exit; code != exitDone || term.out.String() != want {
		t.Errorf("the project's program has %q, want %q: %s", term.out, want, term.err)
	}
	term = start(t, t.Context(), nil, "", "types")
	if code := <-term.exit; code != exitDone || !strings.Contains(term.out.String(), "  profile_csv: {\n    payload: CsvInput | undefined;") {
		t.Errorf("exited with %d: %s%s, want the example actions", code, term.out, term.err)
	}
}
