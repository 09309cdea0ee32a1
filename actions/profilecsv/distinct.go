package profilecsv

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// A distinct counts the different values among those it is given, by their
// hashes. Few are counted exactly: it keeps the hashes themselves for as long as
// they take no more room than the sketch would, and is a HyperLogLog after. What
// it holds depends on the set of values alone, not on their order.
//
// The zero value, of precision 0, counts nothing.
type distinct struct {
	precision uint8    // the sketch has 2^precision registers
	hashes    []uint64 // sorted, while registers is nil
	registers []uint8
}

func (d *distinct) exact() bool { return d.registers == nil }

// room is how many hashes are kept: 6 bits a register, 64 a hash.
func (d *distinct) room() int { return 6 << d.precision / 64 }

func (d *distinct) add(hash uint64) {
	if d.registers != nil {
		d.raise(hash)
		return
	}
	if d.precision == 0 {
		return
	}
	i, known := slices.BinarySearch(d.hashes, hash)
	if known {
		return
	}
	d.hashes = slices.Insert(d.hashes, i, hash)
	if len(d.hashes) > d.room() {
		d.spread()
	}
}

// spread goes over from hashes to registers.
func (d *distinct) spread() {
	d.registers = make([]uint8, 1<<d.precision)
	for _, h := range d.hashes {
		d.raise(h)
	}
	d.hashes = nil
}

func (d *distinct) raise(hash uint64) {
	i := hash >> (64 - d.precision)
	rank := uint8(bits.LeadingZeros64(hash<<d.precision|1<<(d.precision-1))) + 1
	if rank > d.registers[i] {
		d.registers[i] = rank
	}
}

// fold lowers the precision, to what it would hold had it had that from the
// start. Precision 0 discards everything.
func (d *distinct) fold(precision uint8) {
	if precision == 0 {
		*d = distinct{}
		return
	}
	for ; d.precision > precision; d.precision-- {
		for i := range len(d.registers) / 2 {
			even, odd := d.registers[2*i], d.registers[2*i+1]
			// One more bit now counts: a zero in the even register, a one in the odd.
			if even > 0 {
				d.registers[i] = even + 1
			} else {
				d.registers[i] = min(odd, 1)
			}
		}
		d.registers = d.registers[:len(d.registers)/2]
	}
	if len(d.hashes) > d.room() {
		d.spread()
	}
}

// count is exact or Ertl's improved estimate (arXiv:1702.01284, algorithm 6),
// which needs no table of corrections and has no bias in between.
func (d *distinct) count() uint64 {
	if d.registers == nil {
		return uint64(len(d.hashes))
	}
	q := 64 - int(d.precision)
	m := float64(len(d.registers))
	histogram := make([]float64, q+2)
	for _, r := range d.registers {
		histogram[r]++
	}
	z := m * ertlTau(1-histogram[q+1]/m)
	for k := q; k >= 1; k-- {
		z = (z + histogram[k]) / 2
	}
	z += m * ertlSigma(histogram[0]/m)
	return uint64(math.Round(m * m / (2 * math.Ln2 * z)))
}

func ertlSigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	sum, factor := x, 1.0
	for last := -1.0; sum != last; factor *= 2 {
		last = sum
		x *= x
		sum += x * factor
	}
	return sum
}

func ertlTau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	sum, factor := 1-x, 1.0
	for last := -1.0; sum != last; {
		last = sum
		x = math.Sqrt(x)
		factor /= 2
		sum -= (1 - x) * (1 - x) * factor
	}
	return sum / 3
}

// append encodes all but the precision.
func (d *distinct) append(b []byte) []byte {
	if d.registers == nil {
		b = binary.AppendUvarint(b, uint64(len(d.hashes))<<1)
		for _, h := range d.hashes {
			b = binary.LittleEndian.AppendUint64(b, h)
		}
		return b
	}
	b = append(b, 1)
	for group := range slices.Chunk(d.registers, 4) {
		packed := uint32(group[0]) | uint32(group[1])<<6 | uint32(group[2])<<12 | uint32(group[3])<<18
		b = append(b, byte(packed), byte(packed>>8), byte(packed>>16))
	}
	return b
}

func (d *distinct) decode(in *decoder, precision uint8) {
	*d = distinct{precision: precision}
	tag := in.uvarint()
	if tag&1 == 0 {
		for range in.length(tag>>1, uint64(d.room())) {
			d.hashes = append(d.hashes, in.uint64())
		}
		return
	}
	if precision == 0 {
		in.fail()
		return
	}
	d.registers = make([]uint8, 0, 1<<precision)
	for range 1 << precision / 4 {
		b := in.bytes(3)
		packed := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
		for shift := 0; shift < 24; shift += 6 {
			d.registers = append(d.registers, min(uint8(packed>>shift&63), 65-precision))
		}
	}
}
