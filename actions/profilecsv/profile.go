package profilecsv

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxState bytes of state, in base64, leave a little of
	// request.MaxCheckpoint for what is beside them.
	maxState   = 24_000
	maxColumns = 256
	// nameLimit bytes of a column's name are reported.
	nameLimit = 128
)

// An accuracy says how much the sketches of every column keep. See
// docs/actions.md for what each gives.
type accuracy struct {
	precision   uint8 // of distinct
	compression uint8 // of digest
}

// accuracies from the best on. When the state of all columns outgrows a
// checkpoint, the next is taken; with the last there are no sketches.
var accuracies = [...]accuracy{{12, 200}, {11, 150}, {10, 100}, {9, 70}, {8, 50}, {7, 30}, {6, 20}, {0, 0}}

// A profile is the work on one CSV. It goes block by block: at a block's end,
// and only there, it can be stored and taken up again by another process. What
// it holds there depends on the bytes before alone, so neither where it was
// interrupted nor how often can be seen in the result.
type profile struct {
	options csvOptions
	table   *table
	names   []string // of the columns that are profiled
	indexes []int    // where they are in a record
	width   int      // cells that a record should have

	level   int // of accuracies
	rows    uint64
	short   uint64 // rows with fewer cells than width
	long    uint64 // rows with more
	columns []column
	state   []byte // encoded at the last block's end
}

// newProfile begins at the first row, or where state was stored. An empty state
// is that of the beginning.
func newProfile(src io.ReadSeeker, options csvOptions, state []byte) (*profile, error) {
	p := &profile{options: options}
	first, err := p.readHeader(src)
	if err != nil {
		return nil, err
	}
	offset, lines := first.start, first.first
	if options.header {
		offset, lines = first.offset(), first.line
	}
	for range p.names {
		p.columns = append(p.columns, newColumn(accuracies[0]))
	}
	if len(state) > 0 {
		if offset, lines, err = p.decode(state); err != nil {
			return nil, err
		}
		p.state = slices.Clone(state)
	}
	p.table, err = newTable(src, p.options.delimiter, offset, lines)
	return p, err
}

// readHeader finds out the columns.
func (p *profile) readHeader(src io.ReadSeeker) (*table, error) {
	before, err := readPreamble(src)
	if err != nil {
		return nil, err
	}
	if p.options.delimiter == 0 {
		p.options.delimiter = cmp.Or(before.delimiter, ',')
	}
	first, err := newTable(src, p.options.delimiter, before.size, before.lines)
	if err != nil {
		return nil, err
	}
	record, err := first.next()
	if err != nil && err != io.EOF {
		return nil, err
	}
	if err := first.checkEnds(record); err != nil {
		return nil, err
	}
	p.width = len(record)
	for i, name := range record {
		if err := first.check(i, name); err != nil {
			return nil, err
		}
		if name = strings.TrimSpace(name); name == "" || !p.options.header {
			name = fmt.Sprintf("column_%d", i+1)
		}
		if len(p.options.columns) == 0 || slices.Contains(p.options.columns, name) {
			p.names, p.indexes = append(p.names, name), append(p.indexes, i)
		}
	}
	for _, name := range p.options.columns {
		if !slices.Contains(p.names, name) {
			return nil, refuse("columns", "the CSV has no column %q", name)
		}
	}
	if len(p.names) > maxColumns {
		return nil, refuse("columns", "the CSV has %d columns, at most %d can be profiled at once: name those you want", len(p.names), maxColumns)
	}
	return first, nil
}

// block takes the rows of the next size bytes, to the end of a row, and reports
// whether there are more.
func (p *profile) block(size int64) (more bool, err error) {
	for end := p.table.offset() + size; p.table.offset() < end; {
		record, err := p.table.next()
		if err == io.EOF {
			return false, p.endBlock()
		}
		if err != nil {
			return false, err
		}
		if err := p.add(record); err != nil {
			return false, err
		}
	}
	return true, p.endBlock()
}

// add takes a row. It refuses a cell of a profiled column that is not text.
func (p *profile) add(record []string) error {
	p.rows++
	switch {
	case len(record) < p.width:
		p.short++
	case len(record) > p.width:
		p.long++
	}
	for i, at := range p.indexes {
		if at >= len(record) {
			break // indexes rise
		}
		if err := p.table.check(at, record[at]); err != nil {
			return err
		}
		cell := strings.TrimSpace(record[at])
		if cell != "" && !slices.Contains(p.options.nulls, cell) {
			p.columns[i].add(cell)
		}
	}
	return nil
}

// endBlock encodes the state, and makes the sketches coarser until it fits.
func (p *profile) endBlock() error {
	for i := range p.columns {
		p.columns[i].digest.flush()
	}
	for {
		p.state = p.append(p.state[:0])
		if len(p.state) <= maxState {
			return nil
		}
		if p.level == len(accuracies)-1 {
			return refuse("columns", "the profile of %d columns does not fit a checkpoint: name fewer", len(p.columns))
		}
		p.level++
		for i := range p.columns {
			c := &p.columns[i]
			c.distinct.fold(accuracies[p.level].precision)
			if c.kinds&number != 0 {
				c.digest.shrink(accuracies[p.level].compression)
			}
		}
	}
}

