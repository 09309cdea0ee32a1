package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"strings"
)

const page = "docs/prove.md"

// write puts what became of the mutants into the page: those that a test notices by room,
// those that the prover does one by one.
func write(tries []*try) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	var byTest, byProver []*try
	for _, t := range tries {
		if t.room == "" {
			byProver = append(byProver, t)
		} else {
			byTest = append(byTest, t)
		}
	}
	if len(byTest) > 0 {
		if text, err = between(text, "tested mutants", roomTable(byTest)); err != nil {
			return err
		}
	}
	if len(byProver) > 0 {
		if text, err = between(text, "mutants", seedTable(byProver)); err != nil {
			return err
		}
	}
	return os.WriteFile(page, text, 0o644)
}

// between replaces what is between the marks of a name.
func between(text []byte, name, table string) ([]byte, error) {
	begin, end := "<!-- "+name+": written by make mutants -->\n", "<!-- "+name+" end -->\n"
	before, rest, found := bytes.Cut(text, []byte(begin))
	_, after, ends := bytes.Cut(rest, []byte(end))
	if !found || !ends {
		return nil, fmt.Errorf("%s has no marks for the table of the %s", page, name)
	}
	return []byte(string(before) + begin + table + end + string(after)), nil
}

func seedTable(tries []*try) string {
	table := "| fault | in | over | noticed by seed | as |\n|---|---|---|--:|---|\n"
	for _, t := range tries {
		if t.noticed {
			table += fmt.Sprintf("| %s | `%s` | %s | %d | %s |\n", t.what, t.file, strings.TrimPrefix(path.Base(t.test), "TestMixOver"), t.seed, t.finding)
		}
	}
	return table
}

func roomTable(tries []*try) string {
	table := "| room | faults | noticed | not noticed |\n|---|--:|--:|--:|\n"
	row := func(name string, faults, noticed int) {
		table += fmt.Sprintf("| %s | %d | %d | %d |\n", name, faults, noticed, faults-noticed)
	}
	all, allNoticed := 0, 0
	for _, r := range rooms {
		faults, noticed := 0, 0
		for _, t := range tries {
			if t.room == r.name {
				faults++
				if t.noticed {
					noticed++
				}
			}
		}
		if faults > 0 {
			row("`"+r.name+"`", faults, noticed)
		}
		all, allNoticed = all+faults, allNoticed+noticed
	}
	row("all", all, allNoticed)
	return table
}
