package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/pay-theory/streamer/deploy"
	"github.com/pay-theory/streamer/lift/gobuild"
)

// Functions are the four functions of a project: each is a main in the folder of its
// name below cmd.
func Functions() []string {
	var names []string
	for _, f := range devFunctions {
		names = append(names, f.name)
	}
	return names
}

// A Build says what BuildFunctions builds. Source, Functions and Output are required.
type Build struct {
	Source    string   // folder of the project
	Functions []string // folders below cmd in Source
	Output    string   // folder that gets a binary for each function, under its name
	OS, Arch  string   // as GOOS and GOARCH; "": this machine's
}

// BuildFunctions builds the binaries of functions, for AWS and for a staging stack
// alike: without symbols, paths and marks of version control, so that one source gives
// the same bytes wherever it is built. It needs the go command. A folder that is not a
// project is refused with what was expected.
func BuildFunctions(ctx context.Context, b Build) error {
	if err := checkLayout(b.Source, b.Functions); err != nil {
		return err
	}
	args := slices.Concat([]string{"build"}, gobuild.Flags(), []string{"-o", b.Output + string(filepath.Separator)})
	for _, name := range b.Functions {
		args = append(args, "./cmd/"+name)
	}
	system, arch := b.OS, b.Arch
	if system == "" {
		system = runtime.GOOS
	}
	if arch == "" {
		arch = runtime.GOARCH
	}
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir, build.Env = b.Source, append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
	build.Cancel = func() error { return build.Process.Signal(os.Interrupt) } // go build removes what it has half done
	out, err := build.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("the go command, which builds the functions, is not in the PATH: install Go from https://go.dev/dl")
	case err != nil:
		return fmt.Errorf("build the functions in %s: %w\n%s", b.Source, err, out)
	}
	return nil
}

// checkLayout says what is missing in a project.
func checkLayout(source string, functions []string) error {
	var missing []string
	for _, name := range functions {
		folder := filepath.Join(source, "cmd", name)
		if mains, err := filepath.Glob(filepath.Join(folder, "*.go")); err != nil || len(mains) == 0 {
			missing = append(missing, "cmd/"+name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s has no %s: want the folder of a project with a main in each of cmd/%s, as `streamer new` writes it; "+
		"name it with --source", source, strings.Join(missing, ", "), strings.Join(functions, ", cmd/"))
}

// StreamersTemplate stands for the template of this module, in place of a file.
const StreamersTemplate = "Streamer's template.yaml"

// TemplateFile is the template of a project: deploy/template.yaml in its folder, or
// StreamersTemplate where that is not there.
func TemplateFile(source string) string {
	file := filepath.Join(source, "deploy", "template.yaml")
	if _, err := os.Stat(file); err != nil {
		return StreamersTemplate
	}
	return file
}

// ReadTemplate returns the text of a TemplateFile.
func ReadTemplate(file string) (string, error) {
	if file == StreamersTemplate {
		return deploy.Template, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the template: %w; name another with --template", err)
	}
	return string(text), nil
}
