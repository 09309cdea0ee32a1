package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/measure/soak/level"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const (
	clients     = 4
	slowReaders = 2
	tokenLife   = 90 * time.Second // shorter than a run, so that it is renewed on the live connection
	patience    = 3 * time.Minute  // for a request, through kills and steps of the clock
)

// A sample is the figures of one moment of a run.
type sample struct {
	At     float64 `json:"at_s"`
	Values values  `json:"values"`
}

// A run is one stage under load.
type run struct {
	config
	name    string
	stage   *stage
	backend *backend
	began   time.Time

	interrupted func() bool

	mu        sync.Mutex
	samples   []sample
	latencies map[string][]float64 // since the last sample, in milliseconds
	counts    map[string]int       // what was done, by its name
	faults    []string
}

func newRun(c config, name string, s *stage, b *backend) *run {
	return &run{config: c, name: name, stage: s, backend: b, latencies: map[string][]float64{}, counts: map[string]int{}}
}

func (r *run) count(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[what]++
}

// fault notes what is wrong; what an interrupt has broken off is not.
func (r *run) faultf(format string, args ...any) {
	if r.interrupted() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts["faults"]++
	if len(r.faults) < 50 {
		text := fmt.Sprintf("after %v: ", time.Since(r.began).Round(time.Second)) + fmt.Sprintf(format, args...)
		r.faults = append(r.faults, text)
		fmt.Fprintf(os.Stderr, "%s: %s\n", r.name, text)
	}
}

// run puts load on the stage for the length of the run; then no new work begins, and what is
// under way is waited for. When ctx ends before, it is not waited for.
func (r *run) run(ctx context.Context) {
	r.began, r.interrupted = time.Now(), func() bool { return ctx.Err() != nil }
	load, endLoad := context.WithTimeout(ctx, r.length)
	defer endLoad()
	sampling, endSampling := context.WithCancel(ctx)
	var samplers, loads sync.WaitGroup
	samplers.Go(func() { r.sampleUntil(sampling) })
	for n := range clients {
		loads.Go(func() { r.client(load, ctx, n) })
	}
	for n := range slowReaders {
		loads.Go(func() { r.slowReader(load, n) })
	}
	loads.Go(func() { r.kills(load) })
	loads.Go(func() { r.clockSteps(load) })
	loads.Wait()
	endSampling()
	samplers.Wait()
	if ctx.Err() == nil {
		r.quiet(ctx)
	}
}

// sleep waits, and reports whether ctx still lasts.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// kills ends processes by SIGKILL now and then: of dev, whose one process must have time to show a leak, only
// within the first 45 % of the run, which the verdict does not look at.
func (r *run) kills(ctx context.Context) {
	every := max(r.length/20, 10*time.Second)
	for sleep(ctx, every/2+rand.N(every)) {
		if r.name == "dev" && time.Since(r.began) > r.length*45/100 {
			return
		}
		if err := r.stage.kill(); err != nil {
			r.faultf("kill: %v", err)
			return
		}
		r.count("kills of a " + r.stage.victims)
	}
}

// clockSteps sets the project's clock ahead of the machine's and back.
func (r *run) clockSteps(ctx context.Context) {
	every := max(r.length/16, 10*time.Second)
	for n := 0; sleep(ctx, every); n++ {
		ahead := []time.Duration{15 * time.Second, 0, -15 * time.Second, 0}[n%4]
		if err := os.WriteFile(r.stage.clock, []byte(ahead.String()), 0o600); err != nil {
			r.faultf("step the clock: %v", err)
			return
		}
		r.count("steps of the clock")
	}
	_ = os.WriteFile(r.stage.clock, []byte("0s"), 0o600)
}

func (r *run) sampleUntil(ctx context.Context) {
	for n := 0; ; n++ {
		began := time.Now()
		bounded, cancel := context.WithTimeout(ctx, 20*time.Second)
		v := ofProcesses(r.stage.pid())
		if n%r.stage.figuresEvery == 0 {
			v.add(r.stage.figures(bounded))
		}
		if token, err := r.stage.token("watcher", time.Hour, request.OperatorScope); err == nil {
			v.add(ofRuntime(bounded, r.stage, token))
			v.add(r.open(bounded))
		}
		cancel()
		if ctx.Err() != nil {
			return
		}
		r.mu.Lock()
		for action, all := range r.latencies {
			v["median of "+action+" (ms)"] = level.Quantile(all, 0.5)
		}
		clear(r.latencies)
		r.samples = append(r.samples, sample{time.Since(r.began).Round(time.Millisecond).Seconds(), v})
		r.mu.Unlock()
		if !sleep(ctx, max(r.every-time.Since(began), r.every/2)) {
			return
		}
	}
}

// operator is a client that sees every subject's requests.
func (r *run) operator() (*client.Client, error) {
	return client.HTTP(client.Config{URL: r.stage.socket, HTTPURL: r.stage.http, Token: func(context.Context) (string, error) {
		return r.stage.token("watcher", time.Hour, request.OperatorScope)
	}})
}

// open counts the requests that have not ended.
func (r *run) open(ctx context.Context) values {
	c, err := r.operator()
	if err != nil {
		return nil
	}
	defer c.Close()
	sum, err := c.States(ctx, wire.StatsQuery{}, nil)
	if err != nil {
		return nil
	}
	v := values{"open requests": 0}
	for _, s := range sum.States {
		if s.State == wire.StateQueued || s.State == wire.StateRunning {
			v["open requests"] += float64(s.Count)
		}
	}
	return v
}

// quiet waits until nothing is open any more, but what the schedule has just started.
func (r *run) quiet(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		open, known := r.open(ctx)["open requests"]
		if known && open == 0 {
			return
		}
		if !sleep(ctx, time.Second) {
			r.faultf("%v requests are open (known: %t) %v after the load has ended, want none", open, known, patience)
			return
		}
	}
}
