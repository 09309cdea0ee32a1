package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/internal/lambdazip"
	"github.com/pay-theory/streamer/stack"
)

const distHelp = `Builds the four functions of a project for Lambda, from the mains in cmd/connect,
cmd/disconnect, cmd/router and cmd/processor, and packs each into a zip whose name
the template wants, such as router-arm64.zip. One source gives the same bytes
wherever it is built. It prints the zips, with their sizes in bytes.

--with-template puts the template beside them: deploy/template.yaml of the project,
or the one of this version of Streamer. It needs the go command.`

const distExample = `  streamer dist --with-template
  streamer dist --arch amd64 --out /tmp/zips
  streamer dist --arch arm64,amd64 --source shop`

// distArchs are the values of --arch, in Go's names as the template's Architecture has them.
var distArchs = []string{"arm64", "amd64"}

type distribution struct {
	source, out  string
	archs        []string
	withTemplate bool
}

func newDist(env *environment) *cobra.Command {
	var d distribution
	cmd := &cobra.Command{
		Use:     "dist",
		Short:   "Build a project's functions for AWS",
		Long:    distHelp,
		Example: distExample,
		Args:    takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, arch := range d.archs {
				if !slices.Contains(distArchs, arch) {
					return &exitError{exitUsage, fmt.Errorf("--arch %q is not valid: use %s, or both with a comma between",
						arch, strings.Join(distArchs, " or "))}
				}
			}
			if d.out == "" {
				d.out = filepath.Join(d.source, "dist")
			}
			return ended(cmd.Context(), d.make(cmd.Context(), env))
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.source, "source", ".", "folder of the project")
	f.StringVar(&d.out, "out", "", "folder that gets the zips (default dist in --source)")
	f.StringSliceVar(&d.archs, "arch", distArchs[:1], "architecture of the functions: arm64, amd64 or both with a comma between")
	complete(cmd, "arch", distArchs)
	f.BoolVar(&d.withTemplate, "with-template", false, "write template.yaml beside the zips")
	return cmd
}

// make builds everything before it writes the first zip.
func (d distribution) make(ctx context.Context, env *environment) error {
	folder, err := os.MkdirTemp("", "streamer-dist-")
	if err != nil {
		return fmt.Errorf("make a folder for the binaries: %w", err)
	}
	defer os.RemoveAll(folder)
	functions := stack.Functions()
	for _, arch := range d.archs {
		env.sayf("building %s for %s\n", strings.Join(functions, ", "), arch)
		if err := stack.BuildFunctions(ctx, stack.Build{Source: d.source, Functions: functions, Output: filepath.Join(folder, arch),
			OS: "linux", Arch: arch}); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(d.out, 0o755); err != nil {
		return fmt.Errorf("make the folder of the zips: %w; choose another with --out", err)
	}
	for _, arch := range d.archs {
		for _, name := range functions {
			path := filepath.Join(d.out, name+"-"+arch+".zip")
			size, err := lambdazip.Pack(path, filepath.Join(folder, arch, name))
			if err != nil {
				return fmt.Errorf("write %s: %w", path, err)
			}
			if err := env.print("%9d  %s\n", size, path); err != nil {
				return err
			}
		}
	}
	if d.withTemplate {
		return d.writeTemplate(env)
	}
	return nil
}

func (d distribution) writeTemplate(env *environment) error {
	text, err := stack.ReadTemplate(stack.TemplateFile(d.source))
	if err != nil {
		return err
	}
	path := filepath.Join(d.out, "template.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the template: %w", err)
	}
	return env.print("%9d  %s\n", len(text), path)
}

// ended turns the error of a command into its exit: that of Ctrl-C, or a failure.
func ended(ctx context.Context, err error) error {
	var exit *exitError
	switch {
	case err == nil, errors.As(err, &exit):
		return err
	case errors.Is(context.Cause(ctx), errInterrupted):
		return &exitError{exitInterrupt, errInterrupted}
	}
	return &exitError{exitFailed, err}
}
