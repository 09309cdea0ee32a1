package profilecsv

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

var withHeader = csvOptions{delimiter: ',', header: true}

// profileText profiles text in blocks of the given size and returns the result
// and the state at each block's end.
func profileText(text string, options csvOptions, block int64) (csvProfile, [][]byte, error) {
	p, err := newProfile(strings.NewReader(text), options, nil)
	if err != nil {
		return csvProfile{}, nil, err
	}
	var states [][]byte
	for more := true; more; {
		if more, err = p.block(block); err != nil {
			return csvProfile{}, states, err
		}
		states = append(states, slices.Clone(p.state))
	}
	return p.result(), states, nil
}

func encoded(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mustProfile(t testing.TB, text string, options csvOptions) csvProfile {
	t.Helper()
	got, _, err := profileText(text, options, blockBytes)
	if err != nil {
		t.Fatalf("profile %q: %v", text, err)
	}
	return got
}

func TestProfileColumns(t *testing.T) {
	t.Parallel()
	const text = "id,price,ok,day,at,zip,mixed,none\r\n" +
		"9007199254740993,1.5,true,2026-01-02,2026-01-02T10:00:00+02:00,00123,1,\r\n" +
		"-9223372036854775808,.25,FALSE,2025-12-31,2026-01-02 08:00:01,4567,x,  \r\n" +
		"\r\n" +
		"12, 2e3 ,true,2026-02-28,2026-01-01T00:00:00.5Z,\"8,\n9\",2.5,NULL\r\n"
	got := mustProfile(t, text, csvOptions{delimiter: ',', header: true, nulls: []string{"NULL"}})
	if got.Rows != 3 || got.Bytes != int64(len(text)) || got.ShortRows+got.LongRows != 0 {
		t.Errorf("rows %d, bytes %d, short %d, long %d", got.Rows, got.Bytes, got.ShortRows, got.LongRows)
	}
	want := []string{
		`id integer 0 3 -9223372036854775808 9007199254740993`,
		`price number 0 3 0.25 2000`,
		`ok boolean 0 2 "FALSE" "true"`,
		`day date 0 3 "2025-12-31" "2026-02-28"`,
		`at timestamp 0 3 "2026-01-01T00:00:00.5Z" "2026-01-02T08:00:01Z"`,
		`zip text 0 3 "00123" "8,\n9"`,
		`mixed text 0 3 "1" "x"`,
		`none empty 3 0 null null`,
	}
	for i, c := range got.Columns {
		line := fmt.Sprintf("%s %s %d %d %s %s", c.Name, c.Type, c.Nulls, *c.Distinct, encoded(t, c.Min), encoded(t, c.Max))
		if line != want[i] {
			t.Errorf("column %d is %s, want %s", i, line, want[i])
		}
		if !c.DistinctExact {
			t.Errorf("column %s: three values are not counted exactly", c.Name)
		}
	}
	price := got.Columns[1]
	if *price.Mean != 2001.75/3 || price.Percentiles.P50 != 1.5 || price.Percentiles.P25 != 0.875 {
		t.Errorf("mean %v, percentiles %+v", *price.Mean, *price.Percentiles)
	}
	if c := got.Columns[6]; c.Mean != nil || c.Percentiles != nil {
		t.Errorf("a text column has a mean or percentiles: %+v", c)
	}
}

func TestProfileShapes(t *testing.T) {
	t.Parallel()
	header := withHeader
	bare := csvOptions{delimiter: ';'}
	for name, c := range map[string]struct {
		text    string
		options csvOptions
		want    string
	}{
		"nothing":           {"", header, `0 0 0 []`},
		"only a mark":       {"\ufeff", header, `0 0 0 []`},
		"only a header":     {"a,b", header, `0 0 0 [a:empty:0 b:empty:0]`},
		"mark, CRLF":        {"\ufeffa,b\r\n1,2\r\n", header, `1 0 0 [a:integer:0 b:integer:0]`},
		"mark, quoted name": {"\ufeff\"a\"\n1", header, `1 0 0 [a:integer:0]`},
		"no header":         {"1;x\n2;y", bare, `2 0 0 [column_1:integer:0 column_2:text:0]`},
		"ragged":            {"a,b,c\n1\n1,2,3,4\n1,2,3\n", header, `3 1 1 [a:integer:0 b:integer:1 c:integer:1]`},
		"long names": {strings.Repeat("é", 100) + ",b\n1,2", header,
			`1 0 0 [` + strings.Repeat("é", nameLimit/2) + `:integer:0 b:integer:0]`},
		"names left out, repeated": {" a ,,a\n1,2,3", header, `1 0 0 [a:integer:0 column_2:integer:0 a:integer:0]`},
		"some columns, in the file": {"a,b,c\n1,2,x", csvOptions{delimiter: ',', header: true, columns: []string{"c", "a"}},
			`1 0 0 [a:integer:0 c:text:0]`},
		"blank lines": {"a\n\n1\n\n\n2\n", header, `2 0 0 [a:integer:0]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := mustProfile(t, c.text, c.options)
			columns := []string{}
			for _, c := range got.Columns {
				columns = append(columns, fmt.Sprintf("%s:%s:%d", c.Name, c.Type, c.Nulls))
			}
			line := fmt.Sprint(got.Rows, got.ShortRows, got.LongRows, " ", columns)
			if line = strings.ReplaceAll(line, "  ", " "); line != c.want {
				t.Errorf("%q is %s, want %s", c.text, line, c.want)
			}
		})
	}
}

// Text is cut in the middle of no character, even where that cell was no least
// or greatest one after cutting.
func TestProfileCutsText(t *testing.T) {
	t.Parallel()
	x := strings.Repeat("x", textLimit-1)
	c := mustProfile(t, "a\n"+x+"é\n"+x+"è\ny\n", withHeader).Columns[0]
	if c.Min != x || c.Max != "y" {
		t.Errorf("got %q to %q, want %q to %q", c.Min, c.Max, x, "y")
	}
}

func TestProfileSaysWhereACSVIsMalformed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x,\"multi\nline\"\n", 1000)
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"quote in a cell":      {"a,b\n1,x\"y\n", "line 2, column 4: a quote in the middle"},
		"quote in a late cell": {"a,b\n" + long + "1,x\"y\n", "line 2002, column 4: a quote in the middle"},
		"text after a quote": {"a,b\n1,\"x\"y\n", "line 2, column 5: the quoted cell does not end as it must, in the record that begins " +
			"on line 2"},
		"a quote not closed": {"a,b\n1,2\n1,\"x\ny\n", "the record that begins on line 3"},
		"a quote never closed": {"a,b\n" + long + "1,\"" + strings.Repeat("x,y\n", maxRecord/2),
			"line 2002, column 1: the record that begins here is longer than 1048576 bytes"},
		"a header never closed": {"\"a,b\n" + strings.Repeat("x,y\n", maxRecord/2),
			"line 1, column 1: the record that begins here is longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A small block, so that the late ones are beyond a resumable point.
			_, states, err := profileText(c.text, withHeader, 100)
			check := func(err error) {
				t.Helper()
				public, ok := errors.AsType[*streamer.Error](err)
				if !ok || public.Code != wire.ProcessingFailed || public.Retryable {
					t.Fatalf("error is %v, want a PROCESSING_FAILED", err)
				}
				if !strings.Contains(public.Message, c.want) {
					t.Errorf("the message is %q, want %q in it", public.Message, c.want)
				}
			}
			check(err)
			if len(states) > 0 {
				_, err := resumeText(c.text, withHeader, 100, states[len(states)-1])
				check(err)
			}
		})
	}
}

func TestProfileOfTooManyColumns(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("c,", maxColumns) + "last\n"
	_, _, err := profileText(wide, withHeader, blockBytes)
	if err == nil || !strings.Contains(err.Error(), "columns: the CSV has 257 columns") {
		t.Errorf("error is %v", err)
	}
	got := mustProfile(t, wide, csvOptions{delimiter: ',', header: true, columns: []string{"last"}})
	if len(got.Columns) != 1 || got.Columns[0].Name != "last" {
		t.Errorf("the columns are %+v", got.Columns)
	}
	_, _, err = profileText("a\n", csvOptions{delimiter: ',', header: true, columns: []string{"b"}}, blockBytes)
	if err == nil || !strings.Contains(err.Error(), `no column "b"`) {
		t.Errorf("error is %v", err)
	}
}
