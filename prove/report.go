package prove

import (
	"fmt"
	"strings"
	"time"
)

// A Report counts what a proof ran, injected and found.
type Report struct {
	Seed      uint64
	Requests  int            // acknowledged, and children
	Children  int            // of those, the ones that requests started
	Scheduled int            // that schedules started, not counted in Requests
	Ended     map[string]int // by final state
	Kills     map[string]int // by what the worker was doing
	Injected  map[string]int // faults, by kind
	Runs      int            // claims
	Writes    int            // changes of requests that took effect
	Redriven  int
	Frames    int           // that reached a client
	Steps     int           // results recorded
	Chunks    int           // of output
	Warped    time.Duration // how much time passed inside
	Took      time.Duration // how much outside
	Digest    uint64        // of the order of events: the same for the same run
	Lost      int           // acknowledged, and not ended or not known to a client that waits
	Doubled   int           // done, stored or notified twice
	Stuck     int           // not ended although everything was left to itself
	Late      int           // of Config.Quiet, claimed later than two sweeps after it was due
	Latest    time.Duration // by how much at most
	Wrong     int           // anything else
	Findings  []string      // at most maxFindings
}

// maxFindings are printed; more are counted only.
const maxFindings = 20

// Killed is how many workers died.
func (r Report) Killed() int { return sum(r.Kills) }

// String is the report as text for a person.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d requests acknowledged, %d workers killed: %d lost, %d doubled, %d stuck, %d wrong\n",
		r.Seed, r.Requests, r.Killed(), r.Lost, r.Doubled, r.Stuck, r.Wrong)
	fmt.Fprintf(&b, "  ended     %s\n", counts(r.Ended))
	fmt.Fprintf(&b, "  killed    %s\n", counts(r.Kills))
	fmt.Fprintf(&b, "  injected  %s\n", counts(r.Injected))
	fmt.Fprintf(&b, "  done      %d children, %d scheduled, %d claims, %d writes, %d steps stored, %d chunks of output, %d redriven, "+
		"%d frames at clients\n", r.Children, r.Scheduled, r.Runs, r.Writes, r.Steps, r.Chunks, r.Redriven, r.Frames)
	fmt.Fprintf(&b, "  time      %v passed in %v; digest %016x", r.Warped.Round(time.Second), r.Took.Round(time.Millisecond), r.Digest)
	if r.Latest > 0 {
		fmt.Fprintf(&b, "\n  quiet     %d late; the latest by %v", r.Late, r.Latest.Round(time.Millisecond))
	}
	return b.String()
}

func sum(of map[string]int) int {
	n := 0
	for _, v := range of {
		n += v
	}
	return n
}

func counts(of map[string]int) string {
	var parts []string
	for _, name := range sortedKeys(of) {
		parts = append(parts, fmt.Sprintf("%s %d", name, of[name]))
	}
	return strings.Join(parts, ", ")
}
