package streamer

import "time"

// now reads a clock to the millisecond, which is what every store keeps.
func now(clock func() time.Time) time.Time {
	if clock == nil {
		clock = time.Now
	}
	return clock().UTC().Truncate(time.Millisecond)
}
