package gateway

import "time"

// A Clock tells the time and runs functions later. Limits of minutes and hours
// are kept by it, so a test can make them pass at once.
type Clock interface {
	Now() time.Time
	// AfterFunc runs f once d has passed, in its own goroutine or in the one
	// that moves the clock.
	AfterFunc(d time.Duration, f func()) Timer
}

// A Timer is what a Clock has been asked to do. Stop reports whether it came in
// time; *time.Timer is a Timer.
type Timer interface{ Stop() bool }

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
