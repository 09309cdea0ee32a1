package runtimeapi

import (
	"log/slog"
	"sync"
	"time"
)

// AfterKey is the key of the context's *[After]. A handler's context of this
// package has one.
type AfterKey struct{}

// After is the work that an invocation's handler leaves for when the invocation has
// been answered. It is safe for concurrent use.
type After struct {
	Deadline time.Time // the invocation's

	mu   sync.Mutex
	over bool // nothing can be left any more
	work []func()

	// run is runAll; set by Leave, so that a function that leaves no work links none of it.
	run func(a *After, logger *slog.Logger, id string, alone bool)
}

// Leave takes work, which the loop runs behind all that was left before. It reports
// false, and takes nothing, when the loop has run what there was.
func (a *After) Leave(do func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return false
	}
	a.work, a.run = append(a.work, do), (*After).runAll
	return true
}

// answered runs what was left for after the invocation's answer.
func (a *After) answered(logger *slog.Logger, id string, alone bool) {
	a.mu.Lock()
	run := a.run
	a.over = run == nil
	a.mu.Unlock()
	if run != nil {
		run(a, logger, id, alone)
	}
}

// runAll runs the work. Lambda ends the process of an invocation that is alone and is not
// done by its deadline. Among several the process goes on, so that work which ignores the
// deadline is left behind.
func (a *After) runAll(logger *slog.Logger, id string, alone bool) {
	done := make(chan struct{})
	run := func() {
		defer close(done)
		for do := a.next(); do != nil; do = a.next() {
			do()
		}
	}
	if alone {
		run()
		return
	}
	go run()
	timer := time.NewTimer(time.Until(a.Deadline))
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		logger.Error("the work after the answer ignores its deadline", slog.String("invocation_id", id), slog.Time("deadline", a.Deadline))
	}
}

// next is the first of the work. With nil there is none left, and none can be left.
func (a *After) next() func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.work) == 0 {
		a.over = true
		return nil
	}
	do := a.work[0]
	a.work = a.work[1:]
	return do
}
