package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const newHelp = `Writes a small project of your own into the folder NAME: one action with its tests,
the main that runs it on this machine, those of the four functions, and what it
takes to deploy them. "go test ./..." and "go run ." work in it at once.

--module is the project's module path; on a terminal it is asked for. The project
requires this version of Streamer. With --streamer, or when this program was built
from a clone, it uses the clone in that folder, by a replace in go.mod.`

const newExample = `  streamer new shop
  streamer new shop --module github.com/acme/shop
  streamer new shop --module example.com/shop --streamer ../streamer`

// A newProject is what `streamer new` was asked for.
type newProject struct {
	folder   string
	module   string
	streamer string // folder of a clone, as it was given; "": none
	noTidy   bool
}

func newNew(env *environment) *cobra.Command {
	var p newProject
	cmd := &cobra.Command{
		Use:     "new NAME",
		Short:   "Write a project of your own",
		Long:    newHelp,
		Example: newExample,
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.folder = args[0]
			return ended(cmd.Context(), p.write(cmd.Context(), env))
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.module, "module", "", "module path of the project, such as github.com/acme/shop (on a terminal it is asked for)")
	f.StringVar(&p.streamer, "streamer", "", "folder of a clone of Streamer that the project uses in place of a release")
	f.BoolVar(&p.noTidy, "no-tidy", false, "leave out go mod tidy, which writes go.sum and may need the network")
	return cmd
}

func (p newProject) write(ctx context.Context, env *environment) error {
	name, err := p.name()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if err := refuseFull(p.folder); err != nil {
		return &exitError{exitFailed, err}
	}
	source, err := p.source(running())
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if p.module == "" {
		if p.module, err = askModule(ctx, env, name); err != nil {
			return err
		}
	}
	if err := checkModule(p.module); err != nil {
		return &exitError{exitUsage, err}
	}
	project := projectData{Name: name, Module: p.module, Version: source.version, Streamer: source.folder}
	if err := project.write(p.folder); err != nil {
		return err
	}
	if source.fromClone {
		env.sayf("this streamer was built from a clone, so the project uses %s, by a replace in go.mod;\n"+
			"for a release: go mod edit -dropreplace %s, then go get %s@latest\n", source.folder, modulePath, modulePath)
	}
	if !p.noTidy {
		env.sayf("running go mod tidy\n")
		if _, err := goCommand(ctx, p.folder, "mod", "tidy"); err != nil {
			return fmt.Errorf("%s is written, but for go.sum: run go mod tidy in it: %w", p.folder, err)
		}
	}
	p.tellNext(env)
	return nil
}

// name is what the project, its stack and its tokens' audience are called: the last
// part of its folder.
func (p newProject) name() (string, error) {
	absolute, err := filepath.Abs(p.folder)
	if err != nil {
		return "", fmt.Errorf("find the folder %s: %w", p.folder, err)
	}
	name := filepath.Base(absolute)
	if !stackName.MatchString(name) {
		return "", fmt.Errorf("%q is not a valid name of a project: use letters, digits and hyphens, a letter first, 53 at most, "+
			"since its stack on AWS is named so", name)
	}
	return name, nil
}

// stackName is what CloudFormation takes as a stack's name, as long as names of functions
// that begin with it may be:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
var stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,52}$`)

// refuseFull refuses a folder that has anything in it but a repository without files.
func refuseFull(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot write the project: %w; choose another name", err)
	}
	for _, entry := range entries {
		if entry.Name() != ".git" {
			return fmt.Errorf("the folder %s is not empty: it has %s; choose another name, or empty it first", folder, entry.Name())
		}
	}
	return nil
}

// askModule asks a person for the module path.
func askModule(ctx context.Context, env *environment, name string) (string, error) {
	const usual = "example.com/"
	if !env.terminal(env.stdin) {
		return "", &exitError{exitUsage, fmt.Errorf("--module is missing, and there is no terminal to ask at: "+
			"give one such as --module %s%s", usual, name)}
	}
	env.sayf("Module path, such as github.com/you/%s [%s%s]: ", name, usual, name)
	answers := make(chan string, 1)
	go func() { // reading a terminal does not end with a context
		line, err := bufio.NewReader(env.stdin).ReadString('\n')
		if err == nil || line != "" {
			answers <- strings.TrimSpace(line)
		}
		close(answers)
	}()
	select {
	case <-ctx.Done():
		env.sayf("\n")
		return "", context.Cause(ctx)
	case answer, ok := <-answers:
		switch {
		case !ok: // Ctrl-D
			env.sayf("\n")
			return "", &exitError{exitUsage, errors.New("there is no module path: give one with --module")}
		case answer == "":
			return usual + name, nil
		}
		return answer, nil
	}
}

// moduleForm is https://go.dev/ref/mod#go-mod-file-ident without what only a path with a `+` or a `.` at an end has.
var moduleForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._~-]*[A-Za-z0-9_~-])?(/[A-Za-z0-9_~-]([A-Za-z0-9._~-]*[A-Za-z0-9_~-])?)*$`)

// versionEnd is an end that the go command takes for a major version, which is 2 at least.
var versionEnd = regexp.MustCompile(`/v(0[0-9]*|1)$`)

// standard are the first elements of the paths of Go's standard library, and what else the go
// command does not take for a module's: the names of `go help packages`.
var standard = strings.Fields(`archive bufio builtin bytes cmd cmp compress container context crypto database debug embed encoding
	errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices
	sort strconv strings structs sync syscall testing text time unicode unique unsafe vendor weak
	C all main std test tool work`)

func checkModule(path string) error {
	elements := strings.Split(path, "/")
	switch first := elements[0]; {
	case !moduleForm.MatchString(path):
		return fmt.Errorf("%q is not a valid module path: write one such as github.com/acme/shop", path)
	case path == modulePath || strings.HasPrefix(path, modulePath+"/"):
		return fmt.Errorf("%q is in Streamer's own module: choose a path of yours, such as github.com/acme/shop", path)
	case slices.Contains(standard, first) || token.IsKeyword(first):
		return fmt.Errorf("%q begins with %q, which is a name of Go's own: choose a path of yours, such as github.com/acme/shop", path, first)
	case slices.Contains(elements, "internal") || slices.Contains(elements, "vendor"):
		return fmt.Errorf("%q has a part named internal or vendor, below which Go restricts imports: choose another path", path)
	case versionEnd.MatchString(path):
		return fmt.Errorf("%q ends like a major version below 2, which Go refuses: leave the end out", path)
	}
	return nil
}

func (p newProject) tellNext(env *environment) {
	tidy := ""
	if p.noTidy {
		tidy = "  go mod tidy\n"
	}
	env.sayf(`
%s is ready, with the action greet. Next:
  cd %s
%s  go test ./...
  go run .
and in another terminal, in the same folder:
  go tool streamer call greet '["Ada","Grace"]'
`, p.folder, quote(p.folder), tidy)
}
