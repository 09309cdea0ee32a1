package main

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/measure/bench/result"
)

//go:embed report.md.tmpl
var reportText string

var reportTemplate = template.Must(template.New("report").Option("missingkey=zero").Parse(reportText))

func newReport() *cobra.Command {
	var root, folder string
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write the report of the newest run kept in it",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return writeReport(cmp.Or(folder, reportFolder(root))) },
	}
	rootFlag(cmd, &root)
	reportFlag(cmd, &folder)
	return cmd
}

// runName is how a run's file is called, without its ending.
func runName(date time.Time) string { return date.Format("2006-01-02T1504") }

// writeReport writes the page and the charts of the newest run in the folder.
func writeReport(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "runs", "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("there is no run in " + folder)
	}
	slices.Sort(files)
	p := page{}
	for _, file := range files {
		run, err := result.Read(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		p.view = view{run}
		p.runs = append(p.runs, p.view)
	}
	out, err := os.Create(filepath.Join(folder, "README.md"))
	if err != nil {
		return err
	}
	if err := reportTemplate.Execute(out, p); err != nil {
		return errors.Join(err, out.Close())
	}
	return errors.Join(out.Close(), p.charts(folder))
}

// A page is what the template shows.
type page struct {
	view
	runs []view // with the page's own, the last
}

// RatioText is the goal's ratio.
func (g goal) RatioText() string {
	if math.IsNaN(g.Ratio.Mid) {
		return ""
	}
	return g.Ratio.String()
}

// Goals are the goals of the integration.
func (p page) Goals() []goal { return p.goals() }

// Aims are those beyond them.
func (p page) Aims() []goal { return p.aims() }

// Missed are the goals and aims that are not met.
func (p page) Missed() []goal {
	return slices.DeleteFunc(slices.Concat(p.goals(), p.aims()), func(g goal) bool { return g.Met })
}

// Share is how much of a CPU a small function has.
func (p page) Share() string { return fmt.Sprintf("%d/1769", result.Small.Memory) }

// Own is what a job's action takes by itself.
func (p page) Own() string { return (echoSteps * shortStep).String() }

// A row is a line of a table about an event on a side.
type row map[string]string

// rows makes a row for each event on each side.
func (p page) rows(c result.Condition, events []string, fill func(side, event string, r row)) []row {
	var all []row
	for _, event := range events {
		for _, side := range []string{result.Baseline, result.Lift} {
			r := row{"Event": event, "Side": side}
			fill(side, event, r)
			all = append(all, r)
		}
	}
	for _, idle := range []string{result.Idle, result.IdleOneThread} {
		if len(p.Each(c, result.Floor, idle, result.Peak)) > 0 {
			r := row{"Event": idle, "Side": result.Floor}
			fill(result.Floor, idle, r)
			all = append(all, r)
		}
	}
	return all
}

func number(v float64, digits int) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

func (p page) ratio(c result.Condition, side, event string, f result.Figure) string {
	if side != result.Lift {
		return ""
	}
	return result.RangeOf(p.ratios(c, f, event)).String()
}

// A table is what was measured under a condition.
type table struct {
	Condition result.Condition
	Events    string
	Rows      []row
}

// Cold are the cold starts at full speed and as smaller functions have them.
func (p page) Cold() []table {
	var all []table
	for _, c := range p.measured(bare, result.Deployed, result.Small) {
		all = append(all, table{Condition: c, Rows: p.rows(c, result.Events, func(side, event string, r row) {
			r["Init"], r["InitCPU"] = number(p.mid(c, side, event, result.Init), 2), number(p.mid(c, side, event, result.InitCPU), 2)
			r["First"], r["Cold"] = number(p.mid(c, side, event, result.First), 2), number(p.mid(c, side, event, result.Cold), 2)
			r["FirstCPU"], r["Faults"] = number(p.mid(c, side, event, result.FirstCPU), 2), number(p.mid(c, side, event, result.Faults), 0)
			r["Ratio"] = p.ratio(c, side, event, result.Cold)
		})})
	}
	return all
}

