package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// AWS's own validator, which has the schemas and its rules with it, finds
// nothing in the template that README.md does not explain.
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
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte(strings.Replace(string(text), "Runtime: provided.al2023", "Runtime: provided.al2022", 1)),
		0o600); err != nil {
		t.Fatal(err)
	}
	findings := validate(t, "template.yaml", broken)
	counts := make(map[string]int)
	for _, f := range findings[0] {
		counts[f.Severity+" "+f.RuleID]++
		if f.Severity != "INFO" || !strings.Contains(string(readme), "| `"+f.RuleID+"` |") {
			t.Errorf("line %d: %s %s %s: %s", f.StartLine, f.Severity, f.RuleID, f.Entity.LogicalID, f.Message)
		}
	}
	t.Logf("findings: %v", counts)
	if !slices.ContainsFunc(findings[1], func(f finding) bool { return f.Severity != "INFO" && f.Entity.LogicalID == "ConnectFunction" }) {
		t.Error("the validator has nothing against a runtime that does not exist")
	}
}

type finding struct {
	RuleID, Severity, Message string
	StartLine                 int
	Entity                    struct{ LogicalID string }
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
	if _, err := os.Stat("validate/node_modules/.package-lock.json"); err != nil {
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
