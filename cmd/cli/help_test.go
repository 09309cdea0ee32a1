package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/cli.md")

// commands are all of a command's, and theirs.
func commands(of *cobra.Command) (all []*cobra.Command) {
	for _, cmd := range of.Commands() {
		all = append(append(all, cmd), commands(cmd)...)
	}
	return all
}

// Every command has an example, and every example is one of a command that
// exists, with flags and arguments that it takes.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, cmd := range commands(newRoot(&environment{getenv: os.Getenv})) {
		if !cmd.Runnable() {
			continue
		}
		if !strings.Contains(cmd.Example, "  "+cmd.CommandPath()) {
			t.Errorf("%s has no example of itself", cmd.Name())
		}
		for line := range strings.Lines(strings.ReplaceAll(cmd.Example, "\\\n", " ")) {
			_, words, found := strings.Cut(line, "streamer ")
			if !found {
				t.Errorf("%s: %q is no example", cmd.Name(), line)
				continue
			}
			// What another program gets is not ours to parse.
			words, _, _ = strings.Cut(words, " | ")
			words, _, _ = strings.Cut(words, " && ")
			words, _, _ = strings.Cut(words, ")")
			root := newRoot(&environment{getenv: os.Getenv})
			target, rest, err := root.Find(strings.Fields(words))
			if err != nil {
				t.Errorf("%q: %v", line, err)
				continue
			}
			if err := target.ParseFlags(rest); err != nil {
				t.Errorf("%q: %v", line, err)
			} else if err := target.ValidateArgs(target.Flags().Args()); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
	}
}

// docs/cli.md says what --help says.
func TestReference(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	root := newRoot(&environment{getenv: os.Getenv})
	fmt.Fprintf(&b, "# The CLI\n\n<!-- Written by: go test ./cmd/cli -run TestReference -update -->\n\n%s\n\n"+
		"Words such as request, action and stage are those of the [glossary](glossary.md).\n", reference(root))
	shared := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&clientFlags{}).addTo(shared)
	fmt.Fprintf(&b, "\n## %s\n\nThey say where the server is and who you are; `streamer context --help` says what counts first.\n\n"+
		"```\n%s```\n", serverFlags, shared.FlagUsages())
	for _, cmd := range commands(root) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", cmd.CommandPath(), reference(cmd))
	}
	path := filepath.Join("..", "..", "docs", "cli.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != b.String() {
		t.Errorf("docs/cli.md is not what --help says (%v): go test ./cmd/cli -run TestReference -update", err)
	}
}

// reference is one command's section.
func reference(cmd *cobra.Command) string {
	var b strings.Builder
	if cmd.Runnable() {
		fmt.Fprintf(&b, "    %s\n\n", cmd.UseLine())
		b.WriteString(cmd.Long)
	} else if cmd.HasParent() {
		fmt.Fprintf(&b, "```\n%s\n```", cmd.Long)
	} else {
		b.WriteString(cmd.Long)
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\n\n```sh\n%s\n```", strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n"))
	}
	asks := cmd.LocalFlags().Lookup("context") != nil
	own, shared := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	(&clientFlags{}).addTo(shared)
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !asks || shared.Lookup(f.Name) == nil {
			own.AddFlag(f)
		}
	})
	if flags := own.FlagUsages(); flags != "" {
		fmt.Fprintf(&b, "\n\n```\n%s```", flags)
	}
	if asks {
		anchor := strings.ReplaceAll(strings.ToLower(serverFlags), " ", "-")
		fmt.Fprintf(&b, "\n\nAnd the [%s](#%s).", strings.ToLower(serverFlags[:1])+serverFlags[1:], anchor)
	}
	return b.String()
}

// serverFlags is the title over the flags that docs/cli.md has once, and --help with each command.
const serverFlags = "Flags of all commands that talk to a server"

// Every command has a man page with its text, and the first one says what exit codes mean.
func TestManPages(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "man1")
	term := start(t, t.Context(), nil, "", "man", folder)
	if code := <-term.exit; code != exitDone {
		t.Fatalf("exited with %d, %s", code, term.err)
	}
	for _, cmd := range commands(newRoot(&environment{getenv: os.Getenv})) {
		if !cmd.Runnable() {
			continue
		}
		page, err := os.ReadFile(filepath.Join(folder, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"))
		if err != nil || !strings.Contains(string(page), cmd.Short) {
			t.Errorf("%s: got %s, %v, want a page with %q", cmd.CommandPath(), page, err, cmd.Short)
		}
	}
	page, err := os.ReadFile(filepath.Join(folder, "streamer.1"))
	if err != nil || !strings.Contains(string(page), "\n130  Ctrl-C") {
		t.Errorf("got %s, %v, want the exit codes", page, err)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, cmd := range append(newRoot(&environment{getenv: os.Getenv}).Commands(), newRoot(&environment{getenv: os.Getenv})) {
		args := []string{"help", cmd.Name()}
		if !cmd.HasParent() {
			args = []string{"--help"}
		}
		term := start(t, t.Context(), nil, "", args...)
		if code := <-term.exit; code != exitDone || !strings.Contains(term.out.String(), strings.SplitN(cmd.Long, "\n", 2)[0]) || term.err.String() != "" {
			t.Errorf("%v: exit %d, %s%s", args, code, term.out, term.err)
		}
	}
}