// measured are the conditions that there are samples of.
func (p page) measured(of ...result.Condition) []result.Condition {
	return slices.DeleteFunc(of, func(c result.Condition) bool {
		return len(p.Each(c, result.Lift, result.Events[0], result.P50)) == 0
	})
}

// Warm are the warm events under all conditions.
func (p page) Warm() []table {
	var all []table
	for _, c := range p.measured(slices.Clone(result.Conditions)...) {
		least, most := math.MaxInt, 0
		for _, event := range result.Events {
			n := 0
			for _, s := range p.Samples {
				if s.Condition == c && s.Event == event && s.Side == result.Lift {
					n += s.Warm.Events
				}
			}
			least, most = min(least, n), max(most, n)
		}
		all = append(all, table{Condition: c, Events: fmt.Sprintf("%d (jobs) to %d", least, most),
			Rows: p.rows(c, result.Events, func(side, event string, r row) {
				r["P50"], r["P95"] = number(p.mid(c, side, event, less(result.P50)), 2), number(p.mid(c, side, event, less(result.P95)), 2)
				r["P99"], r["CPU"] = number(p.mid(c, side, event, less(result.P99)), 2), number(p.mid(c, side, event, less(result.WarmCPU)), 3)
				r["Ratio"], r["RatioCPU"] = p.ratio(c, side, event, less(result.P50)), p.ratio(c, side, event, less(result.WarmCPU))
			})})
	}
	return all
}

// shown are the events whose calls are shown: a short job makes as many as it has
// time for.
var shown = []string{"connect", "disconnect", "echo", "enqueue", result.LongJob}

// Telemetry is what operators get of each event.
func (p page) Telemetry() []row {
	return p.rows(usual, shown, func(side, event string, r row) {
		mid := func(f result.Figure) string { return number(p.mid(usual, side, event, f), 1) }
		r["Lines"], r["Metrics"], r["Segments"], r["Put"] = mid(logLines), mid(metricLines), mid(segments), mid(putMetrics)
	})
}

// Untold are the kinds of telemetry that the baseline's short actions send and
// those on Lift do not, which spares the latter work.
func (p page) Untold() string {
	sent := func(side string, of result.Figure) bool { return p.mid(usual, side, "echo", of) > 0 }
	var kinds []string
	if sent(result.Baseline, putMetrics) && !sent(result.Lift, putMetrics) && !sent(result.Lift, metricLines) {
		kinds = append(kinds, "metrics")
	}
	if sent(result.Baseline, segments) && !sent(result.Lift, segments) {
		kinds = append(kinds, "traces")
	}
	return strings.Join(kinds, " and no ")
}

// What operators hear of an event.
var (
	logLines    result.Figure = func(s result.Sample) float64 { return s.Warm.Lines }
	metricLines result.Figure = func(s result.Sample) float64 { return s.Warm.Metrics }
	segments    result.Figure = func(s result.Sample) float64 { return s.Warm.Segments }
	putMetrics  result.Figure = func(s result.Sample) float64 {
		return float64(s.Warm.Made["cloudwatch POST"]) / float64(s.Warm.Events)
	}
)

// Calls are the network calls of each event, and which they are.
func (p page) Calls() []row {
	return p.rows(usual, shown, func(side, event string, r row) {
		r["Calls"] = number(p.mid(usual, side, event, result.Calls), 1)
		made, events := map[string]int{}, 0
		for _, s := range p.Samples {
			if s.Condition == usual && s.Side == side && s.Event == event {
				events += s.Warm.Events
				for call, n := range s.Warm.Made {
					made[call] += n
				}
			}
		}
		var list []string
		for _, call := range slices.Sorted(maps.Keys(made)) {
			list = append(list, fmt.Sprintf("%s %.1f", call, float64(made[call])/float64(events)))
		}
		r["Made"] = strings.Join(list, ", ")
	})
}

