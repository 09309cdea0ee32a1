package cli

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/deploy"
	"github.com/pay-theory/streamer/emulator/template"
)

// ownAction is the project of examples/own-action.
var (
	ownAction       = projectData{Name: "own-action", Module: "example.com/own-action", Version: "v0.0.0", Streamer: "../.."}
	ownActionFolder = filepath.Join("..", "..", "examples", "own-action")
)

// tidied is what go mod tidy adds to a go.mod.
var tidied = regexp.MustCompile(`\nrequire \(\n(\t.* // indirect\n)+\)\n`)

// The example is what `streamer new` writes, no file more and none less.
func TestOwnActionIsWhatNewWrites(t *testing.T) {
	t.Parallel()
	if *update {
		if err := os.RemoveAll(ownActionFolder); err != nil {
			t.Fatal(err)
		}
		if err := ownAction.write(ownActionFolder); err != nil {
			t.Fatal(err)
		}
		if _, err := goCommand(t.Context(), ownActionFolder, "mod", "tidy"); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{}
	files, err := ownAction.files()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		want[name] = string(text)
	}
	got := map[string]string{}
	list := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard")
	list.Dir = ownActionFolder
	out, err := list.Output()
	if err != nil {
		t.Skipf("not a checkout: %v", err)
	}
	for _, name := range strings.Fields(string(out)) {
		text, err := os.ReadFile(filepath.Join(ownActionFolder, name))
		if os.IsNotExist(err) || name == "go.sum" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(text)
	}
	got["go.mod"] = tidied.ReplaceAllString(got["go.mod"], "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("examples/own-action is not what streamer new writes (-want +got):\n%s\nwrite it: make generate", diff)
	}
}

// README.md promises an action in fifteen lines.
func TestFifteenLines(t *testing.T) {
	t.Parallel()
	files, err := ownAction.files()
	if err != nil {
		t.Fatal(err)
	}
	_, action, _ := strings.Cut(string(files["app/app.go"]), "var Greet")
	action, _, _ = strings.Cut(action, "\n\n")
	if lines := strings.Count(action, "\n") + 1; lines != 15 {
		t.Errorf("the action has %d lines, want 15", lines)
	}
}

// The settings of a new project are those that the template needs, and no others.
func TestParametersOfAProject(t *testing.T) {
	t.Parallel()
	files, err := ownAction.files()
	if err != nil {
		t.Fatal(err)
	}
	var in struct{ Parameters map[string]string }
	if err := json.Unmarshal(files["deploy/parameters.json"], &in); err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse([]byte(deploy.Template))
	if err != nil {
		t.Fatal(err)
	}
	for name := range in.Parameters {
		if !parsed.HasParameter(name) {
			t.Errorf("deploy/parameters.json has %s, which the template has not", name)
		}
	}
	physical := func(r template.Resource, attribute string) (any, error) { return r.Name + attribute, nil }
	config := template.Config{Parameters: in.Parameters, Region: "us-east-1", AccountID: "123456789012", StackName: "shop", Value: physical}
	if _, err := parsed.Stack(config); err != nil {
		t.Errorf("the template with deploy/parameters.json: %v", err)
	}
}

// What a project needs of Go is what this module needs.
func TestGoVersionOfAProject(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "\ngo " + goVersion + "\n"; !strings.Contains(string(text), want) {
		t.Errorf("go.mod has not %q: goVersion is of before", want)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	full := filepath.Join(t.TempDir(), "full")
	if err := os.MkdirAll(filepath.Join(full, "src"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	free := filepath.Join(t.TempDir(), "shop")
	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"a folder with something in it", []string{full, "--module", "example.com/x"}, exitFailed,
			"the folder " + full + " is not empty: it has src; choose another name"},
		{"a file", []string{file, "--module", "example.com/x"}, exitFailed, "cannot write the project"},
		{"a name that no stack may have", []string{filepath.Join(free, "1shop"), "--module", "example.com/x"}, exitUsage,
			`"1shop" is not a valid name of a project: use letters, digits and hyphens`},
		{"a module path that is none", []string{free, "--module", "my shop"}, exitUsage, `"my shop" is not a valid module path`},
		{"a module path of the standard library", []string{free, "--module", "fmt"}, exitUsage, `"fmt" begins with "fmt", which is a name of Go's own`},
		{"below the standard library", []string{free, "--module", "net/http/shop"}, exitUsage, `begins with "net"`},
		{"a module path that is a keyword", []string{free, "--module", "func"}, exitUsage, `begins with "func"`},
		{"the module path main", []string{free, "--module", "main"}, exitUsage, `begins with "main"`},
		{"the module path test", []string{free, "--module", "test"}, exitUsage, `begins with "test"`},
		{"an internal module path", []string{free, "--module", "example.com/internal/shop"}, exitUsage, "has a part named internal or vendor"},
		{"a vendored module path", []string{free, "--module", "example.com/vendor"}, exitUsage, "has a part named internal or vendor"},
		{"a module path with version 1", []string{free, "--module", "example.com/shop/v1"}, exitUsage, "ends like a major version below 2"},
		{"a module path that ends with a dot", []string{free, "--module", "example.com/shop."}, exitUsage, "is not a valid module path"},
		{"Streamer's own module path", []string{free, "--module", modulePath}, exitUsage, "is in Streamer's own module"},
		{"a module path of Streamer's", []string{free, "--module", modulePath + "/shop"}, exitUsage, "is in Streamer's own module"},
		{"no module path and no terminal", []string{free}, exitUsage, "--module is missing, and there is no terminal to ask at"},
		{"a clone that is none", []string{free, "--module", "example.com/x", "--streamer", full}, exitUsage, "is not a clone of Streamer"},
		{"no name", nil, exitUsage, "takes 1 argument, and got 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			term := start(t, t.Context(), nil, "", append([]string{"new"}, tt.args...)...)
			if code := <-term.exit; code != tt.code || !strings.Contains(term.err.String(), tt.says) {
				t.Errorf("exited with %d and %q, want %d and %q", code, term.err, tt.code, tt.says)
			}
		})
	}
	if _, err := os.Stat(free); err == nil {
		t.Errorf("there is %s, want nothing of a refused project", free)
	}
}

