package ci_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const root = "../.."

// A workflow is what the tests read of a file of .github/workflows.
type workflow struct {
	Permissions map[string]string `yaml:"permissions"`
	Concurrency map[string]string `yaml:"concurrency"`
	Jobs        map[string]struct {
		Timeout int `yaml:"timeout-minutes"`
		Steps   []struct {
			Uses string `yaml:"uses"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

// eachWorkflow runs the check on every workflow, its text and what it parses to.
func eachWorkflow(t *testing.T, check func(t *testing.T, text string, w workflow)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got workflows %v, %v, want at least one", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var w workflow
			if err := yaml.Unmarshal(text, &w); err != nil {
				t.Fatal(err)
			}
			check(t, string(text), w)
		})
	}
}

// A workflow may do little by default, ends by itself and does not run twice at once.
func TestWorkflowsAreBounded(t *testing.T) {
	t.Parallel()
	eachWorkflow(t, func(t *testing.T, _ string, w workflow) {
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("got permissions %v, want contents: read alone; a job may ask for more", w.Permissions)
		}
		if w.Concurrency["group"] == "" {
			t.Error("got no concurrency group, want one")
		}
		for name, job := range w.Jobs {
			if job.Timeout == 0 {
				t.Errorf("got no timeout-minutes of the job %s, want some", name)
			}
		}
	})
}

// usesLine is a pinned action, with the version for people to read.
var usesLine = regexp.MustCompile(`^\s*- uses: ([\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$`)

// A tag of an action can be moved to other code, a commit cannot.
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	pins := map[string]string{}
	eachWorkflow(t, func(t *testing.T, text string, w workflow) {
		parsed, read := 0, 0
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				if step.Uses != "" {
					parsed++
				}
			}
		}
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			if !strings.Contains(line, "uses:") {
				continue
			}
			read++
			match := usesLine.FindStringSubmatch(line)
			if match == nil {
				t.Errorf("got %q, want - uses: OWNER/NAME@COMMIT # vX.Y.Z, the commit in 40 hexadecimal digits", line)
				continue
			}
			if pin, seen := pins[match[1]]; seen && pin != match[2] {
				t.Errorf("got %s at %s and at %s, want one commit everywhere", match[1], match[2], pin)
			}
			pins[match[1]] = match[2]
		}
		if read != parsed {
			t.Errorf("got %d lines with uses:, want the %d of the parsed steps", read, parsed)
		}
	})
}
