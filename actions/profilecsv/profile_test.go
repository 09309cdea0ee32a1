package profilecsv

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
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

// resumeText is profileText from a stored state on.
func resumeText(text string, options csvOptions, block int64, state []byte) (csvProfile, error) {
	p, err := newProfile(strings.NewReader(text), options, state)
	for more := true; more && err == nil; {
		more, err = p.block(block)
	}
	if err != nil {
		return csvProfile{}, err
	}
	return p.result(), nil
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
		"nothing":                   {"", header, `0 0 0 []`},
		"only a mark":               {"\ufeff", header, `0 0 0 []`},
		"only a header":             {"a,b", header, `0 0 0 [a:empty:0 b:empty:0]`},
		"mark, CRLF":                {"\ufeffa,b\r\n1,2\r\n", header, `1 0 0 [a:integer:0 b:integer:0]`},
		"mark, quoted name":         {"\ufeff\"a\"\n1", header, `1 0 0 [a:integer:0]`},
		"no header":                 {"1;x\n2;y", bare, `2 0 0 [column_1:integer:0 column_2:text:0]`},
		"ragged":                    {"a,b,c\n1\n1,2,3,4\n1,2,3\n", header, `3 1 1 [a:integer:0 b:integer:1 c:integer:1]`},
		"long names":                {strings.Repeat("é", 100) + ",b\n1,2", header, `1 0 0 [` + strings.Repeat("é", nameLimit/2) + `:integer:0 b:integer:0]`},
		"names left out, repeated":  {" a ,,a\n1,2,3", header, `1 0 0 [a:integer:0 column_2:integer:0 a:integer:0]`},
		"some columns, in the file": {"a,b,c\n1,2,x", csvOptions{delimiter: ',', header: true, columns: []string{"c", "a"}}, `1 0 0 [a:integer:0 c:text:0]`},
		"blank lines":               {"a\n\n1\n\n\n2\n", header, `2 0 0 [a:integer:0]`},
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
	c := mustProfile(t, "a\n"+x+"é\n"+x+"è\n\xff\n", withHeader).Columns[0]
	if c.Min != x || c.Max != "\xff" {
		t.Errorf("from %q to %q, want %q to %q", c.Min, c.Max, x, "\xff")
	}
}

func TestProfileSaysWhereACSVIsMalformed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x,\"multi\nline\"\n", 1000)
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"quote in a cell":        {"a,b\n1,x\"y\n", "line 2, column 4: a quote in the middle"},
		"quote in a late cell":   {"a,b\n" + long + "1,x\"y\n", "line 2002, column 4: a quote in the middle"},
		"text after a quote":     {"a,b\n1,\"x\"y\n", "line 2, column 5: the quoted cell does not end as it must, in the record that begins on line 2"},
		"a quote not closed":     {"a,b\n1,2\n1,\"x\ny\n", "the record that begins on line 3"},
		"a quote never closed":   {"a,b\n" + long + "1,\"" + strings.Repeat("x,y\n", maxRecord/2), "line 2002, column 1: the record that begins here is longer than 1048576 bytes"},
		"a header never closed":  {"\"a,b\n" + strings.Repeat("x,y\n", maxRecord/2), "line 1, column 1: the record that begins here is longer than"},
		"UTF-16":                 {"\xff\xfea\x00,\x00", "UTF-16"},
		"UTF-16, the other kind": {"\xfe\xff\x00a", "UTF-16"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A small block, so that the late ones are beyond a resumable point.
			_, states, err := profileText(c.text, withHeader, 100)
			check := func(err error) {
				t.Helper()
				var declared *streamer.Error
				if !errors.As(err, &declared) || declared.Code != wire.ProcessingFailed || declared.Retryable {
					t.Fatalf("error is %v, want a PROCESSING_FAILED", err)
				}
				if !strings.Contains(declared.Message, c.want) {
					t.Errorf("the message is %q, want %q in it", declared.Message, c.want)
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

// randomCSV has columns of every kind, cells with line ends, and rows too short
// and too long.
func randomCSV(rng *rand.Rand, rows int) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = rng.IntN(2) == 0
	if rng.IntN(2) == 0 {
		b.WriteString("\ufeff")
	}
	w.Write([]string{"id", "price", "state", "at", "note", "flaky"})
	states := []string{"new", "paid", "", "gone"}
	for i := range rows {
		record := []string{
			strconv.FormatInt(rng.Int64()-1<<62, 10),
			strconv.FormatFloat(math.Exp(rng.NormFloat64()*3), 'g', -1, 64),
			states[rng.IntN(len(states))],
			time.Unix(rng.Int64N(1<<31), 0).UTC().Format(time.RFC3339),
			strings.Repeat("a \"quoted\"\nline, ", rng.IntN(4)) + strconv.Itoa(i),
			strconv.Itoa(rng.IntN(100)),
		}
		if rng.IntN(rows) == 0 {
			record[5] = "n/a"
		}
		switch rng.IntN(50) {
		case 0:
			record = record[:3]
		case 1:
			record = append(record, "more")
		}
		w.Write(record)
	}
	w.Flush()
	return b.String()
}

// Whichever block's end the work is taken up from, the result is the same to the
// byte.
func TestProfileResumedAnywhere(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			text := randomCSV(rng, 1000)
			block := 1 + rng.Int64N(8000)
			whole, states, err := profileText(text, withHeader, block)
			if err != nil {
				t.Fatal(err)
			}
			want := encoded(t, whole)
			for range min(len(states), 12) {
				i := rng.IntN(len(states))
				got, err := resumeText(text, withHeader, block, states[i])
				if err != nil {
					t.Fatal(err)
				}
				if encoded(t, got) != want {
					t.Fatalf("resumed after block %d of %d it is\n%s\nwant\n%s", i+1, len(states), encoded(t, got), want)
				}
			}
		})
	}
}

