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

// readPreamble refuses UTF-16 and UTF-32, with and without a mark.
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
	text := bytes.TrimPrefix(sample, []byte("\xEF\xBB\xBF"))
	p := preamble{size: int64(len(sample) - len(text))}
	if delimiter, size := separatorLine(text); size > 0 {
		p.size, p.lines, p.delimiter = p.size+int64(size), 1, delimiter
	}
	return p, nil
}

// wideEncoding names the encoding of text whose units have two bytes or four, and
// the sign by which it is known: its mark, or the zeros that ASCII has in it. It
// is empty for others.
func wideEncoding(sample []byte) (name, sign string) {
	const mark, zeros = "byte order mark", "zero bytes"
	starts := func(s string) bool { return bytes.HasPrefix(sample, []byte(s)) }
	zero := bytes.IndexByte(sample, 0)
	switch {
	case starts("\xFF\xFE\x00\x00"):
		return "UTF-32LE", mark
	case starts("\x00\x00\xFE\xFF"):
		return "UTF-32BE", mark
	case starts("\xFF\xFE"):
		return "UTF-16LE", mark
	case starts("\xFE\xFF"):
		return "UTF-16BE", mark
	case zero < 0:
		return "", ""
	case bytes.HasPrefix(sample[zero:], []byte("\x00\x00\x00")):
		if zero%4 == 0 {
			return "UTF-32BE", zeros
		}
		return "UTF-32LE", zeros
	case zero%2 == 0:
		return "UTF-16BE", zeros
	}
	return "UTF-16LE", zeros
}

// separatorLine reads a first line of the form sep=; and returns the delimiter
// that it names and the bytes of the line with its end. The line may be quoted.
// Of any other line it returns zeros.
func separatorLine(text []byte) (delimiter rune, size int) {
	end := bytes.IndexAny(text, "\r\n")
	if end < 0 {
		return 0, 0
	}
	line := string(text[:end])
	if unquoted := strings.TrimSuffix(strings.TrimPrefix(line, `"`), `"`); len(unquoted) == len(line)-2 {
		line = unquoted
	}
	const key = "sep="
	if len(line) <= len(key) || !strings.EqualFold(line[:len(key)], key) {
		return 0, 0
	}
	delimiter, ok := parseDelimiter(line[len(key):])
	if !ok {
		return 0, 0
	}
	size = end + 1
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
