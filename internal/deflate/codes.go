package deflate

import (
	"cmp"
	"math/bits"
	"slices"
)

// lengthCode is the symbol of a match's length, how many bits follow it and their value:
// RFC 1951, section 3.2.5.
func lengthCode(length int) (code, extra, value int) {
	x := length - minMatch
	switch {
	case length == maxMatch:
		return 285, 0, 0
	case x < 8:
		return 257 + x, 0, 0
	}
	extra = bits.Len(uint(x)) - 3
	return 257 + 4*extra + 4 + (x>>extra)&3, extra, x & (1<<extra - 1)
}

// distCode is the same of a match's distance.
func distCode(dist int) (code, extra, value int) {
	x := dist - 1
	if x < 4 {
		return x, 0, 0
	}
	extra = bits.Len(uint(x)) - 2
	return 2*(extra+1) + (x>>extra)&1, extra, x & (1<<extra - 1)
}

// unit is what one bit costs, so that fractions of a bit count.
const unit = 1 << 6

// log2 is the binary logarithm in units, by squaring.
func log2(n uint32) uint32 {
	if n == 0 {
		return 0
	}
	whole := uint32(bits.Len32(n)) - 1
	log, x := whole, uint64(n)<<(31-whole) // 1 <= x/2^31 < 2
	for range bits.Len32(unit) - 1 {
		x = x * x >> 31
		log <<= 1
		if x >= 1<<32 {
			x >>= 1
			log |= 1
		}
	}
	return log
}

// costs are what tokens cost, in units.
type costs struct {
	lit    [256]uint32
	length [maxMatch + 1]uint32
	dist   [30]uint32 // by its code
}

// firstCosts are guesses, for before anything has been parsed.
func firstCosts(c *costs) {
	for i := range c.lit {
		c.lit[i] = 7 * unit
	}
	for length := minMatch; length <= maxMatch; length++ {
		_, extra, _ := lengthCode(length)
		c.length[length] = uint32(6+extra) * unit
	}
	for code := range c.dist {
		c.dist[code] = uint32(5+max(code/2-1, 0)) * unit
	}
}

// of sets the costs to those of symbols that occur as often as counted: the bits of
// an ideal code. A symbol that does not occur costs as one that is rarer than all.
func (c *costs) of(n *counts) {
	cost := func(counts []uint32) func(int) uint32 {
		var total uint32
		for _, n := range counts {
			total += n
		}
		all, most := log2(total), log2(2*total)
		return func(symbol int) uint32 {
			if counts[symbol] == 0 {
				return min(most, 13*unit)
			}
			return max(all-log2(counts[symbol]), unit/2)
		}
	}
	lit, dist := cost(n.lit[:]), cost(n.dist[:])
	for i := range c.lit {
		c.lit[i] = lit(i)
	}
	for length := minMatch; length <= maxMatch; length++ {
		code, extra, _ := lengthCode(length)
		c.length[length] = lit(code) + uint32(extra)*unit
	}
	for code := range c.dist {
		c.dist[code] = dist(code) + uint32(max(code/2-1, 0))*unit
	}
}

// size is about what a block with these counts takes, in units, apart from extra
// bits, which are the same however tokens are divided into blocks.
func (n *counts) size() uint64 {
	const head, symbol = 60 * unit, 7 * unit / 2 // of a block, and of each symbol in it
	all := uint64(head)
	for _, counts := range [][]uint32{n.lit[:], n.dist[:]} {
		var total uint32
		for _, n := range counts {
			total += n
		}
		for _, n := range counts {
			if n > 0 {
				all += uint64(n)*uint64(log2(total)-log2(n)) + symbol
			}
		}
	}
	return all
}

// codeLengths are the lengths of a prefix code's words, the shortest for counts under the
// limit; 0 where the count is. It is the package-merge algorithm: Larmore and
// Hirschberg, A fast algorithm for optimal length-limited Huffman codes, 1990.
func codeLengths(counts []uint32, limit int) []uint8 {
	lengths := make([]uint8, len(counts))
	var symbols []int
	for i, n := range counts {
		if n > 0 {
			symbols = append(symbols, i)
		}
	}
	if len(symbols) < 2 {
		for _, symbol := range symbols {
			lengths[symbol] = 1
		}
		return lengths
	}
	slices.SortStableFunc(symbols, func(a, b int) int { return cmp.Compare(counts[a], counts[b]) })
	type item struct {
		weight uint64
		leaf   bool
	}
	levels := make([][]item, limit)
	for level := range levels {
		var packages []item
		if level > 0 {
			below := levels[level-1]
			for i := 0; i+1 < len(below); i += 2 {
				packages = append(packages, item{weight: below[i].weight + below[i+1].weight})
			}
		}
		for _, symbol := range symbols {
			weight := uint64(counts[symbol])
			for len(packages) > 0 && packages[0].weight < weight {
				levels[level], packages = append(levels[level], packages[0]), packages[1:]
			}
			levels[level] = append(levels[level], item{weight, true})
		}
		levels[level] = append(levels[level], packages...)
	}
	// Each leaf among those that are taken makes its word one bit longer, each package
	// takes two of the level below.
	for level, taken := limit-1, 2*len(symbols)-2; level >= 0; level-- {
		leaves := 0
		for _, item := range levels[level][:taken] {
			if item.leaf {
				lengths[symbols[leaves]]++
				leaves++
			}
		}
		taken = 2 * (taken - leaves)
	}
	return lengths
}

// words are the words of a code, first bit lowest: RFC 1951, section 3.2.2.
func words(lengths []uint8) []uint16 {
	var count, next [16]uint16
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	for n := 1; n < len(next); n++ {
		next[n] = (next[n-1] + count[n-1]) << 1
	}
	words := make([]uint16, len(lengths))
	for i, n := range lengths {
		if n > 0 {
			words[i] = bits.Reverse16(next[n]) >> (16 - n)
			next[n]++
		}
	}
	return words
}