// However many columns there are, the state fits a checkpoint, and what is
// exact stays exact.
func TestProfileOfManyColumnsFitsACheckpoint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ columns, level int }{{2, 0}, {8, 1}, {24, 3}, {40, 4}, {100, 7}, {255, 7}} {
		t.Run(fmt.Sprint(c.columns, " columns"), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(c.columns), 2))
			var b strings.Builder
			rows := 50_000 / c.columns
			least := make([]float64, c.columns)
			for range rows {
				for i := range c.columns {
					v := rng.NormFloat64()
					least[i] = min(least[i], v)
					fmt.Fprintf(&b, "%v,", v)
				}
				b.WriteString("x\n")
			}
			options := csvOptions{delimiter: ','}
			got, states, err := profileText(b.String(), options, 64<<10)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range states {
				if raw := encoded(t, csvCheckpoint{version{math.MaxInt64, math.MaxInt64}, s}); len(raw) > request.MaxCheckpoint {
					t.Fatalf("a checkpoint has %d bytes", len(raw))
				}
			}
			a := accuracies[c.level]
			if want := math.Pi / float64(a.compression); got.PercentileError != want && a.compression > 0 {
				t.Errorf("the percentiles' error is %v, want %v", got.PercentileError, want)
			}
			for i, column := range got.Columns[:c.columns] {
				if column.Min != least[i] {
					t.Errorf("column %d: min is %v, want %v", i, column.Min, least[i])
				}
				if none := a.compression == 0; (column.Percentiles == nil) != none || (column.Distinct == nil) != none {
					t.Errorf("column %d has percentiles %v and distinct %v", i, column.Percentiles, column.Distinct)
				}
			}
			again, err := resumeText(b.String(), options, 64<<10, states[len(states)/2])
			if err != nil || encoded(t, again) != encoded(t, got) {
				t.Errorf("resumed, it is another result (%v)", err)
			}
		})
	}
}

func TestProfileThatFitsNoCheckpoint(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat(strings.Repeat("x", textLimit)+",", 200) + "x\n"
	_, _, err := profileText(wide, csvOptions{delimiter: ','}, blockBytes)
	if err == nil || !strings.Contains(err.Error(), "columns: the profile of 201 columns does not fit a checkpoint") {
		t.Errorf("error is %v", err)
	}
}

// naive is the second opinion: the whole CSV in memory, sorted.
func naive(text string, options csvOptions) (csvProfile, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = options.delimiter, -1
	records, err := r.ReadAll()
	if err != nil || len(records) == 0 {
		return csvProfile{}, err
	}
	width := len(records[0])
	if options.header {
		records = records[1:]
	}
	out := csvProfile{Rows: uint64(len(records))}
	cells := make([][]string, width)
	for _, record := range records {
		switch {
		case len(record) < width:
			out.ShortRows++
		case len(record) > width:
			out.LongRows++
		}
		for i := range min(width, len(record)) {
			if cell := strings.TrimSpace(record[i]); cell != "" {
				cells[i] = append(cells[i], cell)
			}
		}
	}
	for _, values := range cells {
		out.Columns = append(out.Columns, naiveColumn(values, len(records)))
	}
	return out, nil
}

