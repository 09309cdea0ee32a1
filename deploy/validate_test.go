package deploy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// AWS's own validator, which has the schemas and its rules with it, finds nothing in the
// template that README.md does not explain: with the defaults of its parameters, and with
// values that have it make everything.
func TestTemplateIsValid(t *testing.T) {
	if testing.Short() {
		t.Skip("the validator takes long to start")
	}
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	with := map[string]map[string]string{"the defaults": given, "everything": everything}
	files := []string{withDefaults(t, text, given), withDefaults(t, text, everything),
		write(t, bytes.Replace(text, []byte("Runtime: provided.al2023"), []byte("Runtime: provided.al2022"), 1))}
	findings := validate(t, files...)
	for i, name := range []string{"the defaults", "everything"} {
		conditions := load(t, with[name]).Conditions
		counts := make(map[string]int)
		for _, f := range findings[i] {
			if !f.of(conditions) || f.RuleID == "W9002" && name == "everything" { // an ARN that is there because it is given
				continue
			}
			counts[f.Severity+" "+f.RuleID]++
			if f.Severity != "INFO" || !strings.Contains(string(readme), "| `"+f.RuleID+"` |") {
				t.Errorf("with %s, line %d: %s %s %s: %s", name, f.StartLine, f.Severity, f.RuleID, f.Entity.LogicalID, f.Message)
			}
		}
		t.Logf("findings with %s: %v", name, counts)
	}
	if !slices.ContainsFunc(findings[2], func(f finding) bool { return f.Severity != "INFO" && f.Entity.LogicalID == "ConnectFunction" }) {
		t.Error("the validator has nothing against a runtime that does not exist")
	}
}

type finding struct {
	RuleID, Severity, Message string
	StartLine                 int
	Entity                    struct{ LogicalID string }
	ConditionScenario         map[string]bool
}

// of reports whether a finding is of a stack with these conditions. The validator puts
// the default of a parameter also where a condition stands that the default does not meet.
func (f finding) of(conditions map[string]bool) bool {
	for name, holds := range f.ConditionScenario {
		if conditions[name] != holds {
			return false
		}
	}
	return true
}

// withDefaults writes a copy of the template whose parameters have other defaults.
func withDefaults(t *testing.T, text []byte, values map[string]string) string {
	t.Helper()
	for name, value := range values {
		own := regexp.MustCompile(`(?m)(^  ` + name + `:\n(?:    .*\n)*?)(    Default: .*\n)?(\n|  [A-Z])`)
		at := own.FindSubmatchIndex(text) // parameters come first
		if at == nil {
			t.Fatalf("the template has no parameter %s", name)
		}
		text = slices.Concat(text[:at[3]], []byte("    Default: '"+value+"'\n"), text[at[6]:])
	}
	return write(t, text)
}

func write(t *testing.T, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// validate installs the validator, as its lock file has it, and returns what it
// finds in each file.
func validate(t *testing.T, files ...string) [][]finding {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("npm, which brings the validator, is not there: %v", err)
		}
		t.Skipf("the template is not validated: npm, which brings the validator, is not there: %v", err)
	}
	wanted, err := os.Stat("validate/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	installed, err := os.Stat("validate/node_modules/.package-lock.json")
	if err != nil || installed.ModTime().Before(wanted.ModTime()) {
		install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		install.Dir = "validate"
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	run := exec.CommandContext(t.Context(), "node", append([]string{"validate/validate.js"}, files...)...)
	var said strings.Builder
	run.Stderr = &said
	out, err := run.Output()
	if err != nil {
		t.Fatalf("validate: %v\n%s", err, said.String())
	}
	var findings [][]finding
	if err := json.Unmarshal(out, &findings); err != nil {
		t.Fatal(err)
	}
	return findings
}
