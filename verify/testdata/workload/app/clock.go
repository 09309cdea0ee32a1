package app

import (
	"os"
	"sync"
	"time"
)

// clock returns a clock that steps: ahead of the machine's by what stands in the file of the
// variable WORKLOAD_CLOCK, as a duration. The file is read once a second.
func clock(getenv func(name string) string) func() time.Time {
	var mu sync.Mutex
	var ahead time.Duration
	var read time.Time
	return func() time.Time {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		if now.Sub(read) >= time.Second {
			read = now
			if text, err := os.ReadFile(getenv("WORKLOAD_CLOCK")); err == nil {
				ahead, _ = time.ParseDuration(string(text)) // 0 of a text that is none
			}
		}
		return now.Add(ahead)
	}
}