// An empty repository is a place for a project, and what comes next is said.
func TestNewInARepository(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "shop")
	if err := os.MkdirAll(filepath.Join(folder, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	term := start(t, t.Context(), nil, "", "new", folder, "--module", "github.com/acme/shop", "--streamer", root, "--no-tidy")
	if code := <-term.exit; code != exitDone {
		t.Fatalf("exited with %d: %s", code, term.err)
	}
	for _, want := range []string{"cd " + folder + "\n", "go mod tidy\n", "go run .\n", "go tool streamer call greet"} {
		if !strings.Contains(term.err.String(), want) {
			t.Errorf("got %s, want %q", term.err, want)
		}
	}
	mod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil || !strings.HasPrefix(string(mod), "module github.com/acme/shop\n") ||
		!strings.Contains(string(mod), "replace "+modulePath+" => "+root+"\n") {
		t.Errorf("got go.mod %s, %v", mod, err)
	}
}

// Where a project has Streamer from depends on what this program is.
func TestWhereStreamerIsFrom(t *testing.T) {
	t.Parallel()
	clone, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		project newProject
		build   build
		want    source
		fault   string
	}{
		{"a release", newProject{}, build{version: "v0.2.0", clone: clone}, source{version: "v0.2.0"}, ""},
		{"a release candidate", newProject{}, build{version: "v0.2.0-rc.1"}, source{version: "v0.2.0-rc.1"}, ""},
		{"a commit from a proxy", newProject{}, build{version: "v0.0.0-20261127101112-0123456789ab", fetched: true, clone: "/mod"},
			source{version: "v0.0.0-20261127101112-0123456789ab"}, ""},
		{"go run in a clone", newProject{}, build{version: "(devel)", clone: clone}, source{version: "v0.0.0", folder: clone, fromClone: true}, ""},
		{"go build in a clone", newProject{}, build{version: "v0.0.0-20261127101112-0123456789ab+dirty", clone: clone},
			source{version: "v0.0.0", folder: clone, fromClone: true}, ""},
		{"a clone that was moved away", newProject{}, build{version: "(devel)", clone: "/nowhere"}, source{}, "name a clone with --streamer"},
		{"a clone without paths in its program", newProject{}, build{version: "(devel)"}, source{}, "name a clone with --streamer"},
		{"--streamer with a whole path", newProject{folder: "shop", streamer: clone}, build{version: "v0.2.0"},
			source{version: "v0.0.0", folder: clone}, ""},
		{"--streamer from here", newProject{folder: filepath.Join("..", "..", "examples", "x"), streamer: filepath.Join("..", "..")}, build{},
			source{version: "v0.0.0", folder: "../.."}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.project.source(tt.build)
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("got %v, %v, want an error with %q", got, err, tt.fault)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

// A name of a project is a folder's, whatever the folder is.
func TestFilesOfAProject(t *testing.T) {
	t.Parallel()
	files, err := ownAction.files()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{".gitignore", "Makefile", "README.md", "app/app.go", "app/app_test.go", "cmd/connect/main.go", "cmd/disconnect/main.go",
		"cmd/processor/main.go", "cmd/router/main.go", "deploy/README.md", "deploy/parameters.json", "go.mod", "main.go"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(files))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for name, text := range files {
		if strings.Contains(string(text), "{{") || strings.Contains(string(text), "<no value>") {
			t.Errorf("%s has a template's text in it:\n%s", name, text)
		}
	}
}

// The names that no module path may begin with are those of the go command at hand, at least.
func TestStandardNames(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "std", "cmd/go").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		if err := checkModule(path); err == nil {
			t.Errorf("%s is taken for a project's module path", path)
		}
	}
	for _, path := range []string{"shop", "my/shop", "github.com/acme/shop", "github.com/acme/test", "example.com/shop/v2", "example.com/go"} {
		if err := checkModule(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
