// Command soak runs the project of verify/testdata/workload for a long time, as `go run .` with SQLite and
// on the staging stack, under mixed load with kills, readers that do not read, tokens that end,
// connections that are closed and clocks that step. It samples what could grow, and says at the
// end whether each series has levelled off, whether each acknowledged request has ended once, and
// whether anything is stuck. Ctrl-C ends it early, with all that it has written.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A config is what was asked for.
type config struct {
	root   string // of the repository
	out    string // folder of the figures
	length time.Duration
	every  time.Duration // between samples
	folder string        // for what is discarded
}

// retention is how long what has ended can be read: it must bite within the first half.
func (c config) retention() time.Duration {
	return min(max(c.length/10, time.Minute), 5*time.Minute).Truncate(time.Minute)
}

func main() {
	var c config
	stages := flag.String("stages", "dev,staging", "stages to run, at the same time")
	flag.StringVar(&c.root, "root", "../..", "folder of the repository")
	flag.StringVar(&c.out, "out", "figures", "folder for the samples, the plots and the verdicts")
	flag.DurationVar(&c.length, "for", time.Hour, "how long there is load")
	flag.DurationVar(&c.every, "every", 5*time.Second, "how often samples are taken")
	page := flag.String("page", "", "page whose part between the marks is written anew (default none)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := soak(ctx, c, strings.Split(*stages, ","), *page); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func soak(ctx context.Context, c config, names []string, page string) (err error) {
	if c.folder, err = os.MkdirTemp("", "soak-"); err != nil {
		return err
	}
	defer os.RemoveAll(c.folder)
	if err := os.MkdirAll(c.out, 0o755); err != nil {
		return err
	}
	if c.root, err = filepath.Abs(c.root); err != nil {
		return err
	}
	stages := map[string]func(context.Context, config, *backend) (*stage, error){"dev": startDev, "staging": startStaging}
	var runs []*run
	for _, name := range names {
		start := stages[name]
		if start == nil {
			return fmt.Errorf("%q is not a stage: use dev or staging", name)
		}
		b := startBackend()
		defer b.server.Close()
		s, err := start(ctx, c, b)
		if err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		defer s.stop()
		runs = append(runs, newRun(c, name, s, b))
	}
	var wg sync.WaitGroup
	for _, r := range runs {
		wg.Go(func() { r.run(ctx) })
	}
	wg.Wait()
	var bad []error
	for _, r := range runs {
		faults, err := r.write()
		bad = append(bad, err)
		for _, fault := range faults {
			bad = append(bad, fmt.Errorf("%s: %s", r.name, fault))
		}
	}
	if page != "" {
		bad = append(bad, writePage(page, runs))
	}
	return errors.Join(bad...)
}
