package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The test binary is a process of a peer where it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childArgument {
		if err := run(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Each peer runs three jobs one after another and three at once, and the processes use
// something.
func TestEveryPeerRunsTheJob(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts every peer")
	}
	server := filepath.Join(t.TempDir(), "temporal")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", server, ".")
	build.Dir = "temporal" // a module of its own
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build Temporal's server: %v\n%s", err, out)
	}
	for _, c := range contenders {
		t.Run(c.name, func(t *testing.T) {
			if _, err := postgresBinaries(); c.postgres && errors.Is(err, errNoPostgres) {
				if os.Getenv("STREAMER_STRANGERS") == "1" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			c.series, c.burst = 3, 3
			r := &row{contender: c}
			folder, err := os.MkdirTemp("", "streamer-peers-") //nolint:usetesting // PostgreSQL's user has to reach it
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(folder)
			if err := (options{temporal: server}).turn(t.Context(), folder, 0, r); err != nil {
				t.Fatal(err)
			}
			if len(r.each) != 3 || len(r.rates) != 1 || r.rates[0] <= 0 {
				t.Errorf("got %d latencies and the rates %v, want 3 and one above 0", len(r.each), r.rates)
			}
			if r.cpu <= 0 || r.peak < 1<<20 {
				t.Errorf("got %v of CPU and a peak of %d bytes, want some of both", r.cpu, r.peak)
			}
		})
	}
}

func TestTheTablesStandBetweenTheMarks(t *testing.T) {
	page := filepath.Join(t.TempDir(), "compare.md")
	if err := os.WriteFile(page, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	rows := []*row{
		{contender: contender{name: "one", burst: 10}, each: []time.Duration{2 * time.Millisecond}, rates: []float64{100}, jobs: 1,
			kill: &survival{finished: true, after: time.Second}},
		{contender: contender{name: "two", burst: 10}, each: []time.Duration{time.Millisecond}, rates: []float64{400}, jobs: 1,
			kill: &survival{why: "gone", again: 2}},
	}
	all := make([]time.Duration, 5)
	links := []*link{{name: "one", idle: 1 << 10, fanOut: all}, {name: "two", idle: 4 << 10, fanOut: all}}
	if err := (options{page: page, rounds: 1, kill: true}).report(rows, links); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"before\n" + begin, end + "after\n",
		"| two | 1.0 ms | 1.0 ms | 0.50× | 400, of 10 | 4.00× |",
		"| one | ended 1.0 s after the new start | 0 |", "| two | did not end: gone | 2 |",
		"| two | 4.0 KiB | 4.00× |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got the page\n%s\nwithout %q", text, want)
		}
	}
	if strings.Contains(string(text), "old") {
		t.Error("the old tables are there still")
	}
}

func TestWithoutMarksThePageStaysAsItIs(t *testing.T) {
	page := filepath.Join(t.TempDir(), "compare.md")
	if err := os.WriteFile(page, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (options{page: page}).report([]*row{{}}, nil); err == nil {
		t.Error("got no error, want one that says which marks are missing")
	}
	if text, _ := os.ReadFile(page); string(text) != "mine" {
		t.Errorf("got %q, want the page as it was", text)
	}
}

func TestQuantile(t *testing.T) {
	all := []time.Duration{4, 1, 3, 2}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.95: 4, 1: 4} {
		if got := quantile(all, q); got != want {
			t.Errorf("%v: got %v, want %v", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: got %v, want 0", got)
	}
}
