package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/pay-theory/streamer/measure/bench/result"
	"github.com/pay-theory/streamer/measure/bench/services"
)

func rootFlag(cmd *cobra.Command, root *string) {
	cmd.Flags().StringVar(root, "root", "../..", "folder of the repository")
}

func reportFlag(cmd *cobra.Command, folder *string) {
	cmd.Flags().StringVar(folder, "report", "", "folder of the report (default docs/report of the repository)")
}

func reportFolder(root string) string { return filepath.Join(root, "docs", "report") }

func quickFlag(cmd *cobra.Command, quick *bool) {
	cmd.Flags().BoolVar(quick, "quick", false, "a few of everything, to see that it works")
}

func cacheOf(root string) string { return filepath.Join(root, ".cache", "dynoxide") }

func newRun() *cobra.Command {
	var root, folder string
	var rounds int
	var quick bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Measure everything and write the report",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder := cmp.Or(folder, reportFolder(root))
			if err := os.MkdirAll(filepath.Join(folder, "runs"), 0o755); err != nil {
				return err
			}
			run, err := runAll(cmd.Context(), root, rounds, quick)
			if err != nil {
				return err
			}
			file := filepath.Join(folder, "runs", runName(run.Date)+".json")
			if err := run.Write(file); err != nil {
				return err
			}
			progress("the run took %v and is in %s", run.Took, file)
			if err := pruneRuns(folder); err != nil {
				return err
			}
			return writeReport(folder)
		},
	}
	cmd.Flags().IntVar(&rounds, "rounds", 5, "how often everything is measured")
	rootFlag(cmd, &root)
	reportFlag(cmd, &folder)
	quickFlag(cmd, &quick)
	return cmd
}

// keptRuns is how many runs a report's folder keeps: the newest and the one to
// compare it with.
const keptRuns = 2

// pruneRuns removes all runs but the newest from a report's folder.
func pruneRuns(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "runs", "*.json"))
	if err != nil {
		return err
	}
	slices.Sort(files) // by their dates
	for _, file := range files[:max(0, len(files)-keptRuns)] {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

func runAll(ctx context.Context, root string, rounds int, quick bool) (*result.Run, error) {
	began := time.Now()
	folder, err := os.MkdirTemp("", "streamer-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	run := &result.Run{Date: began.UTC().Truncate(time.Second), Rounds: rounds, Machine: machine(), Commit: commit(ctx, root)}
	built, all, err := build(ctx, root, folder)
	if err != nil {
		return nil, err
	}
	run.Binaries = all
	if run.Sources, err = measureSource(root); err != nil {
		return nil, err
	}
	if run.Samples, run.Machine.Limit, err = measure(ctx, root, cacheOf(root), built, rounds, quick); err != nil {
		return nil, err
	}
	if run.Loads, err = measureLoads(ctx, root, quick); err != nil {
		return nil, err
	}
	if !quick {
		if run.Coverage, err = measureCoverage(ctx, root, folder); ctx.Err() != nil {
			return nil, err
		} else if err != nil {
			progress("the coverage is left out, what was measured is kept: %v", err)
		}
	}
	run.Took = time.Since(began).Round(time.Second)
	return run, nil
}

// commit is that of the sources, with a mark when they have been changed since;
// empty outside of git.
func commit(ctx context.Context, root string) string {
	hash, err := output(command(ctx, root, "git", "rev-parse", "--short", "HEAD"))
	if err != nil {
		return ""
	}
	changes, err := output(command(ctx, root, "git", "status", "--porcelain", "--", "*.go"))
	if err != nil {
		return ""
	}
	if changes != "" {
		return strings.TrimSpace(hash) + " with changes"
	}
	return strings.TrimSpace(hash)
}

// machine describes it without naming it.
func machine() result.Machine {
	m := result.Machine{Cores: runtime.NumCPU(), Go: fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH),
		PageFault: pageFault(), Authorities: services.Authorities()}
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

// pageFault is what the kernel takes to map a fresh page of memory, which a cold
// start does hundreds of times; 0 where that cannot be measured.
func pageFault() time.Duration {
	const pages = 4096
	size := unix.Getpagesize()
	memory, err := unix.Mmap(-1, 0, pages*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return 0
	}
	defer func() { _ = unix.Munmap(memory) }() // it was mapped
	if unix.Madvise(memory, unix.MADV_NOHUGEPAGE) != nil {
		return 0
	}
	began := time.Now()
	for at := 0; at < len(memory); at += size {
		memory[at] = 1
	}
	return time.Since(began) / pages
}
