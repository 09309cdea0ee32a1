package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/measure/bench/result"
)

// usual is the condition that warm figures are compared under: TLS, and services
// that take their time, as those of AWS do.
var usual = result.Condition{TLS: true, Delay: result.Small.Delay}

// bare is without anything that hides what the functions themselves take.
var bare = result.Conditions[0]

// A goal is what was promised and what came of it.
type goal struct {
	Name   string
	Aim    string
	Before string
	After  string
	Ratio  result.Range // after by before, a value for each round; NaN: none
	Met    bool
	Why    string // that it is not met
}

// Verdict says whether it is met.
func (g goal) Verdict() string {
	if g.Met {
		return "met"
	}
	return "**missed**"
}

// A view is a run as the report shows it.
type view struct{ *result.Run }

// less takes the action's own work off the time of a job.
func less(f result.Figure) result.Figure {
	return func(s result.Sample) float64 {
		if s.Event == "job" && s.Condition.Memory == 0 {
			return f(s) - result.Milliseconds(echoSteps*shortStep)
		}
		return f(s)
	}
}

// ratios of all events, one for each round: the geometric mean of the events'.
func (v view) ratios(c result.Condition, f result.Figure, events ...string) []float64 {
	var rounds []float64
	for round := range v.Rounds {
		sum, n := 0.0, 0
		for _, event := range events {
			before, after := v.Each(c, result.Baseline, event, f), v.Each(c, result.Lift, event, f)
			if round < len(before) && round < len(after) && before[round] > 0 && after[round] > 0 {
				sum += math.Log(after[round] / before[round])
				n++
			}
		}
		if n == len(events) {
			rounds = append(rounds, math.Exp(sum/float64(n)))
		}
	}
	return rounds
}

// mid is the median of the rounds.
func (v view) mid(c result.Condition, side, event string, f result.Figure) float64 {
	return result.Median(v.Each(c, side, event, f))
}

// mean is the mean of the events' medians.
func (v view) mean(c result.Condition, side string, f result.Figure, events []string) float64 {
	sum := 0.0
	for _, event := range events {
		sum += v.mid(c, side, event, f)
	}
	return sum / float64(len(events))
}

// answered are the events whose first answer ends a cold start. A job's first
// answer is the end of the job.
var answered = []string{"connect", "disconnect", "echo", "enqueue"}

// worst is the event for which Lift has the highest figure.
func (v view) worst(c result.Condition, f result.Figure, events []string) (string, float64) {
	event := slices.MaxFunc(events, func(a, b string) int {
		return cmp.Compare(v.mid(c, result.Lift, a, f), v.mid(c, result.Lift, b, f))
	})
	return event, v.mid(c, result.Lift, event, f)
}

// amount writes a figure with its unit.
func amount(v float64, digits int, unit string) string {
	if math.IsNaN(v) {
		return "not measured"
	}
	return number(v, digits) + " " + unit
}

// relative is a goal for the ratio of a figure, over some events.
func (v view) relative(name string, c result.Condition, f result.Figure, unit string, most float64, events []string) goal {
	g := goal{Name: name, Aim: fmt.Sprintf("%+.0f %%", 100*(most-1)), Ratio: result.RangeOf(v.ratios(c, f, events...))}
	g.Before, g.After = amount(v.mean(c, result.Baseline, f, events), 2, unit), amount(v.mean(c, result.Lift, f, events), 2, unit)
	if g.Met = g.Ratio.Mid <= most; !g.Met {
		g.Why = "ratio by event: " + byEvent(events, func(event string) string {
			return result.RangeOf(v.ratios(c, f, event)).String()
		})
	}
	return g
}

func byEvent(events []string, text func(event string) string) string {
	var all []string
	for _, event := range events {
		all = append(all, event+" "+text(event))
	}
	return strings.Join(all, ", ")
}

func exact(before, after float64) result.Range {
	r := after / before
	return result.Range{Mid: r, Low: r, High: r}
}

var none = result.Range{Mid: math.NaN(), Low: math.NaN(), High: math.NaN()}

// goals are those of the integration.
func (v view) goals() []goal {
	cold := v.relative("cold start, CPU of 128 MB: exec to the first answer", result.Small, result.Cold, "ms", 0.60, answered)
	zip := v.ofBinaries("zip", 0.70)
	statements := v.ofSource("statements of handlers and wiring", 0.65, func(s result.Source) int { return s.Statements })
	lines := v.ofSource("lines of handlers and wiring", 0.65, func(s result.Source) int { return s.Lines })
	complexity := v.ofSource("cyclomatic complexity of handlers and wiring", 0.75, func(s result.Source) int { return s.Complexity })
	return []goal{cold, v.slowest(result.Deployed), v.slowest(result.Small),
		v.relative("warm latency, p50", usual, less(result.P50), "ms", 0.80, result.Events), zip,
		v.relative("memory, peak", bare, result.Peak, "MiB", 0.85, result.Events), statements, lines, complexity, v.coverage(), v.errors()}
}

