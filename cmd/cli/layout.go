package cli

import (
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// gap is what stands between two columns, and before what continues a row on a line of its own.
const gap = "  "

// leastText is how far a text is cut for a narrow terminal before it goes below its row.
const leastText = 24

// emptyRank is the rank of a column that says nothing, above all others.
const emptyRank = 100

// A layout is how a table is rendered.
type layout struct {
	wide     bool // with the columns of the format wide, and no cell cut
	coloured bool
	bare     bool // without titles
	width    int  // the terminal's, to which rows are fitted; 0: they are not
}

// A placed column is one of a table that is rendered.
type placed[T any] struct {
	column[T]
	cells []string // the title first
	width int
	least int  // of a text: its first word, which may be a code, stays whole
	below bool // it is a text that stands on a line of its own
}

// render makes the lines of a table.
func (t table[T]) render(l layout, rows []T) string {
	var columns []*placed[T]
	for _, c := range t.columns {
		if !c.wide || l.wide {
			columns = append(columns, place(c, l, rows))
		}
	}
	if l.width > 0 {
		columns = fit(columns, l.width)
	}
	var b strings.Builder
	for i := range len(rows) + 1 {
		if i == 0 && l.bare {
			continue
		}
		line, used := "", 0
		next := func() {
			if line = strings.TrimRight(line, " "); line != "" {
				b.WriteString(line + "\n")
			}
			line, used = gap, len(gap)
		}
		for j, c := range columns {
			cell := c.cells[i]
			switch {
			case c.below && i == 0:
				continue // a line of titles is enough
			case c.below:
				next()
				cell = runewidth.Truncate(cell, l.width-len(gap), "…")
			case l.width > 0 && used > len(gap) && used+len(gap)+c.width > l.width:
				next() // whole, if not beside the others
			case j > 0:
				line, used = line+gap, used+len(gap)
			}
			if !c.below {
				cell = runewidth.Truncate(cell, c.width, "…")
			}
			padding := strings.Repeat(" ", max(c.width-runewidth.StringWidth(cell), 0))
			if l.coloured && i > 0 && c.colour != nil {
				cell = paint(cell, c.colour(rows[i-1]))
			}
			line, used = line+cell+padding, used+c.width
		}
		next()
	}
	return b.String()
}

// place makes the cells of a column.
func place[T any](c column[T], l layout, rows []T) *placed[T] {
	p := &placed[T]{column: c, cells: []string{c.title}, width: runewidth.StringWidth(c.title)}
	for _, row := range rows {
		cell := printable(c.cell(row))
		if c.text && !l.wide {
			cell = oneLine(cell)
		}
		p.cells = append(p.cells, cell)
		p.width = max(p.width, runewidth.StringWidth(cell))
		word, _, _ := strings.Cut(cell, " ")
		p.least = max(p.least, runewidth.StringWidth(word)+len(" …"))
	}
	if empty := !slices.ContainsFunc(p.cells[1:], func(cell string) bool { return cell != "" }); empty && p.rank > 0 {
		p.rank = emptyRank
	}
	p.least = min(max(p.least, leastText), p.width)
	return p
}

// fit returns the columns for which a terminal has room, after their ranks, with the widths
// that it has for texts.
func fit[T any](columns []*placed[T], width int) []*placed[T] {
	need := func() int {
		total := -len(gap)
		for _, c := range columns {
			if c.text {
				total += len(gap) + c.least
			} else {
				total += len(gap) + c.width
			}
		}
		return total
	}
	var below []*placed[T]
	for len(columns) > 0 && need() > width {
		first := slices.MaxFunc(columns, func(a, b *placed[T]) int { return a.rank - b.rank })
		if first.rank == 0 {
			break
		}
		columns = slices.DeleteFunc(columns, func(c *placed[T]) bool { return c == first })
		if first.text {
			first.below = true
			below = append(below, first)
		}
	}
	spare := width - need()
	for _, c := range columns {
		if c.text {
			more := max(min(spare, c.width-c.least), 0)
			c.width, spare = c.least+more, spare-more
		}
	}
	return append(columns, below...)
}
