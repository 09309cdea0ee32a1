package profilecsv

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// textLimit bytes of the least and the greatest text are kept.
const textLimit = 64

// A kind is a set of what a cell, or every cell of a column, can be read as.
// What can be read as nothing is text.
type kind uint8

const (
	integer kind = 1 << iota
	number
	boolean
	date
	timestamp

	anyKind = integer | number | boolean | date | timestamp
)

func (k kind) String() string {
	switch {
	case k&integer != 0:
		return "integer"
	case k&number != 0:
		return "number"
	case k&boolean != 0:
		return "boolean"
	case k&date != 0:
		return "date"
	case k&timestamp != 0:
		return "timestamp"
	}
	return "text"
}

// A column is what is known of one column so far. All of it but the digest and
// the larger sets of distinct is exact.
type column struct {
	kinds  kind
	values uint64 // cells that are no nulls

	sum, lost        float64 // while a number; lost is what rounding took from sum
	least, greatest  float64 // while a number
	lowest, highest  int64   // while an integer
	earliest, latest instant // while a timestamp or date
	first, last      []byte  // in the order of bytes, cut to textLimit

	distinct distinct
	digest   digest
}

func newColumn(a accuracy) column {
	return column{kinds: anyKind, distinct: distinct{precision: a.precision}, digest: digest{compression: a.compression}}
}

// add takes a cell that is no null.
func (c *column) add(cell string) {
	c.values++
	c.distinct.add(xxhash.Sum64String(cell))
	c.addText(cell)
	if c.kinds == 0 {
		return
	}
	var is kind
	if c.kinds&number != 0 {
		f, i, numeric := parseNumber(cell)
		if is = numeric; is != 0 {
			c.addNumber(f)
		} else {
			c.digest = digest{}
		}
		if is&c.kinds&integer != 0 {
			c.addInteger(i)
		}
	}
	if c.kinds&boolean != 0 && (strings.EqualFold(cell, "true") || strings.EqualFold(cell, "false")) {
		is |= boolean
	}
	if c.kinds&timestamp != 0 {
		at, temporal := parseTime(cell)
		if temporal != 0 {
			c.addTime(at)
		}
		is |= temporal
	}
	c.kinds &= is
}

func (c *column) addText(cell string) {
	cell = cell[:min(len(cell), textLimit)]
	if c.values == 1 || cell < string(c.first) {
		c.first = append(c.first[:0], cell...)
	}
	if c.values == 1 || cell > string(c.last) {
		c.last = append(c.last[:0], cell...)
	}
}

// addNumber sums after Neumaier, so that the mean does not suffer from the
// order or the number of the values.
func (c *column) addNumber(f float64) {
	if c.values == 1 {
		c.least, c.greatest = f, f
	}
	c.least, c.greatest = min(c.least, f), max(c.greatest, f)
	sum := c.sum + f
	if math.Abs(c.sum) >= math.Abs(f) {
		c.lost += (c.sum - sum) + f
	} else {
		c.lost += (f - sum) + c.sum
	}
	c.sum = sum
	c.digest.add(f)
}

func (c *column) addInteger(i int64) {
	if c.values == 1 {
		c.lowest, c.highest = i, i
	}
	c.lowest, c.highest = min(c.lowest, i), max(c.highest, i)
}

func (c *column) addTime(at instant) {
	if c.values == 1 {
		c.earliest, c.latest = at, at
	}
	if at.before(c.earliest) {
		c.earliest = at
	} else if c.latest.before(at) {
		c.latest = at
	}
}

// append encodes the column. No value may wait in the digest.
func (c *column) append(b []byte) []byte {
	b = append(b, byte(c.kinds))
	b = binary.AppendUvarint(b, c.values)
	if c.values == 0 {
		return b
	}
	for _, s := range [...][]byte{c.first, c.last} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	if c.kinds&number != 0 {
		for _, f := range [...]float64{c.sum, c.lost, c.least, c.greatest} {
			b = appendFloat(b, f)
		}
		b = c.digest.append(b)
	}
	if c.kinds&integer != 0 {
		b = binary.AppendVarint(b, c.lowest)
		b = binary.AppendVarint(b, c.highest)
	}
	if c.kinds&timestamp != 0 {
		for _, i := range [...]instant{c.earliest, c.latest} {
			b = binary.AppendVarint(b, i.seconds)
			b = binary.AppendVarint(b, i.nanos)
		}
	}
	return c.distinct.append(b)
}

func (c *column) decode(in *decoder, a accuracy) {
	*c = newColumn(a)
	c.kinds = kind(in.byte()) & anyKind
	c.values = in.uvarint()
	if c.values == 0 {
		return
	}
	for _, s := range [...]*[]byte{&c.first, &c.last} {
		*s = slices.Clone(in.bytes(in.length(in.uvarint(), textLimit)))
	}
	if c.kinds&number != 0 {
		for _, f := range [...]*float64{&c.sum, &c.lost, &c.least, &c.greatest} {
			*f = in.float()
		}
		c.digest.decode(in, a.compression)
	} else {
		c.digest = digest{}
	}
	if c.kinds&integer != 0 {
		c.lowest, c.highest = in.varint(), in.varint()
	}
	if c.kinds&timestamp != 0 {
		for _, i := range [...]*instant{&c.earliest, &c.latest} {
			i.seconds, i.nanos = in.varint(), in.varint()
		}
	}
	c.distinct.decode(in, a.precision)
}
