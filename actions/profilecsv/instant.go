package profilecsv

import (
	"strings"
	"time"
)

// An instant is a time without a zone, small enough to store.
type instant struct {
	seconds int64 // since 1970
	nanos   int64
}

func (i instant) before(other instant) bool {
	return i.seconds < other.seconds || i.seconds == other.seconds && i.nanos < other.nanos
}

func (i instant) format(layout string) string {
	return time.Unix(i.seconds, i.nanos).UTC().Format(layout)
}

// parseTime reads a date or a time of the forms that RFC 3339 and databases
// write. One without a zone is taken as UTC, and a fraction is cut at the
// nanosecond. [time.Parse] is not strict enough: it takes hours of one digit and
// offsets of a day and more.
func parseTime(s string) (instant, kind) {
	const dateLength, timeLength = len("2026-01-02"), len("T15:04:05")
	if len(s) < dateLength || s[4] != '-' || s[7] != '-' {
		return instant{}, 0
	}
	year, month, day := digits(s[:4]), digits(s[5:7]), digits(s[8:10])
	if year < 0 || month < 1 || month > 12 || day < 1 {
		return instant{}, 0
	}
	midnight := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if midnight.Day() != day { // that month has fewer days
		return instant{}, 0
	}
	if len(s) == dateLength {
		return instant{midnight.Unix(), 0}, date | timestamp
	}
	clock, rest := s[dateLength:], ""
	if len(clock) < timeLength || clock[0] != 'T' && clock[0] != 't' && clock[0] != ' ' || clock[3] != ':' || clock[6] != ':' {
		return instant{}, 0
	}
	clock, rest = clock[:timeLength], clock[timeLength:]
	hour, minute, second := digits(clock[1:3]), digits(clock[4:6]), digits(clock[7:9])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return instant{}, 0
	}
	nanos, rest, ok := parseFraction(rest)
	if !ok {
		return instant{}, 0
	}
	offset, ok := parseZone(rest)
	if !ok {
		return instant{}, 0
	}
	at := instant{midnight.Unix() + int64(3600*hour+60*minute+second-offset), int64(nanos)}
	if second == 60 && !at.afterLeapSecond() {
		return instant{}, 0
	}
	return at, timestamp
}

// afterLeapSecond reports whether i is in the first second of a month, in UTC.
// A leap second, :60, is the one before that (RFC 3339, section 5.7). It has no
// number of its own: seconds since 1970 count it as the one after it.
func (i instant) afterLeapSecond() bool {
	t := time.Unix(i.seconds, 0).UTC()
	return t.Day() == 1 && t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0
}

// parseFraction reads the fraction of a second at the beginning of s, if there
// is one.
func parseFraction(s string) (nanos int, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	end, unit := 1, int(time.Second)
	for ; end < len(s) && isDigit(s[end]); end++ {
		unit /= 10 // 0 behind the nanoseconds
		nanos += unit * int(s[end]-'0')
	}
	return nanos, s[end:], end > 1
}

// parseZone reads a zone as RFC 3339 writes it, as PostgreSQL does, +00 and, of
// times before zones were whole minutes, +00:53:28, as ISO 8601 does without its
// colon, +0530, or behind a space as SQL Server does, and BigQuery: UTC. It
// returns the seconds east of UTC.
func parseZone(s string) (offset int, ok bool) {
	switch s {
	case "", "Z", "z", " UTC":
		return 0, true
	}
	if s = strings.TrimPrefix(s, " "); s == "" {
		return 0, false
	}
	sign := 1
	switch s[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	hours, minutes, seconds := 0, 0, 0
	switch s = s[1:]; {
	case len(s) == len("00"):
		hours = digits(s)
	case len(s) == len("0000"):
		hours, minutes = digits(s[:2]), digits(s[2:])
	case len(s) == len("00:00") && s[2] == ':':
		hours, minutes = digits(s[:2]), digits(s[3:])
	case len(s) == len("00:00:00") && s[2] == ':' && s[5] == ':':
		hours, minutes, seconds = digits(s[:2]), digits(s[3:5]), digits(s[6:])
	default:
		return 0, false
	}
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59 {
		return 0, false
	}
	return sign * (3600*hours + 60*minutes + seconds), true
}

// digits is the number that s writes, or -1 if s is not digits alone.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}
