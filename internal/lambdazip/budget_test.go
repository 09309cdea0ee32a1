package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// budgets are what the functions may weigh on amd64. The zip is the one of
// `make dist`, which is about 2 % larger than what zip -9 makes of the same
// binary.
var budgets = []struct {
	function      string
	zip, packages int
}{
	{"connect", 3_500_000, 250},
	{"disconnect", 3_500_000, 250},
	{"router", 3_700_000, 255},
	{"processor", 3_700_000, 255},
}

func TestBudget(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds the functions")
	}
	for _, b := range budgets {
		t.Run(b.function, func(t *testing.T) {
			t.Parallel()
			folder, source := t.TempDir(), "../../cmd/"+b.function
			binary := filepath.Join(folder, "bootstrap")
			dump := goTool(t, "build", "-trimpath", "-ldflags=-s -w -buildid= -dumpdep", "-tags", "lambda.norpc", "-o", binary, source)
			if !strings.Contains(dump, "main.main") {
				t.Fatal("the linker dumped no dependencies")
			}
			// With it the linker keeps every exported method of every type.
			if n := strings.Count(dump, "<ReflectMethod>"); n != 0 {
				t.Errorf("%d callers of reflect's MethodByName or Method", n)
			}
			size, err := pack(filepath.Join(folder, "a.zip"), binary)
			if err != nil {
				t.Fatal(err)
			}
			packages := len(strings.Fields(goTool(t, "list", "-deps", "-tags", "lambda.norpc", source)))
			t.Logf("zip %d of %d bytes, %d of %d packages", size, b.zip, packages, b.packages)
			if int(size) > b.zip || packages > b.packages {
				t.Errorf("%s has %d bytes in its zip and %d packages, and may have %d and %d: find what grew", b.function, size, packages, b.zip, b.packages)
			}
			if _, err := pack(filepath.Join(folder, "b.zip"), binary); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(content(t, filepath.Join(folder, "a.zip")), content(t, filepath.Join(folder, "b.zip"))) {
				t.Error("two zips of one binary differ")
			}
		})
	}
}

// goTool runs the go command as for Lambda on amd64 and returns all it prints.
func goTool(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
