package profilecsv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"
)

// streams of values, some in the orders that are hard for a digest.
func streams(n int) map[string][]float64 {
	rng := rand.New(rand.NewPCG(7, 7))
	s := map[string][]float64{}
	for i := range n {
		x := float64(i)
		s["rising"] = append(s["rising"], x)
		s["falling"] = append(s["falling"], -x)
		s["uniform"] = append(s["uniform"], rng.Float64())
		s["lognormal"] = append(s["lognormal"], math.Exp(3*rng.NormFloat64()))
		s["two hills"] = append(s["two hills"], rng.NormFloat64()+1000*float64(i%2))
		s["sawtooth"] = append(s["sawtooth"], math.Mod(x, 997)+x/1e9)
		s["few values"] = append(s["few values"], float64(rng.IntN(12)))
		s["one value"] = append(s["one value"], 0.1)
	}
	return s
}

// rankError is how far from q the rank of the estimate is, in a sorted stream.
func rankError(sorted []float64, estimate, q float64) float64 {
	below, _ := slices.BinarySearch(sorted, estimate)
	upTo, _ := slices.BinarySearch(sorted, math.Nextafter(estimate, math.Inf(1)))
	from, to := float64(below)/float64(len(sorted)), float64(upTo)/float64(len(sorted))
	return max(from-q, q-to, 0)
}

func TestDigestError(t *testing.T) {
	t.Parallel()
	for name, values := range streams(100_000) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sorted := slices.Sorted(slices.Values(values))
			for _, a := range accuracies[:len(accuracies)-1] {
				checkDigest(t, values, sorted, a.compression)
			}
		})
	}
	t.Run("a million", func(t *testing.T) {
		t.Parallel()
		rng := rand.New(rand.NewPCG(8, 8))
		values := make([]float64, 1_000_000)
		for i := range values {
			values[i] = math.Exp(3 * rng.NormFloat64())
		}
		checkDigest(t, values, slices.Sorted(slices.Values(values)), accuracies[0].compression)
	})
}

// checkDigest fails unless the percentiles that a result has are as exact as it
// says, and at the ends within twice the width that k1 gives a centroid there.
func checkDigest(t *testing.T, values, sorted []float64, compression uint8) {
	t.Helper()
	d := digest{compression: compression}
	for _, v := range values {
		d.add(v)
	}
	d.flush()
	if len(d.centroids) > int(compression)+1 {
		t.Errorf("%d centroids at compression %d", len(d.centroids), compression)
	}
	worst := 0.0
	for _, q := range []float64{0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99} {
		e := rankError(sorted, d.quantile(q, sorted[0], sorted[len(sorted)-1]), q)
		if limit := math.Pi / float64(compression) * min(1, 4*math.Sqrt(q*(1-q))); e > limit {
			t.Errorf("compression %d: p%v is off by %.4f of the ranks, allowed %.4f", compression, 100*q, e, limit)
		}
		worst = max(worst, e)
	}
	t.Logf("compression %d: %d centroids, worst rank error %.5f", compression, len(d.centroids), worst)
}

func TestDigestOfExtremes(t *testing.T) {
	t.Parallel()
	d := digest{compression: 20}
	for i := range 5000 {
		d.add(math.MaxFloat64 * float64(i%3-1))
	}
	d.flush()
	for _, q := range []float64{0, 0.01, 0.5, 0.99, 1} {
		if v := d.quantile(q, -math.MaxFloat64, math.MaxFloat64); math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("the quantile at %v is %v", q, v)
		}
	}
}

func hashOf(i int) uint64 { return xxhash.Sum64String(fmt.Sprint("value ", i)) }

func TestDistinctError(t *testing.T) {
	t.Parallel()
	hashes := make([]uint64, 200_000)
	for i := range hashes {
		hashes[i] = hashOf(i)
	}
	for _, a := range accuracies[:len(accuracies)-1] {
		d := distinct{precision: a.precision}
		sigma := 1.04 / math.Sqrt(float64(int(1)<<a.precision))
		worst, next := 0.0, 1
		for n := 1; n <= len(hashes); n++ {
			d.add(hashes[n-1])
			if n != next {
				continue
			}
			next = 1 + n*5/4
			got := d.count()
			if n <= d.room() && (got != uint64(n) || !d.exact()) {
				t.Errorf("precision %d: %d values are counted as %d, exact %v", a.precision, n, got, d.exact())
			}
			e := math.Abs(float64(got)-float64(n)) / float64(n)
			if e > 4*sigma {
				t.Errorf("precision %d: %d values are counted as %d, off by %.1f standard deviations", a.precision, n, got, e/sigma)
			}
			worst = max(worst, e)
		}
		t.Logf("precision %d: exact up to %d, worst error %.4f, one standard deviation %.4f", a.precision, d.room(), worst, sigma)
	}
}

// A sketch that was made coarser is the sketch that was coarse from the start,
// in whatever order the values came.
func TestDistinctFolds(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 20, 100, 300, 5000} {
		fine := distinct{precision: 12}
		for i := range n {
			fine.add(hashOf(i))
			fine.add(hashOf(i / 2))
		}
		for p := uint8(11); p >= 6; p-- {
			coarse := distinct{precision: p}
			for i := n - 1; i >= 0; i-- {
				coarse.add(hashOf(i))
			}
			fine.fold(p)
			if got, want := fine.append(nil), coarse.append(nil); !slices.Equal(got, want) {
				t.Errorf("%d values: folded to %d it is\n%x\nwant\n%x", n, p, got, want)
			}
			var back distinct
			in := decoder{rest: fine.append(nil)}
			if back.decode(&in, p); in.err != nil || !slices.Equal(back.registers, fine.registers) || !slices.Equal(back.hashes, fine.hashes) {
				t.Errorf("%d values at %d do not survive encoding: %v", n, p, in.err)
			}
		}
	}
}
