package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/pay-theory/streamer/bench/result"
)

func newRun() *cobra.Command {
	var root, out string
	var rounds int
	var quick bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Measure everything",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			run, err := runAll(cmd.Context(), root, rounds, quick)
			if err != nil {
				return err
			}
			return run.Write(out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&root, "root", ".", "the repository")
	f.StringVar(&out, "out", "bench.json", "file for the raw data")
	f.IntVar(&rounds, "rounds", 7, "how often everything is measured")
	f.BoolVar(&quick, "quick", false, "a few of everything, to try it")
	return cmd
}

func runAll(ctx context.Context, root string, rounds int, quick bool) (*result.Run, error) {
	began := time.Now()
	folder, err := os.MkdirTemp("", "streamer-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	run := &result.Run{Date: began.UTC().Truncate(time.Second), Rounds: rounds, Machine: machine()}
	built, all, err := build(ctx, root, folder)
	if err != nil {
		return nil, err
	}
	run.Binaries = all
	if run.Samples, run.Machine.Limit, err = measure(ctx, filepath.Join(root, ".cache", "dynoxide"), built, rounds, quick); err != nil {
		return nil, err
	}
	run.Took = time.Since(began).Round(time.Second)
	return run, nil
}

func machine() result.Machine {
	m := result.Machine{Cores: runtime.NumCPU(), Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
			}
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = string(bytes.TrimRight(u.Release[:], "\x00"))
	}
	return m
}
