package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/wire"
)

func TestPeriods(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)
	local := func(text string) time.Time {
		at, err := time.ParseInLocation(time.DateTime, text, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, tt := range map[string]struct {
		period       period
		since, until time.Time
		err          string
	}{
		"none":                   {},
		"hours ago":              {period: period{since: "2h"}, since: now.Add(-2 * time.Hour)},
		"days and hours ago":     {period: period{since: "3d12h"}, since: now.Add(-84 * time.Hour)},
		"weeks ago":              {period: period{since: "2w1d", until: "1w"}, since: now.AddDate(0, 0, -15), until: now.AddDate(0, 0, -7)},
		"older than":             {period: period{olderThan: "90s"}, until: now.Add(-90 * time.Second)},
		"a date":                 {period: period{since: "2026-11-27"}, since: local("2026-11-27 00:00:00")},
		"a local time":           {period: period{until: "2026-11-27 18:00"}, until: local("2026-11-27 18:00:00")},
		"RFC 3339":               {period: period{since: "2026-11-27T18:00:00+02:00"}, since: time.Date(2026, 11, 27, 16, 0, 0, 0, time.UTC)},
		"a word":                 {period: period{since: "yesterday"}, err: `--since "yesterday" is not a time: write how long ago`},
		"a time ahead":           {period: period{until: "-2h"}, err: `--until "-2h" is not a time`},
		"older than a date":      {period: period{olderThan: "2026-11-27"}, err: `--older-than "2026-11-27" is not a duration`},
		"a day that is not":      {period: period{since: "2026-11-31"}, err: `--since "2026-11-31" is not a time`},
		"nothing is between":     {period: period{since: "1h", until: "2h"}, err: "no request was created since"},
		"nothing is so old":      {period: period{since: "1h", olderThan: "2h"}, err: "change --since"},
		"a number without units": {period: period{since: "12"}, err: `"12" is not a time`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got wire.ListQuery
			err := tt.period.into(&got, now)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want an error with %q", err, tt.err)
				}
				return
			}
			if err != nil || !got.Since.Equal(tt.since) || !got.Until.Equal(tt.until) {
				t.Errorf("got %v to %v, %v, want %v to %v", got.Since, got.Until, err, tt.since, tt.until)
			}
		})
	}
}
