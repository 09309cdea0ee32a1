package ci_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	codeBlock = regexp.MustCompile("(?s)```.*?```")
	// link finds [text](target) and the definition [name]: target.
	link = regexp.MustCompile(`\]\(([^)\s]+)\)|(?m:^\[[^\]]+\]:\s*(\S+))`)
	// elsewhere is a target outside the repository, or on the page itself.
	elsewhere = regexp.MustCompile(`^([a-z]+:|#)`)
)

// A reader can follow each link from one file of the repository to another.
func TestLinksOfDocumentsExist(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	for page := range strings.FieldsSeq(string(out)) {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(root, page))
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range link.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(text), ""), -1) {
				target, _, _ := strings.Cut(match[1]+match[2], "#")
				if target == "" || elsewhere.MatchString(match[1]+match[2]) {
					continue
				}
				if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), target)); err != nil {
					t.Errorf("got a link to %s, which does not exist; want a link to a file or folder of the repository", target)
				}
			}
		})
	}
}
