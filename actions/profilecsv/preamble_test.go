package profilecsv

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// wide32 is text in UTF-32.
func wide32(text string, greatestLast bool) string {
	var b []byte
	for _, r := range text {
		if greatestLast {
			b = binary.LittleEndian.AppendUint32(b, uint32(r))
		} else {
			b = binary.BigEndian.AppendUint32(b, uint32(r))
		}
	}
	return string(b)
}

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
		"UTF-16BE with a mark":                         {"\xFE\xFF" + wide(text, 2, false), "UTF-16BE, by its byte order mark"},
		"UTF-32LE with a mark":                         {"\xFF\xFE\x00\x00" + wide(text, 4, true), "UTF-32LE, by its byte order mark"},
		"UTF-32BE with a mark":                         {"\x00\x00\xFE\xFF" + wide(text, 4, false), "UTF-32BE, by its byte order mark"},
		"UTF-16LE without a mark":                      {wide(text, 2, true), "the CSV is UTF-16LE, by its zero bytes: save it as UTF-8"},
		"UTF-16BE without a mark":                      {wide(text, 2, false), "UTF-16BE, by its zero bytes"},
		"UTF-32LE without a mark":                      {wide(text, 4, true), "UTF-32LE, by its zero bytes"},
		"UTF-32BE without a mark":                      {wide(text, 4, false), "UTF-32BE, by its zero bytes"},
		"UTF-16 of Chinese names":                      {wide("名字,城市\n", 2, true), "UTF-16LE, by its zero bytes"},
		"UTF-16LE with an ideograph that ends in zero": {wide("一,二\n", 2, true), "UTF-16LE, by its zero bytes"},
		"UTF-16LE with many of them":                   {wide("一一一级,一一一号\n一,一\n", 2, true), "UTF-16LE, by its zero bytes"},
		"UTF-16BE with many of them":                   {wide("一一一级,一一一号\n一,一\n", 2, false), "UTF-16BE, by its zero bytes"},
		"UTF-16LE of Russian names":                    {wide("Имя,Город\n", 2, true), "UTF-16LE, by its zero bytes"},
		"UTF-16BE without a line end":                  {wide("a,b", 2, false), "UTF-16BE, by its zero bytes"},
		"UTF-16LE with a sep line":                     {wide("sep=;\r\na;b\r\n", 2, true), "UTF-16LE, by its zero bytes"},
		"UTF-8 with a NUL": {"id,name\n1,a\x00b\n",
			`line 2, column 3: the cell that begins here has the byte 0x00, which is not text; remove it, as with tr -d '\000\032'`},
		"UTF-8 with a NUL in the header":      {"id,\x00name\n1,2\n", "line 1, column 4: the cell that begins here has the byte 0x00"},
		"UTF-8 with a NUL after the sample":   {"id\n" + strings.Repeat("1\n", sampleBytes) + "\x00\n", "line 4098, column 1"},
		"cells padded with NULs":              {"ab\x00\x00,cd\x00\x00\nef\x00\x00,gh\x00\x00\n", "line 1, column 1: the cell that begins"},
		"a file that ends in a block of NULs": {"a,b\n1,2\n" + strings.Repeat("\x00", 512), "line 3, column 1: the cell that begins"},
		"NULs beside accents":                 {"né,b\n1,\x00\n", "line 2, column 3"},
		"Ctrl-Z in a cell":                    {"a\n1\x1a\n", "line 2, column 1: the cell that begins here has the byte 0x1A"},
		"an Excel workbook":                   {"PK\x03\x04\x14\x00\x06\x00", "not a CSV but an Excel workbook (.xlsx) or another ZIP archive"},
		"an old Excel workbook":               {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\x00\x00", "an Excel workbook (.xls)"},
		"gzip":                                {"\x1F\x8B\x08\x00", "compressed with gzip, by its first bytes: decompress it"},
		"zstd":                                {"\x28\xB5\x2F\xFD\x04", "compressed with zstd"},
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

// Whatever script a CSV is in, and whatever it holds, its encoding is named, or
// the text is taken as it is.
func TestRandomTextsInEveryEncoding(t *testing.T) {
	t.Parallel()
	scripts := []struct{ from, to rune }{{'a', 'z'}, {0xE0, 0xFF}, {0x3B1, 0x3C9}, {0x410, 0x44F},
		{0x5D0, 0x5EA}, {0x905, 0x939}, {0x3041, 0x3096}, {0x4E00, 0x9FA5}, {0xAC00, 0xD7A3}, {0x1F600, 0x1F64F}}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 17))
		var b strings.Builder
		end := []string{"\n", "\r\n", "\r"}[rng.IntN(3)]
		for range 2 + rng.IntN(20) {
			for column := range 3 {
				if column > 0 {
					b.WriteByte(',')
				}
				script := scripts[rng.IntN(len(scripts))]
				for range rng.IntN(12) {
					b.WriteRune(script.from + rng.Int32N(script.to-script.from+1))
				}
			}
			b.WriteString(end)
		}
		text := b.String()
		for _, e := range wideEncodings {
			converted := wide(text, e.unit, e.low == 0)
			if e.unit == 4 {
				converted = wide32(text, e.low == 0)
			}
			_, _, err := profileText(converted, withHeader, blockBytes)
			if err == nil || !strings.Contains(err.Error(), "the CSV is "+e.name+", by its zero bytes") {
				t.Errorf("seed %d, %q in %s: got %v, want it named", seed, text, e.name, err)
			}
		}
		if _, _, err := profileText(text, withHeader, blockBytes); err != nil {
			t.Errorf("seed %d, %q: got %v, want it profiled", seed, text, err)
		}
		at := rng.IntN(len(text))
		for !utf8.RuneStart(text[at]) {
			at--
		}
		_, _, err := profileText(text[:at]+"\x00"+text[at:], withHeader, blockBytes)
		if err == nil || !strings.Contains(err.Error(), "has the byte 0x00") {
			t.Errorf("seed %d, %q with a NUL at %d: got %v, want the NUL named", seed, text, at, err)
		}
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
		"padded":                         {"sep=; \na;b\n1;2\n", 0, []string{"a", "b"}},
		"space":                          {"sep= \na b\n1 2\n", 0, []string{"a", "b"}},
		"before a mark":                  {"sep=;\n\ufeffa;b\n1;2\n", 0, []string{"a", "b"}},
		"two marks":                      {"\ufeff\ufeffa,b\n1,2\n", 0, []string{"a", "b"}},
		"a mark before quotes":           {"\ufeff\"a\",b\n1,2\n", 0, []string{"a", "b"}},
		"a delimiter too many":           {"sep=;\na;b;\n1;2;\n", 0, []string{"a", "b", "column_3"}},
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

// A CSV may be nothing but such a line, and then has no columns.
func TestSeparatorLineAlone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"sep=;", "sep=;\n", "\ufeffsep=;\r\n", ""} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			if got := mustProfile(t, text, csvOptions{header: true}); got.Rows != 0 || len(got.Columns) != 0 {
				t.Errorf("got %d rows of %d columns, want none of none", got.Rows, len(got.Columns))
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
