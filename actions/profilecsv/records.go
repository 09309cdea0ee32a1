package profilecsv

import (
	"bufio"
	"errors"
	"io"
)

// maxRecord bounds the memory that one record may take: a quote that is not
// closed would otherwise swallow the rest of the file.
const maxRecord = 1 << 20 // bytes

// ctrlZ ends a file of DOS.
const ctrlZ = 0x1A

var errLongRecord = errors.New("a record is too long")

// A recordReader prepares a CSV for [encoding/csv], which takes LF and CRLF for
// a record's end and bounds none. It turns a lone CR outside quotes, the line end
// of old Macs and of some exports, into LF: a byte for a byte, so offsets stay.
// It fails with errLongRecord within a record of more than maxRecord bytes.
type recordReader struct {
	src    *bufio.Reader
	quoted bool  // whether it is in a quoted cell
	size   int   // of the record so far, in bytes
	lines  int64 // that have ended
	begin  int64 // lines before the record
	strays bool  // whether there was a NUL or a Ctrl-Z so far
}

// Read implements [io.Reader].
func (r *recordReader) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	from := 0 // of the record, in p
	for i, c := range p[:n] {
		if c > '"' { // most bytes
			continue
		}
		if c == '\r' && !r.quoted && !r.isLineFeed(p[i+1:n]) {
			c, p[i] = '\n', '\n'
		}
		switch c {
		case 0, ctrlZ:
			r.strays = true
		case '"':
			r.quoted = !r.quoted
		case '\n':
			r.lines++
			if r.quoted {
				continue
			}
			if r.size+i-from > maxRecord {
				return i, errLongRecord
			}
			r.size, r.begin, from = 0, r.lines, i+1
		}
	}
	if r.size += n - from; r.size > maxRecord {
		return n, errLongRecord
	}
	return n, err
}

// isLineFeed reports whether the next byte is a line feed. rest is what has been
// read of the source already.
func (r *recordReader) isLineFeed(rest []byte) bool {
	if len(rest) == 0 {
		rest, _ = r.src.Peek(1) // at an end or a fault there is none
	}
	return len(rest) > 0 && rest[0] == '\n'
}

var _ io.Reader = (*recordReader)(nil)
