package deflate

// A bitWriter appends bits, lowest first.
type bitWriter struct {
	text  []byte
	bits  uint64
	count uint
}

func (w *bitWriter) add(bits uint64, count uint) {
	w.bits |= bits << w.count
	w.count += count
	for w.count >= 8 {
		w.text = append(w.text, byte(w.bits))
		w.bits >>= 8
		w.count -= 8
	}
}

func (w *bitWriter) close() []byte {
	if w.count > 0 {
		w.text = append(w.text, byte(w.bits))
	}
	return w.text
}

// A code is a prefix code.
type code struct {
	lengths []uint8
	words   []uint16
}

func newCode(counts []uint32, limit int) code {
	lengths := codeLengths(counts, limit)
	return code{lengths, words(lengths)}
}

func (w *bitWriter) symbol(c *code, symbol int) {
	w.add(uint64(c.words[symbol]), uint(c.lengths[symbol]))
}

// block writes a block with codes of its own: RFC 1951, section 3.2.7.
func (w *bitWriter) block(b block, last bool) {
	if b.counts.dist == [30]uint32{} {
		b.counts.dist[0] = 1 // which no decoder refuses, as some do a code without words
	}
	lit, dist := newCode(b.counts.lit[:], 15), newCode(b.counts.dist[:], 15)
	final := uint64(0)
	if last {
		final = 1
	}
	w.add(final|2<<1, 3)
	w.codes(lit.lengths, dist.lengths)
	for _, t := range b.tokens {
		if t.length == 1 {
			w.symbol(&lit, int(t.value))
			continue
		}
		symbol, extra, value := lengthCode(int(t.length))
		w.symbol(&lit, symbol)
		w.add(uint64(value), uint(extra))
		symbol, extra, value = distCode(int(t.value))
		w.symbol(&dist, symbol)
		w.add(uint64(value), uint(extra))
	}
	w.symbol(&lit, endOfBlock)
}

// codes writes the lengths of the codes' words, which have a code themselves, with
// symbols for runs.
func (w *bitWriter) codes(lit, dist []uint8) {
	lit, dist = trimmed(lit, 257), trimmed(dist, 1)
	runs := runsOf(append(append([]uint8(nil), lit...), dist...))
	var counts [19]uint32
	for _, r := range runs {
		counts[r.symbol]++
	}
	c := newCode(counts[:], 7)
	order := [...]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	used := len(order)
	for used > 4 && c.lengths[order[used-1]] == 0 {
		used--
	}
	w.add(uint64(len(lit)-257), 5)
	w.add(uint64(len(dist)-1), 5)
	w.add(uint64(used-4), 4)
	for _, symbol := range order[:used] {
		w.add(uint64(c.lengths[symbol]), 3)
	}
	for _, r := range runs {
		w.symbol(&c, r.symbol)
		w.add(r.value, r.extra)
	}
}

// trimmed is without zeros at the end, and has n lengths at least.
func trimmed(lengths []uint8, n int) []uint8 {
	for len(lengths) > n && lengths[len(lengths)-1] == 0 {
		lengths = lengths[:len(lengths)-1]
	}
	return lengths
}

// A run is a length, or says how often one is repeated.
type run struct {
	symbol int
	value  uint64
	extra  uint
}

func runsOf(lengths []uint8) []run {
	var runs []run
	for i := 0; i < len(lengths); {
		length, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == length {
			n++
		}
		i += n
		if length != 0 {
			runs, n = append(runs, run{symbol: int(length)}), n-1
		}
		for n > 0 {
			switch {
			case n < 3:
				runs, n = append(runs, run{symbol: int(length)}), n-1
			case length != 0:
				some := min(n, 6)
				runs, n = append(runs, run{16, uint64(some - 3), 2}), n-some
			case n < 11:
				runs, n = append(runs, run{17, uint64(n - 3), 3}), 0
			default:
				some := min(n, 138)
				runs, n = append(runs, run{18, uint64(some - 11), 7}), n-some
			}
		}
	}
	return runs
}
