package budget_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/internal/budget"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	b := budget.Budget{"connect": {"zip": {Max: 100, Why: "w"}, "packages": {Max: 5, Why: "w"}}}
	for want, figures := range map[string]map[string]int{
		"":                                       {"zip": 100, "packages": 4},
		"zip of connect is 101 and may be 100":   {"zip": 101, "packages": 5},
		"no limit for calls of connect":          {"zip": 1, "packages": 1, "calls": 1},
		"bounds packages of connect, which is n": {"zip": 1},
	} {
		t.Run(cmp.Or(want, "within the limits"), func(t *testing.T) {
			faults := b.Check("connect", figures)
			if want == "" && len(faults) > 0 || want != "" && (len(faults) != 1 || !strings.Contains(faults[0].Error(), want)) {
				t.Errorf("%v: %v, want %q", figures, faults, want)
			}
		})
	}
}

// From Go 1.27 on a limit of its own counts, where there is one.
func TestLimitsOfVersions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit   budget.Limit
		version string
		want    int
	}{
		"before":         {budget.Limit{Max: 1, Go127: 2}, "go1.26.8", 1},
		"on it":          {budget.Limit{Max: 1, Go127: 2}, "go1.27.3", 2},
		"after it":       {budget.Limit{Max: 1, Go127: 2}, "go1.28", 2},
		"one for both":   {budget.Limit{Max: 1}, "go1.27.3", 1},
		"a build of tip": {budget.Limit{Max: 1, Go127: 2}, "devel go1.28-abc", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.limit.For(tt.version); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestEachLimitHasAReason(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "budget.json")
	for why, good := range map[string]bool{"": false, "because": true} {
		t.Run(fmt.Sprintf("why %q", why), func(t *testing.T) {
			if err := os.WriteFile(file, fmt.Appendf(nil, `{"connect":{"zip":{"max":1,"why":%q}}}`, why), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := budget.Read(file); (err == nil) != good {
				t.Errorf("why %q: %v", why, err)
			}
		})
	}
}
