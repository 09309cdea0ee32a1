package deflate

import (
	"encoding/binary"
	"math/bits"
)

// A match is a length and the shortest distance at which there are that many bytes.
type match struct{ length, dist uint16 }

// A parser finds the matches of a segment, and the cheapest ways through them.
type parser struct {
	// finder are binary trees of the positions within the window, one for each hash
	// of four bytes, the newest at the root, sorted by what follows.
	roots  []int32
	child  [2 * window]int32
	threes []int32 // the newest position of each hash of three bytes

	matches []match // of a segment, by position and rising length
	from    []int32 // where those of each position begin

	cost   []uint32 // from a position to the end of what is parsed
	choice []token  // what is cheapest there
}

const (
	hashBits = 16
	none     = -1 - window // farther than the window from every position

	// depth is how many positions of a tree are looked at. Twice as many
	// save 0.03 %.
	depth = 64
)

func newParser() *parser {
	return &parser{roots: make([]int32, 1<<hashBits), threes: make([]int32, 1<<hashBits),
		from: make([]int32, segment+1), cost: make([]uint32, segment+1), choice: make([]token, segment)}
}

// segment divides a segment into blocks.
func (p *parser) segment(data []byte, start, end int) []block {
	p.find(data, start, end)
	var c costs
	firstCosts(&c)
	tokens := p.parse(data, start, start, end, &c)
	var n counts
	n.add(tokens)
	c.of(&n)
	blocks := divide(p.parse(data, start, start, end, &c))
	at := start
	for i := range blocks {
		b := &blocks[i]
		length := 0
		for _, t := range b.tokens {
			length += int(t.length)
		}
		for range passes {
			c.of(&b.counts)
			b.tokens = p.parse(data, start, at, at+length, &c)
			b.counts = counts{}
			b.counts.add(b.tokens)
		}
		b.counts.lit[endOfBlock] = 1
		at += length
	}
	return blocks
}

// find finds the matches of a segment.
//
//go:norace // which makes it ten times slower, and a segment's parser has one goroutine
func (p *parser) find(data []byte, start, end int) {
	for i := range p.roots {
		p.roots[i], p.threes[i] = none, none
	}
	p.matches = p.matches[:0]
	for pos := max(start-window+1, 0); pos < end; pos++ {
		if pos >= start {
			p.from[pos-start] = int32(len(p.matches))
		}
		// The finder reads four bytes, and a match ends with the segment.
		if longest := min(maxMatch, end-pos); pos+8 <= len(data) && longest >= 4 {
			p.findAt(data, pos, longest, pos >= start)
		}
	}
	p.from[end-start] = int32(len(p.matches))
}

// findAt adds a position to its tree, and its matches to those of the segment if wanted.
//
//go:norace
func (p *parser) findAt(data []byte, pos, longest int, wanted bool) {
	four := binary.LittleEndian.Uint32(data[pos:])
	three := four << 8 * 0x9E3779B1 >> (32 - hashBits)
	best := minMatch - 1
	if last := int(p.threes[three]); pos-last < window && wanted {
		if n := common(data, last, pos, 0, longest); n >= minMatch {
			p.matches, best = append(p.matches, match{uint16(n), uint16(pos - last)}), n
		}
	}
	p.threes[three] = int32(pos)

	hash := four * 0x9E3779B1 >> (32 - hashBits)
	at := int(p.roots[hash])
	p.roots[hash] = int32(pos)
	less, more := 2*(pos%window), 2*(pos%window)+1 // where the next lesser and greater one belongs
	lessCommon, moreCommon := 0, 0
	for range depth {
		if pos-at >= window {
			break
		}
		n := common(data, at, pos, min(lessCommon, moreCommon), longest)
		if n > best {
			best = n
			if wanted {
				p.matches = append(p.matches, match{uint16(n), uint16(pos - at)})
			}
		}
		children := 2 * (at % window)
		if n == longest {
			p.child[less], p.child[more] = p.child[children], p.child[children+1]
			return
		}
		if data[at+n] < data[pos+n] {
			p.child[less] = int32(at)
			less, lessCommon = children+1, n
			at = int(p.child[less])
		} else {
			p.child[more] = int32(at)
			more, moreCommon = children, n
			at = int(p.child[more])
		}
	}
	p.child[less], p.child[more] = none, none
}

// common is how many bytes at two positions are the same, of which n are known
// to be, and at most longest.
//
//go:norace
func common(data []byte, a, b, n, longest int) int {
	for n+8 <= longest {
		if differ := binary.LittleEndian.Uint64(data[a+n:]) ^ binary.LittleEndian.Uint64(data[b+n:]); differ != 0 {
			return n + bits.TrailingZeros64(differ)/8
		}
		n += 8
	}
	for n < longest && data[a+n] == data[b+n] {
		n++
	}
	return n
}

// parse returns the cheapest tokens from a position of the segment to another.
//
//go:norace
func (p *parser) parse(data []byte, segment, start, end int, c *costs) []token {
	cost, choice := p.cost[:end-start+1], p.choice[:end-start]
	cost[end-start] = 0
	count := 0
	for i := end - start - 1; i >= 0; i-- {
		pos := start + i
		literal := data[pos]
		cheapest, best := c.lit[literal]+cost[i+1], token{1, uint16(literal)}
		length := minMatch
		for _, m := range p.matches[p.from[pos-segment]:p.from[pos-segment+1]] {
			code, _, _ := distCode(int(m.dist))
			dist := c.dist[code]
			for longest := min(int(m.length), end-pos); length <= longest; length++ {
				if with := dist + c.length[length] + cost[i+length]; with < cheapest {
					cheapest, best = with, token{uint16(length), m.dist}
				}
			}
		}
		cost[i], choice[i] = cheapest, best
	}
	for i := 0; i < len(choice); i += int(choice[i].length) {
		count++
	}
	tokens := make([]token, 0, count)
	for i := 0; i < len(choice); i += int(choice[i].length) {
		tokens = append(tokens, choice[i])
	}
	return tokens
}

// divide divides tokens into blocks: pieces, of which neighbours are joined as
// long as one code for both costs less than two.
func divide(tokens []token) []block {
	const piece = 512
	var blocks []block
	for {
		b := block{tokens: tokens[:min(piece, len(tokens))]}
		b.counts.add(b.tokens)
		blocks, tokens = append(blocks, b), tokens[len(b.tokens):]
		if len(tokens) == 0 {
			break
		}
	}
	size := make([]uint64, len(blocks))
	for i := range blocks {
		size[i] = blocks[i].counts.size()
	}
	saved := func(i int) int64 {
		both := blocks[i].counts
		both.merge(&blocks[i+1].counts)
		return int64(size[i]+size[i+1]) - int64(both.size())
	}
	saves := make([]int64, max(len(blocks)-1, 0))
	for i := range saves {
		saves[i] = saved(i)
	}
	for len(saves) > 0 {
		best := 0
		for i, n := range saves {
			if n > saves[best] {
				best = i
			}
		}
		if saves[best] <= 0 {
			break
		}
		joined, next := &blocks[best], &blocks[best+1]
		joined.tokens = joined.tokens[:len(joined.tokens)+len(next.tokens)] // they lie behind one another
		joined.counts.merge(&next.counts)
		size[best] = joined.counts.size()
		blocks = append(blocks[:best+1], blocks[best+2:]...)
		size = append(size[:best+1], size[best+2:]...)
		saves = append(saves[:best], saves[best+1:]...)
		for _, i := range []int{best - 1, best} {
			if i >= 0 && i < len(saves) {
				saves[i] = saved(i)
			}
		}
	}
	return blocks
}
