// Package level judges whether a series of samples has levelled off.
package level

import (
	"fmt"
	"slices"
)

// Enough is how many samples a series must have to be judged.
const Enough = 16

// A Verdict is what became of a series.
type Verdict struct {
	Level         bool
	Before, After float64 // the ninth deciles of the two parts that were compared
	Limit         float64 // of After
	Why           string  // for a person; "": it is level
}

// Judge compares the last quarter of the samples with the quarter before it, each by its ninth
// decile, which a saw's teeth and a single spike leave alone: that of the last quarter may be a
// tenth above the other's, and slack more, which is in the series' own unit and covers what
// steps by whole pages or passes of a collector. The first half is not looked at: caches fill
// in it, retention has not begun to remove, and processes are killed. A series that falls is
// level. One with fewer samples than [Enough] is not, since nothing is known of it.
func Judge(samples []float64, slack float64) Verdict {
	n := len(samples)
	if n < Enough {
		return Verdict{Why: fmt.Sprintf("there are %d samples, want at least %d", n, Enough)}
	}
	v := Verdict{Before: Quantile(samples[n/2:n*3/4], 0.9), After: Quantile(samples[n*3/4:], 0.9)}
	v.Limit = 1.1*v.Before + slack
	v.Level = v.After <= v.Limit
	if !v.Level {
		v.Why = fmt.Sprintf("it rose from %.4g to %.4g in the last quarter, want at most %.4g", v.Before, v.After, v.Limit)
	}
	return v
}

// Quantile returns the sample below which the part q of the samples lies; 0 of none.
func Quantile(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}
