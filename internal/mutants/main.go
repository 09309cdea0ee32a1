// Command mutants breaks the code on purpose, one fault at a time. Over each of those
// of the domain and the stores it runs the prover until a seed notices; each of those of
// the other rooms has a test of its package that must notice. It writes what it found
// between the marks of docs/prove.md, and fails when a fault goes unnoticed. With -steady
// it runs the tests that notice on the code as it is, and fails when one of them does.
// Run it from the module's root.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.seeds, "seeds", 100, "how many seeds to try at most")
	flag.StringVar(&o.only, "only", "", "a regular expression of the mutants to try, as FILE: WHAT; the page then stays as it is")
	flag.StringVar(&o.set, "set", "", "which mutants to try: proved, which the prover notices, or tested, which a test does (default: both)")
	flag.StringVar(&o.shard, "shard", "1/1", "which part of how many to try, such as 2/4; the page then stays as it is")
	flag.IntVar(&o.jobs, "jobs", 2, "how many mutants to try at a time")
	flag.IntVar(&o.steady, "steady", 0, "run each test that notices so many times on the code as it is, and no mutant")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type options struct {
	seeds, jobs, steady int
	only, set, shard    string
}

func (o options) run(ctx context.Context) error {
	tries, err := o.choose()
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	for _, t := range tries {
		if _, err := t.apply("."); err != nil {
			return err
		}
	}
	if o.steady > 0 {
		return steady(ctx, scratch, tries, o.steady)
	}
	failures := o.tryAll(ctx, scratch, tries)
	if o.only == "" && o.shard == "1/1" {
		failures = append(failures, write(tries))
	}
	return errors.Join(failures...)
}

// A try is a mutant and what became of it.
type try struct {
	mutant
	room    string // empty: the prover notices it
	noticed bool
	seed    int    // that noticed
	finding string // of the seed
}

// choose returns the mutants that the flags name, in their order.
func (o options) choose() ([]*try, error) {
	chosen, err := regexp.Compile(o.only)
	if err != nil {
		return nil, err
	}
	var part, parts int
	if n, err := fmt.Sscanf(o.shard, "%d/%d", &part, &parts); n != 2 || err != nil || part < 1 || part > parts {
		return nil, fmt.Errorf("-shard %s is not a part of a number of parts: write one such as 2/4", o.shard)
	}
	if o.set != "" && o.set != "proved" && o.set != "tested" {
		return nil, fmt.Errorf("-set %s is not a set of mutants: write proved or tested", o.set)
	}
	var all []*try
	add := func(set, room string, mutants []mutant) {
		for _, m := range mutants {
			if chosen.MatchString(m.String()) && (o.set == "" || o.set == set) {
				all = append(all, &try{mutant: m, room: room})
			}
		}
	}
	add("proved", "", proved)
	for _, r := range rooms {
		add("tested", r.name, r.mutants)
	}
	var mine []*try
	for n := part - 1; n < len(all); n += parts { // neighbours take alike long
		mine = append(mine, all[n])
	}
	return mine, nil
}

// tryAll tries mutants, some at a time, and returns an error for each that nothing noticed.
func (o options) tryAll(ctx context.Context, scratch string, tries []*try) (missed []error) {
	var mu sync.Mutex
	var workers sync.WaitGroup
	next := make(chan int)
	for range max(o.jobs, 1) {
		workers.Go(func() {
			for n := range next {
				t, began := tries[n], time.Now()
				err := t.run(ctx, filepath.Join(scratch, fmt.Sprint(n)), o.seeds)
				took := time.Since(began).Round(100 * time.Millisecond)
				mu.Lock()
				switch {
				case err != nil:
					missed = append(missed, fmt.Errorf("%s: %w", t, err))
					fmt.Printf("MISSED %s (%v): %v\n", t, took, err)
				case t.seed > 0:
					fmt.Printf("seed %d notices %s (%v): %s\n", t.seed, t, took, t.finding)
				default:
					fmt.Printf("%s notices %s (%v)\n", t.test, t, took)
				}
				mu.Unlock()
			}
		})
	}
	for n := range tries {
		if ctx.Err() == nil {
			next <- n
		}
	}
	close(next)
	workers.Wait()
	return append(missed, ctx.Err())
}

// run tries one mutant in a folder of its own.
func (t *try) run(ctx context.Context, scratch string, seeds int) (err error) {
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	switch {
	case t.room == "":
		t.seed, t.finding, err = t.prove(ctx, scratch, seeds)
	case t.inNode():
		err = t.runNode(ctx, scratch)
	default:
		err = t.runTest(ctx, scratch)
	}
	t.noticed = err == nil
	return err
}

// apply returns the mutant's file with its fault, from the module's root. It
// fails, with the mutant's name and file, when the code to break is not there as
// it was: a rename must not make a mutant vanish.
func (m mutant) apply(root string) ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, fmt.Errorf("mutant %q: %w", m.what, err)
	}
	if count := bytes.Count(source, []byte(m.old)); count != 1 {
		return nil, fmt.Errorf("mutant %q: %s has its code %d times, want once: change internal/mutants as the code changed:\n%s", m.what,
			m.file, count, m.old)
	}
	return bytes.Replace(source, []byte(m.old), []byte(m.new), 1), nil
}
