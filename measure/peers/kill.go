package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A survival is what became of a job whose process was killed.
type survival struct {
	finished bool
	after    time.Duration // from the new start to the result
	again    int           // finished steps that ran again
	why      string        // it did not finish
}

// killAfter is how many steps have begun when the process is killed: the last of them
// is under way.
const killAfter = 3

// killWait is how long a job may take to come back.
const killWait = 40 * time.Second

// killed kills what runs a slow job in the middle, starts it again and waits for the
// result.
func killed(ctx context.Context, at place, r *running, _ *postgres) (*survival, error) {
	id := slowPrefix + "job"
	effects := filepath.Join(at.folder, "effects")
	if _, err := r.engine.ask(ctx, order{Do: "start", ID: id}); err != nil {
		r.stop()
		return nil, err
	}
	for begun := 0; begun < killAfter; {
		if ctx.Err() != nil {
			r.stop()
			return nil, errors.New("the job did not begin")
		}
		time.Sleep(10 * time.Millisecond)
		begun = len(effectLines(effects))
	}
	if !r.survives {
		r.engine.kill()
	}
	for _, p := range r.services {
		p.kill()
	}
	began := time.Now()
	after, err := r.again(ctx)
	if err != nil {
		return nil, fmt.Errorf("start again: %w", err)
	}
	defer after.stop()
	waiting, cancel := context.WithTimeoutCause(ctx, killWait, fmt.Errorf("not within %v", killWait))
	defer cancel()
	s := &survival{}
	_, err = after.engine.ask(waiting, order{Do: "await", ID: id})
	s.finished, s.after = err == nil, time.Since(began)
	if err != nil {
		s.why = err.Error()
	}
	times := map[string]int{}
	for _, line := range effectLines(effects) {
		times[line]++
	}
	for n := range killAfter - 1 { // the last one had not finished
		s.again += max(0, times[fmt.Sprintf("%s %d", id, n)]-1)
	}
	return s, nil
}

func effectLines(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil || len(text) == 0 {
		return nil // there is none yet
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}
