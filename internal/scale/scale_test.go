package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The page has what the model prints.
func TestThePageHasWhatTheModelPrints(t *testing.T) {
	t.Parallel()
	if racing {
		t.Skip("make test runs it without the race detector")
	}
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), begin)
	have, _, closed := strings.Cut(rest, end)
	if !closed {
		t.Fatalf("%s has no marks", page)
	}
	if diff := cmp.Diff(tables(1, defaultWork.Seconds()), have); diff != "" {
		t.Errorf("make scale writes the page anew (-want +got):\n%s", diff)
	}
}

// The units of the model are those that are counted.
func TestUnitsAreThoseThatAreCounted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/README.md")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Join(strings.Fields(string(text)), " ")
	for _, want := range []string{
		fmt.Sprintf("%d write units (%d to store it, %d to run it;", limitedStore+limitedRun, limitedStore, limitedRun),
		fmt.Sprintf("%d write units (%d and %d)", storeUnits+runUnits, storeUnits, runUnits),
	} {
		if !strings.Contains(words, want) {
			t.Errorf("deploy/README.md does not say %q: change the model's units, and run make scale", want)
		}
	}
}

// What is "as deployed" has the template's defaults.
func TestTheDefaultsAreTheTemplates(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"MaximumConcurrency": templateConcurrency, "LimitTenantRunning": templateRunning,
		"LimitPrincipalOpen": templateOpen, "MessageRate": templateMessages} {
		found := regexp.MustCompile(`(?m)^  ` + name + `:\n(?:    .*\n)*?    Default: (\d+)$`).FindSubmatch(text)
		if found == nil || string(found[1]) != strconv.Itoa(want) {
			t.Errorf("%s: the template has %q, the model %d: change the model, and run make scale", name, found, want)
		}
	}
}

// A seed is one run.
func TestASeedRepeats(t *testing.T) {
	t.Parallel()
	s := settings(defaultWork.Seconds())[1]
	first, second := simulate(s, 1, 7), simulate(s, 1, 7)
	if diff := cmp.Diff(first, second, cmp.AllowUnexported(result{}, histogram{})); diff != "" {
		t.Errorf("seed 7 gave another result (-first +second):\n%s", diff)
	}
}

// What the model must say whatever the seed: the limits of the one that floods are
// what protects the others, and without a flood nobody waits.
func TestWhatTheModelSays(t *testing.T) {
	t.Parallel()
	calm := setting{tenants: 1000, others: 500, messages: 10_000, work: 0.1, warm: true, concurrency: 100, queues: 1, limit: 25, open: 1000}
	flooded, unlimited, cold := calm, calm, calm
	flooded.flood = 500
	unlimited.flood, unlimited.concurrency, unlimited.limit, unlimited.open = 1200, 1000, 0, 0
	cold.warm, cold.flood = false, 500
	short := setting{tenants: 10, others: 500, messages: 10_000, work: 1, warm: true, concurrency: 5, queues: 1}
	for name, tt := range map[string]struct {
		setting
		first  string
		served string // of the others
	}{
		"no flood":     {calm, "", "100 %"},
		"a flood":      {flooded, "DynamoDB: a principal's counter of open requests", "100 %"},
		"a new table":  {cold, "DynamoDB: write units of the table", ""},
		"no limits":    {unlimited, "DynamoDB: index by_tenant of a tenant", ""},
		"short of all": {short, "SQS mapping: its maximum concurrency", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := simulate(tt.setting, 1, 3)
			if r.first != tt.first {
				t.Errorf("%q throttles first, want %q", r.first, tt.first)
			}
			if got := served(r, 0); tt.served != "" && got != tt.served {
				t.Errorf("%s of the others are served, want %s", got, tt.served)
			}
		})
	}
}
