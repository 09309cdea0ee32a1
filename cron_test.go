package streamer

import (
	"strings"
	"testing"
	"time"
)

// The times of an expression after another, as a clock of the zone shows them with its
// offset.
func TestCronTimes(t *testing.T) {
	t.Parallel()
	const form = "Mon 2006-01-02 15:04 -0700"
	for _, tt := range []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"five fields", "30 2 * * *", "UTC", "2026-11-28T02:29:59Z", []string{"Sat 2026-11-28 02:30 +0000", "Sun 2026-11-29 02:30 +0000"}},
		{"its own time is not after itself", "30 2 * * *", "UTC", "2026-11-28T02:30:00Z", []string{"Sun 2026-11-29 02:30 +0000"}},
		{"@hourly", "@hourly", "UTC", "2026-12-31T22:10:00Z", []string{"Thu 2026-12-31 23:00 +0000", "Fri 2027-01-01 00:00 +0000"}},
		{"steps, ranges and lists", "*/20 9-17/4,23 * * *", "UTC", "2026-11-28T17:30:00Z",
			[]string{"Sat 2026-11-28 17:40 +0000", "Sat 2026-11-28 23:00 +0000"}},
		{"a step from a value on", "50/5 * * * *", "UTC", "2026-11-28T17:51:00Z",
			[]string{"Sat 2026-11-28 17:55 +0000", "Sat 2026-11-28 18:50 +0000"}},
		{"names", "0 8 * feb mon-Tue", "UTC", "2026-11-28T00:00:00Z", []string{"Mon 2027-02-01 08:00 +0000", "Tue 2027-02-02 08:00 +0000"}},
		{"7 is Sunday", "0 8 * * 7", "UTC", "2026-11-28T00:00:00Z", []string{"Sun 2026-11-29 08:00 +0000"}},
		{"Friday to Sunday", "0 8 * * 5-7", "UTC", "2026-11-28T09:00:00Z", []string{"Sun 2026-11-29 08:00 +0000", "Fri 2026-12-04 08:00 +0000"}},
		{"a day of the month or of the week", "0 0 13 * 5", "UTC", "2026-11-09T00:00:00Z",
			[]string{"Fri 2026-11-13 00:00 +0000", "Fri 2026-11-20 00:00 +0000"}},
		{"each second day that is a Monday", "0 0 */2 * 1", "UTC", "2026-11-01T12:00:00Z",
			[]string{"Mon 2026-11-09 00:00 +0000", "Mon 2026-11-23 00:00 +0000"}},
		{"29 February", "0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", []string{"Fri 2104-02-29 00:00 +0000"}},

		{"half past two is leapt over in Berlin", "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z",
			[]string{"Sat 2026-03-28 02:30 +0100", "Sun 2026-03-29 03:00 +0200", "Mon 2026-03-30 02:30 +0200"}},
		{"half past two comes twice in Berlin", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
			[]string{"Sun 2026-10-25 02:30 +0200", "Mon 2026-10-26 02:30 +0100"}},
		{"half past two is leapt over in New York", "30 2 * * *", "America/New_York", "2026-03-08T00:00:00Z",
			[]string{"Sun 2026-03-08 03:00 -0400", "Mon 2026-03-09 02:30 -0400"}},
		{"half past one comes twice in New York", "30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z",
			[]string{"Sun 2026-11-01 01:30 -0400", "Mon 2026-11-02 01:30 -0500"}},
		{"times that are leapt over come at once, once", "*/15 2,3 29 3 *", "Europe/Berlin", "2026-03-28T23:00:00Z",
			[]string{"Sun 2026-03-29 03:00 +0200", "Sun 2026-03-29 03:15 +0200", "Sun 2026-03-29 03:30 +0200"}},
		{"midnight is leapt over in Cairo", "@daily", "Africa/Cairo", "2026-04-23T12:00:00Z",
			[]string{"Fri 2026-04-24 01:00 +0300", "Sat 2026-04-25 00:00 +0300"}},
		{"half an hour is leapt over on Lord Howe", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
			[]string{"Sun 2026-10-04 02:30 +1100", "Mon 2026-10-05 02:15 +1100"}},
		{"half an hour comes twice on Lord Howe", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z",
			[]string{"Sun 2026-04-05 01:45 +1100", "Mon 2026-04-06 01:45 +1030"}},
		{"between the two of a time that comes twice", "30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z",
			[]string{"Mon 2026-10-26 02:30 +0100"}},
		{"each half hour goes on when the clock leaps", "*/30 * * * *", "Europe/Berlin", "2026-03-29T00:20:00Z",
			[]string{"Sun 2026-03-29 01:30 +0100", "Sun 2026-03-29 03:00 +0200", "Sun 2026-03-29 03:30 +0200"}},
		{"each half hour goes on when the clock is set back", "*/30 * * * *", "Europe/Berlin", "2026-10-25T00:20:00Z",
			[]string{"Sun 2026-10-25 02:30 +0200", "Sun 2026-10-25 02:00 +0100", "Sun 2026-10-25 02:30 +0100", "Sun 2026-10-25 03:00 +0100"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			c, err := parseCron(tt.cron)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				at = c.next(at, zone)
				if got := at.In(zone).Format(form); got != want {
					t.Fatalf("%q in %s: got %s, want %s", tt.cron, tt.zone, got, want)
				}
			}
		})
	}
}

