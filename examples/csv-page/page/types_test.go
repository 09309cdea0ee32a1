package page_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions/profilecsv"
	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/internal/typegen"
)

var (
	update = flag.Bool("update", false, "write the types of the page's actions")
	into   = flag.String("into", filepath.Join("assets", "actions.ts"), "file of the types")
)

// The page has the types of its action as the Go source has them.
func TestTypes(t *testing.T) {
	profile, err := profilecsv.New("")
	if err != nil {
		t.Fatal(err)
	}
	source := typegen.NewSource(t.Context(), ".")
	want := typegen.TypeScript([]streamer.Action{profile}, source)
	if err := source.Err(); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(*into, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(*into)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is stale: run make generate (-want +got):\n%s", *into, diff)
	}
}

// A change of the Go struct breaks the build of the page. The change is in a copy, which
// an overlay puts in the place of the file.
func TestAChangeOfTheStructBreaksThePage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles")
	}
	client := filepath.Join("..", "..", "..", "clients", "typescript")
	nodetest.Installed(t, client)
	folder := t.TempDir()
	assets := filepath.Join(folder, "assets")
	if err := os.CopyFS(assets, os.DirFS("assets")); err != nil {
		t.Fatal(err)
	}
	settings, err := filepath.Abs(filepath.Join("..", "tsconfig.json"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, value any) string {
		text, err := json.Marshal(value)
		path := filepath.Join(folder, name)
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("tsconfig.json", map[string]any{"extends": settings, "include": []string{"assets"}})
	build := func() ([]byte, error) {
		command := exec.CommandContext(t.Context(), "node", filepath.Join("node_modules", "typescript", "bin", "tsc"), "-p", folder)
		command.Dir = client
		return command.CombinedOutput()
	}
	if out, err := build(); err != nil {
		t.Fatalf("the page does not build as it is: %v\n%s", err, out)
	}

	original, err := filepath.Abs(filepath.Join("..", "..", "..", "actions", "profilecsv", "profile.go"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	const was, is = "`json:\"rows\"`", "`json:\"lines\"`"
	if bytes.Count(text, []byte(was)) != 1 {
		t.Fatalf("profile.go has not %s once", was)
	}
	changed := filepath.Join(folder, "profile.go")
	if err := os.WriteFile(changed, bytes.Replace(text, []byte(was), []byte(is), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay := write("overlay.json", map[string]any{"Replace": map[string]string{original: changed}})
	generate := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-vet=off", "-overlay", overlay,
		"-run", "^TestTypes$", ".", "-update", "-into", filepath.Join(assets, "actions.ts"))
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("generate the types: %v\n%s", err, out)
	}
	const fault = "error TS2339: Property 'rows' does not exist on type 'CsvProfile'"
	if out, err := build(); err == nil || !strings.Contains(string(out), fault) {
		t.Errorf("after the change the page builds with %v:\n%s\nwant an error at the field that is gone", err, out)
	}
}
