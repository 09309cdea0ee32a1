package profilecsv

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// wide is text in units of so many bytes, the greatest last or first.
func wide(text string, unit int, greatestLast bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		for i := range unit {
			shift := 8 * i
			if !greatestLast {
				shift = 8 * (unit - 1 - i)
			}
			b.WriteByte(byte(uint32(u) >> shift))
		}
	}
	return b.String()
}

func TestEncodingsThatAreRefused(t *testing.T) {
	t.Parallel()
	const text = "né,b\n1,2\n"
	for name, c := range map[string]struct{ text, want string }{
		"UTF-16LE with a mark": {"\xFF\xFE" + wide(text, 2, true),
			"the CSV is UTF-16LE, by its byte order mark: save it as UTF-8, or convert it with iconv -f UTF-16LE -t UTF-8"},
		"UTF-16BE with a mark":    {"\xFE\xFF" + wide(text, 2, false), "UTF-16BE, by its byte order mark"},
		"UTF-32LE with a mark":    {"\xFF\xFE\x00\x00" + wide(text, 4, true), "UTF-32LE, by its byte order mark"},
		"UTF-32BE with a mark":    {"\x00\x00\xFE\xFF" + wide(text, 4, false), "UTF-32BE, by its byte order mark"},
		"UTF-16LE without a mark": {wide(text, 2, true), "the CSV is UTF-16LE, by its zero bytes: save it as UTF-8"},
		"UTF-16BE without a mark": {wide(text, 2, false), "UTF-16BE, by its zero bytes"},
		"UTF-32LE without a mark": {wide(text, 4, true), "UTF-32LE, by its zero bytes"},
		"UTF-32BE without a mark": {wide(text, 4, false), "UTF-32BE, by its zero bytes"},
		"UTF-16 of Chinese names": {wide("名字,城市\n", 2, true), "UTF-16LE, by its zero bytes"},
		"Latin-1 header": {"id,Stra\xDFe\n1,2\n",
			"line 1, column 4: the cell that begins here is not UTF-8: it has the byte 0xDF; if the CSV is Latin-1, convert it with iconv -f " +
				"WINDOWS-1252 -t UTF-8"},
		"Latin-1 header after the mark's character": {"id,\uFFFDStra\xDFe\n1,2\n", "the byte 0xDF"},
		"Latin-1 cell": {"id,city\n1,Bern\n2,Z\xFCrich\n",
			"line 3, column 3: the cell that begins here is not UTF-8: it has the byte 0xFC"},
		"Latin-1 cell in a quoted field": {"id,city\n1,\"two\nlines\"\n2,\"Z\xFCrich\"\n", "line 4, column 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := profileText(c.text, withHeader, blockBytes)
			public, ok := errors.AsType[*streamer.Error](err)
			if !ok || public.Code != wire.ProcessingFailed || !strings.Contains(public.Message, c.want) {
				t.Errorf("got error %v, want PROCESSING_FAILED with %q", err, c.want)
			}
		})
	}
}

// A column that is not profiled may be in any encoding, so that naming columns
// is a way around a broken one.
func TestColumnsLeftOutMayBeLatin1(t *testing.T) {
	t.Parallel()
	got := mustProfile(t, "id,city\n1,Z\xFCrich\n", csvOptions{header: true, columns: []string{"id"}})
	if want := uint64(1); got.Rows != want {
		t.Errorf("rows: got %d, want %d", got.Rows, want)
	}
}

func TestSeparatorLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text      string
		delimiter rune
		want      []string
	}{
		"semicolon":                      {"sep=;\na;b\n1;2\n", 0, []string{"a", "b"}},
		"CRLF":                           {"sep=;\r\na;b\r\n1;2\r\n", 0, []string{"a", "b"}},
		"CR":                             {"sep=;\ra;b\r1;2\r", 0, []string{"a", "b"}},
		"behind a mark":                  {"\ufeffsep=;\na;b\n1;2\n", 0, []string{"a", "b"}},
		"quoted":                         {"\"sep=;\"\na;b\n1;2\n", 0, []string{"a", "b"}},
		"capitals":                       {"SEP=;\na;b\n1;2\n", 0, []string{"a", "b"}},
		"tab":                            {"sep=\t\na\tb\n1\t2\n", 0, []string{"a", "b"}},
		"the payload's delimiter counts": {"sep=;\na|b\n1|2\n", '|', []string{"a", "b"}},
		"no line of it":                  {"sep,b\n1,2\n", 0, []string{"sep", "b"}},
		"of two characters":              {"sep=ab,b\n1,2\n", 0, []string{"sep=ab", "b"}},
		"of none":                        {"sep=,b\n1,2\n", 0, []string{"sep=", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := csvOptions{delimiter: c.delimiter, header: true}
			result, states, err := profileText(c.text, options, 1)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, column := range result.Columns {
				got = append(got, column.Name)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("columns: (-want +got)\n%s", diff)
			}
			if result.Rows != 1 || result.Bytes != int64(len(c.text)) {
				t.Errorf("got %d rows in %d bytes, want 1 in %d", result.Rows, result.Bytes, len(c.text))
			}
			resumed, err := resumeText(c.text, options, 1, states[0])
			if diff := cmp.Diff(result, resumed); err != nil || diff != "" {
				t.Errorf("resumed: got error %v and another result (-want +got)\n%s", err, diff)
			}
		})
	}
}

func TestSeparatorLineCountsAsALine(t *testing.T) {
	t.Parallel()
	_, _, err := profileText("sep=;\na;b\n1;x\"y\n", csvOptions{header: true}, blockBytes)
	if want := "line 3, column 4"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want %q in it", err, want)
	}
}
