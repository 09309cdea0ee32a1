//go:build !windows

package stack_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
)

// modesOf are the modes of the files in a folder, by their names.
func modesOf(t *testing.T, dir string) map[string]os.FileMode {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]os.FileMode{}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		modes[entry.Name()] = info.Mode().Perm()
	}
	return modes
}

// Payloads and results are in the database: a folder that was there before, which
// others may read, does not show them its files.
func TestFilesAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	data := t.TempDir()
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T) {
		running := start(t, data, &log)
		defer stop(t, running)
		modes := modesOf(t, data)
		for _, name := range []string{"dev-key.pem", "streamer.db", "streamer.db-wal", "streamer.db-shm", "streamer.db-lock"} {
			if modes[name] != 0o600 {
				t.Errorf("%s: got mode %04o, want 0600", name, modes[name])
			}
		}
	}
	t.Run("new", check)
	for name := range modesOf(t, data) {
		if err := os.Chmod(filepath.Join(data, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("left by an earlier version", check)
}

func TestFolderThatOthersMayWrite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		mode         os.FileMode
		fault, warns string // what the error and the log say; "": nothing
	}{
		{"its owner alone", 0o755, "", ""},
		{"a group", 0o775, "", "run chmod g-w on it"},
		{"every user", 0o777, "run chmod go-w on it", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			data := t.TempDir()
			if err := os.Chmod(data, tt.mode); err != nil {
				t.Fatal(err)
			}
			running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: data, Listen: "127.0.0.1:0",
				Parts: functions.Parts{Logger: log.Logger(), Actions: actionsOf()}})
			if err == nil {
				stop(t, running)
			}
			if tt.fault == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("got %v, want an error with %q", err, tt.fault)
			}
			if warned := strings.Contains(log.String(), "chmod"); warned != (tt.warns != "") || !strings.Contains(log.String(), tt.warns) {
				t.Errorf("got the log %s, want %q in it", &log, tt.warns)
			}
		})
	}
}

// A folder in a checkout does not put the key into git, nor does it hide other files.
func TestGitIgnoresTheFolder(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", data}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v, %s", args, err, out)
		}
		return string(out)
	}
	git("init", "--quiet")
	if err := os.WriteFile(filepath.Join(data, "main.go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log lifttest.Log
	running := start(t, data, &log)
	defer stop(t, running)
	if got := git("status", "--porcelain", "--untracked-files=all"); got != "?? main.go\n" {
		t.Errorf("git would add %q, want main.go alone", got)
	}
}

// Of a folder that the stack made in a checkout, git takes nothing, whatever is put there.
func TestGitIgnoresAFolderThatTheStackMade(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	data := filepath.Join(root, "new", "data")
	var log lifttest.Log
	running := start(t, data, &log)
	defer stop(t, running)
	if err := os.WriteFile(filepath.Join(data, "metrics.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "--all"}, {"status", "--porcelain"}} {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", root}, args...)...).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("git %v: %s, %v; want nothing to add", args, out, err)
		}
	}
}

// A .gitignore that is there is its owner's.
func TestGitignoreStays(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	file := filepath.Join(data, ".gitignore")
	if err := os.WriteFile(file, []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log lifttest.Log
	stop(t, start(t, data, &log))
	if got, err := os.ReadFile(file); err != nil || string(got) != "mine\n" {
		t.Errorf("got %q, %v; want what was there", got, err)
	}
}
