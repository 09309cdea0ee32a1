package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/lift/gobuild"
	"github.com/pay-theory/streamer/measure/bench/function"
	"github.com/pay-theory/streamer/measure/bench/result"
)

// hello is the function that the bare one is compared with.
var hello = side{result.Lift, ".", gobuild.Flags(), map[string]string{"hello": "./examples/hello/function"}}

// greeting is an event for both: the bare function gives it back.
const greeting = `{"version":"2.0","routeKey":"$default","rawPath":"/hello/ada","headers":{"accept":"*/*"},"requestContext":` +
	`{"http":{"method":"GET","path":"/hello/ada","sourceIp":"203.0.113.7"},"requestId":"r","stage":"$default"},"isBase64Encoded":false}`

func newFloor() *cobra.Command {
	var root string
	var starts int
	cmd := &cobra.Command{
		Use:   "floor [NAME=BINARY...]",
		Short: "Start hello-world and a bare function of aws-lambda-go in turns, and compare",
		Long: "Floor builds examples/hello and the bare function, starts them in turns, each from a new copy of its binary " +
			"and with GOMAXPROCS=1, and compares CPU (user and system) and page faults from exec to the first answer. " +
			"Other binaries join by name and path.",
		RunE: func(cmd *cobra.Command, args []string) error {
			folder, err := os.MkdirTemp("", "streamer-bench-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(folder)
			names, paths := []string{"floor", "hello"}, map[string]string{}
			for _, s := range []side{sides[len(sides)-1], hello} {
				for name, pkg := range s.commands {
					paths[name] = filepath.Join(folder, name)
					if _, err := output(s.goBuild(cmd.Context(), root, "-o", paths[name], pkg)); err != nil {
						return err
					}
				}
			}
			for _, arg := range args {
				name, path, ok := strings.Cut(arg, "=")
				if !ok {
					return fmt.Errorf("%q names no binary: want NAME=PATH", arg)
				}
				names, paths[name] = append(names, name), path
			}
			rows, err := compareStarts(cmd.Context(), names, paths, starts)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "\tbytes\t\tCPU ms\t\tfaults\t")
			for _, r := range rows {
				fmt.Fprintf(w, "%s\t%.0f\t%.3f\t%.2f\t%.2f\t%.0f\t%.2f\n", r.name, r.bytes, r.bytes/rows[0].bytes,
					r.cpu, r.cpu/rows[0].cpu, r.faults, r.faults/rows[0].faults)
			}
			return w.Flush()
		},
	}
	rootFlag(cmd, &root)
	cmd.Flags().IntVar(&starts, "starts", 31, "how often each is started")
	return cmd
}

// A startRow is what one binary takes: its size, and medians of its starts.
type startRow struct {
	name               string
	bytes, cpu, faults float64
}

// compareStarts starts the binaries in turns. A machine that is busy shows in all
// of them.
func compareStarts(ctx context.Context, names []string, paths map[string]string, starts int) ([]startRow, error) {
	cpu, faults := map[string][]float64{}, map[string][]float64{}
	for range starts {
		for _, name := range names {
			usage, err := startOnce(ctx, name, paths[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			cpu[name] = append(cpu[name], usage.CPU.Seconds()*1000)
			faults[name] = append(faults[name], float64(usage.Faults))
		}
	}
	var rows []startRow
	for _, name := range names {
		info, err := os.Stat(paths[name])
		if err != nil {
			return nil, err
		}
		rows = append(rows, startRow{name, float64(info.Size()), result.Median(cpu[name]), result.Median(faults[name])})
	}
	return rows, nil
}

// startOnce starts a function and returns what it took until its first answer.
func startOnce(ctx context.Context, name, path string) (function.Usage, error) {
	p, err := function.Start(function.Config{Name: name, Path: path, Env: append(unreachable(), "GOMAXPROCS=1")})
	if err != nil {
		return function.Usage{}, err
	}
	defer p.Stop()
	if _, err := p.Ready(ctx); err != nil {
		return function.Usage{}, err
	}
	if _, _, err := p.Invoke(ctx, []byte(greeting)); err != nil {
		return function.Usage{}, err
	}
	return p.Usage()
}