// Over some years of zones that set their clocks in every way: times rise, those of the
// day come once a day, and those by what passes are as far apart as they say.
func TestCronOverYears(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Sao_Paulo",
		"Pacific/Apia", "Asia/Kathmandu"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			daily, halves := mustCron(t, "30 2 * * *"), mustCron(t, "*/30 * * * *")
			begin, end := time.Date(2017, 1, 1, 12, 0, 0, 0, zone), time.Date(2022, 1, 1, 12, 0, 0, 0, zone)
			days := 0
			for at := daily.next(begin, zone); at.Before(end); at = daily.next(at, zone) {
				want := begin.AddDate(0, 0, days+1)
				if at.In(zone).YearDay() != want.YearDay() {
					t.Fatalf("time %d is %v, want one on %v", days, at.In(zone), want)
				}
				days++
			}
			if want := 5*365 + 1; days != want {
				t.Errorf("got %d times, want one on each of %d days", days, want)
			}
			for at := halves.next(begin, zone); at.Before(end); {
				next := halves.next(at, zone)
				if next.Sub(at) != 30*time.Minute {
					t.Fatalf("got %v after %v, want half an hour", next.In(zone), at.In(zone))
				}
				at = next
			}
		})
	}
}

func mustCron(t *testing.T, text string) *cron {
	t.Helper()
	c, err := parseCron(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCronRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, cron, want string }{
		{"nothing", "", "has 0 fields, want five"},
		{"seconds", "0 30 2 * * *", "has 6 fields, want five"},
		{"a minute above 59", "60 * * * *", `the minute "60": want numbers from 0 to 59`},
		{"a sign", "+5 * * * *", `the minute "+5"`},
		{"a month of no name", "0 0 1 foo *", `the month "foo"`},
		{"a range that ends before it begins", "0 17-9 * * *", "the range ends before it begins"},
		{"a step of none", "*/0 * * * *", `the step "0" is not a number from 1 to 59`},
		{"an empty part", "1, * * * *", `the minute ""`},
		{"the last day, of other crons", "0 0 L * *", `the day of the month "L"`},
		{"no value, of other crons", "0 0 ? * *", `the day of the month "?"`},
		{"30 February", "0 0 30 2 *", "never comes"},
		{"a name of none", "@noon", "use @hourly"},
		{"@every", "@every 5m", "or Every"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseCron(tt.cron); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q: got %v, want an error with %q", tt.cron, err, tt.want)
			}
		})
	}
}