// slowest is the goal for the longest cold start of a function with a share of
// a CPU. It says where the time goes, beside that of the floor.
func (v view) slowest(c result.Condition) goal {
	event, took := v.worst(c, result.Cold, answered)
	mid := func(side, event string, f result.Figure, digits int) string {
		return number(v.mid(c, side, event, f), digits)
	}
	return goal{
		Name: fmt.Sprintf("the slowest cold start, CPU of %d MB (%s)", c.Memory, event), Aim: "< 300 ms", Ratio: none, Met: took < 300,
		Before: amount(v.mid(c, result.Baseline, event, result.Cold), 0, "ms"), After: amount(took, 0, "ms"),
		Why: fmt.Sprintf("the init takes %s ms, and %s of CPU; the floor's, which has no code of ours, %s and %s, for the share of a CPU "+
			"gives out %.1f ms of it in 100. "+
			"Until the first answer there are %s page faults, of the floor %s, of which each takes %v on this machine; the first event takes "+
			"%s ms, and %s of CPU",
			mid(result.Lift, event, result.Init, 0), mid(result.Lift, event, result.InitCPU, 1),
			mid(result.Floor, result.Idle, result.Init, 0), mid(result.Floor, result.Idle, result.InitCPU, 1), 100*float64(c.Memory)/1769,
			mid(result.Lift, event, result.Faults, 0), mid(result.Floor, result.Idle, result.Faults, 0),
			v.Machine.PageFault.Round(10*time.Nanosecond),
			mid(result.Lift, event, result.First, 0), mid(result.Lift, event, result.FirstCPU, 1)),
	}
}

func (v view) ofBinaries(name string, most float64) goal {
	before, after := 0.0, 0.0
	for _, b := range v.Binaries {
		switch b.Side {
		case result.Baseline:
			before += float64(b.Zip)
		case result.Lift:
			after += float64(b.Zip)
		}
	}
	n := float64(len(result.Functions)) * 1e6
	g := goal{Name: name, Aim: fmt.Sprintf("%+.0f %%", 100*(most-1)), Ratio: exact(before, after), Met: after <= most*before,
		Before: fmt.Sprintf("%.2f MB", before/n), After: fmt.Sprintf("%.2f MB", after/n)}
	g.Why = "see the sizes by function below"
	return g
}

func (v view) ofSource(name string, most float64, of func(result.Source) int) goal {
	var before, after int
	largest := result.Source{}
	for _, s := range v.Sources {
		switch {
		case !s.Compared:
		case s.Side == result.Baseline:
			before += of(s)
		default:
			after += of(s)
			if of(s) > of(largest) {
				largest = s
			}
		}
	}
	if before == 0 && after == 0 { // a run from before it was counted
		return goal{Name: name, Aim: fmt.Sprintf("%+.0f %%", 100*(most-1)), Ratio: none, Before: "not measured", After: "not measured",
			Why: "it was not counted in this run"}
	}
	return goal{Name: name, Aim: fmt.Sprintf("%+.0f %%", 100*(most-1)), Ratio: exact(float64(before), float64(after)),
		Met: before > 0 && float64(after) <= most*float64(before), Before: fmt.Sprint(before), After: fmt.Sprint(after),
		Why: fmt.Sprintf("most of it, %d, is in %s; it does more than the baseline's: see what differs", of(largest), largest.Part)}
}

func (v view) coverage() goal {
	g := goal{Name: "coverage of the tests", Aim: ">= 80 %", Before: "not measured", After: "not measured", Ratio: none,
		Why: "it was not measured"}
	for _, c := range v.Coverage {
		text := fmt.Sprintf("%.1f %%", c.Percent)
		if c.Side == result.Baseline {
			g.Before = text
			continue
		}
		g.After, g.Met, g.Why = text, c.Percent >= 80 && c.Fault == "", cmp.Or(c.Fault, "too little of the code has a test")
	}
	return g
}

// errors are of all warm events and of the same load through the staging stack.
func (v view) errors() goal {
	count := func(side string) (faults, all int) {
		for _, s := range v.Samples {
			if s.Side == side {
				faults, all = faults+s.Warm.Errors, all+s.Warm.Events
			}
		}
		for _, l := range v.Loads {
			if l.Stack == stagingOf(side) {
				faults, all = faults+l.Errors, all+l.Requests
			}
		}
		return faults, all
	}
	before, ofBefore := count(result.Baseline)
	after, ofAfter := count(result.Lift)
	return goal{Name: "errors", Aim: "no more", Ratio: none,
		Before: fmt.Sprintf("%d of %d", before, ofBefore), After: fmt.Sprintf("%d of %d", after, ofAfter),
		Met: float64(after)/float64(max(1, ofAfter)) <= float64(before)/float64(max(1, ofBefore)),
		Why: "see the events and the load below"}
}

// Calls that a warm event may make.
var callBudget = []struct {
	event string
	calls float64
}{{"connect", 1}, {"disconnect", 2}, {"echo", 1}, {"enqueue", 2}, {result.LongJob, 12}}

