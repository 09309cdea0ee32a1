//go:build !windows

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
)

// programOf is a project whose main is the text.
func programOf(t *testing.T, text string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/program\n\ngo 1.26\n", "main.go": text} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// --project passes the other flags, Ctrl-C and the exit code on.
func TestDevRunsAProject(t *testing.T) {
	t.Parallel()
	folder := programOf(t, `package main

import (
	"fmt"
	"os"
	"os/signal"
)

func main() {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	folder, _ := os.Getwd()
	fmt.Println(folder, os.Args[1:])
	<-interrupts
	os.Exit(7)
}
`)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	term := start(t, t.Context(), nil, "", "dev", "--project", folder, "--lease", "3s", "--data", "play", "--metrics", "-", "--listen", "127.0.0.1:0")
	term.out.await(t, "\n")
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := real + " [--data=" + filepath.Join(here, "play") + " --lease=3s --listen=127.0.0.1:0 --metrics=-]\n"
	if got := term.out.String(); got != want {
		t.Errorf("the project's program has %q, want %q", got, want)
	}
	term.interrupts <- os.Interrupt
	if code := <-term.exit; code != 7 {
		t.Errorf("exited with %d, want the program's 7: %s", code, term.err)
	}
}

func TestDevRefusesAProject(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, folder string
		flags        []string
		code         int
		says         string
	}{
		{"a folder that is not there", filepath.Join(t.TempDir(), "nowhere"), nil, exitFailed, "writes it: go list: chdir "},
		{"an empty folder", t.TempDir(), nil, exitFailed, "as `streamer new` writes it"},
		{"a library", programOf(t, "package app\n"), nil, exitFailed, "has no program: its package is app, want a main that calls cli.Dev"},
		{"what does not compile", programOf(t, "package main\n\nfunc main() { x }\n"), nil, exitFailed, "undefined: x"},
		{"--files", t.TempDir(), []string{"--files", "."}, exitUsage, "--files is for the example action profile_csv"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			term := start(t, t.Context(), nil, "", append([]string{"dev", "--project", tt.folder}, tt.flags...)...)
			if code := <-term.exit; code != tt.code || !strings.Contains(term.err.String(), tt.says) {
				t.Errorf("exited with %d and %q, want %d and %q", code, term.err, tt.code, tt.says)
			}
		})
	}
}

// The main of a project runs what its parts have, and greets with commands that work
// in its folder.
func TestTheMainOfAProject(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	greet := streamer.NewAction(streamer.ActionConfig{Name: "greet"}, func(_ context.Context, _ *streamer.Job, name string) (string, error) {
		return "Hello, " + name + "!", nil
	})
	parts := functions.Parts{
		Logger:    slog.New(slog.NewTextHandler(&log, nil)),
		Retention: time.Hour,
		Actions:   func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{greet}, nil },
		ActionMiddleware: []func(streamer.ActionFunc) streamer.ActionFunc{func(next streamer.ActionFunc) streamer.ActionFunc {
			return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
				result, err := next(ctx, job)
				return json.RawMessage(strings.Replace(string(result), "Hello", "Good day", 1)), err
			}
		}},
	}
	data := filepath.Join(t.TempDir(), "data")
	term := &terminal{out: newConsole(), err: newConsole(), interrupts: make(chan os.Signal, 1), exit: make(chan int, 1)}
	env := &environment{stdin: strings.NewReader(""), stdout: term.out, stderr: term.err, getenv: func(string) string { return "" },
		interrupts: term.interrupts}
	go func() {
		term.exit <- runDev(t.Context(), []string{"--listen", "127.0.0.1:0", "--data", data}, env, parts)
	}()
	term.err.await(t, " greet\n")
	_, after, _ := strings.Cut(term.err.String(), "WebSocket  ")
	url, _, _ := strings.Cut(after, "\n")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"in " + here, "  go tool streamer call --url " + url + " --data " + data + " greet\n"} {
		if !strings.Contains(term.err.String(), want) {
			t.Errorf("got %s, want %q", term.err, want)
		}
	}
	call := start(t, t.Context(), nil, "", "call", "--url", url, "--data", data, "greet", `"Ada"`)
	if code := <-call.exit; code != exitDone || call.out.String() != "\"Good day, Ada!\"\n" {
		t.Errorf("call exited with %d: %s%s", code, call.out, call.err)
	}
	term.interrupts <- os.Interrupt
	if code := <-term.exit; code != exitDone {
		t.Errorf("exited with %d: %s", code, term.err)
	}
	if !strings.Contains(log.String(), "trigger=websocket_connect") {
		t.Errorf("the project's logger got %s, want the functions' lines", &log)
	}
	if strings.Contains(term.err.String(), "websocket_connect") {
		t.Errorf("got %s, want the log in the project's own logger alone", term.err)
	}
}

// Flags of a project's main have its parts' settings as their defaults.
func TestFlagsOfAProject(t *testing.T) {
	t.Parallel()
	parts := functions.Parts{Lease: time.Minute, Retention: time.Hour, Limits: streamer.Limits{RunningPerTenant: 3, OpenPerPrincipal: 4}}
	flags := newProjectDev(&environment{}, parts).Flags()
	for name, want := range map[string]string{"lease": "1m0s", "retention": "1h0m0s", "limit-tenant-running": "3", "limit-principal-open": "4"} {
		if got := flags.Lookup(name).DefValue; got != want {
			t.Errorf("--%s: got %s by default, want %s", name, got, want)
		}
	}
	dev := newDev(&environment{}).Flags()
	for _, name := range []string{"listen", "data", "metrics", "sweep-every", "log", "stage", "lease", "retention", "limit-tenant-running", "limit-principal-open"} {
		if dev.Lookup(name) == nil || flags.Lookup(name) == nil {
			t.Errorf("--%s is not a flag of both", name)
		}
	}
}
