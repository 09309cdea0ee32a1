package streamer

import "time"

// roundUp is a time as every store keeps it, not before the one given.
func roundUp(t time.Time) time.Time {
	if kept := t.Truncate(time.Millisecond); kept.Before(t) {
		return kept.Add(time.Millisecond)
	}
	return t
}

// now reads a clock to the millisecond, which is what every store keeps.
func now(clock func() time.Time) time.Time {
	if clock == nil {
		clock = time.Now
	}
	return clock().UTC().Truncate(time.Millisecond)
}
