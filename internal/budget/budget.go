// Package budget reads budget.json at the root of the repository: the limits for
// what repeats exactly. Tests hold the library's figures to it, and the command
// bench those of the functions.
package budget

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// A Limit goes down as figures are won. One that goes up has its reason beside
// it.
type Limit struct {
	Max int    `json:"max"`
	Why string `json:"why"`
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
		case got > limit.Max:
			faults = append(faults, fmt.Errorf("%s of %s is %d and may be %d: find what grew, or raise the limit in budget.json and write why",
				figure, subject, got, limit.Max))
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
		t.Logf("%-16s %8d of %d", figure, got, b[subject][figure].Max)
	}
	for _, fault := range b.Check(subject, figures) {
		t.Error(fault)
	}
}
