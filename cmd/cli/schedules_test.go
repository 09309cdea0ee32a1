package cli

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

// An operator sees the schedules of a running stack, whose ticks start them, and pauses,
// resumes and runs one.
func TestSchedules(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	report := streamer.NewAction(streamer.ActionConfig{Name: "report", Long: true},
		func(_ context.Context, job *streamer.Job, _ any) (map[string]string, error) {
			return job.Metadata(), nil
		})
	data := filepath.Join(t.TempDir(), "data")
	dev, err := stack.StartDev(t.Context(), stack.DevConfig{Data: data, Listen: "127.0.0.1:0", SweepEvery: 20 * time.Millisecond,
		Parts: functions.Parts{
			Actions: func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{report}, nil },
			Logger:  slog.New(slog.DiscardHandler),
			Now:     func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
			Schedules: []streamer.Schedule{
				{Name: "hourly", Cron: "0 * * * *", TimeZone: "Europe/Berlin", Action: "report", Tenant: "dev", Subject: "system", Overlap: true},
				{Name: "later", Every: 90 * time.Minute, Action: "report", Tenant: "dev", Subject: "system"},
				{Name: "others", Cron: "@daily", Action: "report", Tenant: "acme", Subject: "system"}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s := &server{data: data, env: map[string]string{"STREAMER_URL": dev.WebSocketURL()}}
	for _, tt := range []struct {
		name     string
		args     []string
		code     int
		out, err string // contained; out "-": empty
	}{
		{"list", []string{"schedules"}, 0, "hourly  0 * * * * Europe/Berlin  report  system   ", ""},
		{"an interval", []string{"schedules"}, 0, "later   every 1h30m ", ""},
		{"pause", []string{"schedules", "pause", "later"}, 0, `"paused":true,"next":[]`, ""},
		{"paused", []string{"schedules"}, 0, "system   paused", ""},
		{"run", []string{"schedules", "run", "later", "--id", "by-hand"}, 0, `"last":{"request_id":"by-hand"`, ""},
		{"resume", []string{"schedules", "resume", "later"}, 0, `"paused":false`, ""},
		{"what it ran", []string{"watch", "by-hand", "--subject", "system"}, 0, `"schedule":"later"`, ""},
		{"another tenant's", []string{"schedules", "pause", "others"}, exitFailed, "-", `NOT_FOUND: there is no schedule "others"`},
		{"no name", []string{"schedules", "pause"}, exitUsage, "-", "takes 1 argument, and got 0"},
		{"completion", []string{"__complete", "schedules", "pause", ""}, 0, "later\tevery 1h30m report", ""},
	} {
		t.Run(tt.name, func(t *testing.T) { // one after the other: they are steps
			args := tt.args
			if args[0] == "__complete" {
				args = []string{"__complete", "schedules", "pause", "--data", data, ""}
			} else {
				args = append(args, "--data", data)
			}
			term := start(t, t.Context(), s.env, "", args...)
			code := <-term.exit
			out, errs := term.out.String(), term.err.String()
			if code != tt.code || !strings.Contains(out, tt.out) && tt.out != "-" || tt.out == "-" && out != "" || !strings.Contains(errs, tt.err) {
				t.Errorf("%v exited with %d, %q, %q, want %d, %q, %q", args, code, out, errs, tt.code, tt.out, tt.err)
			}
		})
	}
	_, out, _ := s.do(t, "", "schedules", "-o", "json")
	if strings.Contains(out, "others") {
		t.Errorf("got %s, want the tenant's own alone", out)
	}

	ahead.Store(int64(time.Hour)) // a time of the hourly one comes
	bounded, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		var list wire.ScheduleList
		code, out, errs := s.do(t, "", "schedules", "-o", "json")
		if err := json.Unmarshal([]byte(out), &list); code != 0 || err != nil {
			t.Fatalf("exited with %d, %s%s, %v", code, out, errs, err)
		}
		hourly := list.Schedules[0]
		if hourly.Last != nil { // the queue goes by the real time, so it stays queued
			if want := "schedule:hourly:" + hourly.Last.ScheduledFor.Format(time.RFC3339); hourly.Last.RequestID != want {
				t.Errorf("got the request %s, want %s", hourly.Last.RequestID, want)
			}
			break
		}
		if bounded.Err() != nil {
			t.Fatalf("got %s, want the hourly one started", out)
		}
	}
}

// The transcript of the schedules' page is what the command prints.
func TestSchedulesPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "schedules.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "$ streamer schedules\n")
	shown, _, _ = strings.Cut(shown, "    $")
	next := time.Date(2026, 11, 29, 1, 30, 0, 0, time.UTC)
	rows := []wire.Schedule{{Name: "nightly-report", Cron: "30 2 * * *", TimeZone: "Europe/Berlin", Action: "generate_report", Tenant: "acme",
		Subject: "system", Next: []time.Time{next, next.AddDate(0, 0, 1), next.AddDate(0, 0, 2)},
		Last: &wire.ScheduledRun{RequestID: "schedule:nightly-report:2026-11-28T01:30:00Z", State: wire.StateSucceeded}}}
	got := strings.Fields(strings.ReplaceAll(scheduleTable.render(layout{}, rows), stamp(next), next.Format(time.RFC3339)))
	if diff := cmp.Diff(strings.Fields(shown), got); diff != "" {
		t.Errorf("docs/schedules.md has another transcript (-page +printed):\n%s", diff)
	}
}
