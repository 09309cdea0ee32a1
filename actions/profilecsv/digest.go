package profilecsv

import (
	"encoding/binary"
	"math"
	"slices"
)

// digestBuffer values wait to be merged at once.
const digestBuffer = 1024

// A digest estimates quantiles: a merging t-digest with the scale function k1
// (Dunning, arXiv:1902.04023). It keeps at most compression+1 centroids, small
// ones at the ends and large ones in the middle, so the outer percentiles are
// the most exact. The same values in the same order with the same calls of
// flush make the same digest, bit for bit.
//
// The zero value, of compression 0, keeps nothing.
type digest struct {
	compression uint8
	centroids   []centroid // by mean
	buffer      []float64
	spare       []centroid // memory for the next merge
}

type centroid struct {
	mean   float64
	weight uint64
}

// exact reports whether no centroid holds two values.
func (d *digest) exact() bool {
	return !slices.ContainsFunc(d.centroids, func(c centroid) bool { return c.weight > 1 })
}

func (d *digest) add(v float64) {
	if d.compression == 0 {
		return
	}
	d.buffer = append(d.buffer, v)
	if len(d.buffer) >= digestBuffer {
		d.flush()
	}
}

// flush merges what waits.
func (d *digest) flush() {
	if len(d.buffer) > 0 {
		d.merge()
	}
}

// shrink lowers the compression. Compression 0 discards everything.
func (d *digest) shrink(compression uint8) {
	if compression == 0 {
		*d = digest{}
		return
	}
	d.compression = compression
	d.merge()
}

func (d *digest) merge() {
	slices.Sort(d.buffer)
	total := uint64(len(d.buffer))
	for _, c := range d.centroids {
		total += c.weight
	}
	merged := d.spare[:0]
	before := uint64(0) // weight of the centroids that are complete
	limit := d.limit(0, total)
	var current centroid
	for i, j := 0, 0; i < len(d.centroids) || j < len(d.buffer); {
		var next centroid
		if j == len(d.buffer) || i < len(d.centroids) && d.centroids[i].mean <= d.buffer[j] {
			next = d.centroids[i]
			i++
		} else {
			next = centroid{d.buffer[j], 1}
			j++
		}
		switch {
		case current.weight == 0:
			current = next
		case float64(before+current.weight+next.weight) <= limit:
			current.join(next)
		default:
			merged = append(merged, current)
			before += current.weight
			limit = d.limit(before, total)
			current = next
		}
	}
	if current.weight > 0 {
		merged = append(merged, current)
	}
	d.centroids, d.spare, d.buffer = merged, d.centroids, d.buffer[:0]
}

// limit is how much weight may lie up to the end of a centroid that begins after
// the given weight: one unit of k1 further.
func (d *digest) limit(before, total uint64) float64 {
	angle := math.Asin(2*float64(before)/float64(total)-1) + 2*math.Pi/float64(d.compression)
	if angle >= math.Pi/2 {
		return float64(total)
	}
	return float64(total) * (math.Sin(angle) + 1) / 2
}

// join adds a centroid whose mean is not below c's.
func (c *centroid) join(next centroid) {
	weight := c.weight + next.weight
	c.mean = between(c.mean, next.mean, float64(next.weight)/float64(weight))
	c.weight = weight
}

// between is the point at the given part of the way from a to b, without
// leaving their range and without overflow.
func between(a, b, part float64) float64 {
	if a == b {
		return a
	}
	v := a + (b-a)*part
	if math.IsInf(b-a, 0) {
		v = a*(1-part) + b*part
	}
	return min(max(v, a), b)
}

// quantile is the estimate at q, from 0 to 1, of values whose least and greatest
// are known. It interpolates linearly between the middles of neighbours, so it is
// exact as long as no centroid holds two values. There must be a value, and none
// that waits.
func (d *digest) quantile(q, least, greatest float64) float64 {
	total := uint64(0)
	for _, c := range d.centroids {
		total += c.weight
	}
	rank := q * float64(total-1)
	left, leftRank := least, 0.0
	before := 0.0
	for _, c := range d.centroids {
		middle := before + float64(c.weight-1)/2
		if rank <= middle {
			if middle == leftRank {
				return c.mean
			}
			return between(left, c.mean, (rank-leftRank)/(middle-leftRank))
		}
		left, leftRank = c.mean, middle
		before += float64(c.weight)
	}
	return between(left, greatest, (rank-leftRank)/(float64(total-1)-leftRank))
}

// append encodes all but the compression. Nothing may wait.
func (d *digest) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(d.centroids)))
	for _, c := range d.centroids {
		b = appendFloat(b, c.mean)
		b = binary.AppendUvarint(b, c.weight)
	}
	return b
}

func (d *digest) decode(in *decoder, compression uint8) {
	*d = digest{compression: compression}
	for range in.length(in.uvarint(), uint64(compression)+1) {
		d.centroids = append(d.centroids, centroid{mean: in.float(), weight: in.uvarint()})
	}
}
