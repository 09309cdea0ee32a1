package prove

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
)

// A wrong setting is named, and one that would be ignored is refused.
func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	none := func(context.Context, *streamer.Job, int) (int, error) { return 0, nil }
	short := streamer.NewAction(streamer.ActionConfig{Name: "short"}, none)
	_, err := Config{
		Cases:  []Case{{Action: short, Cancel: 2, Later: -1}},
		Faults: 0.9, Open: -1, Quiet: "initech",
		Processor: streamer.ProcessorConfig{Now: time.Now, Lease: time.Second},
		Parts: functions.Parts{Paused: true, Now: time.Now, Actions: func(request.Lister) ([]streamer.Action, error) {
			return []streamer.Action{streamer.NewAction(streamer.ActionConfig{Name: "other"}, none)}, nil
		}},
	}.withDefaults()
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{"Store is required", "case 0 has no Want", `"short" is short`, "Cancel is 2", "Later is -1", "Faults is 0.9",
		"Open", "Now of Processor", "which are of Parts", "functions: Parts.Paused is set, of which the stack has its own", "Now of Parts",
		`"short" is not one of Parts, which makes [other]`, `Quiet is "initech", want acme or globex`, "Kills and Faults are set beside Quiet"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	broken := Config{Parts: functions.Parts{Actions: func(request.Lister) ([]streamer.Action, error) { return nil, errors.New("no settings") }}}
	if _, err := broken.withDefaults(); err == nil || !strings.Contains(err.Error(), "make the actions: no settings") {
		t.Errorf("without actions: %v", err)
	}
	if _, err := (Config{}).withDefaults(); err == nil || !strings.Contains(err.Error(), "Cases are required") {
		t.Errorf("without cases: %v", err)
	}
}

// A schedule that a proof cannot follow is refused.
func TestWrongSchedulesAreNamed(t *testing.T) {
	t.Parallel()
	want := func(json.RawMessage, Outcome) error { return nil }
	act := func(name string) streamer.Action {
		return streamer.NewAction(streamer.ActionConfig{Name: name, Long: true}, func(context.Context, *streamer.Job, any) (int, error) { return 0, nil })
	}
	cases := []Case{{Action: act("plain"), Want: want}, {Action: act("asks"), Want: want, Signals: map[string]json.RawMessage{"go": nil}},
		{Action: act("fails"), Want: want, Redrives: 1}}
	for _, tt := range []struct {
		name, action, quiet, want string
	}{
		{"a schedule of a case", "plain", "", ""},
		{"one whose action waits for a client's signal", "asks", "", "needs a client"},
		{"one whose action a client redrives", "fails", "", "needs a client"},
		{"one of another action", "other", "", `there is no action "other"`},
		{"one beside a quiet tenant", "plain", "acme", "Parts has Schedules beside Quiet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Config{Store: struct{ Store }{}, Cases: cases, Quiet: tt.quiet, Parts: functions.Parts{Schedules: []streamer.Schedule{
				{Name: "hourly", Every: time.Hour, Action: tt.action, Tenant: "acme", Subject: "system"}}}}.withDefaults()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
