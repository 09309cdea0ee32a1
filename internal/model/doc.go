package model

import (
	"fmt"
	"strings"
)

// Markdown is the diagram and the table as docs/requests.md has them.
func Markdown() string {
	var b strings.Builder
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	for _, arrow := range arrows() {
		b.WriteString("    " + arrow + "\n")
	}
	b.WriteString("```\n\n| in | event | leads to | effect |\n|---|---|---|---|\n")
	for _, row := range Table() {
		to := row.To.String()
		if row.To == Same {
			to = "the same"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", names(row.From), row.Event, to, row.Effect)
	}
	return b.String()
}

// arrows are the table's transitions between states, each once, with the events
// that take it.
func arrows() []string {
	var arrows []string
	at := map[string]int{}
	for _, row := range Table() {
		for _, from := range row.From {
			to := row.To
			if to == Same {
				to = from
			}
			arrow := node(from) + " --> " + node(to) + " : "
			i, seen := at[arrow]
			switch {
			case !seen:
				at[arrow] = len(arrows)
				arrows = append(arrows, arrow+string(row.Event))
			case !strings.Contains(arrows[i]+",", " "+string(row.Event)+","):
				arrows[i] += ", " + string(row.Event)
			}
		}
	}
	return arrows
}

func node(s Situation) string {
	if s.State == "" {
		return "[*]"
	}
	return string(s.State)
}

func (s Situation) String() string {
	switch {
	case s.State == "":
		return "not there"
	case s.When == "":
		return string(s.State)
	}
	return string(s.State) + ", " + s.When
}

// names groups situations by their state.
func names(all []Situation) string {
	var out []string
	for i, s := range all {
		if i > 0 && all[i-1].State == s.State {
			out[len(out)-1] += "; " + s.When
			continue
		}
		out = append(out, s.String())
	}
	return strings.Join(out, "; ")
}
