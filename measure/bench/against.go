package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/measure/bench/result"
)

func newAgainst() *cobra.Command {
	var root, base string
	var rounds int
	cmd := &cobra.Command{
		Use:   "against",
		Short: "Compare the zips, cold starts and dispatch of two commits in turns",
		Long: "Against builds the four functions of a commit and of the working tree, each as its own `make dist` does, and " +
			"compares the zips, cold starts at the CPU of 128 MB over TLS, and the dispatch of a 2 KB event by " +
			"the benchmark that each has in ./lift. Both sides take turns, start by start.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if rounds < 1 {
				return fmt.Errorf("--rounds is %d: use 1 or more", rounds)
			}
			folder, err := os.MkdirTemp("", "streamer-bench-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(folder)
			pair, err := buildPair(cmd.Context(), root, base, folder)
			if err != nil {
				return err
			}
			lines := pair.zips()
			cold, err := pair.coldStarts(cmd.Context(), cacheOf(root), rounds)
			if err != nil {
				return err
			}
			dispatch, err := pair.dispatch(cmd.Context(), rounds)
			if err != nil {
				return err
			}
			return printComparison(cmd.OutOrStdout(), base, append(append(lines, cold...), dispatch...))
		},
	}
	rootFlag(cmd, &root)
	cmd.Flags().StringVar(&base, "base", "6efa51a", "commit to compare with")
	cmd.Flags().IntVar(&rounds, "rounds", 15, "how often each function is started for each event, and the benchmark run")
	return cmd
}

// A version is one of the two that are compared: its sources and what they make.
type version struct {
	name      string
	root      string
	zips      map[string]int64    // bytes, by function
	binaries  map[string]string   // out of the zips
	settings  map[string][]string // of its template, by function
	benchmark string              // the test binary of its ./lift
}

// A pair is the version that is the base, and the one of the working tree.
type pair [2]*version

// wanted are the files of a commit that the comparison needs.
var wanted = []string{"Makefile", "deploy/template.yaml", "lift/bench_test.go",
	"cmd/connect/main.go", "cmd/disconnect/main.go", "cmd/router/main.go", "cmd/processor/main.go"}

func buildPair(ctx context.Context, root, base, folder string) (pair, error) {
	before := &version{name: base, root: filepath.Join(folder, "base")}
	after := &version{name: "the working tree", root: root}
	if err := export(ctx, root, base, before.root); err != nil {
		return pair{}, err
	}
	for i, v := range []*version{before, after} {
		if err := v.build(ctx, filepath.Join(folder, fmt.Sprint("built-", i))); err != nil {
			return pair{}, fmt.Errorf("build %s: %w", v.name, err)
		}
	}
	return pair{before, after}, nil
}

// export writes the files of a commit into a folder, and refuses one that has not what is
// compared.
func export(ctx context.Context, root, commit, folder string) error {
	if _, err := output(command(ctx, root, "git", "rev-parse", "--verify", "--quiet", commit+"^{commit}")); err != nil {
		return fmt.Errorf("%q is not a commit of this repository: name one with --base, and fetch it first in a shallow clone", commit)
	}
	for _, path := range wanted {
		if _, err := output(command(ctx, root, "git", "cat-file", "-e", commit+":"+path)); err != nil {
			return fmt.Errorf("the commit %s has no %s, which the comparison needs: name a newer one with --base", commit, path)
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	archive := folder + ".tar"
	if _, err := output(command(ctx, root, "git", "archive", "--output", archive, commit)); err != nil {
		return err
	}
	_, err := output(command(ctx, folder, "tar", "-xf", archive))
	return err
}

// build makes the zips as the version itself does, and takes the binaries out of them:
// what is measured is what would be deployed.
func (v *version) build(ctx context.Context, folder string) error {
	progress("make dist of %s", v.name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if _, err := output(command(ctx, v.root, "make", "--no-print-directory", "dist")); err != nil {
		return err
	}
	v.zips, v.binaries = map[string]int64{}, map[string]string{}
	for _, name := range result.Functions {
		packed := filepath.Join(v.root, "dist", name+"-"+runtime.GOARCH+".zip")
		info, err := os.Stat(packed)
		if err != nil {
			return fmt.Errorf("make dist: %w", err)
		}
		v.zips[name], v.binaries[name] = info.Size(), filepath.Join(folder, name)
		if err := unpack(packed, v.binaries[name]); err != nil {
			return fmt.Errorf("%s: %w", packed, err)
		}
	}
	var err error
	if v.settings, err = runtimeSettings(v.root); err != nil {
		return err
	}
	if v.benchmark, err = filepath.Abs(filepath.Join(folder, "lift.test")); err != nil {
		return err
	}
	_, err = output(goCommand(ctx, v.root, "test", "-c", "-o", v.benchmark, "./lift"))
	return err
}

// unpack writes the binary of a function's zip into a file.
func unpack(packed, path string) error {
	archive, err := zip.OpenReader(packed)
	if err != nil {
		return err
	}
	defer archive.Close()
	from, err := archive.Open("bootstrap")
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