func (p *profile) append(b []byte) []byte {
	b = binary.AppendVarint(b, p.table.offset())
	b = binary.AppendVarint(b, p.table.line)
	b = binary.AppendUvarint(b, p.rows)
	b = binary.AppendUvarint(b, p.short)
	b = binary.AppendUvarint(b, p.long)
	b = binary.AppendUvarint(b, uint64(p.level))
	b = binary.AppendUvarint(b, uint64(len(p.columns)))
	for i := range p.columns {
		b = p.columns[i].append(b)
	}
	return b
}

func (p *profile) decode(state []byte) (offset, lines int64, err error) {
	in := &decoder{rest: state}
	offset, lines = in.varint(), in.varint()
	p.rows, p.short, p.long = in.uvarint(), in.uvarint(), in.uvarint()
	p.level = in.length(in.uvarint(), uint64(len(accuracies)-1))
	if in.uvarint() != uint64(len(p.columns)) || offset < 0 || lines < 0 {
		in.fail()
	}
	for i := range p.columns {
		p.columns[i].decode(in, accuracies[p.level])
	}
	if len(in.rest) > 0 {
		in.fail()
	}
	return offset, lines, in.err
}

// A csvProfile is the result. Errors are left out where nothing is estimated.
type csvProfile struct {
	Rows            uint64          `json:"rows"`
	Bytes           int64           `json:"bytes"`
	ShortRows       uint64          `json:"short_rows"`
	LongRows        uint64          `json:"long_rows"`
	DistinctError   float64         `json:"distinct_error,omitempty"`   // of an estimate, relative: one standard deviation
	PercentileError float64         `json:"percentile_error,omitempty"` // of an estimate's rank, as a part of all values
	Columns         []columnProfile `json:"columns"`
}

type columnProfile struct {
	Name          string       `json:"name"`
	Type          string       `json:"type"`
	Nulls         uint64       `json:"nulls"`
	Distinct      *uint64      `json:"distinct"`
	DistinctExact bool         `json:"distinct_exact"`
	Min           any          `json:"min"`
	Max           any          `json:"max"`
	Mean          *float64     `json:"mean"`
	Percentiles   *percentiles `json:"percentiles"`
}

type percentiles struct {
	P1  float64 `json:"p1"`
	P5  float64 `json:"p5"`
	P25 float64 `json:"p25"`
	P50 float64 `json:"p50"`
	P75 float64 `json:"p75"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

func (p *profile) result() csvProfile {
	out := csvProfile{Rows: p.rows, Bytes: p.table.offset(), ShortRows: p.short, LongRows: p.long, Columns: []columnProfile{}}
	a := accuracies[p.level]
	for i := range p.columns {
		c := &p.columns[i]
		out.Columns = append(out.Columns, c.result(p.names[i], p.rows, a))
		if !c.distinct.exact() {
			out.DistinctError = 1.04 / math.Sqrt(float64(int(1)<<a.precision))
		}
		if !c.digest.exact() {
			out.PercentileError = math.Pi / float64(a.compression)
		}
	}
	return out
}

func (c *column) result(name string, rows uint64, a accuracy) columnProfile {
	out := columnProfile{Name: cutName(name), Type: c.kinds.String(), Nulls: rows - c.values}
	if a.precision > 0 {
		n := min(c.distinct.count(), c.values)
		out.Distinct, out.DistinctExact = &n, c.distinct.exact()
	}
	if c.values == 0 {
		out.Type = "empty"
		return out
	}
	switch {
	case c.kinds&integer != 0:
		out.Min, out.Max = c.lowest, c.highest
	case c.kinds&number != 0:
		out.Min, out.Max = c.least, c.greatest
	case c.kinds&date != 0:
		out.Min, out.Max = c.earliest.format("2006-01-02"), c.latest.format("2006-01-02")
	case c.kinds&timestamp != 0:
		out.Min, out.Max = c.earliest.format("2006-01-02T15:04:05.999999999Z"), c.latest.format("2006-01-02T15:04:05.999999999Z")
	default:
		out.Min, out.Max = cutRune(string(c.first), textLimit), cutRune(string(c.last), textLimit)
	}
	if c.kinds&number == 0 {
		return out
	}
	if mean := (c.sum + c.lost) / float64(c.values); !math.IsInf(mean, 0) && !math.IsNaN(mean) {
		out.Mean = &mean
	}
	if a.compression > 0 {
		at := func(q float64) float64 { return c.digest.quantile(q, c.least, c.greatest) }
		out.Percentiles = &percentiles{at(0.01), at(0.05), at(0.25), at(0.50), at(0.75), at(0.95), at(0.99)}
	}
	return out
}

func cutName(name string) string {
	if len(name) <= nameLimit {
		return name
	}
	return cutRune(name[:nameLimit], nameLimit)
}

// cutRune drops the part of a character that cutting s to limit bytes may have
// left at its end.
func cutRune(s string, limit int) string {
	if len(s) < limit {
		return s
	}
	for end := len(s); end > len(s)-utf8.UTFMax; end-- {
		if r, size := utf8.DecodeLastRuneInString(s[:end]); r != utf8.RuneError || size > 1 {
			return s[:end]
		}
	}
	return s
}
