package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/measure/soak/level"
)

// shortest is how long a run must be for its series to be judged: below, retention and the
// kills leave nothing that could be level.
const shortest = 5 * time.Minute

// kept are series that grow by design for longer than a run: DynamoDB keeps output for 30
// days (dynamo.Config.OutputKept), and the counter of a request's children for a year. They are
// shown and not judged; that output has a time to live is.
var kept = []string{"items: output", "items: limits"}

// slacks are by how much a series may rise beside its tenth, by the words that its name has. A
// series that none fits is shown and not judged. dev removes rows once a minute, so that there
// may be those of another minute's requests.
var slacks = []struct {
	word  string
	slack float64
}{
	{"without a time to live", 0}, {"rows of requests", 300}, {"memory", 12}, {"heap", 8}, {"goroutines", 20},
	{"file descriptors", 12}, {"database", 1}, {"write-ahead", 4},
	{"output", 4000}, {"rows", 100}, {"items", 100}, {"open requests", 10},
}

func slack(name string) (value float64, judged bool) {
	if slices.Contains(kept, name) {
		return 0, false
	}
	for _, s := range slacks {
		if strings.Contains(name, s.word) {
			return s.slack, true
		}
	}
	return 0, false
}

// series returns the samples' values by their names, and when each was taken.
func (r *run) series() map[string]points {
	all := map[string]points{}
	for _, s := range r.samples {
		for name, value := range s.Values {
			p := all[name]
			p.at, p.value = append(p.at, s.At), append(p.value, value)
			all[name] = p
		}
	}
	return all
}

// A judged series is a line of the report.
type judged struct {
	Name    string        `json:"name"`
	First   float64       `json:"first_quarter"` // its ninth decile, as those of the verdict
	Verdict level.Verdict `json:"verdict"`
	Judged  bool          `json:"judged"`
}

// A summary is what the figures of a run come to.
type summary struct {
	Stage   string         `json:"stage"`
	Length  string         `json:"length"`
	Samples int            `json:"samples"`
	Counts  map[string]int `json:"counts"`
	Series  []judged       `json:"series"`
	Faults  []string       `json:"faults"`
}

func (r *run) summary() summary {
	length := time.Duration(0)
	if n := len(r.samples); n > 0 {
		length = time.Duration(r.samples[n-1].At * float64(time.Second))
	}
	s := summary{Stage: r.name, Length: length.Round(time.Second).String(), Samples: len(r.samples), Counts: r.counts,
		Faults: slices.Clone(r.faults)}
	all := r.series()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p := all[name].value
		slack, isJudged := slack(name)
		j := judged{Name: name, First: level.Quantile(p[:max(len(p)/4, 1)], 0.9), Verdict: level.Judge(p, slack),
			Judged: isJudged && length >= shortest}
		if j.Judged && !j.Verdict.Level {
			s.Faults = append(s.Faults, name+": "+j.Verdict.Why)
		}
		s.Series = append(s.Series, j)
	}
	return s
}

// write writes the samples, a plot of each series and the summary. It returns what is wrong.
func (r *run) write() (faults []string, err error) {
	s := r.summary()
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(r.out, r.name+".json"), append(data, '\n'), 0o644); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(r.out, r.name+".svg"), plots(r.name, r.series()), 0o644); err != nil {
		return nil, err
	}
	return s.Faults, r.writeSamples()
}

func (r *run) writeSamples() error {
	file, err := os.Create(filepath.Join(r.out, r.name+".csv"))
	if err != nil {
		return err
	}
	defer file.Close()
	names := slices.Sorted(maps.Keys(r.series()))
	w := csv.NewWriter(file)
	w.Write(append([]string{"at_s"}, names...))
	for _, s := range r.samples {
		row := []string{strconv.FormatFloat(s.At, 'f', 1, 64)}
		for _, name := range names {
			cell := ""
			if value, ok := s.Values[name]; ok {
				cell = strconv.FormatFloat(value, 'g', 6, 64)
			}
			row = append(row, cell)
		}
		w.Write(row)
	}
	w.Flush()
	return w.Error()
}

const (
	beginMark = "<!-- figures: make soak writes them -->"
	endMark   = "<!-- end of the figures -->"
)

// writePage writes the part of a page that has the figures.
func writePage(page string, runs []*run) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), beginMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok || !ok2 {
		return fmt.Errorf("%s has not the marks %q and %q", page, beginMark, endMark)
	}
	var b strings.Builder
	for _, r := range runs {
		s := r.summary()
		fmt.Fprintf(&b, "\n### %s: %s, %d samples\n\n", s.Stage, s.Length, s.Samples)
		var done []string
		for _, name := range slices.Sorted(maps.Keys(s.Counts)) {
			done = append(done, fmt.Sprintf("%s %d", name, s.Counts[name]))
		}
		fmt.Fprintf(&b, "Done: %s.\n\n", strings.Join(done, ", "))
		b.WriteString("| series | first quarter | third | last | at most | level |\n|---|---:|---:|---:|---:|---|\n")
		for _, j := range s.Series {
			verdict, most := "shown only", ""
			if j.Judged {
				verdict, most = map[bool]string{true: "yes", false: "**no**"}[j.Verdict.Level], number(j.Verdict.Limit)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", j.Name, number(j.First), number(j.Verdict.Before), number(j.Verdict.After),
				most, verdict)
		}
		fmt.Fprintf(&b, "\n![Each series of %s over time](soak/%s.svg)\n", s.Stage, s.Stage)
		for _, fault := range s.Faults {
			fmt.Fprintf(&b, "\n- %s\n", fault)
		}
	}
	return os.WriteFile(page, []byte(before+beginMark+"\n"+b.String()+"\n"+endMark+after), 0o644)
}

func number(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
