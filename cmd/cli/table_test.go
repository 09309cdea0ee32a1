package cli

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"github.com/pay-theory/streamer/wire"
)

var ansiCodes = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

func TestTables(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)
	soon := now.Add(90 * time.Second)
	rows := []wire.Snapshot{
		{ID: "r1", Action: "ship", State: wire.StateFailed, Percentage: 40, Attempts: 3, CreatedAt: now.Add(-2 * time.Hour),
			Error: &wire.Error{Code: wire.Timeout, Message: "the carrier did not answer in time, and this goes on for long"}},
		{ID: "運賃", Action: "ship", State: wire.StateQueued, Attempts: 1, CreatedAt: now.Add(-3 * time.Second),
			Waiting: &wire.Waiting{For: wire.WaitingRetry, Until: &soon}},
	}
	for name, tt := range map[string]struct {
		layout
		want string
	}{
		"not at a terminal": {want: `ID    ACTION  STATE   %   AGE   ATTEMPTS  WAITS FOR     MESSAGE
r1    ship    FAILED  40  120m  3                       TIMEOUT: the carrier did not answer in time, and this goes on for long
運賃  ship    QUEUED  0   3s    1         retry in 90s` + "\n"},
		"at one of 80 columns": {layout: layout{width: 80}, want: `ID    ACTION  STATE   %   AGE   ATTEMPTS  WAITS FOR     MESSAGE
r1    ship    FAILED  40  120m  3                       TIMEOUT: the carrier di…
運賃  ship    QUEUED  0   3s    1         retry in 90s` + "\n"},
		"at one of 20 columns": {layout: layout{width: 20}, want: "ID    ACTION  STATE\n" +
			"r1    ship    FAILED\n  TIMEOUT: the carr…\n運賃  ship    QUEUED\n"},
		"in colours": {layout: layout{width: 20, coloured: true}, want: "ID    ACTION  STATE\n" +
			"r1    ship    \x1b[31mFAILED\x1b[0m\n  TIMEOUT: the carr…\n運賃  ship    \x1b[33mQUEUED\x1b[0m\n"},
		"at one of 9 columns": {layout: layout{width: 9}, want: "ID\n  STATE\nr1\n  FAILED\n  TIMEOU…\n運賃\n  QUEUED\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := requestTable(rows, now).render(tt.layout, rows)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for line := range strings.Lines(ansiCodes.ReplaceAllString(got, "")) {
				if width := runewidth.StringWidth(strings.TrimSuffix(line, "\n")); tt.width > 0 && width > tt.width {
					t.Errorf("%q has %d columns, want at most %d", line, width, tt.width)
				}
			}
		})
	}
}

func TestWaitsFor(t *testing.T) {
	t.Parallel()
	now := time.Now()
	later := now.Add(49 * time.Hour)
	for want, r := range map[string]wire.Snapshot{
		"":                   {State: wire.StateSucceeded},
		"its cancel":         {State: wire.StateRunning, Cancelling: true},
		"worker":             {State: wire.StateQueued, Waiting: &wire.Waiting{For: wire.WaitingWorker}},
		"limit tenant:dev":   {State: wire.StateQueued, Waiting: &wire.Waiting{For: wire.WaitingLimit, Limit: "tenant:dev"}},
		"signal approval":    {State: wire.StateQueued, Waiting: &wire.Waiting{For: wire.WaitingSignal, Token: "approval", Until: &later}},
		"children 3/10":      {State: wire.StateQueued, Waiting: &wire.Waiting{For: wire.WaitingChildren}, Children: &wire.Children{Total: 10, Ended: 3}},
		"time in 2d":         {State: wire.StateQueued, Waiting: &wire.Waiting{For: wire.WaitingTime, Until: &later}},
		"retry":              {State: wire.StateQueued, Waiting: &wire.Waiting{For: wire.WaitingRetry, Until: &now}},
		"what comes one day": {State: wire.StateQueued, Waiting: &wire.Waiting{For: "what comes one day"}},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			if got := waitsFor(r, now); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestShortDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second:                  "0s",
		119 * time.Second:             "119s",
		2*time.Minute + 5*time.Second: "2m05s",
		59 * time.Minute:              "59m",
		4*time.Hour + 7*time.Minute:   "4h07m",
		30 * time.Hour:                "30h",
		49 * time.Hour:                "2d",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			if got := shortDuration(d); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// What gets pasted is whole on any terminal, and a cut is seen.
func TestNarrowTerminals(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)
	const id, message = "req_7y2mqk3v5tz8w4n6x0c1b9d2f7", "dial tcp 10.0.0.7:5432: connect: connection refused by the database of the orders"
	sample := wire.RequestName{Subject: "ada.lovelace@shop.example", ID: id}
	failures := []wire.Failure{{Count: 12, Action: "generate_report", Code: wire.InternalError, Sample: sample, Message: message,
		First: now.Add(-time.Hour), Last: now.Add(-time.Minute)}}
	requests := []wire.Snapshot{{ID: id, Subject: sample.Subject, Action: "generate_report", State: wire.StateFailed, Attempts: 3, CreatedAt: now,
		Error: &wire.Error{Code: wire.InternalError, Message: message}}}
	if got := requestTable(requests, now).render(layout{width: 120}, requests); !strings.Contains(got, "  AGE  ") || strings.Contains(got, "WAITS FOR") {
		t.Errorf("got\n%s\nwant AGE, and not the column that is empty", got)
	}
	for _, width := range []int{40, 60, 80, 120} {
		for name, tt := range map[string]struct {
			got   string
			whole []string
		}{
			"failures": {failureTable(now).render(layout{width: width}, failures), []string{"12", "generate_report", "INTERNAL_ERROR", id, "ada.lovelace@shop.example"}},
			"list":     {requestTable(requests, now).render(layout{width: width}, requests), []string{sample.Subject, id, wire.StateFailed, "INTERNAL_ERROR: "}},
		} {
			t.Run(fmt.Sprintf("%s at %d", name, width), func(t *testing.T) {
				t.Parallel()
				for _, want := range tt.whole {
					if !strings.Contains(tt.got, want) {
						t.Errorf("got no %q in\n%s", want, tt.got)
					}
				}
				if !strings.Contains(tt.got, "…") && !strings.Contains(tt.got, message) {
					t.Errorf("the message is cut, and no … says so:\n%s", tt.got)
				}
				for line := range strings.Lines(tt.got) {
					line = strings.TrimSuffix(line, "\n")
					if got := runewidth.StringWidth(line); got > width && strings.Contains(strings.TrimSpace(line), " ") {
						t.Errorf("%q has %d columns, want at most %d", line, got, width)
					}
				}
			})
		}
	}
}
