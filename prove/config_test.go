package prove

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
)

// A wrong setting is named, and one that would be ignored is refused.
func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	short := streamer.NewAction(streamer.ActionConfig{Name: "short"}, func(context.Context, *streamer.Job, int) (int, error) { return 0, nil })
	_, err := Config{
		Cases:  []Case{{Action: short, Cancel: 2}},
		Faults: 0.9, Open: -1, Quiet: "initech",
		Processor: streamer.ProcessorConfig{Now: time.Now},
	}.withDefaults()
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{"Store is required", "case 0 has no Want", `"short" is short`, "Cancel is 2", "Faults is 0.9",
		"Open", "Now of Processor", `Quiet is "initech", want acme or globex`, "Kills and Faults are set beside Quiet"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if _, err := (Config{}).withDefaults(); err == nil || !strings.Contains(err.Error(), "Cases are required") {
		t.Errorf("without cases: %v", err)
	}
}
