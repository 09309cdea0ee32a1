package profilecsv

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// However its rows end, it is one CSV.
func TestLineEnds(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"LF":                     "a,b\n1,x\n2,y\n3,z\n",
		"CRLF":                   "a,b\r\n1,x\r\n2,y\r\n3,z\r\n",
		"CR":                     "a,b\r1,x\r2,y\r3,z\r",
		"CR, the last without":   "a,b\r1,x\r2,y\r3,z",
		"LF, then CR":            "a,b\n1,x\n2,y\r3,z\r",
		"CR, then LF":            "a,b\r1,x\r2,y\n3,z\n",
		"CRLF and CR":            "a,b\r\n1,x\r2,y\r\n3,z\r",
		"Ctrl-Z at the end":      "a,b\r\n1,x\r\n2,y\r\n3,z\r\n\x1a",
		"Ctrl-Z between files":   "a,b\n1,x\n\x1a\n2,y\n3,z\n\x1a\n",
		"CR CR LF":               "a,b\r\r\n1,x\r\r\n2,y\r\r\n3,z\r\r\n",
		"CR behind quoted cells": "\"a\",\"b\"\r1,\"x\"\r2,\"y\"\r3,\"z\"\r",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := mustProfile(t, "a,b\n1,x\n2,y\n3,z\n", withHeader)
			want.Bytes = int64(len(text))
			for _, block := range []int64{1, blockBytes} {
				got, states, err := profileText(text, withHeader, block)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Fatalf("%q: got error %v (-want +got)\n%s", text, err, diff)
				}
				for i, state := range states {
					got, err := resumeText(text, withHeader, block, state)
					if diff := cmp.Diff(want, got); err != nil || diff != "" {
						t.Errorf("%q resumed after block %d: got error %v (-want +got)\n%s", text, i+1, err, diff)
					}
				}
			}
		})
	}
}

// A file whose rows end in nothing that ends rows would be a header and no rows.
func TestLineEndsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"next line":           {"a,b\u00851,x\u00852,y\u0085", "line 1, column 3: the cell that begins here has U+0085 (next line) in it"},
		"line separator":      {"a,b\u20281,x\u20282,y", "U+2028 (line separator)"},
		"paragraph separator": {"a,b\u20291,x\u20292,y\n", "U+2029 (paragraph separator)"},
		"record separator":    {"a,b\x1e1,x\x1e2,y\x1e", "U+001E (record separator)"},
		"more than a record": {strings.Repeat("a,b\u0085", maxRecord/4),
			"line 1, column 1: the record that begins here is longer than 1048576 bytes; a quote may not be closed, or rows end in something other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, header := range []bool{true, false} {
				_, _, err := profileText(c.text, csvOptions{delimiter: ',', header: header}, blockBytes)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("header %v: got error %v, want %q in it", header, err, c.want)
				}
			}
		})
	}
	t.Run("a cell may have it where rows end as they must", func(t *testing.T) {
		t.Parallel()
		if got := mustProfile(t, "a,b\u2028c\n1,x\u0085y\n2,y\n", withHeader); got.Rows != 2 || got.Columns[1].Name != "b\u2028c" {
			t.Errorf("got %d rows, column %q, want 2, %q", got.Rows, got.Columns[1].Name, "b\u2028c")
		}
	})
}

// What stands in quotes is a cell's text, whatever ends the rows.
func TestLineEndsInQuotesStay(t *testing.T) {
	t.Parallel()
	c := mustProfile(t, "a\r\"x\ry\"\r\"x\ny\"\r", withHeader).Columns[0]
	if c.Min != "x\ny" || c.Max != "x\ry" || *c.Distinct != 2 {
		t.Errorf("got %q to %q, %d distinct, want %q to %q, 2 distinct", c.Min, c.Max, *c.Distinct, "x\ny", "x\ry")
	}
}

func TestManyBlankLines(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blank := strings.Repeat(end, maxRecord+1)
			for place, text := range map[string]string{
				"before the header": blank + "a" + end + "1" + end + "2" + end,
				"between rows":      "a" + end + "1" + end + blank + "2" + end,
				"at the end":        "a" + end + "1" + end + "2" + end + blank,
			} {
				t.Run(place, func(t *testing.T) {
					got := mustProfile(t, text, withHeader)
					if want := uint64(2); got.Rows != want || len(got.Columns) != 1 || got.Bytes != int64(len(text)) {
						t.Errorf("%s: got %d rows of %d columns in %d bytes, want %d of 1 in %d",
							place, got.Rows, len(got.Columns), got.Bytes, want, len(text))
					}
				})
			}
		})
	}
}

// The line of a record that is too long is its own, behind blank lines too.
func TestALongRecordBehindBlankLines(t *testing.T) {
	t.Parallel()
	text := "a\n1\n" + strings.Repeat("\n", 10) + "\"" + strings.Repeat("x\n", maxRecord/2)
	_, _, err := profileText(text, withHeader, blockBytes)
	if want := "line 13, column 1: the record that begins here is longer than 1048576 bytes"; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want %q in it", err, want)
	}
}

func TestTheLongestRecord(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size int
		want error
	}{
		"the most": {maxRecord, nil},
		"one more": {maxRecord + 1, errLongRecord},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "a\n" + strings.Repeat("x", c.size) + "\nb\n"
			r := &recordReader{src: bufio.NewReader(strings.NewReader(text))}
			if got, err := io.ReadAll(r); !errors.Is(err, c.want) || err == nil && string(got) != text {
				t.Errorf("got error %v, want %v", err, c.want)
			}
		})
	}
}

// A CR at the end of what was read is judged by the byte behind it.
func TestRecordReaderOneByteAtATime(t *testing.T) {
	t.Parallel()
	const text, want = "a\r\nb\rc\r\r\n\"d\re\r\n\"\r", "a\r\nb\nc\n\r\n\"d\re\r\n\"\n"
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"source": iotest.OneByteReader, "half": iotest.HalfReader, "with the end": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recordReader{src: bufio.NewReaderSize(wrap(strings.NewReader(text)), 16)}
			got, err := io.ReadAll(iotest.OneByteReader(r))
			if err != nil || string(got) != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		})
	}
}