// Memory is what the processes had.
func (p page) Memory() []row {
	return p.rows(bare, result.Events, func(side, event string, r row) {
		r["Resident"], r["Peak"] = number(p.mid(bare, side, event, result.Resident), 1), number(p.mid(bare, side, event, result.Peak), 1)
		r["Ratio"] = p.ratio(bare, side, event, result.Peak)
	})
}

// Sizes are the binaries'.
func (p page) Sizes() []row {
	var all []row
	for _, b := range p.Binaries {
		all = append(all, row{"Function": b.Function, "Side": b.Side, "Bytes": number(float64(b.Bytes)/1e6, 2),
			"Zip":      number(float64(b.Zip)/1e6, 2),
			"Packages": strconv.Itoa(b.Packages), "InitAllocs": strconv.Itoa(b.InitAllocs), "InitClock": number(result.Milliseconds(b.InitClock), 2),
			"ReflectMethod": strconv.Itoa(b.ReflectMethod)})
	}
	return all
}

// Code is the source of both sides, with the sum of what is compared.
func (p page) Code() []row {
	var all []row
	add := func(s result.Source) {
		all = append(all, row{"Side": s.Side, "Part": s.Part, "Files": strconv.Itoa(s.Files), "Lines": strconv.Itoa(s.Lines),
			"Statements": strconv.Itoa(s.Statements), "Functions": strconv.Itoa(s.Functions),
			"Complexity": strconv.Itoa(s.Complexity), "Each": number(float64(s.Complexity)/float64(s.Functions), 1),
			"Highest": strconv.Itoa(s.Highest)})
	}
	for _, side := range []string{result.Baseline, result.Lift} {
		sum := result.Source{Side: side, Part: "**sum of the above**"}
		for _, s := range p.Sources {
			if s.Side == side && s.Compared {
				add(s)
				sum.Files, sum.Lines, sum.Statements = sum.Files+s.Files, sum.Lines+s.Lines, sum.Statements+s.Statements
				sum.Functions, sum.Complexity = sum.Functions+s.Functions, sum.Complexity+s.Complexity
				sum.Highest = max(sum.Highest, s.Highest)
			}
		}
		add(sum)
		for _, s := range p.Sources {
			if s.Side == side && !s.Compared {
				add(s)
			}
		}
	}
	return all
}

// Errors are those of the warm events.
func (p page) Errors() []row {
	var all []row
	for _, side := range []string{result.Baseline, result.Lift} {
		events, faults := 0, 0
		for _, s := range p.Samples {
			if s.Side == side {
				events, faults = events+s.Warm.Events, faults+s.Warm.Errors
			}
		}
		all = append(all, row{"Side": side, "Events": strconv.Itoa(events), "Errors": strconv.Itoa(faults)})
	}
	return all
}

// LoadRows are the load tests.
func (p page) LoadRows() []row {
	var all []row
	for _, l := range p.Loads {
		r := row{"Stack": l.Stack, "Name": l.Name, "Requests": strconv.Itoa(l.Requests), "Errors": strconv.Itoa(l.Errors), "Note": l.Note}
		if l.Took > 0 {
			r["Took"], r["Rate"] = l.Took.Round(time.Millisecond).String(), number(float64(l.Requests-l.Errors)/l.Took.Seconds(), 0)
		}
		if l.Max > 0 {
			r["P50"], r["P95"] = number(result.Milliseconds(l.P50), 2), number(result.Milliseconds(l.P95), 2)
			r["P99"], r["Max"] = number(result.Milliseconds(l.P99), 2), number(result.Milliseconds(l.Max), 2)
		}
		if l.Memory > 0 {
			r["Memory"] = number(float64(l.Memory)/1024, 1)
		}
		all = append(all, r)
	}
	return all
}
