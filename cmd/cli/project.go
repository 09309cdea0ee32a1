package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// runProject builds the program of a folder and runs it there, with the flags that were
// given to cmd, behind a command if there is one. Ctrl-C and the exit code are passed on,
// which `go run` does not do.
func runProject(cmd *cobra.Command, env *environment, project string, command ...string) error {
	ctx := cmd.Context()
	args, err := projectArgs(cmd)
	if err != nil {
		return err
	}
	folder, err := programFolder()
	if err != nil {
		return fmt.Errorf("make a folder for the program: %w", err)
	}
	defer os.RemoveAll(folder)
	env.sayf("building the project in %s\n", project)
	name, err := goCommand(ctx, project, "list", "-f", "{{.Name}}", ".")
	if err != nil {
		return fmt.Errorf("%s is not a project: want the folder of one, as `streamer new` writes it: %w", project, err)
	}
	if name != "main" {
		return fmt.Errorf("%s has no program: its package is %s, want a main that calls cli.Dev, as `streamer new` writes it", project, name)
	}
	program := filepath.Join(folder, "project")
	if _, err := goCommand(ctx, project, "build", "-o", program, "."); err != nil {
		return fmt.Errorf("build the project in %s: %w", project, err)
	}
	return runCommand(ctx, env, project, slices.Concat([]string{program}, command, args), nil)
}

// programFolder makes a folder for a project's program, and removes those that processes of this
// machine left which were killed. Its name has the host's, since containers that share the folder
// for temporary files have process ids of their own.
func programFolder() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	prefix := "streamer-project-" + host + "-"
	entries, err := os.ReadDir(os.TempDir())
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		owner, _, _ := strings.Cut(strings.TrimPrefix(e.Name(), prefix), "-")
		pid, err := strconv.Atoi(owner)
		if strings.HasPrefix(e.Name(), prefix) && e.IsDir() && err == nil && hasEnded(pid) {
			_ = os.RemoveAll(filepath.Join(os.TempDir(), e.Name())) // or it is another user's
		}
	}
	return os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid()))
}

// hasEnded reports whether there is no process of this id. Where the system cannot say, there is one.
func hasEnded(pid int) bool {
	p, err := os.FindProcess(pid)
	return err == nil && errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// projectArgs are the given flags for the project's program, which runs in another
// folder: paths become absolute.
func projectArgs(cmd *cobra.Command) ([]string, error) {
	var args []string
	var faults []error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		switch {
		case f.Name == "project":
			return
		case f.Name == "data", f.Name == "out", f.Name == "metrics" && value != "-":
			absolute, err := filepath.Abs(value)
			faults = append(faults, err)
			value = absolute
		}
		args = append(args, "--"+f.Name+"="+value)
	})
	return args, errors.Join(faults...)
}

// goCommand runs the go command in a folder and returns what it prints.
func goCommand(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = folder
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("the go command is not in the PATH: install Go from https://go.dev/dl")
	case err != nil && stderr.Len() == 0:
		return "", fmt.Errorf("go %s: %w", args[0], err)
	case err != nil:
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}
