package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A renamed identifier must not make a mutant silently impossible.
func TestTextOfMutantsIsInTheSources(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		t.Run(m.what+" in "+m.file, func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(filepath.Join("..", "..", m.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(string(source), m.old); got != 1 {
				t.Errorf("%s has the mutant's text %d times, want once:\n%s", m.file, got, m.old)
			}
		})
	}
}
