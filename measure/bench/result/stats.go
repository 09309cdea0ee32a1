package result

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Percentile returns the smallest value that p percent are not above.
func Percentile[T cmp.Ordered](values []T, p float64) T {
	var zero T
	if len(values) == 0 {
		return zero
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(p/100*float64(len(sorted))))-1)]
}

// Median returns the middle value, or the mean of the two.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// A Range is a figure and between what the rounds have seen it.
type Range struct{ Mid, Low, High float64 }

// RangeOf returns the median of the rounds, and the least and the most.
func RangeOf(values []float64) Range {
	if len(values) == 0 {
		return Range{math.NaN(), math.NaN(), math.NaN()}
	}
	return Range{Median(values), slices.Min(values), slices.Max(values)}
}

// Overlaps reports whether the two have a value in common.
func (r Range) Overlaps(other Range) bool { return r.Low <= other.High && other.Low <= r.High }

// String writes a range, of ratios for instance.
func (r Range) String() string {
	if math.IsNaN(r.Mid) {
		return "not measured"
	}
	mid, low, high := fmt.Sprintf("%.2f", r.Mid), fmt.Sprintf("%.2f", r.Low), fmt.Sprintf("%.2f", r.High)
	if low == high {
		return mid
	}
	return mid + " (" + low + " to " + high + ")"
}

// A Figure takes a number out of a sample. Durations are in milliseconds and
// memory in MiB.
type Figure func(Sample) float64

// Milliseconds is a duration as a number.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// MiB is a size as a number.
func MiB(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func ofStarts(of func(Start) float64) Figure {
	return func(s Sample) float64 {
		var values []float64
		for _, start := range s.Starts {
			values = append(values, of(start))
		}
		return Median(values)
	}
}

// The figures of a sample. Those of cold starts are the median of the sample's.
var (
	Init     = ofStarts(func(s Start) float64 { return Milliseconds(s.Init) })
	InitCPU  = ofStarts(func(s Start) float64 { return Milliseconds(s.InitCPU) })
	Resident = ofStarts(func(s Start) float64 { return MiB(s.Resident) })
	First    = ofStarts(func(s Start) float64 { return Milliseconds(s.First) })
	FirstCPU = ofStarts(func(s Start) float64 { return Milliseconds(s.FirstCPU) })
	Faults   = ofStarts(func(s Start) float64 { return float64(s.Faults) })
	Cold     = ofStarts(func(s Start) float64 { return Milliseconds(s.Init + s.First) }) // until the first answer

	P50     Figure = func(s Sample) float64 { return Milliseconds(s.Warm.P50) }
	P95     Figure = func(s Sample) float64 { return Milliseconds(s.Warm.P95) }
	P99     Figure = func(s Sample) float64 { return Milliseconds(s.Warm.P99) }
	WarmCPU Figure = func(s Sample) float64 { return Milliseconds(s.Warm.CPU) }
	Calls   Figure = func(s Sample) float64 { return s.Warm.Calls }
	Peak    Figure = func(s Sample) float64 { return MiB(s.Peak) }
)

// Each returns a figure of each round, in their order, and nothing where it was
// not measured.
func (r *Run) Each(c Condition, side, event string, f Figure) []float64 {
	var values []float64
	for _, s := range r.Samples {
		if s.Condition == c && s.Side == side && s.Event == event {
			values = append(values, f(s))
		}
	}
	return values
}
