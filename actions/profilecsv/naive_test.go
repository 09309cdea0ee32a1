package profilecsv

import (
	"cmp"
	"encoding/csv"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// randomCSV has columns of every kind, cells with line ends, rows too short and
// too long, and rows that end in LF, CRLF, CR, or now in one, now in another.
func randomCSV(rng *rand.Rand, rows int) string {
	var b strings.Builder
	if rng.IntN(2) == 0 {
		b.WriteString("\ufeff")
	}
	ends := []string{"\n", "\r\n", "\r"}
	if one := rng.IntN(len(ends) + 1); one < len(ends) {
		ends = ends[one : one+1]
	}
	write := func(record []string) {
		var line strings.Builder
		w := csv.NewWriter(&line)
		w.Write(record)
		w.Flush()
		b.WriteString(strings.TrimSuffix(line.String(), "\n") + ends[rng.IntN(len(ends))])
	}
	write([]string{"id", "price", "state", "at", "note", "flaky"})
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
		write(record)
	}
	if rng.IntN(4) == 0 {
		b.WriteByte(ctrlZ)
	}
	return b.String()
}

var separator = regexp.MustCompile(
	"^(?:[sS][eE][pP]=[^\"\\r\\n\\x00\\x{FFFD}] *|\"[sS][eE][pP]=[^\"\\r\\n\\x00\\x{FFFD}] *\")(?:\\r\\n|\\r|\\n|$)")

// plain is the CSV without its preamble, its rows ending in LF.
func plain(text string) string {
	text = strings.TrimLeft(separator.ReplaceAllString(strings.TrimLeft(text, "\ufeff"), ""), "\ufeff")
	pieces := strings.Split(text, `"`)
	for i := 0; i < len(pieces); i += 2 { // the others are in quotes
		pieces[i] = strings.ReplaceAll(strings.ReplaceAll(pieces[i], "\r\n", "\n"), "\r", "\n")
	}
	return strings.Join(pieces, `"`)
}

// naive is the second opinion: the whole CSV in memory, sorted.
func naive(text string, options csvOptions) (csvProfile, error) {
	r := csv.NewReader(strings.NewReader(plain(text)))
	r.Comma, r.FieldsPerRecord = options.delimiter, -1
	records, err := r.ReadAll()
	records = slices.DeleteFunc(records, func(record []string) bool { return len(record) == 1 && record[0] == "\x1a" })
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
	case all(func(v string) bool { _, err := time.Parse(time.DateOnly, v); return err == nil }):
		c.Type = "date"
	case all(isTime):
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

var temporal = regexp.MustCompile(
	`^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:[Zz]| UTC| ?([+-](?:[01]\d|2[0-3]))(?::?([0-5]\d)|:([0-5]\d):([0-5]\d))?)?)?$`)

// isTime lets the standard library judge all but the form, offsets and leap seconds.
func isTime(v string) bool {
	m := temporal.FindStringSubmatch(v)
	if m == nil {
		return false
	}
	clock, leap := strings.CutSuffix(cmp.Or(m[2], "00:00:00"), ":60")
	if leap {
		clock += ":59"
	}
	at, err := time.Parse("2006-01-02 15:04:05-07:00:00",
		m[1]+" "+clock+cmp.Or(m[3], "+00")+":"+cmp.Or(m[4], m[5], "00")+":"+cmp.Or(m[6], "00"))
	return err == nil && (!leap || at.Add(time.Second).UTC().Format("02 15:04:05") == "01 00:00:00")
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
	f.Add("sep=;\ra;b\r1;2\n\r\n\"3\r\";2016-12-31T23:59:60Z\r4;2026-01-02 03:04:05+00", true, int64(4), byte(';'))
	f.Add("\ufeff\ufeffa\n2026-01-02 03:04:05 UTC\n\x1a\n1890-01-01 00:53:28+00:53:28\n\x1a", true, int64(1), byte(','))
	f.Add("a,Stra\xdfe\n1,2", true, int64(4), byte(','))
	f.Add("a\n\"x\ny\"\"z\"\n"+strings.Repeat("é", 40)+"\n", true, int64(2), byte('|'))
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
		if err != nil {
			public, ok := errors.AsType[*streamer.Error](err)
			if !ok {
				t.Fatalf("%q: %v", text, err)
			}
			_, other := naive(text, options)
			encoding := strings.ContainsAny(text, "\x00\x1a\x1e\u0085\u2028\u2029") || strings.HasPrefix(text, "PK\x03\x04") ||
				strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") ||
				!utf8.ValidString(text)
			if other == nil && public.Code == wire.ProcessingFailed && !encoding {
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
