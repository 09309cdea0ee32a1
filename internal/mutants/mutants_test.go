package main

import (
	"go/format"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// The code that each mutant breaks is where it was, once, and breaking it leaves
// Go, so that a rename is noticed at once and not when the mutants run at night.
func TestMutantsApply(t *testing.T) {
	t.Parallel()
	sources := map[string]string{} // of tests, by folder
	applies := func(m mutant, folder string) {
		t.Run(m.what+" in "+m.file, func(t *testing.T) {
			broken, err := m.apply(root)
			if err != nil {
				t.Fatal(err)
			}
			if m.inNode() {
				if _, err := os.Stat(filepath.Join(root, typescript, "test", m.test+".test.ts")); err != nil {
					t.Errorf("got %v, want the test file that should notice", err)
				}
				return
			}
			if _, err := format.Source(broken); err != nil {
				t.Errorf("got %v of the broken %s, want it to parse", err, m.file)
			}
			if sources[folder] == "" {
				sources[folder] = testSource(t, folder)
			}
			test, _, _ := strings.Cut(m.test, "/") // a table's row
			if !strings.Contains(sources[folder], "func "+test+"(") {
				t.Errorf("got no test %s in %s, want the one that should notice", m.test, folder)
			}
		})
	}
	for _, m := range proved {
		applies(m, "prove")
	}
	for _, r := range rooms {
		for _, m := range r.mutants {
			applies(m, path.Dir(m.file))
		}
	}
}

// Every mutant is in one shard.
func TestShards(t *testing.T) {
	t.Parallel()
	all, err := options{shard: "1/1"}.choose()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, shard := range []string{"1/3", "2/3", "3/3"} {
		part, err := options{shard: shard}.choose()
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range part {
			seen[one.String()]++
		}
	}
	for _, one := range all {
		if seen[one.String()] != 1 {
			t.Errorf("%s is in %d shards, want 1", one, seen[one.String()])
		}
	}
	for _, wrong := range []options{{shard: "0/3"}, {shard: "4/3"}, {shard: "3"}, {shard: "1/1", set: "all"}, {shard: "1/1", only: "("}} {
		if _, err := wrong.choose(); err == nil {
			t.Errorf("%+v: got no error, want one that says what to write", wrong)
		}
	}
}

// testSource is the text of all tests of a folder.
func testSource(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// A mutant whose code is gone fails with its name.
func TestMutantThatIsMissing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.go"), []byte("package a\n\nvar twice, twice2 int\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		m    mutant
		want string
	}{
		"the file is gone":  {mutant{what: "no fence", file: "b.go"}, "b.go"},
		"the code is gone":  {mutant{what: "no fence", file: "a.go", old: "once"}, "a.go has its code 0 times"},
		"the code is twice": {mutant{what: "no fence", file: "a.go", old: "twice"}, "a.go has its code 2 times"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.m.apply(folder)
			if err == nil || !strings.Contains(err.Error(), `mutant "no fence": `) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with the mutant's name and %q", err, tt.want)
			}
		})
	}
}
