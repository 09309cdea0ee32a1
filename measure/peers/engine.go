package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The job is the same everywhere: five steps, each of them recorded, and their count
// as the result.
const jobSteps = 5

// slowStep is how long a step of a slow job takes: time to kill what runs it.
const slowStep = 300 * time.Millisecond

// slowPrefix begins the id of a slow job, so that a process that comes later knows it
// from its id alone.
const slowPrefix = "slow-"

// effectsFile is the environment variable with the file that each step of a slow job
// adds a line to: the effect outside that a second run of the step doubles.
const effectsFile = "PEERS_EFFECTS"

// step is what a step of a job does.
func step(id string, n int) (int, error) {
	if !strings.HasPrefix(id, slowPrefix) {
		return n, nil
	}
	file, err := os.OpenFile(os.Getenv(effectsFile), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(file, "%s %d\n", id, n); err != nil {
		return 0, err
	}
	time.Sleep(slowStep)
	return n, file.Close()
}

func stepName(n int) string { return "step-" + strconv.Itoa(n) }

// An engine is one peer as a program uses it. It is safe for concurrent use.
type engine interface {
	// Run starts a job and returns when its result is at the client.
	Run(ctx context.Context, id string) (int, error)

	// Await returns the result of a job that an earlier process started.
	Await(ctx context.Context, id string) (int, error)

	Close()
}

// An order is what the tool asks of a process that has an engine, and an answer what
// that says: both a line of JSON.
type order struct {
	Do   string // series, burst, start or await
	Jobs int    // of a series or a burst
	ID   string // of the job to start or await
}

type answer struct {
	Each  []time.Duration // of a series: from the start of each to its result
	Whole time.Duration   // of a burst: from the first start to the last result
	Error string
}

// obey does what is ordered on stdin until that ends.
func obey(ctx context.Context, e engine) error {
	defer e.Close()
	answers := json.NewEncoder(os.Stdout)
	if err := answers.Encode(answer{}); err != nil { // it is up
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		a, err := carryOut(ctx, e, o)
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

func carryOut(ctx context.Context, e engine, o order) (answer, error) {
	switch o.Do {
	case "series":
		var a answer
		for range o.Jobs {
			began := time.Now()
			if err := check(e.Run(ctx, newID())); err != nil {
				return a, err
			}
			a.Each = append(a.Each, time.Since(began))
		}
		return a, nil
	case "burst":
		faults := make([]error, o.Jobs)
		var all sync.WaitGroup
		began := time.Now()
		for n := range faults {
			all.Go(func() { faults[n] = check(e.Run(ctx, newID())) })
		}
		all.Wait()
		whole := time.Since(began)
		for _, err := range faults {
			if err != nil {
				return answer{}, err
			}
		}
		return answer{Whole: whole}, nil
	case "start":
		go func() { _, _ = e.Run(ctx, o.ID) }() // the process is killed before it ends
		return answer{}, nil
	case "await":
		began := time.Now()
		return answer{Whole: time.Since(began)}, check(e.Await(ctx, o.ID))
	}
	return answer{}, fmt.Errorf("the order %q is not one of series, burst, start and await", o.Do)
}

// check holds a result against what the job returns.
func check(got int, err error) error {
	if err == nil && got != jobSteps {
		err = fmt.Errorf("the job returned %d, want %d", got, jobSteps)
	}
	return err
}

var (
	idMu   sync.Mutex
	lastID int
)

// newID returns an id that no other process has used.
func newID() string {
	idMu.Lock()
	defer idMu.Unlock()
	lastID++
	return fmt.Sprintf("job-%d-%d", os.Getpid(), lastID)
}

// quantile of latencies, which it sorts.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(q*float64(len(all))))]
}
