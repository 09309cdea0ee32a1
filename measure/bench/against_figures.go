package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/pay-theory/streamer/measure/bench/function"
	"github.com/pay-theory/streamer/measure/bench/result"
)

// How much of the base's figure is wanted at most.
const (
	zipGoal         = 0.945
	coldGoal        = 0.85
	dispatchGoal    = 0.95
	allocationsGoal = 1
)

// A comparison is a figure of both versions. One without a goal is shown to explain
// another.
type comparison struct {
	name          string
	before, after float64
	digits        int
	goal          float64 // after by before, at most; 0: none
}

// verdict says whether the goal is met, of the ratio as it is shown.
func (c comparison) verdict() string {
	switch {
	case c.goal == 0:
		return ""
	case math.Round(c.after/c.before*1000)/1000 <= c.goal:
		return "met"
	}
	return "missed"
}

func printComparison(out io.Writer, base string, lines []comparison) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\t%s\tnow\tratio\tat most\t\t\n", base)
	for _, c := range lines {
		goal := ""
		if c.goal > 0 {
			goal = strconv.FormatFloat(c.goal, 'f', -1, 64)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.3f\t%s\t%s\t\n", c.name, number(c.before, c.digits), number(c.after, c.digits),
			c.after/c.before, goal, c.verdict())
	}
	return w.Flush()
}

func (p pair) zips() []comparison {
	var lines []comparison
	for _, name := range result.Functions {
		lines = append(lines, comparison{"zip of " + name + ", bytes", float64(p[0].zips[name]), float64(p[1].zips[name]), 0, zipGoal})
	}
	return lines
}

// coldStarts starts the functions with a share of a CPU, in turns, and returns what they
// take from exec to the first answer.
func (p pair) coldStarts(ctx context.Context, cache string, rounds int) (lines []comparison, err error) {
	quota, err := function.NewQuota(result.Small.Memory)
	if err != nil {
		progress("cold starts are left out: %v", err)
		return nil, nil
	}
	defer func() { err = errors.Join(err, quota.Close()) }()
	var sessions [len(p)]*session
	for i, v := range p {
		s, err := openSession(ctx, cache,
			session{side: v.name, functions: v.binaries, settings: v.settings, condition: result.Small, quota: quota})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.services.Close()) }()
		if _, err := s.coldStart(ctx, "connect", 0); err != nil { // the connection that messages come from
			return nil, err
		}
		sessions[i] = s
	}
	starts := map[string]*[len(p)][]result.Start{}
	for round := range rounds {
		progress("cold starts, round %d of %d", round+1, rounds)
		for _, event := range answered {
			if starts[event] == nil {
				starts[event] = new([len(p)][]result.Start)
			}
			for turn := range p {
				side := (turn + round) % len(p) // that goes first changes
				start, err := sessions[side].coldStart(ctx, event, round+1)
				if err != nil {
					return nil, err
				}
				starts[event][side] = append(starts[event][side], start)
			}
		}
	}
	return compareColdStarts(starts), nil
}

// coldStart is that of a process for the n-th event, which ends with the answer.
func (s *session) coldStart(ctx context.Context, event string, n int) (result.Start, error) {
	process, start, err := s.start(ctx, event, n)
	if err == nil {
		process.Stop()
	}
	return start, err
}

// compareColdStarts returns the medians of each event, and last those of the slowest.
func compareColdStarts(starts map[string]*[2][]result.Start) []comparison {
	figure := func(f result.Figure, name string, digits int) []comparison {
		var lines []comparison
		for _, event := range answered {
			if of := starts[event]; of != nil {
				lines = append(lines, comparison{name: fmt.Sprintf(name, event), digits: digits,
					before: f(result.Sample{Starts: of[0]}), after: f(result.Sample{Starts: of[1]})})
			}
		}
		return lines
	}
	cold := figure(result.Cold, "cold start of %s at the CPU of 128 MB, ms", 1)
	slowest := comparison{name: "the slowest cold start, ms", digits: 1, goal: coldGoal}
	for _, c := range cold {
		slowest.before, slowest.after = max(slowest.before, c.before), max(slowest.after, c.after)
	}
	return slices.Concat(
		figure(coldCPU, "CPU of the cold start of %s, ms", 2),
		figure(result.Faults, "page faults of the cold start of %s", 0),
		append(cold, slowest))
}

// coldCPU is what a cold start takes of the CPU, which other load changes less than its
// time.
var coldCPU result.Figure = func(s result.Sample) float64 {
	var values []float64
	for _, start := range s.Starts {
		values = append(values, result.Milliseconds(start.InitCPU+start.FirstCPU))
	}
	return result.Median(values)
}

// dispatch runs the benchmark of both in turns, and compares the least of each: what is
// above it is the machine's. A run of 2 ms is often left alone also where others work.
func (p pair) dispatch(ctx context.Context, rounds int) ([]comparison, error) {
	var least [len(p)]benchmark
	for round := range rounds {
		progress("dispatch, round %d of %d", round+1, rounds)
		for turn := range p {
			side := (turn + round) % len(p)
			cmd := command(ctx, p[side].root+"/lift", p[side].benchmark, "-test.run=^$", "-test.bench=^BenchmarkDispatch$/^lift$",
				"-test.benchtime=500x", "-test.count=60")
			text, err := output(cmd)
			if err != nil {
				return nil, err
			}
			b, err := parseBenchmark(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p[side].name, err)
			}
			if round > 0 {
				b = b.or(least[side])
			}
			least[side] = b
		}
	}
	return []comparison{
		{"dispatch of a 2 KB event, ns", least[0].nanoseconds, least[1].nanoseconds, 0, dispatchGoal},
		{"allocations of it", least[0].allocations, least[1].allocations, 0, allocationsGoal},
	}, nil
}

// A benchmark is what its runs have measured at least, an operation.
type benchmark struct{ nanoseconds, allocations float64 }

var benchmarkLine = regexp.MustCompile(`(?m)^BenchmarkDispatch/lift\S*\s.*?([0-9.]+) ns/op.*\s([0-9]+) allocs/op$`)

func parseBenchmark(text string) (benchmark, error) {
	lines := benchmarkLine.FindAllStringSubmatch(text, -1)
	if lines == nil {
		return benchmark{}, fmt.Errorf("BenchmarkDispatch/lift printed no ns/op and allocs/op, but %q", text)
	}
	least := benchmark{math.Inf(1), math.Inf(1)}
	for _, line := range lines {
		nanoseconds, err := strconv.ParseFloat(line[1], 64)
		if err != nil {
			return benchmark{}, err
		}
		allocations, err := strconv.ParseFloat(line[2], 64)
		if err != nil {
			return benchmark{}, err
		}
		least = least.or(benchmark{nanoseconds, allocations})
	}
	return least, nil
}

func (b benchmark) or(other benchmark) benchmark {
	return benchmark{min(b.nanoseconds, other.nanoseconds), min(b.allocations, other.allocations)}
}
