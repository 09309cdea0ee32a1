package profilecsv

import (
	"encoding/binary"
	"errors"
	"math"
)

var errState = errors.New("the state in the checkpoint does not decode")

// A decoder takes an encoded state apart. After a fault it returns zeros and
// keeps err, so that the caller looks once, at the end.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail() { d.rest, d.err = nil, errState }

// bytes returns the next n, which share the state's memory.
func (d *decoder) bytes(n int) []byte {
	if len(d.rest) < n {
		d.fail()
		return make([]byte, n)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte { return d.bytes(1)[0] }

func (d *decoder) uint64() uint64 { return binary.LittleEndian.Uint64(d.bytes(8)) }

func (d *decoder) float() float64 { return math.Float64frombits(d.uint64()) }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// length is n as a count of things to decode, or a fault above limit.
func (d *decoder) length(n, limit uint64) int {
	if n > limit {
		d.fail()
		return 0
	}
	return int(n)
}

func appendFloat(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
}
