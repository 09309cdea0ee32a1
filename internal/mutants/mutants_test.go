package main

import (
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// The code that each mutant breaks is where it was, once, and breaking it leaves
// Go, so that a rename is noticed at once and not when the mutants run at night.
func TestMutantsApply(t *testing.T) {
	t.Parallel()
	tests, err := filepath.Glob(filepath.Join(root, "prove", "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var prove strings.Builder
	for _, file := range tests {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		prove.Write(text)
	}
	for _, m := range mutants {
		t.Run(m.what+" in "+m.file, func(t *testing.T) {
			t.Parallel()
			broken, err := m.apply(root)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := format.Source(broken); err != nil {
				t.Errorf("got %v of the broken %s, want it to parse", err, m.file)
			}
			test, _, _ := strings.Cut(m.test, "/") // a table's row
			if !strings.Contains(prove.String(), "func "+test+"(") {
				t.Errorf("got no test %s in prove, want the one that should notice", m.test)
			}
		})
	}
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
