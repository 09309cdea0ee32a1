package streamer_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A room is a row of CONTRIBUTING.md's table: a folder at the top of the module, and
// the packages of the module that it may import.
type room struct {
	what    string
	imports []string
}

var (
	roomRow = regexp.MustCompile("(?m)^\\| `([a-z*.]+?)/?` \\| (.+) \\| ?(.*) ?\\|$")
	quoted  = regexp.MustCompile("`([^`]+)`")
)

// rooms reads the table. The root's name is "streamer".
func rooms(t *testing.T) map[string]room {
	t.Helper()
	page, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]room{}
	for _, row := range roomRow.FindAllStringSubmatch(string(page), -1) {
		name := strings.Replace(row[1], "*.go", "streamer", 1)
		r := room{what: row[2]}
		for _, pkg := range quoted.FindAllStringSubmatch(row[3], -1) {
			r.imports = append(r.imports, pkg[1])
		}
		found[name] = r
	}
	return found
}

func TestEveryFolderHasARoom(t *testing.T) {
	t.Parallel()
	const most = 22
	table := rooms(t)
	out, err := exec.CommandContext(t.Context(), "git", "ls-files").Output()
	if err != nil {
		t.Skipf("not a checkout: %v", err)
	}
	folders := map[string]bool{}
	for file := range strings.Lines(string(out)) {
		if folder, _, below := strings.Cut(file, "/"); below && !strings.HasPrefix(folder, ".") {
			folders[folder] = true
		}
	}
	if len(folders) > most {
		t.Errorf("got %d folders at the top, want at most %d", len(folders), most)
	}
	for folder := range folders {
		if table[folder].what == "" {
			t.Errorf("%s/ has no row in CONTRIBUTING.md: say in a sentence what is there", folder)
		}
	}
	for name := range table {
		if name != "streamer" && !folders[name] {
			t.Errorf("CONTRIBUTING.md has a row for %s/, which is not there", name)
		}
	}
}

// Every import of a package by another of the module is one that the table allows.
func TestRoomsImportWhatTheTableSays(t *testing.T) {
	t.Parallel()
	table := rooms(t)
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	local := func(path string) (string, bool) {
		if path == module {
			return "streamer", true
		}
		return strings.CutPrefix(path, module+"/")
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg, _ := local(fields[0])
		folder, _, _ := strings.Cut(pkg, "/")
		for _, path := range fields[1:] {
			imported, ours := local(path)
			allowed := func(name string) bool { return imported == name || strings.HasPrefix(imported, name+"/") }
			if ours && !slices.ContainsFunc(table[folder].imports, allowed) {
				t.Errorf("%s imports %s, and the row of %s/ in CONTRIBUTING.md does not say so", pkg, imported, folder)
			}
		}
	}
}
