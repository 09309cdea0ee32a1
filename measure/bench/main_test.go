package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/internal/budget"
	"github.com/pay-theory/streamer/measure/bench/result"
)

func TestCodeLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                                     0,
		"package p\n":                          1,
		"// Package p.\npackage p // it is\n":  1,
		"package p\n\n/* a\nb */ var x = 1\n":  2,
		"package p\n\nvar s = `a\n\nb`\n":      4, // the text is code
		"package p\nfunc f() {\n\t// no\n}\n":  3,
		"package p\nfunc f() {\n\treturn\n}\n": 4,
	} {
		t.Run(text, func(t *testing.T) {
			if got := codeLines([]byte(text)); got != want {
				t.Errorf("%q has %d lines, want %d", text, got, want)
			}
		})
	}
}

func TestCountStatements(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"none":                         {"", 0},
		"a declaration":                {"var x int", 1},
		"on one line":                  {"x := 1; y := x; _ = y", 3},
		"in the head of an if":         {"if err := f(); err != nil { return }", 3},
		"before it":                    {"err := f(); if err != nil { return }", 3},
		"in the head of a for":         {"for i := 0; i < 3; i++ { f() }", 4},
		"a clause":                     {"switch { case true: f(); default: }", 4},
		"a block and a label":          {"{ L: for { break L } }", 2},
		"in a function inside another": {"func() { f() }()", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := countStatements("x.go", []byte("package p\nfunc f() error {\n"+tt.body+"\n}\n"))
			if err != nil || got != tt.want {
				t.Errorf("got %d, %v of %q, want %d", got, err, tt.body, tt.want)
			}
		})
	}
	if _, err := countStatements("x.go", []byte("no Go")); err == nil {
		t.Error("got no error of what is not Go, want one")
	}
}

// A part that was moved or renamed fails with its name.
func TestSourceThatIsMissing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"gone", "gone/*.go", "empty"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			_, err := part{side: result.Lift, name: "some", paths: []string{path}}.measure(root)
			if err == nil || !strings.HasSuffix(err.Error(), path) {
				t.Errorf("got %v, want an error that names %s", err, path)
			}
		})
	}
}

