package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/measure/bench/function"
	"github.com/pay-theory/streamer/measure/bench/result"
	"github.com/pay-theory/streamer/measure/bench/services"
)

// A plan says how much of everything is measured in a round.
type plan struct {
	starts int // processes for each event
	warm   int // events of the last of them
	jobs   int // of them, where the event is a job
	long   int // jobs whose steps are reported; 0: none
}

func planOf(c result.Condition, quick bool) plan {
	p := plan{starts: 3, warm: 1000, jobs: 60}
	switch {
	case c == bare:
		p.starts = 8 // inits are compared to the tenth of a millisecond
	case c.Memory > 0:
		p = plan{starts: 2, warm: 25, jobs: 10}
	case c.Delay > 0:
		p.warm, p.jobs = 100, 20
		if c.TLS {
			p.long = 3
		}
	case c.TLS:
		p.warm = 500
	}
	if quick {
		p = plan{starts: 1, warm: max(10, p.warm/20), jobs: 5, long: min(p.long, 1)}
	}
	return p
}

// A session is one side under one condition, with services of its own. Its
// trials build on each other: a disconnect is of a connection that there was, a
// job of a request that was queued.
type session struct {
	side      string
	functions map[string]string   // the binaries
	settings  map[string][]string // of the environment, by function
	condition result.Condition
	plan      plan
	quota     *function.Quota
	round     int

	services *services.Services
	token    string
	env      []string
}

// openSession starts the services. Close the session's services when done.
func openSession(ctx context.Context, cache string, s session) (*session, error) {
	var err error
	if s.services, err = services.Start(ctx, cache); err != nil {
		return nil, err
	}
	s.services.SetDelay(s.condition.Delay)
	s.token = issuer.sign()
	s.env = append(s.services.Env(s.condition.TLS), issuer.env()...)
	return &s, nil
}

// events are what a session measures, in an order in which each finds what it
// needs.
func (s *session) events() []string {
	if s.side == result.Floor {
		return []string{result.Idle, result.IdleOneThread}
	}
	events := []string{"connect", "echo", "enqueue", "job"}
	if s.plan.long > 0 {
		events = append(events, result.LongJob)
	}
	return append(events, "disconnect")
}

// trial measures an event: cold starts, and the last process goes on warm.
func (s *session) trial(ctx context.Context, event string) (result.Sample, error) {
	sample := result.Sample{Round: s.round, Condition: s.condition, Side: s.side, Event: event}
	starts, warm := s.plan.starts, s.plan.warm
	n := 0 // events so far
	switch event {
	case "job":
		warm, n = s.plan.jobs, s.plan.long
	case result.LongJob:
		starts, warm = 0, s.plan.long
	case "enqueue", "connect", "disconnect":
		// As many as the later trials take.
		warm = max(warm, s.plan.jobs+s.plan.long)
	}
	for range starts - 1 {
		p, start, err := s.start(ctx, event, n)
		if err != nil {
			return sample, err
		}
		p.Stop()
		sample.Starts = append(sample.Starts, start)
		n++
	}
	warmUp, first := event, n
	if event == result.LongJob {
		warmUp, first = "job", s.plan.long+s.plan.starts+s.plan.jobs // one that the trial of jobs left
	} else {
		n++
	}
	p, start, err := s.start(ctx, warmUp, first)
	if err != nil {
		return sample, err
	}
	defer p.Stop()
	if starts > 0 {
		sample.Starts = append(sample.Starts, start)
	}
	if sample.Warm, err = s.warm(ctx, p, event, n, warm); err != nil {
		return sample, err
	}
	usage, err := p.Usage()
	sample.Peak = usage.Peak
	return sample, err
}