var numeral = regexp.MustCompile(`^-?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func naiveColumn(values []string, rows int) columnProfile {
	c := columnProfile{Type: "text", Nulls: uint64(rows - len(values))}
	distinct := map[string]bool{}
	for _, v := range values {
		distinct[v] = true
	}
	n := uint64(len(distinct))
	c.Distinct = &n
	if len(values) == 0 {
		c.Type = "empty"
		return c
	}
	all := func(is func(string) bool) bool {
		return !slices.ContainsFunc(values, func(v string) bool { return !is(v) })
	}
	isTime := func(layouts ...string) func(string) bool {
		return func(v string) bool {
			return slices.ContainsFunc(layouts, func(l string) bool { _, err := time.Parse(l, v); return err == nil })
		}
	}
	switch {
	case all(func(v string) bool {
		i, err := strconv.ParseInt(v, 10, 64)
		return err == nil && (strconv.FormatInt(i, 10) == v || v == "-0")
	}):
		c.Type = "integer"
	case all(func(v string) bool {
		_, err := strconv.ParseFloat(v, 64)
		return err == nil && numeral.MatchString(v)
	}):
		c.Type = "number"
	case all(func(v string) bool { v = strings.ToLower(v); return v == "true" || v == "false" }):
		c.Type = "boolean"
	case all(isTime(time.DateOnly)):
		c.Type = "date"
	case all(isTime(time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00")):
		c.Type = "timestamp"
	}
	if c.Type == "integer" || c.Type == "number" {
		floats := make([]float64, len(values))
		sum := new(big.Rat)
		for i, v := range values {
			floats[i], _ = strconv.ParseFloat(v, 64)
			sum.Add(sum, new(big.Rat).SetFloat64(floats[i]))
		}
		slices.Sort(floats)
		c.Min, c.Max = floats[0], floats[len(floats)-1]
		mean, _ := sum.Quo(sum, big.NewRat(int64(len(values)), 1)).Float64()
		c.Mean = &mean
		at := func(q float64) float64 {
			rank := q * float64(len(floats)-1)
			i := min(int(rank), len(floats)-1)
			part := rank - float64(i)
			return floats[i]*(1-part) + floats[min(i+1, len(floats)-1)]*part
		}
		c.Percentiles = &percentiles{at(0.01), at(0.05), at(0.25), at(0.5), at(0.75), at(0.95), at(0.99)}
	}
	if c.Type == "text" || c.Type == "boolean" {
		cut := func(s string) string { return cutRune(s[:min(len(s), textLimit)], textLimit) }
		c.Min, c.Max = cut(slices.Min(values)), cut(slices.Max(values))
	}
	return c
}

func near(a, b, scale float64) bool {
	return a == b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), scale)
}

// compareNaive fails where the profile and the second opinion differ.
func compareNaive(t *testing.T, text string, options csvOptions, got csvProfile) {
	t.Helper()
	want, err := naive(text, options)
	if err != nil {
		t.Fatalf("the second opinion on %q: %v", text, err)
	}
	if got.Rows != want.Rows || got.ShortRows != want.ShortRows || got.LongRows != want.LongRows || len(got.Columns) != len(want.Columns) {
		t.Fatalf("%q: got %d rows, %d short, %d long, %d columns, want %d, %d, %d, %d", text, got.Rows, got.ShortRows, got.LongRows,
			len(got.Columns), want.Rows, want.ShortRows, want.LongRows, len(want.Columns))
	}
	for i, w := range want.Columns {
		g := got.Columns[i]
		if g.Type != w.Type || g.Nulls != w.Nulls || g.Distinct == nil || *g.Distinct != *w.Distinct {
			t.Fatalf("%q column %d: got %s, want %s", text, i, encoded(t, g), encoded(t, w))
		}
		switch w.Type {
		case "text", "boolean":
			if g.Min != w.Min || g.Max != w.Max {
				t.Fatalf("%q column %d: from %q to %q, want %q to %q", text, i, g.Min, g.Max, w.Min, w.Max)
			}
		case "integer", "number":
			var extent [2]float64
			for k, v := range []any{g.Min, g.Max} {
				extent[k], _ = strconv.ParseFloat(encoded(t, v), 64)
			}
			if extent != [2]float64{w.Min.(float64), w.Max.(float64)} {
				t.Fatalf("%q column %d: from %v to %v, want %v to %v", text, i, g.Min, g.Max, w.Min, w.Max)
			}
			scale := max(math.Abs(extent[0]), math.Abs(extent[1]))
			if g.Mean != nil && !near(*g.Mean, *w.Mean, scale*1e-6) || g.Mean == nil && scale < 1e300 {
				t.Fatalf("%q column %d: mean %v, want %v", text, i, encoded(t, g.Mean), *w.Mean)
			}
			for k, p := range g.Percentiles.list() {
				if q := w.Percentiles.list()[k]; !near(p, q, scale) {
					t.Fatalf("%q column %d: percentiles %+v, want %+v", text, i, *g.Percentiles, *w.Percentiles)
				}
			}
		}
	}
}

func (p *percentiles) list() []float64 {
	return []float64{p.P1, p.P5, p.P25, p.P50, p.P75, p.P95, p.P99}
}

// Small inputs are profiled exactly: up to a hundred values, percentiles too.
func TestProfileAgainstSecondOpinion(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 3))
		text := randomCSV(rng, 1+rng.IntN(100))
		options := csvOptions{delimiter: ',', header: rng.IntN(2) == 0}
		got, _, err := profileText(text, options, 1+rng.Int64N(2000))
		if err != nil {
			t.Fatal(err)
		}
		compareNaive(t, text, options, got)
	}
}

func FuzzProfile(f *testing.F) {
	f.Add("a,b\n1,2\n", true, int64(3), byte(','))
	f.Add("\ufeffa;\"b\n\"\r\n-1.5e3;2026-01-01\r\n.5;2026-01-01 10:00:00\r\n\n0;2026-01-01T10:00:00Z\n", true, int64(1), byte(';'))
	f.Add("true\nFALSE\n\"\"\n \n9223372036854775808\n-0\n00\n+1\n1e999\n-1.7e308\n1.7e308", false, int64(10), byte('\t'))
	f.Add("a\n\"x\ny\"\"z\"\n\xff\xc3\n"+strings.Repeat("é", 40)+"\n", true, int64(2), byte('|'))
	f.Fuzz(func(t *testing.T, text string, header bool, block int64, delimiter byte) {
		if len(text) > 400 { // beyond which percentiles may be estimates
			return
		}
		options := csvOptions{delimiter: rune(delimiter), header: header}
		in := csvInput{Text: &text, Delimiter: string(options.delimiter)}
		if options.delimiter == 0 || in.Validate() != nil {
			return
		}
		block = 1 + (block&math.MaxInt64)%100
		got, states, err := profileText(text, options, block)
		var declared *streamer.Error
		if err != nil {
			if !errors.As(err, &declared) {
				t.Fatalf("%q: %v", text, err)
			}
			if _, other := naive(text, options); other == nil && declared.Code == wire.ProcessingFailed && !strings.Contains(err.Error(), "UTF-16") {
				t.Fatalf("%q is refused: %v", text, err)
			}
			return
		}
		compareNaive(t, text, options, got)
		for i, s := range states {
			again, err := resumeText(text, options, block, s)
			if err != nil || encoded(t, again) != encoded(t, got) {
				t.Fatalf("%q resumed after block %d: %v, %s, want %s", text, i, err, encoded(t, again), encoded(t, got))
			}
		}
	})
}

// A state that is not one of ours is an error and never a crash.
func FuzzState(f *testing.F) {
	text := randomCSV(rand.New(rand.NewPCG(1, 4)), 40)
	_, states, err := profileText(text, withHeader, 1000)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range states {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		p, err := newProfile(strings.NewReader(text), withHeader, state)
		if err != nil || p.table.start > int64(len(text)) {
			return
		}
		if _, err := p.block(1 << 20); err == nil {
			p.result()
		}
	})
}

func TestStateOfAnotherFileIsRefused(t *testing.T) {
	t.Parallel()
	_, states, err := profileText("a,b\n1,2\n", withHeader, blockBytes)
	if err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string][]byte{"cut": states[0][:len(states[0])-1], "with more": append(slices.Clone(states[0]), 0)} {
		if _, err := newProfile(strings.NewReader("a,b\n1,2\n"), withHeader, state); !errors.Is(err, errState) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := newProfile(strings.NewReader("a,b,c\n"), withHeader, states[0]); !errors.Is(err, errState) {
		t.Errorf("of other columns: error is %v", err)
	}
}

var errDisk = errors.New("the disk is gone")

type brokenDisk struct{ seek error }

func (d brokenDisk) Read([]byte) (int, error)       { return 0, errDisk }
func (d brokenDisk) Seek(int64, int) (int64, error) { return 0, d.seek }

func TestProfileReturnsFaultsOfTheDisk(t *testing.T) {
	t.Parallel()
	for _, src := range []io.ReadSeeker{brokenDisk{}, brokenDisk{errDisk}} {
		if _, err := newProfile(src, withHeader, nil); !errors.Is(err, errDisk) {
			t.Errorf("error is %v", err)
		}
	}
}
