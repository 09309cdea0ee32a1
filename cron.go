package streamer

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// A cron is a parsed cron expression: a bit for each value of a field that matches.
type cron struct {
	minute, hour, day, month, weekday uint64

	everyHour       bool // the hour is *: the times go by what has passed, and not by the clock
	anyDay, anyWeek bool // day or weekday begins with *: both must match, and else either
}

// A cronField says which values a field takes.
type cronField struct {
	name      string
	low, high int
	names     []string // of the values from low on
}

var cronFields = []cronField{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of the month", 1, 31, nil},
	{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{"day of the week", 0, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
}

// cronNames are expressions that have names.
var cronNames = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// parseCron reads five fields (crontab(5): minute, hour, day of the month, the
// month, day of the week) or a name such as @daily. Its errors say what was wanted.
func parseCron(text string) (*cron, error) {
	expression := text
	if strings.HasPrefix(text, "@") {
		if expression = cronNames[text]; expression == "" {
			return nil, fmt.Errorf("%q is not a name that cron has: use @hourly, @daily, @weekly, @monthly or @yearly, or Every", text)
		}
	}
	fields := strings.Fields(expression)
	if len(fields) != len(cronFields) {
		return nil, fmt.Errorf("%q has %d fields, want five: minute, hour, day of the month, the month, day of the week", text, len(fields))
	}
	c := &cron{everyHour: fields[1] == "*", anyDay: fields[2][0] == '*', anyWeek: fields[4][0] == '*'}
	for i, into := range []*uint64{&c.minute, &c.hour, &c.day, &c.month, &c.weekday} {
		for part := range strings.SplitSeq(fields[i], ",") {
			values, err := cronFields[i].parse(part)
			if err != nil {
				return nil, fmt.Errorf("%q: the %s %q: %w", text, cronFields[i].name, part, err)
			}
			*into |= values
		}
	}
	c.weekday |= c.weekday >> 7 & 1 // 7 is Sunday, too
	if c.next(time.Unix(0, 0), time.UTC).IsZero() {
		return nil, fmt.Errorf("%q never comes: no month that it names has such a day", text)
	}
	return c, nil
}

// parse reads one part of a list: *, a value or a range, each with a step or without.
func (f cronField) parse(part string) (values uint64, err error) {
	span, stepText, stepped := strings.Cut(part, "/")
	low, high, step := f.low, f.high, 1
	if span != "*" {
		from, to, ranged := strings.Cut(span, "-")
		if low, err = f.value(from); err != nil {
			return 0, err
		}
		switch {
		case ranged:
			if high, err = f.value(to); err != nil {
				return 0, err
			}
		case !stepped:
			high = low
		}
	}
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.high {
			return 0, fmt.Errorf("the step %q is not a number from 1 to %d", stepText, f.high)
		}
	}
	if low > high {
		return 0, fmt.Errorf("the range ends before it begins")
	}
	for v := low; v <= high; v += step {
		values |= 1 << v
	}
	return values, nil
}

func (f cronField) value(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.low + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.high || text[0] == '+' {
		return 0, fmt.Errorf("want numbers from %d to %d, *, ranges as 1-5, steps as */15, lists as 1,3", f.low, f.high)
	}
	return n, nil
}

func has(values uint64, v int) bool { return values>>v&1 == 1 }

// onDay reports whether a day matches.
func (c *cron) onDay(t time.Time) bool {
	day, week := has(c.day, t.Day()), has(c.weekday, int(t.Weekday()))
	if c.anyDay || c.anyWeek {
		return day && week
	}
	return day || week
}

// horizon is how far ahead a time is looked for: 29 February 2104 comes eight years
// after the one before it.
const horizon = 9

// next is the first time after another, in a zone; zero if there is none.
//
// With * as its hour an expression goes by the time that passes: */30 is every half
// hour, also when the clock is changed. Any other names times of the day, and each
// comes once on each of its days: one that the clock leaps over when it does, and one
// that the clock shows twice the first time.
func (c *cron) next(after time.Time, zone *time.Location) time.Time {
	if c.everyHour {
		return c.nextPassing(after, zone)
	}
	clock := clockOf(after.In(zone)).Truncate(time.Minute)
	for end := clock.AddDate(horizon, 0, 0); clock.Before(end); {
		switch {
		case !has(c.month, int(clock.Month())):
			clock = time.Date(clock.Year(), clock.Month()+1, 1, 0, 0, 0, 0, time.UTC)
			continue
		case !c.onDay(clock):
			clock = time.Date(clock.Year(), clock.Month(), clock.Day()+1, 0, 0, 0, 0, time.UTC)
			continue
		case !has(c.hour, clock.Hour()):
			clock = clock.Truncate(time.Hour).Add(time.Hour)
			continue
		case !has(c.minute, clock.Minute()):
			clock = clock.Add(c.toMinute(clock.Minute()))
			continue
		}
		if at := instant(clock, zone); at.After(after) {
			return at
		}
		clock = clock.Add(time.Minute)
	}
	return time.Time{}
}

// nextPassing is next for an expression that goes by the time that passes.
func (c *cron) nextPassing(after time.Time, zone *time.Location) time.Time {
	at := after.In(zone).Truncate(time.Minute).Add(time.Minute)
	for end := at.AddDate(horizon, 0, 0); at.Before(end); {
		switch {
		case !has(c.month, int(at.Month())) || !c.onDay(at):
			at = instant(time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, time.UTC), zone)
		case !has(c.minute, at.Minute()):
			at = at.Add(c.toMinute(at.Minute()))
		default:
			return at
		}
	}
	return time.Time{}
}

// toMinute is how long it is from a minute to the first that matches, or to the end of
// the hour.
func (c *cron) toMinute(from int) time.Duration {
	return time.Duration(min(bits.TrailingZeros64(c.minute>>from), 60-from)) * time.Minute
}

// clockOf is what a clock shows at a time, as a time in UTC.
func clockOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instant is when a clock of the zone shows a time first, or when it is set forward over
// the time. What a clock shows is given as a time in UTC, where no clock is changed.
func instant(clock time.Time, zone *time.Location) time.Time {
	// Which of two, or what beside none, [time.Date] leaves open.
	at := time.Date(clock.Year(), clock.Month(), clock.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
	begin, end := at.ZoneBounds()
	switch shown := clockOf(at); {
	case shown.After(clock):
		return begin
	case shown.Before(clock):
		return end
	case begin.IsZero():
		return at
	}
	_, offset := at.Zone()
	_, before := begin.Add(-1).Zone()
	if earlier := at.Add(time.Duration(offset-before) * time.Second); earlier.Before(begin) && clockOf(earlier.In(zone)).Equal(clock) {
		return earlier
	}
	return at
}
