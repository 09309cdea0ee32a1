//go:build race

package streamer_test

// slower is how much slower the race detector makes a test that only computes.
const slower = 5
