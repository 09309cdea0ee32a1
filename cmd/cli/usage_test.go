package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// What is wrong with the arguments is said in plain sentences, before any server is asked.
func TestWrongArguments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"call a b c d", "streamer call takes 1 or 2 arguments, and got 4: leave out c; quote for the shell what has spaces"},
		{"get", "streamer get takes 1 argument, and got 0"},
		{"list x", "streamer list takes no arguments, and got 1: leave out x\n"},
		{"signal r1", "streamer signal takes 2 or 3 arguments, and got 1"},
		{"context show a b", "streamer context show takes at most 1 argument, and got 2: leave out b"},
		{"list --limit ten", `--limit "ten" is not a whole number: write one such as 20`},
		{"output r1 --from x", `--from "x" is not a whole number`},
		{"call a --in soon", `--in "soon" is not a duration: write one such as 90s or 8h`},
		{"list --http=perhaps", "--http=perhaps is neither true nor false: write --http alone to set it"},
		{"list -o yaml", `--output "yaml" is not valid: the formats are table, `},
		{"list --limit", "--limit has no value: write it behind the flag, as in --limit INT"},
		{"call a --in 1h --at 2026-12-24", "--at and --in exclude each other: leave one of them out"},
		{"list --url ws://x --context y", "--context and --url exclude each other"},
		{"connections close", "streamer connections close needs --subject: set it"},
		{"list --state NOPE", `--state "NOPE" is not a state: set QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED`},
		{"list --limit 101", "--limit 101 is not the size of a page: set one from 1 to 100"},
		{"list --limit 0", "--limit 0 is not the size of a page"},
		{"connections --limit 101", "--limit 101 is not the size of a page"},
		{"cancel --all --limit 0", "--limit 0 is not a number of requests: set 1 or more, or leave it out for all"},
		{"redrive --all --limit -1", "--limit -1 is not a number of requests"},
		{"output r1 --from -1", "--from -1 is not an offset: set 0 or more"},
		{"verify --timeout -1s", "--timeout -1s is not a time above zero: write one such as 90s or 8h"},
		{"verify --timeout 0", "--timeout 0 is not a time above zero"},
		{"verify --timeout soon", `--timeout "soon" is not a duration`},
		{"dev --sweep-every 0s", "--sweep-every 0s is not a time above zero"},
		{"dev --lease -1s", "--lease -1s is not a time above zero"},
		{"dev --retention 0s", "--retention 0s is not a time above zero"},
		{"staging --sweep-every -1s", "--sweep-every -1s is not a time above zero"},
		{"staging --ttl 0s", "--ttl 0s is not a time above zero"},
		{"token --ttl -1h", "--ttl -1h is not a time above zero"},
		{"list --code TIMEOUT --watch", "--code and --watch exclude each other"},
		{"cancel --state NOPE", "--state NOPE is not one whose requests can be cancelled: set QUEUED or RUNNING"},
		{"call a --id=", `--id "" is not valid: an empty id was given: is a variable unset?`},
		{"list --id=", `--id "" is not valid: an empty id was given`},
		{"list --parent=", `--parent "" is not valid: an empty id was given`},
		{"schedules run s --id=", `--id "" is not valid: an empty id was given`},
		{"get ''", "streamer get got an empty id or argument: is a variable unset?"},
		{"cancel r1 ''", "streamer cancel got an empty id or argument"},
		{"signal '' go", "streamer signal got an empty id or argument"},
		{"context use ''", "streamer context use got an empty argument"},
		{"dev --limit-tenant-running -1", "--limit-tenant-running -1 is below zero: write a number of requests, or 0 for no limit"},
		{"dev --limit-principal-open -1", "--limit-principal-open -1 is below zero"},
		{"dev --limit-principal-open x", `--limit-principal-open "x" is not a whole number`},
		{"dev --listen nonsense", `--listen "nonsense" is not an address: `},
		{"dev --listen 127.0.0.1:99999", `--listen "127.0.0.1:99999" is not an address: `},
		{"dev --listen 127.0.0.1:0 --stage a/b", `--stage "a/b" is not a valid name of a stage`},
		{"dev --listen 127.0.0.1:0 --files /nonexistent", `--files "/nonexistent" is not a folder to read: `},
		{"token --tenant=", `a token needs a tenant and a subject, and got "" and "you"`},
		{"help nosuch", `unknown command "nosuch" for "streamer"`},
		{"help context nosuch", `unknown command "nosuch" for "streamer context"`},
		{"types --lang java --project /nowhere", `--lang "java" is not a language of types: want ts or json-schema`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(tt.args)
			for i, arg := range args {
				if arg == "''" {
					args[i] = ""
				}
			}
			term := start(t, t.Context(), nil, "", args...)
			code, got := <-term.exit, term.err.String()
			if code != exitUsage || !strings.Contains(got, tt.want) || strings.Count(got, "Usage: streamer ") != 1 {
				t.Errorf("exited with %d, want %d, %q and one usage:\n%s", code, exitUsage, tt.want, got)
			}
			for _, leak := range []string{"arg(s)", "group [", "strconv", "invalid argument", "flag(s)"} {
				if strings.Contains(got, leak) {
					t.Errorf("got %q in\n%s", leak, got)
				}
			}
		})
	}
}

// A command of another program says itself how it is used.
func TestNoUsageForAnotherProgram(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"its own mistake": {&exitError{exitUsage, errors.New("there is no x")}, "streamer: there is no x\nUsage: run [flags]\nSee: run --help\n"},
		"an error of the package": {&exitError{exitUsage, errors.New(`streamer: schedule "a": no`)},
			"streamer: schedule \"a\": no\nUsage: run [flags]\nSee: run --help\n"},
		"another's exit code": {&exitError{exitUsage, nil}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := newConsole()
			root := &cobra.Command{Use: "run", SilenceErrors: true, SilenceUsage: true, RunE: func(*cobra.Command, []string) error { return tt.err }}
			env := &environment{stdin: strings.NewReader(""), stdout: said, stderr: said, getenv: func(string) string { return "" }}
			root.SetArgs([]string{})
			if code := execute(t.Context(), root, env); code != exitUsage || said.String() != tt.want {
				t.Errorf("exited with %d, %q; want %d, %q", code, said, exitUsage, tt.want)
			}
		})
	}
}
