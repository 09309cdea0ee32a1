package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/pay-theory/streamer/measure/bench/function"
	"github.com/pay-theory/streamer/measure/bench/result"
)

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// quotas are what limits the CPU, by the memory of a function; it is empty where
// nothing can.
type quotas map[int]*function.Quota

func newQuotas() (quotas, error) {
	all := quotas{}
	for _, c := range result.Conditions {
		if c.Memory == 0 {
			continue
		}
		quota, err := function.NewQuota(c.Memory)
		if err != nil {
			return quotas{}, errors.Join(err, all.close())
		}
		all[c.Memory] = quota
	}
	return all, nil
}

func (q quotas) close() error {
	var faults []error
	for _, quota := range q {
		faults = append(faults, quota.Close())
	}
	return errors.Join(faults...)
}

// measure runs all rounds. Within a round the sides take turns, event by event,
// and the one that goes first changes with each round, so that what disturbs the
// machine disturbs both.
//
// The functions on Lift have what deploy/template.yaml sets for the Go runtime.
func measure(ctx context.Context, root, cache string, built binaries, rounds int, quick bool) (samples []result.Sample, limit string,
	err error) {
	settings, err := runtimeSettings(root)
	if err != nil {
		return nil, "", err
	}
	limits, err := newQuotas()
	if err != nil {
		progress("the CPU cannot be limited here, so no function is measured as a small one: %v", err)
	} else {
		limit = limits[result.Small.Memory].String()
	}
	defer func() { err = errors.Join(err, limits.close()) }()
	for round := range rounds {
		for _, c := range result.Conditions {
			if c.Memory > 0 && limits[c.Memory] == nil {
				continue
			}
			progress("round %d of %d: %v", round+1, rounds, c)
			more, err := measureRound(ctx, cache, built, session{condition: c, plan: planOf(c, quick), quota: limits[c.Memory],
				settings: settings, round: round})
			if err != nil {
				return nil, "", err
			}
			samples = append(samples, more...)
		}
	}
	return samples, limit, nil
}

// measureRound opens a session for each side from the template, and lets them take
// turns.
func measureRound(ctx context.Context, cache string, built binaries, template session) (samples []result.Sample, err error) {
	var sessions []*session
	defer func() {
		for _, s := range sessions {
			err = errors.Join(err, s.services.Close())
		}
	}()
	open := func(side string) (*session, error) {
		s := template
		s.side, s.functions = side, built[side]
		if side != result.Lift {
			s.settings = nil
		}
		opened, err := openSession(ctx, cache, s)
		if err == nil {
			sessions = append(sessions, opened)
		}
		return opened, err
	}
	trial := func(s *session, event string) error {
		sample, err := s.trial(ctx, event)
		samples = append(samples, sample)
		return err
	}
	sides := []string{result.Baseline, result.Lift}
	if template.round%2 == 1 {
		slices.Reverse(sides)
	}
	for _, side := range sides {
		if _, err := open(side); err != nil {
			return nil, err
		}
	}
	turns := slices.Clone(sessions)
	events := turns[0].events()
	for i, event := range events {
		for _, s := range turns {
			if err := trial(s, event); err != nil {
				return nil, err
			}
		}
		// The floor in the middle. It makes no calls: how services are reached
		// does not matter to it.
		if i == len(events)/2 && (template.condition == bare || template.condition.Memory > 0) {
			s, err := open(result.Floor)
			if err != nil {
				return nil, err
			}
			for _, idle := range s.events() {
				if err := trial(s, idle); err != nil {
					return nil, err
				}
			}
		}
	}
	return samples, nil
}
