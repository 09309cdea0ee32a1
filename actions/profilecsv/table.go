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
// malformed one is a declared error that says where it is.
func (t *table) next() ([]string, error) {
	record, err := t.csv.Read()
	if err != nil {
		return nil, t.declare(err)
	}
	last := len(record) - 1
	line, _ := t.csv.FieldPos(last)
	t.line = t.first + int64(line) + int64(strings.Count(record[last], "\n"))
	return record, nil
}

// declare says where in the file err is. An end and a fault stay what they are.
func (t *table) declare(err error) error {
	malformed, isMalformed := errors.AsType[*csv.ParseError](err)
	switch {
	case err == io.EOF:
		return io.EOF
	case errors.Is(err, errLongRecord):
		return badCSV(t.first+t.in.begin+1, 1,
			fmt.Sprintf("the record that begins here is longer than %d bytes; a quote may not be closed", maxRecord))
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

// notUTF8 refuses a cell of the record that was read last, for its first byte
// that is not UTF-8.
func (t *table) notUTF8(index int, cell string) error {
	line, column := t.csv.FieldPos(index)
	bad := 0
	for bad < len(cell) {
		r, size := utf8.DecodeRuneInString(cell[bad:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		bad += size
	}
	return badCSV(t.first+int64(line), column, fmt.Sprintf("the cell that begins here is not UTF-8: it has the byte 0x%X; "+
		"if the CSV is Latin-1, convert it with iconv -f WINDOWS-1252 -t UTF-8", cell[bad]))
}

// offset is where the next record begins.
func (t *table) offset() int64 { return t.start + t.csv.InputOffset() }

func badCSV(line int64, column int, reason string) error {
	err := streamer.Errorf(wire.ProcessingFailed, "line %d, column %d: %s", line, column, reason)
	err.Details, _ = json.Marshal(map[string]int64{"line": line, "column": int64(column)})
	return err
}
