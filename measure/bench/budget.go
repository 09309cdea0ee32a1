package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/internal/budget"
	"github.com/pay-theory/streamer/measure/bench/result"
)

func newBudget() *cobra.Command {
	var root string
	var lowering bool
	cmd := &cobra.Command{
		Use:   "budget",
		Short: "Hold what repeats exactly against the limits in budget.json",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file := filepath.Join(root, "budget.json")
			allowed, err := budget.Read(file)
			if err != nil {
				return err
			}
			figures, err := measureBudget(cmd.Context(), root)
			if err != nil {
				return err
			}
			if err := checkBudget(cmd.OutOrStdout(), allowed, figures); err != nil || !lowering {
				return err
			}
			return writeBudget(file, lower(allowed, figures))
		},
	}
	rootFlag(cmd, &root)
	cmd.Flags().BoolVar(&lowering, "lower", false, "set the limits to what is measured, where that is less")
	return cmd
}

func writeBudget(file string, b budget.Budget) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(b); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
}

// measureBudget builds the functions and lets each event happen a few times.
func measureBudget(ctx context.Context, root string) (map[string]map[string]int, error) {
	folder, err := os.MkdirTemp("", "streamer-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	figures := map[string]map[string]int{}
	built := binaries{}
	for _, s := range sides {
		if s.name != result.Lift {
			continue
		}
		all, paths, err := s.buildAll(ctx, root, folder)
		if err != nil {
			return nil, err
		}
		built[s.name] = paths
		for _, b := range all {
			figures[b.Function] = map[string]int{"zip": int(b.Zip), "packages": b.Packages, "init_allocs": b.InitAllocs,
				"reflect_method": b.ReflectMethod}
		}
	}
	calls, err := measureCalls(ctx, cacheOf(root), built[result.Lift])
	if err != nil {
		return nil, err
	}
	figures["calls"] = calls
	return figures, nil
}

// measureCalls counts the network calls of one warm event of each kind.
func measureCalls(ctx context.Context, cache string, functions map[string]string) (calls map[string]int, err error) {
	progress("calls of each event")
	s, err := openSession(ctx, cache, session{side: result.Lift, functions: functions, condition: bare,
		plan: plan{starts: 1, warm: 4, jobs: 2, long: 1}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.services.Close()) }()
	calls = map[string]int{}
	for _, event := range s.events() {
		sample, err := s.trial(ctx, event)
		if err != nil {
			return nil, err
		}
		if sample.Warm.Errors > 0 {
			return nil, fmt.Errorf("%d of %d events %s failed", sample.Warm.Errors, sample.Warm.Events, event)
		}
		if event != "job" { // its calls depend on how fast it is
			calls[event] = int(sample.Warm.Calls)
		}
	}
	return calls, nil
}

// checkBudget prints every figure beside its limit and returns what is wrong.
// What the budget says of other subjects is for the tests of Lift.
func checkBudget(out io.Writer, b budget.Budget, figures map[string]map[string]int) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	var faults []error
	for _, subject := range slices.Sorted(maps.Keys(figures)) {
		for _, name := range slices.Sorted(maps.Keys(figures[subject])) {
			fmt.Fprintf(w, "%s\t%s\t%d\tof %d\n", subject, name, figures[subject][name], b[subject][name].For(runtime.Version()))
		}
		faults = append(faults, b.Check(subject, figures[subject])...)
	}
	return errors.Join(append(faults, w.Flush())...)
}

// lower returns the budget with limits a little above the figures, where that is
// less: allocations vary by a handful, and bytes by the commit that Go writes into
// a binary.
func lower(b budget.Budget, figures map[string]map[string]int) budget.Budget {
	lowered := budget.Budget{}
	for subject, limits := range b {
		lowered[subject] = maps.Clone(limits)
		for name, limit := range limits {
			if got, measured := figures[subject][name]; measured {
				limit.Max = min(limit.Max, got+got/50)
				lowered[subject][name] = limit
			}
		}
	}
	return lowered
}
