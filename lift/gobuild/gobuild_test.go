package gobuild_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift/gobuild"
)

// A reader who does not use streamer dist copies the flags from the page.
func TestThePageHasEveryFlag(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/lift/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "'", "")
	for _, flag := range gobuild.Flags() {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(text, flag) {
				t.Errorf("got a page without %s; want all that gobuild.Flags returns", flag)
			}
		})
	}
}

// go build says nothing of a pattern that matches no package.
func TestThePackagesExist(t *testing.T) {
	t.Parallel()
	for _, flag := range gobuild.Flags() {
		pkg, found := strings.CutPrefix(flag, "-gcflags=")
		if !found {
			continue
		}
		pkg, _, _ = strings.Cut(pkg, "=")
		t.Run(pkg, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Standard}}", pkg).CombinedOutput()
			if err != nil || string(out) != "true\n" {
				t.Errorf("got %s(%v) of go list; want a package of the standard library", out, err)
			}
		})
	}
}
