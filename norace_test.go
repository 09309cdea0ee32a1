//go:build !race

package streamer_test

const slower = 1