// start starts a process for an event and gives it the first one.
func (s *session) start(ctx context.Context, event string, n int) (*function.Process, result.Start, error) {
	var start result.Start
	name := result.FunctionOf(event)
	env := slices.Concat(s.env, s.settings[name])
	if event == result.IdleOneThread {
		env = append(env, "GOMAXPROCS=1")
	}
	p, err := function.Start(function.Config{Name: name, Path: s.functions[name], Env: env, Quota: s.quota})
	if err != nil {
		return nil, start, err
	}
	err = func() error {
		var err error
		if start.Init, err = p.Ready(ctx); err != nil {
			return err
		}
		usage, err := p.Usage()
		if err != nil {
			return err
		}
		start.InitCPU, start.Resident = usage.CPU, usage.Resident
		if start.First, err = s.do(ctx, p, event, n); err != nil {
			return err
		}
		after, err := p.Usage()
		start.FirstCPU, start.Faults = after.CPU-usage.CPU, after.Faults
		return err
	}()
	if err != nil {
		p.Stop()
		return nil, start, fmt.Errorf("%s, %s, first event: %w", s.side, event, err)
	}
	return p, start, nil
}

// warm gives a process events, the n-th and after.
func (s *session) warm(ctx context.Context, p *function.Process, event string, n, events int) (result.Warm, error) {
	warm := result.Warm{Events: events}
	before, err := p.Usage()
	if err != nil {
		return warm, err
	}
	s.services.Take()
	lines, metrics := p.Printed()
	var took []time.Duration
	for i := range events {
		d, err := s.do(ctx, p, event, n+i)
		if _, ok := errors.AsType[*eventError](err); ok {
			warm.Errors++
		} else if err != nil {
			return warm, fmt.Errorf("%s, %s: %w", s.side, event, err)
		}
		took = append(took, d)
	}
	after, err := p.Usage()
	if err != nil {
		return warm, err
	}
	counts := s.services.Take()
	each := func(n int) float64 { return float64(n) / float64(events) }
	linesAfter, metricsAfter := p.Printed()
	warm.Errors += counts.Faults
	warm.CPU = (after.CPU - before.CPU) / time.Duration(events)
	warm.Calls, warm.Made = each(counts.Calls), counts.Made
	warm.Segments, warm.Lines, warm.Metrics = each(counts.Segments), each(linesAfter-lines), each(metricsAfter-metrics)
	warm.P50, warm.P95, warm.P99 = result.Percentile(took, 50), result.Percentile(took, 95), result.Percentile(took, 99)
	return warm, nil
}

// An eventError is an answer that a user would not have wanted. The function
// itself works.
type eventError struct{ answer []byte }

func (e *eventError) Error() string { return fmt.Sprintf("answered %s", e.answer) }

// do gives a process the n-th event of its kind and returns how long the answers
// took to what it leads to.
func (s *session) do(ctx context.Context, p *function.Process, event string, n int) (time.Duration, error) {
	var payload []byte
	switch event {
	case result.Idle, result.IdleOneThread:
		payload = echoEvent(n)
	case "connect":
		payload = connectEvent(s.token, n)
	case "disconnect":
		payload = disconnectEvent(n)
	case "echo":
		payload = echoEvent(n)
	case "enqueue":
		step := shortStep
		if n < s.plan.long {
			step = longStep
		}
		payload = enqueueEvent(n, step)
	case "job", result.LongJob:
		var err error
		if payload, err = s.jobEvent(n); err != nil {
			return 0, err
		}
	default:
		return 0, fmt.Errorf("no event %q", event)
	}
	out, took, err := p.Invoke(ctx, payload)
	if err != nil {
		return 0, err
	}
	if s.refused(event, out) {
		return took, &eventError{out}
	}
	return took, nil
}

// jobEvent is what the processor gets for the n-th request: the message that its router
// sent.
func (s *session) jobEvent(n int) ([]byte, error) {
	body, sent := s.services.Message(requestID(n))
	if !sent {
		return nil, fmt.Errorf("request %s was not dispatched", requestID(n))
	}
	return lifttest.SQS{Queue: "streamer-dispatch", Messages: []lifttest.SQSMessage{{Body: body}}}.Payload(), nil
}

// refused reports whether an answer says that the function did not do what it
// was asked for.
func (s *session) refused(event string, out []byte) bool {
	switch event {
	case "job", result.LongJob:
		return bytes.Contains(out, []byte("itemIdentifier"))
	case "connect", "disconnect", "echo", "enqueue":
		return !bytes.Contains(out, []byte(`"statusCode":2`)) || bytes.Contains(out, []byte(`\"type\":\"error\"`))
	}
	return false
}
