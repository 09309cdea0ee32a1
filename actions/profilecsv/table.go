package profilecsv

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

const readBuffer = 64 << 10 // bytes

// A table reads the records of a CSV from a record's beginning on. Its offsets
// and lines are those of the whole file.
type table struct {
	in    *recordReader
	csv   *csv.Reader
	start int64 // offset of the first record
	first int64 // lines before the first record
	line  int64 // lines before the next record
}

func newTable(src io.ReadSeeker, delimiter rune, start, lines int64) (*table, error) {
	if _, err := src.Seek(start, io.SeekStart); err != nil {
		return nil, fmt.Errorf("seek: %w", err)
	}
	in := &recordReader{src: bufio.NewReaderSize(src, readBuffer)}
	t := &table{in: in, csv: csv.NewReader(bufio.NewReaderSize(in, readBuffer)), start: start, first: lines, line: lines}
	t.csv.Comma = delimiter
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	return t, nil
}

// next returns the next record, valid until the next call, or io.EOF. A
// malformed one is a declared error that says where it is. A line of Ctrl-Z alone
// counts as blank.
func (t *table) next() ([]string, error) {
	for {
		record, err := t.csv.Read()
		if err != nil {
			return nil, t.declare(err)
		}
		last := len(record) - 1
		line, _ := t.csv.FieldPos(last)
		t.line = t.first + int64(line) + int64(strings.Count(record[last], "\n"))
		if last > 0 || record[0] != string(rune(ctrlZ)) {
			return record, nil
		}
	}
}

// declare says where in the file err is. An end and a fault stay what they are.
func (t *table) declare(err error) error {
	malformed, isMalformed := errors.AsType[*csv.ParseError](err)
	switch {
	case err == io.EOF:
		return io.EOF
	case errors.Is(err, errLongRecord):
		return badCSV(t.first+t.in.begin+1, 1,
			fmt.Sprintf("the record that begins here is longer than %d bytes; a quote may not be closed, or rows end in something "+
				"other than LF, CRLF or CR", maxRecord))
	case isMalformed:
		reason := "a quote in the middle of a cell; a cell with quotes must be quoted as a whole, and each quote in it doubled"
		if errors.Is(malformed.Err, csv.ErrQuote) {
			reason = fmt.Sprintf("the quoted cell does not end as it must, in the record that begins on line %d",
				t.first+int64(malformed.StartLine))
		}
		return badCSV(t.first+int64(malformed.Line), malformed.Column, reason)
	}
	return fmt.Errorf("read CSV: %w", err)
}

// check refuses a cell of the record that was read last when it is not UTF-8, or
// has a NUL or a Ctrl-Z in it.
func (t *table) check(index int, cell string) error {
	if !utf8.ValidString(cell) {
		return t.badCell(index, fmt.Sprintf("the cell that begins here is not UTF-8: it has the byte 0x%X; "+
			"if the CSV is Latin-1, convert it with iconv -f WINDOWS-1252 -t UTF-8", cell[invalid(cell)]))
	}
	if !t.in.strays {
		return nil
	}
	if at := strings.IndexAny(cell, "\x00\x1A"); at >= 0 {
		return t.badCell(index, fmt.Sprintf("the cell that begins here has the byte 0x%02X, which is not text; "+
			"remove it, as with tr -d '\\000\\032'", cell[at]))
	}
	return nil
}

// checkEnds refuses a first record in which rows seem to end in a character that
// ends none, and nothing else does: it would be the whole file, and its rows lost.
func (t *table) checkEnds(record []string) error {
	if t.in.lines > 1 {
		return nil
	}
	for i, cell := range record {
		for _, r := range cell {
			if name := otherEnds[r]; name != "" {
				return t.badCell(i, fmt.Sprintf("the cell that begins here has U+%04X (%s) in it, which does not end a row: rows end in LF, CRLF or CR",
					r, name))
			}
		}
	}
	return nil
}

// otherEnds are characters that end lines elsewhere.
var otherEnds = map[rune]string{
	0x1E: "record separator", 0x85: "next line", 0x2028: "line separator", 0x2029: "paragraph separator",
}

// invalid is where the first byte is that is not UTF-8.
func invalid(s string) int {
	at := 0
	for at < len(s) {
		r, size := utf8.DecodeRuneInString(s[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

func (t *table) badCell(index int, reason string) error {
	line, column := t.csv.FieldPos(index)
	return badCSV(t.first+int64(line), column, reason)
}

// offset is where the next record begins.
func (t *table) offset() int64 { return t.start + t.csv.InputOffset() }

func badCSV(line int64, column int, reason string) error {
	err := streamer.Errorf(wire.ProcessingFailed, "line %d, column %d: %s", line, column, reason)
	err.Details, _ = json.Marshal(map[string]int64{"line": line, "column": int64(column)})
	return err
}
