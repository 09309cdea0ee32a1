package profilecsv

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// sampleBytes of the CSV tell its encoding.
const sampleBytes = 4096

// A preamble is what stands before the first record: a byte order mark, and a
// line such as "sep=;", which names the delimiter to Excel.
type preamble struct {
	size      int64 // bytes
	lines     int64
	delimiter rune // 0 without such a line
}

// readPreamble refuses UTF-16 and UTF-32, with and without a mark, and files that
// hold a CSV but are none.
func readPreamble(src io.ReadSeeker) (preamble, error) {
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return preamble{}, fmt.Errorf("seek: %w", err)
	}
	sample := make([]byte, sampleBytes)
	n, err := io.ReadFull(src, sample)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return preamble{}, fmt.Errorf("read CSV: %w", err)
	}
	sample = sample[:n]
	if name, sign := wideEncoding(sample); name != "" {
		return preamble{}, streamer.Errorf(wire.ProcessingFailed,
			"the CSV is %s, by its %s: save it as UTF-8, or convert it with iconv -f %s -t UTF-8", name, sign, name)
	}
	for _, c := range containers {
		if bytes.HasPrefix(sample, []byte(c.begin)) {
			return preamble{}, streamer.Errorf(wire.ProcessingFailed, "the file is not a CSV but %s, by its first bytes: %s", c.name, c.remedy)
		}
	}
	text := withoutMarks(sample)
	p := preamble{}
	if delimiter, size := separatorLine(text, n < sampleBytes); size > 0 {
		text = withoutMarks(text[size:])
		p.lines, p.delimiter = 1, delimiter
	}
	p.size = int64(len(sample) - len(text))
	return p, nil
}

// containers that people upload in place of the CSV within.
var containers = []struct{ begin, name, remedy string }{
	{"PK\x03\x04", "an Excel workbook (.xlsx) or another ZIP archive", "save the sheet as CSV, or unpack the archive"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an Excel workbook (.xls)", "save the sheet as CSV"},
	{"\x1F\x8B", "compressed with gzip", "decompress it"},
	{"\x28\xB5\x2F\xFD", "compressed with zstd", "decompress it"},
}

// withoutMarks drops byte order marks of UTF-8. Files that were joined, or had a
// line put before them, have one that is not the first.
func withoutMarks(text []byte) []byte {
	const mark = "\xEF\xBB\xBF"
	for bytes.HasPrefix(text, []byte(mark)) {
		text = text[len(mark):]
	}
	return text
}

// wideEncoding names the encoding of text whose units have two bytes or four, and
// the sign by which it is known: its mark, or the zeros that ASCII has in it. It
// is empty for others.
func wideEncoding(sample []byte) (name, sign string) {
	for _, e := range wideEncodings {
		if bytes.HasPrefix(sample, []byte(e.mark)) {
			return e.name, "byte order mark"
		}
	}
	if bytes.IndexByte(sample, 0) < 0 {
		return "", ""
	}
	// A character such as U+4E00 has a zero where ASCII has it in the other order.
	// Line ends tell them apart: no character is U+0A00.
	var best encoding
	var ends, known int // of best: line ends, and bytes of ASCII
	for _, e := range wideEncodings {
		if n, k := e.count(sample); n > ends || n == ends && k > known {
			best, ends, known = e, n, k
		}
	}
	if known == 0 || known <= narrowText(sample) {
		return "", ""
	}
	return best.name, "zero bytes"
}

// An encoding has units of so many bytes.
type encoding struct {
	name, mark string
	unit, low  int // bytes of a unit, and which of them ASCII is in
}

// wideEncodings has UTF-32LE before UTF-16LE, whose mark is the beginning of its own.
var wideEncodings = []encoding{
	{"UTF-32LE", "\xFF\xFE\x00\x00", 4, 0},
	{"UTF-32BE", "\x00\x00\xFE\xFF", 4, 3},
	{"UTF-16LE", "\xFF\xFE", 2, 0},
	{"UTF-16BE", "\xFE\xFF", 2, 1},
}

// count returns how many line ends sample has in e, and how many of its bytes are
// of ASCII texts and line ends in e.
func (e encoding) count(sample []byte) (ends, known int) {
	for ; len(sample) >= e.unit; sample = sample[e.unit:] {
		c := sample[e.low]
		if !isText(c) || bytes.Count(sample[:e.unit], []byte{0}) < e.unit-1 {
			continue
		}
		known += e.unit
		if c == '\n' || c == '\r' {
			ends++
		}
	}
	return ends, known
}

// narrowText returns how many bytes of sample are text of UTF-8 in which zeros are
// strays. It is 0 for text that has anything else that UTF-8 has not: scripts such
// as Greek have the control characters 3 to 14 in UTF-16.
func narrowText(sample []byte) int {
	text := 0
	for len(sample) > 0 {
		r, size := utf8.DecodeRune(sample)
		switch {
		case r == utf8.RuneError && size == 1:
			if utf8.FullRune(sample) {
				return 0
			}
		case r >= utf8.RuneSelf, isText(byte(r)):
			text += size
		case r != 0:
			return 0
		}
		sample = sample[size:]
	}
	return text
}

// isText reports whether c is an ASCII character that texts have.
func isText(c byte) bool { return ' ' <= c && c <= '~' || c == '\t' || c == '\n' || c == '\r' }

// separatorLine reads a first line of the form sep=; and returns the delimiter
// that it names and the bytes of the line with its end, which may be the end of
// the CSV where text is the whole. The line may be quoted. Of any other line it
// returns zeros.
func separatorLine(text []byte, whole bool) (delimiter rune, size int) {
	end := bytes.IndexAny(text, "\r\n")
	if end < 0 {
		if !whole {
			return 0, 0
		}
		end = len(text)
	}
	line := string(text[:end])
	if unquoted := strings.TrimSuffix(strings.TrimPrefix(line, `"`), `"`); len(unquoted) == len(line)-2 {
		line = unquoted
	}
	const key = "sep="
	if len(line) <= len(key) || !strings.EqualFold(line[:len(key)], key) {
		return 0, 0
	}
	value := line[len(key):]
	if unpadded := strings.TrimRight(value, " "); unpadded != "" {
		value = unpadded
	}
	delimiter, ok := parseDelimiter(value)
	if !ok {
		return 0, 0
	}
	size = min(end+1, len(text))
	if bytes.HasPrefix(text[end:], []byte("\r\n")) {
		size++
	}
	return delimiter, size
}

// parseDelimiter reports whether s is one character that can stand between cells.
func parseDelimiter(s string) (rune, bool) {
	r, size := utf8.DecodeRuneInString(s)
	return r, s != "" && size == len(s) && r != utf8.RuneError && !strings.ContainsRune("\"\r\n\x00", r)
}
