package main

import (
	_ "embed"
	"errors"
	"math"
	"path/filepath"
	"slices"

	"github.com/pay-theory/streamer/measure/bench/result"
)

// HistoryNames are the goals that have ratios.
func (p page) HistoryNames() []string {
	var names []string
	for _, g := range p.compared() {
		names = append(names, g.Name)
	}
	return names
}

// compared are the goals and aims that have ratios.
func (v view) compared() []goal {
	return slices.DeleteFunc(slices.Concat(v.goals(), v.aims()), func(g goal) bool { return math.IsNaN(g.Ratio.Mid) })
}

// A past is a run of the history.
type past struct {
	Name   string
	Ratios []string
}

// History are all runs that are kept, oldest first.
func (p page) History() []past {
	var all []past
	for _, v := range p.runs {
		h := past{Name: runName(v.Date)}
		for _, name := range p.HistoryNames() {
			text := ""
			for _, g := range v.compared() {
				if g.Name == name {
					text = g.Ratio.String()
				}
			}
			h.Ratios = append(h.Ratios, text)
		}
		all = append(all, h)
	}
	return all
}

// charts draws a chart for each measure.
func (p page) charts(folder string) error {
	both := func(groups []string, bar func(side, group string) result.Range) []series {
		all := []series{{name: result.Baseline}, {name: result.Lift}}
		for i := range all {
			for _, group := range groups {
				all[i].bars = append(all[i].bars, bar(all[i].name, group))
			}
		}
		return all
	}
	events := func(c result.Condition, f result.Figure) func(side, event string) result.Range {
		return func(side, event string) result.Range { return result.RangeOf(p.Each(c, side, event, f)) }
	}
	fixed := func(v float64) result.Range { return result.Range{Mid: v, Low: v, High: v} }
	binary := func(side, name string) result.Range {
		for _, b := range p.Binaries {
			if b.Side == side && b.Function == name {
				return fixed(float64(b.Zip) / 1e6)
			}
		}
		return none
	}
	lines := func(side, name string) result.Range {
		for _, s := range p.Sources {
			if s.Side == side && s.Part == name && s.Compared {
				return fixed(float64(s.Lines))
			}
		}
		return none
	}
	coverage := func(side, _ string) result.Range {
		for _, c := range p.Coverage {
			if c.Side == side {
				return fixed(c.Percent)
			}
		}
		return none
	}
	floor := func(c result.Condition, f result.Figure) float64 { return p.mid(c, result.Floor, result.Idle, f) }
	code := append(slices.Clone(result.Functions), shared)
	draw := func(file, title, unit string, groups []string, all []series, floor float64) error {
		return chart(filepath.Join(folder, file+".svg"), title, unit, groups, all, floor)
	}
	cold := p.measured(result.Small, bare)[0]
	faults := []error{
		draw("cold", "cold start to the first answer, "+cold.String(), "ms", result.Events, both(result.Events, events(cold, result.Cold)),
			floor(cold, result.Cold)),
		draw("warm", "warm latency, p50, "+usual.String(), "ms", result.Events, both(result.Events, events(usual, less(result.P50))), math.NaN()),
		draw("cpu", "CPU of a warm event, "+bare.String(), "ms", result.Events, both(result.Events, events(bare, less(result.WarmCPU))),
			floor(bare, result.WarmCPU)),
		draw("calls", "network calls of a warm event", "calls", shown, both(shown, events(usual, result.Calls)), math.NaN()),
		draw("memory", "peak memory", "MiB", result.Events, both(result.Events, events(bare, result.Peak)), floor(bare, result.Peak)),
		draw("zip", "zip", "MB", result.Functions, both(result.Functions, binary), binary(result.Floor, "floor").Mid),
		draw("lines", "lines of handlers and wiring", "lines", code, both(code, lines), math.NaN()),
		draw("coverage", "coverage of the tests", "% of statements", []string{"statements"}, both([]string{"statements"}, coverage), math.NaN()),
	}
	if len(p.Loads) > 0 {
		var names []string
		median, high := series{name: "p50"}, series{name: "p99"}
		for _, l := range p.Loads {
			if l.Max > 0 && l.Stack == devStack {
				names = append(names, l.Name)
				median.bars, high.bars = append(median.bars, fixed(result.Milliseconds(l.P50))), append(high.bars, fixed(result.Milliseconds(l.P99)))
			}
		}
		faults = append(faults, draw("load", "latency under load, "+devStack, "ms", names, []series{median, high}, math.NaN()))
	}
	return errors.Join(faults...)
}
