// Command scale computes where a stage ends: it runs a model of the quotas of AWS
// under a load of a million connections and ten thousand requests a second, of which
// one tenant sends half, and writes what it finds between the marks of docs/scale.md.
// Run it from the module's root.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
)

const (
	page  = "docs/scale.md"
	begin = "<!-- scale: written by make scale -->\n"
	end   = "<!-- scale end -->\n"
)

func main() {
	seed := flag.Uint64("seed", 1, "the seed of the arrivals; another than 1 leaves the page as it is")
	work := flag.Duration("work", defaultWork, "how long a run takes; another leaves the page as it is")
	flag.Parse()
	text := tables(*seed, work.Seconds())
	if _, err := os.Stdout.WriteString(text); err != nil {
		os.Exit(1) // who reads it has gone
	}
	if *seed != 1 || *work != defaultWork {
		return
	}
	if err := write(page, text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write puts a text between the marks of a page.
func write(name, text string) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(old, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return errors.New(name + " has no marks for the tables: put the lines " + begin + end + "where they go")
	}
	return os.WriteFile(name, []byte(string(before)+begin+text+end+string(after)), 0o644)
}