// inits is the median of all inits at full speed that came before one of the
// events, in ms of CPU.
func (v view) inits(side string, events ...string) float64 {
	var all []float64
	for _, s := range v.Samples {
		if s.Condition == bare && s.Side == side && slices.Contains(events, s.Event) {
			for _, start := range s.Starts {
				all = append(all, result.Milliseconds(start.InitCPU))
			}
		}
	}
	return result.Median(all)
}

// initCPU is the aim for the inits of the functions, whatever event comes afterwards.
func (v view) initCPU() goal {
	floor := v.inits(result.Floor, result.Idle)
	above := func(side, function string) float64 {
		return v.inits(side, slices.DeleteFunc(slices.Clone(result.Events),
			func(e string) bool { return result.FunctionOf(e) != function })...) - floor
	}
	slowest := slices.MaxFunc(result.Functions, func(a, b string) int { return cmp.Compare(above(result.Lift, a), above(result.Lift, b)) })
	event := result.Events[slices.IndexFunc(result.Events, func(e string) bool { return result.FunctionOf(e) == slowest })]
	size := func(side, function string) float64 {
		for _, b := range v.Binaries {
			if b.Side == side && b.Function == function {
				return float64(b.Bytes) / 1e6
			}
		}
		return math.NaN()
	}
	faults := func(side, event string) string { return number(v.mid(bare, side, event, result.Faults), 0) }
	most := above(result.Lift, slowest)
	return goal{
		Name: "init CPU above the floor's, at most (" + slowest + ")", Aim: "1.0 ms", Ratio: none, Met: most <= 1.0,
		Before: amount(above(result.Baseline, slowest), 2, "ms"), After: amount(most, 2, "ms"),
		Why: fmt.Sprintf("the floor has %.2f ms, on one thread %.2f; by function %s. The %s's binary has %.1f MB, the floor's %.1f; until "+
			"the first answer it takes %s page faults of %v, the floor %s, on one thread %s",
			floor, v.inits(result.Floor, result.IdleOneThread),
			byEvent(result.Functions, func(f string) string { return fmt.Sprintf("%+.2f ms", above(result.Lift, f)) }),
			slowest, size(result.Lift, slowest), size(result.Floor, result.Floor), faults(result.Lift, event),
			v.Machine.PageFault.Round(10*time.Nanosecond),
			faults(result.Floor, result.Idle), faults(result.Floor, result.IdleOneThread)),
	}
}

// aims are further ones.
func (v view) aims() []goal {
	floorPeak := v.mid(bare, result.Floor, result.Idle, result.Peak)
	floorZip := 0.0
	for _, b := range v.Binaries {
		if b.Side == result.Floor {
			floorZip = float64(b.Zip) / 1e6
		}
	}
	zip := goal{Name: "zip above the floor's, at most", Aim: "0.90 MB", Ratio: none, Why: "see the sizes by function below"}
	var before, after float64
	for _, b := range v.Binaries {
		switch mb := float64(b.Zip)/1e6 - floorZip; b.Side {
		case result.Baseline:
			before = max(before, mb)
		case result.Lift:
			after = max(after, mb)
		}
	}
	zip.Before, zip.After, zip.Met = fmt.Sprintf("%.2f MB", before), fmt.Sprintf("%.2f MB", after), after <= 0.9

	event, peak := v.worst(bare, result.Peak, result.Events)
	memory := goal{Name: "peak memory above the floor's, at most (" + event + ")", Aim: "4 MiB", Ratio: none,
		Before: fmt.Sprintf("%.1f MiB", v.mid(bare, result.Baseline, event, result.Peak)-floorPeak),
		After:  fmt.Sprintf("%.1f MiB", peak-floorPeak), Met: peak-floorPeak <= 4,
		Why: fmt.Sprintf("the floor has %.1f MiB; by event %s", floorPeak, byEvent(result.Events, func(e string) string {
			return fmt.Sprintf("%+.1f MiB", v.mid(bare, result.Lift, e, result.Peak)-floorPeak)
		}))}

	calls := goal{Name: "network calls of a warm event", Ratio: none, Met: true}
	var aim, was, is []string
	for _, b := range callBudget {
		c := bare
		if b.event == result.LongJob {
			c = usual
		}
		n := v.mid(c, result.Lift, b.event, result.Calls)
		aim = append(aim, fmt.Sprintf("%s %.0f", b.event, b.calls))
		was = append(was, fmt.Sprintf("%.0f", v.mid(c, result.Baseline, b.event, result.Calls)))
		is = append(is, fmt.Sprintf("%.0f", n))
		calls.Met = calls.Met && n <= b.calls
	}
	calls.Aim, calls.Before, calls.After = strings.Join(aim, ", "), strings.Join(was, ", "), strings.Join(is, ", ")
	return []goal{v.initCPU(), zip, v.relative("warm CPU of an event", bare, less(result.WarmCPU), "ms", 0.50, result.Events), memory, calls}
}
