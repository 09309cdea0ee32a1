package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

type options struct {
	page, only                  string
	temporal, centrifugo        string
	rounds, divide, connections int
	kill                        bool
}

// A row is what was found of a contender.
type row struct {
	contender
	each  []time.Duration // of every round's series
	rates []float64       // jobs a second, of each round's burst
	cpu   time.Duration   // of all its processes
	jobs  int             // that took it
	peak  int64           // bytes, the highest of the rounds
	kill  *survival
}

// roundTime bounds one turn of a contender.
const roundTime = 2 * time.Minute

func (o options) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "streamer-peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	var rows []*row
	for _, c := range contenders {
		if strings.Contains(c.name, o.only) && (o.temporal != "" || !c.temporal) {
			c.series, c.burst = max(3, c.series/o.divide), max(3, c.burst/o.divide)
			rows = append(rows, &row{contender: c})
		}
	}
	for round := range o.rounds {
		for n := range rows {
			r := rows[(n+round)%len(rows)] // no one is always behind the same other
			if err := o.turn(ctx, folder, round, r); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
	}
	if o.kill {
		for _, r := range rows {
			progressf("%s: kill -9", r.name)
			if r.kill, err = o.inPlace(ctx, folder, "kill", r.contender, killed); err != nil {
				return fmt.Errorf("%s: kill: %w", r.name, err)
			}
		}
	}
	var links []*link
	if o.centrifugo != "" {
		if links, err = o.measureConnections(ctx, folder); err != nil {
			return fmt.Errorf("connections: %w", err)
		}
	}
	return o.report(rows, links)
}

func progressf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// turn is one round of one contender.
func (o options) turn(ctx context.Context, folder string, round int, r *row) error {
	_, err := o.inPlace(ctx, folder, fmt.Sprint("round-", round), r.contender, func(ctx context.Context, _ place, found *running,
		database *postgres) (*survival, error) {
		defer found.stop()
		if _, err := found.engine.ask(ctx, order{Do: "series", Jobs: max(3, r.series/10)}); err != nil { // to warm up
			return nil, err
		}
		before, err := found.usage(database)
		if err != nil {
			return nil, err
		}
		series, err := found.engine.ask(ctx, order{Do: "series", Jobs: r.series})
		if err != nil {
			return nil, err
		}
		burst, err := found.engine.ask(ctx, order{Do: "burst", Jobs: r.burst})
		if err != nil {
			return nil, err
		}
		after, err := found.usage(database)
		if err != nil {
			return nil, err
		}
		rate := float64(r.burst) / burst.Whole.Seconds()
		progressf("%s: p50 %v, %.0f a second", r.name, quantile(series.Each, 0.5).Round(10*time.Microsecond), rate)
		r.each, r.rates = append(r.each, series.Each...), append(r.rates, rate)
		r.cpu, r.jobs = r.cpu+after.cpu-before.cpu, r.jobs+r.series+r.burst
		r.peak = max(r.peak, after.peak)
		return nil, nil
	})
	return err
}

// usage is that of all processes of a contender, with its database.
func (r *running) usage(database *postgres) (usage, error) {
	var all usage
	for _, p := range append([]*process{r.engine}, r.services...) {
		u, err := usageOf(p.cmd.Process.Pid, false)
		if err != nil {
			return all, err
		}
		all = all.plus(u)
	}
	if database != nil {
		u, err := usageOf(database.cmd.Process.Pid, true)
		if err != nil {
			return all, err
		}
		all = all.plus(u)
	}
	return all, nil
}

// inPlace starts a contender in a folder of its own, with a database where it wants one,
// and does something with it.
func (o options) inPlace(ctx context.Context, folder, name string, c contender,
	do func(context.Context, place, *running, *postgres) (*survival, error)) (s *survival, err error) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	at := place{folder: filepath.Join(folder, name), temporal: o.temporal}
	if err := os.MkdirAll(at.folder, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(at.folder)
	var database *postgres
	if c.postgres {
		if database, err = startPostgres(at.folder); err != nil {
			return nil, err
		}
		defer database.stop()
		at.url = database.url
	}
	found, err := c.start(ctx, at)
	if err != nil {
		return nil, err
	}
	return do(ctx, at, found, database)
}
