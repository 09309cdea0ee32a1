package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/wire"
)

// A period is a span of time in which requests were created.
type period struct{ since, until, olderThan string }

// register adds the flags of a period.
func (p *period) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.since, "since", "", "only requests created since then: 2h or 3d ago, 2026-11-27, \"2026-11-27 18:00\" in this machine's "+
		"time zone, or RFC 3339")
	f.StringVar(&p.until, "until", "", "only requests created before then, written like --since")
	f.StringVar(&p.olderThan, "older-than", "", "only requests created longer ago, such as 90s, 2h or 3d")
	cmd.MarkFlagsMutuallyExclusive("until", "older-than")
}

// into sets a query's bounds.
func (p *period) into(query *wire.ListQuery, now time.Time) (err error) {
	if query.Since, err = pastTime("since", p.since, now); err != nil {
		return err
	}
	if query.Until, err = pastTime("until", p.until, now); err != nil {
		return err
	}
	if p.olderThan != "" {
		ago, err := parseDuration(p.olderThan)
		if err != nil {
			return fmt.Errorf("--older-than %w", err)
		}
		query.Until = now.Add(-ago)
	}
	if !query.Since.IsZero() && !query.Until.IsZero() && !query.Since.Before(query.Until) {
		return fmt.Errorf("no request was created since %s and before %s: change --since, or --until or --older-than", stamp(query.Since),
			stamp(query.Until))
	}
	return nil
}

// pastTime reads a time, or how long ago it was; zero for an empty text.
func pastTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, ok := parseTime(text); ok {
		return at, nil
	}
	ago, err := parseDuration(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s %q is not a time: write how long ago, such as 2h or 3d, a date such as 2026-11-27, "+
			"\"2026-11-27 18:00\" in this machine's time zone, or RFC 3339", flag, text)
	}
	return now.Add(-ago), nil
}

// parseTime reads RFC 3339, or a date with or without a time in this machine's time zone.
func parseTime(text string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, true
	}
	for _, layout := range []string{"2006-01-02 15:04", time.DateTime, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

var weeksAndDays = regexp.MustCompile(`^(?:(\d{1,4})w)?(?:(\d{1,5})d)?(.*)$`)

// parseDuration reads a duration that is not negative, also in weeks and days of 24 hours.
func parseDuration(text string) (time.Duration, error) {
	parts := weeksAndDays.FindStringSubmatch(text)
	if parts == nil || text == "" {
		return 0, notADuration(text)
	}
	var days int
	for i, size := range []int{7, 1} {
		if n, err := strconv.Atoi(parts[i+1]); err == nil {
			days += n * size
		}
	}
	d := time.Duration(days) * 24 * time.Hour
	if rest := strings.TrimSpace(parts[3]); rest != "" {
		more, err := time.ParseDuration(rest)
		if err != nil || more < 0 {
			return 0, notADuration(text)
		}
		d += more
	}
	return d, nil
}

func notADuration(text string) error {
	return errors.New(strconv.Quote(text) + " is not a duration: write one such as 90s, 2h or 3d")
}
