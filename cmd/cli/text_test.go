package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/stack"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ given, want, lines string }{
		"letters of any language": {"Zoë 日本 עברית 👩‍🚀", "Zoë 日本 עברית 👩‍🚀", "Zoë 日本 עברית 👩‍🚀"},
		"C0":                      {"a\x1b[2Jb\rc\x07\x7f", "a [2Jb c  ", "a [2Jb c  "},
		"C1":                      {"a\u009b2J\u0085b", "a 2J b", "a 2J b"},
		"C1 as a byte":            {"a\x9b2J", "a\ufffd2J", "a\ufffd2J"},
		"directions":              {"a\u202eb\u2066c\u2069\u200e\u200f\u061c", "a b c    ", "a b c    "},
		"lines":                   {"a\nb\tc\u2028d", "a b c d", "a\nb\tc d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := printable(tt.given); got != tt.want {
				t.Errorf("printable: got %q, want %q", got, tt.want)
			}
			if got := printableLines(tt.given); got != tt.lines {
				t.Errorf("printableLines: got %q, want %q", got, tt.lines)
			}
		})
	}
}

// JSON on a terminal has the same meaning, and nothing that the terminal obeys.
func TestPrintableJSON(t *testing.T) {
	t.Parallel()
	const given = "{\n  \"a\u202e\": [\"\u009b2J\u007f\", \"Zoë\"]\n}"
	got := printableJSON([]byte(given))
	if want := "{\n  \"a\\u202e\": [\"\\u009b2J\\u007f\", \"Zoë\"]\n}"; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var before, after any
	if err := json.Unmarshal([]byte(given), &before); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &after); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the meaning changed (-before +after):\n%s", diff)
	}
}

// No flag begins with one dash, so ids and payloads may.
func TestArgumentsThatBeginWithADash(t *testing.T) {
	t.Parallel()
	for given, want := range map[string][]string{
		"call echo -5":                               {"echo", "-5"},
		"call echo -":                                {"echo", "-"},
		"call --id -r1 echo -5 --no-wait":            {"echo", "-5"},
		"call --metadata=a=b echo -0.5":              {"echo", "-0.5"},
		"signal -r1 approval -5 --data x":            {"-r1", "approval", "-5"},
		"get -r1":                                    {"-r1"},
		"get -- -r1":                                 {"-r1"},
		"watch --http -v1":                           {"-v1"},
		"get -unknown --subject ada":                 {"-unknown"},
		"staging --once -- go test -run X --count 1": {"go", "test", "-run", "X", "--count", "1"},
	} {
		t.Run(given, func(t *testing.T) {
			t.Parallel()
			root := newRoot(&environment{getenv: func(string) string { return "" }})
			var got []string
			for _, cmd := range root.Commands() {
				cmd.Args = cobra.ArbitraryArgs
				cmd.RunE = func(_ *cobra.Command, args []string) error { got = args; return nil }
			}
			root.SetArgs(protectDashes(root, strings.Fields(given)))
			if err := root.Execute(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadPairs(t *testing.T) {
	t.Parallel()
	got, err := readPairs("metadata", []string{"note=a,b=\"c\"", "text=one\ntwo\n", "empty="})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"note": "a,b=\"c\"", "text": "one\ntwo\n", "empty": ""}, got); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "name", "=value"} {
		if _, err := readPairs("metadata", []string{bad}); err == nil || !strings.Contains(err.Error(), "write name=value") {
			t.Errorf("%q: got the error %v, want one that says what to write", bad, err)
		}
	}
}

// The command that dev prints works on this machine, wherever dev listens.
func TestCallCommand(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ url, data, want string }{
		"the defaults":          {defaultURL, defaultData, " call"},
		"another port":          {"ws://127.0.0.1:9000/dev", defaultData, " call --url ws://127.0.0.1:9000/dev"},
		"all IPv4 interfaces":   {"ws://0.0.0.0:9000/dev", "/tmp/x", " call --url ws://127.0.0.1:9000/dev --data /tmp/x"},
		"all interfaces":        {"ws://[::]:9000/dev", "/tmp/x", " call --url ws://localhost:9000/dev --data /tmp/x"},
		"an address of its own": {"ws://192.0.2.7:9000/dev", "/tmp/x", ` call --url ws://192.0.2.7:9000/dev --token "$(` + program() + ` token --data /tmp/x)"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := callCommand(program(), reachable(tt.url), stack.DevConfig{Data: tt.data})
			if want := program() + tt.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// A pipe gets the last line of a request that has shown progress, and only then.
func TestTheLastLineOfProgress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reports []client.Progress
		success bool
		want    string
	}{
		"its end was not reported": {[]client.Progress{{Percentage: 20, Message: "reading"}}, true, " 20.0 %  reading\n100.0 %  done\n"},
		"its end was reported":     {[]client.Progress{{Percentage: 100, Message: "written"}}, true, "100.0 %  written\n"},
		"the same report twice":    {[]client.Progress{{Percentage: 20}, {Percentage: 20}}, false, " 20.0 %  \n"},
		"it failed":                {[]client.Progress{{Percentage: 20, Message: "reading"}}, false, " 20.0 %  reading\n"},
		"nothing was reported":     {[]client.Progress{{}}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			screen := newConsole()
			b := newBar(&environment{stderr: screen, getenv: func(string) string { return "" }})
			for _, p := range tt.reports {
				b.show(p)
			}
			b.done(tt.success)
			var got strings.Builder
			for line := range strings.Lines(screen.String()) {
				line, _, _ = strings.Cut(line, "  (") // the time
				got.WriteString(line + "\n")
			}
			if got.String() != tt.want {
				t.Errorf("got %q, want %q", got.String(), tt.want)
			}
		})
	}
}

// What is wrong with a payload is said of where it comes from.
func TestPayloadsThatAreNotJSON(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content, want string
		arg           string // empty: a file with the content
	}{
		"UTF-16 of Windows":       {content: "\xff\xfe{\x00}\x00", want: "%s is not valid JSON: it is UTF-16: save it as UTF-8"},
		"UTF-16, big endian":      {content: "\xfe\xff\x00{\x00}", want: "it is UTF-16: save it as UTF-8"},
		"UTF-16 without a mark":   {content: "{\x00}\x00", want: "it is UTF-16: save it as UTF-8"},
		"nested too deep":         {content: strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), want: "the payload file %s is nested deeper than 10000 levels"},
		"an empty file":           {want: "the payload file %s is not valid JSON: it is empty"},
		"a file of a mark alone":  {content: "\ufeff\n", want: "it is empty"},
		"a file of something":     {content: "{hello}", want: "%s is not valid JSON: invalid character 'h'"},
		"an empty standard input": {arg: "-", want: "the payload from standard input is not valid JSON: it is empty"},
		"an argument":             {arg: "{hello}", want: "quote it for the shell"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "payload.json")
			if err := os.WriteFile(file, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readPayload(&environment{stdin: strings.NewReader(tt.content)}, firstOf(tt.arg, "@"+file))
			want := strings.ReplaceAll(tt.want, "%s", file)
			if err == nil || !strings.Contains(err.Error(), want) || tt.arg != "{hello}" && strings.Contains(err.Error(), "shell") {
				t.Errorf("got %v, want an error with %q", err, want)
			}
		})
	}
}
