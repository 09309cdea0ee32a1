package jsontext

import "strconv"

// A Builder appends parts of a JSON text. Its methods are calls and not inlined:
// a document has many parts, and a function's size is its cold start.
type Builder []byte

// Raw appends s as it is.
//
//go:noinline
func (b *Builder) Raw(s string) { *b = append(*b, s...) }

// Text appends s as a JSON string.
//
//go:noinline
func (b *Builder) Text(s string) { *b = AppendString(*b, s) }

// Int appends a number.
//
//go:noinline
func (b *Builder) Int(n int64) { *b = strconv.AppendInt(*b, n, 10) }

// Float appends a number, which must be finite.
//
//go:noinline
func (b *Builder) Float(f float64) { *b = strconv.AppendFloat(*b, f, 'g', -1, 64) }

// Next appends what comes before the i-th of several parts: open before the
// first, else a comma.
//
//go:noinline
func (b *Builder) Next(i int, open string) {
	if i > 0 {
		open = ","
	}
	b.Raw(open)
}
