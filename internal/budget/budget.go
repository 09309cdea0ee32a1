// Package budget reads budget.json at the root of the repository: the limits for
// what repeats exactly. Tests hold the library's figures to it, and the command
// bench those of the functions.
package budget

import (
	"encoding/json"
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// A Limit goes down as figures are won. One that goes up has its reason beside
// it.
type Limit struct {
	Max   int    `json:"max"`
	Go127 int    `json:"go1.27,omitempty"` // from Go 1.27 on, where encoding/json weighs more
	Why   string `json:"why"`
}

// For returns the limit for what a version of Go makes, such as go1.27.3.
func (l Limit) For(goVersion string) int {
	if l.Go127 != 0 && version.Compare(goVersion, "go1.27") >= 0 {
		return l.Go127
	}
	return l.Max
}

// A Budget has a limit for each figure of each subject, such as a function.
type Budget map[string]map[string]Limit

// Read reads a file of limits, each of which must have a reason.
func Read(file string) (Budget, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var b Budget
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for subject, limits := range b {
		for figure, limit := range limits {
			if limit.Why == "" {
				return nil, fmt.Errorf("%s gives no reason for the limit of %s of %s", file, figure, subject)
			}
		}
	}
	return b, nil
}

// Check returns what is wrong with the figures of a subject: one above its limit,
// one without a limit, a limit without a figure.
func (b Budget) Check(subject string, figures map[string]int) []error {
	var faults []error
	for figure, got := range figures {
		limit, bounded := b[subject][figure]
		switch {
		case !bounded:
			faults = append(faults, fmt.Errorf("budget.json has no limit for %s of %s, which is %d", figure, subject, got))
		case got > limit.For(runtime.Version()):
			faults = append(faults, fmt.Errorf("%s of %s is %d and may be %d: find what grew, or raise the limit in budget.json and write why",
				figure, subject, got, limit.For(runtime.Version())))
		}
	}
	for figure := range b[subject] {
		if _, measured := figures[figure]; !measured {
			faults = append(faults, fmt.Errorf("budget.json bounds %s of %s, which is not measured: remove it there, or measure it",
				figure, subject))
		}
	}
	return faults
}

// Test holds a subject's figures to the repository's budget.json.
func Test(t testing.TB, subject string, figures map[string]int) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	b, err := Read(filepath.Join(filepath.Dir(here), "..", "..", "budget.json"))
	if err != nil {
		t.Fatal(err)
	}
	for figure, got := range figures {
		t.Logf("%-16s %8d of %d", figure, got, b[subject][figure].For(runtime.Version()))
	}
	for _, fault := range b.Check(subject, figures) {
		t.Error(fault)
	}
}
