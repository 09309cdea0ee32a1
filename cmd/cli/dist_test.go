package cli

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/deploy"
	"github.com/pay-theory/streamer/stack"
)

// emptyProject is a project whose functions do nothing, but for those that are left out.
func emptyProject(t *testing.T, without ...string) string {
	t.Helper()
	folder := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/empty\n\ngo 1.26\n")
	for _, name := range stack.Functions() {
		if !strings.Contains(strings.Join(without, " "), name) {
			write(filepath.Join("cmd", name, "main.go"), "package main\n\nfunc main() { println(\""+name+"\") }\n")
		}
	}
	return folder
}

// filesOf are a folder's files by their names.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(text)
	}
	return files
}

// Two clones of one project give the same bytes, under the names that the template has.
func TestDistIsReproducible(t *testing.T) {
	t.Parallel()
	var made []map[string]string
	for range 2 {
		project := emptyProject(t)
		term := start(t, t.Context(), nil, "", "dist", "--source", project, "--arch", "arm64,amd64", "--with-template")
		if code := <-term.exit; code != exitDone || !strings.Contains(term.err.String(), "building connect, disconnect, router, processor for amd64") {
			t.Fatalf("exited with %d: %s", code, term.err)
		}
		folder := filepath.Join(project, "dist")
		if !strings.Contains(term.out.String(), filepath.Join(folder, "router-arm64.zip")) {
			t.Errorf("got %s, want the zips", term.out)
		}
		made = append(made, filesOf(t, folder))
		archive, err := zip.OpenReader(filepath.Join(folder, "router-amd64.zip"))
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		if len(archive.File) != 1 || archive.File[0].Name != "bootstrap" {
			t.Errorf("got %d files, want bootstrap alone", len(archive.File))
		}
	}
	if diff := cmp.Diff(made[0], made[1]); diff != "" {
		t.Error("two clones give different zips")
	}
	if made[0]["template.yaml"] != deploy.Template {
		t.Error("template.yaml is not Streamer's template")
	}
	for _, name := range stack.Functions() {
		for _, arch := range distArchs {
			if made[0][name+"-"+arch+".zip"] == "" {
				t.Errorf("there is no %s-%s.zip", name, arch)
			}
		}
	}
	if len(made[0]) != 9 {
		t.Errorf("got %d files, want four zips for each architecture and the template", len(made[0]))
	}
}

// A template of the project's own goes before Streamer's.
func TestDistWritesTheProjectsTemplate(t *testing.T) {
	t.Parallel()
	project := emptyProject(t)
	if err := os.Mkdir(filepath.Join(project, "deploy"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(project, "deploy", "template.yaml"), []byte("Resources: {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	term := start(t, t.Context(), nil, "", "dist", "--source", project, "--out", out, "--with-template")
	if code := <-term.exit; code != exitDone || filesOf(t, out)["template.yaml"] != "Resources: {}\n" {
		t.Errorf("exited with %d and wrote %q: %s", code, filesOf(t, out)["template.yaml"], term.err)
	}
}

// Both commands take one layout, and say what it is.
func TestWhatIsNotAProject(t *testing.T) {
	t.Parallel()
	broken := emptyProject(t)
	if err := os.WriteFile(filepath.Join(broken, "cmd", "router", "main.go"), []byte("package main\n\nfunc main() { x }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const expected = "want the folder of a project with a main in each of cmd/connect, cmd/disconnect, cmd/router, cmd/processor"
	empty := t.TempDir()
	for _, tt := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"dist in an empty folder", []string{"dist", "--source", empty}, exitFailed,
			[]string{empty + " has no cmd/connect, cmd/disconnect, cmd/router, cmd/processor: ", expected, "streamer new"}},
		{"dist with two of four", []string{"dist", "--source", emptyProject(t, "connect", "router")}, exitFailed,
			[]string{" has no cmd/connect, cmd/router: ", expected}},
		{"dist of what does not compile", []string{"dist", "--source", broken}, exitFailed, []string{"undefined: x", "cmd/router/main.go"}},
		{"dist for another architecture", []string{"dist", "--arch", "riscv64"}, exitUsage, []string{`--arch "riscv64" is not valid: use arm64 or amd64`}},
		{"staging in an empty folder", []string{"staging", "--source", empty}, exitFailed,
			[]string{empty + " has no cmd/connect, cmd/disconnect, cmd/processor, cmd/router: ", "streamer new"}},
		{"staging with two of four", []string{"staging", "--source", emptyProject(t, "connect", "router")}, exitFailed,
			[]string{" has no cmd/connect, cmd/router: "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			term := start(t, t.Context(), nil, "", tt.args...)
			if code := <-term.exit; code != tt.code {
				t.Errorf("exited with %d, want %d", code, tt.code)
			}
			for _, want := range tt.says {
				if !strings.Contains(term.err.String(), want) {
					t.Errorf("got %s, want %q", term.err, want)
				}
			}
		})
	}
}

// Ctrl-C ends a build, and leaves nothing behind.
func TestCtrlCInDist(t *testing.T) {
	t.Parallel()
	project := emptyProject(t)
	term := start(t, t.Context(), nil, "", "dist", "--source", project)
	term.interrupts <- os.Interrupt
	if code := <-term.exit; code != exitInterrupt {
		t.Errorf("exited with %d, want %d: %s", code, exitInterrupt, term.err)
	}
	if _, err := os.Stat(filepath.Join(project, "dist")); err == nil {
		t.Error("there is a dist folder")
	}
}