func TestPruneRuns(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	runs := filepath.Join(folder, "runs")
	if err := os.Mkdir(runs, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"2026-11-24T1729.json", "2026-01-02T0304.json", "2026-11-24T1702.json", "README.md"} {
		if err := os.WriteFile(filepath.Join(runs, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is nothing to do
		if err := pruneRuns(folder); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(runs)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if want := []string{"2026-11-24T1702.json", "2026-11-24T1729.json", "README.md"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// aRun is one in which Lift takes a share of everything that the baseline takes.
func aRun(share float64) *result.Run {
	run := &result.Run{Date: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Rounds: 2, Took: time.Minute}
	ms := func(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }
	for round := range run.Rounds {
		for _, c := range result.Conditions {
			for side, by := range map[string]float64{result.Baseline: 1, result.Lift: share} {
				by *= 1 + float64(round)/100
				for _, event := range append([]string{result.LongJob}, result.Events...) {
					calls, datagrams := 10.0, 2.0
					if side == result.Lift {
						calls, datagrams = 1, 0
					}
					own := 0.0 // what the action of a job takes
					if event == "job" && c.Memory == 0 {
						own = result.Milliseconds(echoSteps * shortStep)
					}
					run.Samples = append(run.Samples, result.Sample{Round: round, Condition: c, Side: side, Event: event,
						Starts: []result.Start{{Init: ms(200 * by), InitCPU: ms(10 * by), Resident: 10 << 20, First: ms(100 * by)}},
						Warm: result.Warm{Events: 10, P50: ms(20*by + own), P95: ms(30*by + own), P99: ms(40*by + own), CPU: ms(30*by + own),
							Calls: calls, Segments: datagrams},
						Peak: int64(20 * by * (1 << 20))})
				}
			}
		}
		run.Samples = append(run.Samples, result.Sample{Round: round, Condition: bare, Side: result.Floor, Event: result.Idle,
			Starts: []result.Start{{Init: ms(5), InitCPU: ms(2), Resident: 6 << 20}}, Warm: result.Warm{Events: 10}, Peak: 7 << 20})
	}
	for _, name := range result.Functions {
		run.Binaries = append(run.Binaries, result.Binary{Side: result.Baseline, Function: name, Zip: 7e6},
			result.Binary{Side: result.Lift, Function: name, Zip: int64(7e6 * share)})
		run.Sources = append(run.Sources, result.Source{Side: result.Baseline, Part: name, Compared: true, Lines: 100, Statements: 100,
			Complexity: 30, Functions: 3},
			result.Source{Side: result.Lift, Part: name, Compared: true, Lines: int(100 * share), Statements: int(100 * share),
				Complexity: int(30 * share), Functions: 3})
	}
	run.Binaries = append(run.Binaries, result.Binary{Side: result.Floor, Function: "floor", Zip: 2e6})
	run.Coverage = []result.Coverage{{Side: result.Baseline, Percent: 70}, {Side: result.Lift, Percent: 100 * (1 - share)}}
	run.Loads = []result.Load{{Stack: devStack, Name: "echo", Requests: 10, Took: time.Second, P50: 1, P99: 2, Max: 3},
		{Stack: stagingOf(result.Lift), Name: "echo", Requests: 10, Errors: int(10 * (share - 0.1))}}
	return run
}

func TestGoals(t *testing.T) {
	t.Parallel()
	good := view{aRun(0.1)}
	for _, g := range append(good.goals(), good.aims()...) {
		if !g.Met {
			t.Errorf("with a tenth of everything %s is missed: %s of %s, before %s", g.Name, g.After, g.Aim, g.Before)
		}
		if !math.IsNaN(g.Ratio.Mid) && math.Abs(g.Ratio.Mid-0.1) > 0.001 {
			t.Errorf("the ratio of %s is %v", g.Name, g.Ratio)
		}
	}
	bad := view{aRun(1.2)}
	for _, g := range append(bad.goals(), bad.aims()...) {
		if g.Name == "network calls of a warm event" {
			continue
		}
		if g.Met || g.Why == "" {
			t.Errorf("with more of everything %s: met %v, because of %q", g.Name, g.Met, g.Why)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "runs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeReport(folder); err == nil {
		t.Error("there is a report of no run")
	}
	first, second := aRun(1.2), aRun(0.1)
	second.Date = second.Date.Add(time.Hour)
	for _, run := range []*result.Run{first, second} {
		if err := run.Write(filepath.Join(folder, "runs", runName(run.Date)+".json")); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeReport(folder); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{"| -40 % | 301.50 ms | 30.15 ms | 0.10 | met |", "Nothing is missed",
		"Lift send no traces, which those by hand do", "[2026-01-02T0304](runs/2026-01-02T0304.json) | 1.20 |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %s", want)
		}
	}
	for _, never := range []string{"NaN", "<no value>", "%!"} {
		if strings.Contains(page, never) {
			t.Errorf("the report says %s", never)
		}
	}
	charts := 0
	for line := range strings.Lines(page) {
		if _, name, ok := strings.Cut(line, "]("); ok && strings.HasPrefix(line, "![") {
			charts++
			svg, err := os.ReadFile(filepath.Join(folder, strings.TrimSuffix(strings.TrimSpace(name), ")")))
			if err != nil || !bytes.Contains(svg, []byte("<svg")) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if charts == 0 {
		t.Error("the report has no chart")
	}
}

// Where the CPU cannot be limited, the report says what was not measured.
func TestReportWithoutALimit(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "runs"), 0o700); err != nil {
		t.Fatal(err)
	}
	run := aRun(0.1)
	run.Samples = slices.DeleteFunc(run.Samples, func(s result.Sample) bool { return s.Condition.Memory > 0 })
	if err := run.Write(filepath.Join(folder, "runs", "a.json")); err != nil {
		t.Fatal(err)
	}
	if err := writeReport(folder); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil || !bytes.Contains(text, []byte("< 300 ms | not measured | not measured |  | **missed**")) ||
		bytes.Contains(text, []byte("NaN")) {
		t.Errorf("%v\n%.2000s", err, text)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	files := map[string]float64{"a": 0.1, "b": 0.1, "c": 0.3}
	for name, share := range files {
		if err := aRun(share).Write(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, pair := range []struct {
		with  string
		agree bool
	}{{"b", true}, {"c", false}} {
		var out bytes.Buffer
		cmd := newCompare()
		cmd.SetArgs([]string{filepath.Join(folder, "a"), filepath.Join(folder, pair.with)})
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		err := cmd.ExecuteContext(t.Context())
		if (err == nil) != pair.agree || strings.Contains(out.String(), "DIFFER") == pair.agree {
			t.Errorf("a and %s: %v\n%s", pair.with, err, out.String())
		}
	}
}

func TestBudgetIsOnlyLowered(t *testing.T) {
	t.Parallel()
	b := budget.Budget{"connect": {"zip": {Max: 1000, Why: "w"}, "calls": {Max: 1, Why: "w"}}, "hello": {"bytes": {Max: 5, Why: "of a test"}}}
	lowered := lower(b, map[string]map[string]int{"connect": {"zip": 500, "calls": 1}})
	if got := lowered["connect"]["zip"]; got != (budget.Limit{Max: 510, Why: "w"}) {
		t.Errorf("zip %+v", got)
	}
	if lowered["connect"]["calls"].Max != 1 || lowered["hello"]["bytes"].Max != 5 || b["connect"]["zip"].Max != 1000 {
		t.Errorf("%+v of %+v", lowered, b)
	}
	same := lower(b, map[string]map[string]int{"connect": {"zip": 999}})
	if same["connect"]["zip"].Max != 1000 {
		t.Errorf("zip is raised to %d", same["connect"]["zip"].Max)
	}
}

func TestCoverageOfOldIsNotTaken(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source, profile := filepath.Join(folder, "a.go"), filepath.Join(folder, "coverage.out")
	if newest(folder, profile) {
		t.Error("there is none")
	}
	now := time.Now()
	for file, age := range map[string]time.Duration{source: time.Hour, profile: time.Minute} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if !newest(folder, profile) {
		t.Error("it is newer than the source")
	}
	if err := os.Chtimes(source, now, now); err != nil {
		t.Fatal(err)
	}
	if newest(folder, profile) {
		t.Error("the source has changed since")
	}
}

// The parts of the source that are counted are there.
func TestSource(t *testing.T) {
	t.Parallel()
	sources, err := measureSource("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		if s.Files == 0 || s.Lines <= s.Functions || s.Statements == 0 || s.Complexity < s.Functions || s.Highest == 0 {
			t.Errorf("%+v", s)
		}
	}
}

// The functions have less than a CPU by the template, and one thread.
func TestRuntimeSettings(t *testing.T) {
	t.Parallel()
	settings, err := runtimeSettings("../..")
	if err != nil {
		t.Fatal(err)
	}
	one := []string{"GOMAXPROCS=1"}
	if want := map[string][]string{"connect": one, "disconnect": one, "router": one, "processor": one}; !reflect.DeepEqual(settings, want) {
		t.Errorf("the template sets %v, want %v", settings, want)
	}
}

// An init is its function's, whatever event comes afterwards.
func TestInitsAreOfAFunction(t *testing.T) {
	t.Parallel()
	starts := func(ms ...int) (all []result.Start) {
		for _, v := range ms {
			all = append(all, result.Start{InitCPU: time.Duration(v) * time.Millisecond})
		}
		return all
	}
	run := &result.Run{Samples: []result.Sample{
		{Side: result.Floor, Event: result.Idle, Starts: starts(8, 9, 10)},
		{Side: result.Lift, Event: "echo", Starts: starts(10, 20)},
		{Side: result.Lift, Event: "enqueue", Starts: starts(12, 13, 14)},
		{Side: result.Lift, Event: "enqueue", Condition: result.Small, Starts: starts(99)},
		{Side: result.Lift, Event: "connect", Starts: starts(8)},
	}}
	if aim := (view{run}).initCPU(); aim.After != "4.00 ms" || !strings.Contains(aim.Name, "(router)") || aim.Met {
		t.Errorf("the aim is %+v", aim)
	}
}
