package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/pay-theory/streamer/bench/function"
	"github.com/pay-theory/streamer/bench/result"
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
func measure(ctx context.Context, cache string, built binaries, rounds int, quick bool) (samples []result.Sample, limit string, err error) {
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
			more, err := measureRound(ctx, cache, built, session{condition: c, plan: planOf(c, quick), quota: limits[c.Memory], round: round})
			if err != nil {
				return nil, "", err
			}
			samples = append(samples, more...)
		}
	}
	return samples, limit, nil
}

func measureRound(ctx context.Context, cache string, built binaries, template session) (samples []result.Sample, err error) {
	open := func(side string) (*session, error) {
		s := template
		s.side, s.functions = side, built[side]
		return openSession(ctx, cache, s)
	}
	var order []*session
	defer func() {
		for _, s := range order {
			err = errors.Join(err, s.services.Close())
		}
	}()
	for _, side := range []string{result.Baseline, result.Lift} {
		s, err := open(side)
		if err != nil {
			return nil, err
		}
		order = append(order, s)
	}
	if template.round%2 == 1 {
		slices.Reverse(order)
	}
	for _, event := range order[0].events() {
		for _, s := range order {
			sample, err := s.trial(ctx, event)
			if err != nil {
				return nil, err
			}
			samples = append(samples, sample)
		}
	}
	// The floor calls nobody: how they are reached does not matter to it.
	if template.condition == bare || template.condition.Memory > 0 {
		s, err := open(result.Floor)
		if err != nil {
			return nil, err
		}
		order = append(order, s)
		sample, err := s.trial(ctx, result.Idle)
		if err != nil {
			return nil, err
		}
		samples = append(samples, sample)
	}
	return samples, nil
}
