package metric_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/internal/schematest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
)

var now = time.Date(2024, 2, 19, 7, 0, 0, 0, time.UTC)

func recorder(t *testing.T, out *lifttest.Metrics, dimensions ...metric.Dimension) *metric.Recorder {
	t.Helper()
	r, err := metric.New(metric.Config{Namespace: "shop", Dimensions: dimensions, Writer: out, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// flush writes the set, and checks what was written.
func flush(t *testing.T, s *metric.Set, out *lifttest.Metrics) []map[string]any {
	t.Helper()
	if err := s.Flush(); err != nil {
		t.Error(err)
	}
	for _, line := range out.Lines() {
		schematest.EMF(t, line)
		if !bytes.HasSuffix(line, []byte("}\n")) || bytes.Count(line, []byte("\n")) != 1 {
			t.Errorf("%q is not one line", line)
		}
	}
	return out.Documents(t)
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	var out lifttest.Metrics
	s := recorder(t, &out, metric.Dimension{Name: "service", Value: "orders"}).Start()
	s.Add("Orders", 1, metric.Count)
	s.Add("Size", 2.5, metric.Kilobytes)
	s.Add("Size", 7, metric.Kilobytes)
	s.AddHighResolution("Latency", 0.25, metric.Milliseconds)
	s.Property(slog.String("order", `a"1`), slog.Int("items", 3), slog.Any("tags", []string{"x"}),
		slog.Group("who", slog.String("name", "ada"), slog.Group("at", slog.Bool("home", true))))
	s.Property(slog.String("order", `b"2`))
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	const want = `{"_aws":{"Timestamp":1708326000000,"CloudWatchMetrics":[{"Namespace":"shop","Dimensions":[["service"]],"Metrics":[` +
		`{"Name":"Orders","Unit":"Count"},{"Name":"Size","Unit":"Kilobytes"},{"Name":"Latency","Unit":"Milliseconds","StorageResolution":1}]}]},` +
		`"Orders":1,"Size":[2.5,7],"Latency":0.25,"service":"orders","order":"b\"2","items":3,"tags":["x"],"who":{"at":{"home":true},"name":"ada"}}` + "\n"
	if got := string(out.Lines()[0]); got != want {
		t.Errorf("line\n%s, want\n%s", got, want)
	}
	schematest.EMF(t, out.Lines()[0])
	if err := s.Flush(); err != nil || len(out.Lines()) != 1 {
		t.Errorf("a second flush: %v, %d lines", err, len(out.Lines()))
	}
}

// What comes after the end of an event is written as it comes, with the event's properties.
func TestEnd(t *testing.T) {
	t.Parallel()
	var out lifttest.Metrics
	s := recorder(t, &out).Start()
	before := s.With(metric.Dimension{Name: "when", Value: "before"})
	s.Add("Orders", 1, metric.Count)
	s.Property(slog.String("order", "7"))
	if err := s.End(); err != nil || len(out.Lines()) != 1 {
		t.Fatalf("got %v and %d lines, want one", err, len(out.Lines()))
	}
	s.Add("Orders", 2, metric.Count)
	s.Add("Orders", 3, metric.Count)
	before.Add("Parcels", 4, metric.Count)
	s.With(metric.Dimension{Name: "when", Value: "after"}).Add("Parcels", 5, metric.Count)
	got := out.Documents(t)[1:]
	if len(got) != 4 || got[0]["Orders"] != 2.0 || got[0]["order"] != "7" || got[1]["Orders"] != 3.0 ||
		got[2]["Parcels"] != 4.0 || got[2]["when"] != "before" || got[3]["Parcels"] != 5.0 || got[3]["when"] != "after" {
		t.Errorf("got the lines %v, want one for each value", got)
	}
	if flush(t, s, &out); len(out.Lines()) != 5 {
		t.Errorf("got %d lines after a flush, want 5", len(out.Lines()))
	}
}

func TestSplitsAtTheLimits(t *testing.T) {
	t.Parallel()
	var out lifttest.Metrics
	s := recorder(t, &out).Start()
	want := make(map[string][]float64)
	for i := range 250 {
		name := fmt.Sprintf("m%03d", i)
		n := 1
		if i == 7 || i == 120 {
			n = 230
		}
		if i == 220 {
			n = 100 // which fit one line, and need no second
		}
		for v := range n {
			s.Add(name, float64(v), metric.None)
			want[name] = append(want[name], float64(v))
		}
	}
	documents := flush(t, s, &out)
	if len(documents) != 3+2+2 { // three lines of metrics, and the rest of two metrics
		t.Errorf("%d lines", len(documents))
	}
	for name, values := range want {
		if got := out.Values(t, name); !slices.Equal(got, values) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDimensions(t *testing.T) {
	t.Parallel()
	var out lifttest.Metrics
	s := recorder(t, &out, metric.Dimension{Name: "service", Value: "orders"}).Start()
	s.Add("All", 1, metric.Count)
	s.Property(slog.String("id", "7"))
	dhl := s.With(metric.Dimension{Name: "carrier", Value: "DHL"})
	dhl.Add("Parcels", 3, metric.Count)
	s.With(metric.Dimension{Name: "carrier", Value: "UPS"}).Add("Parcels", 4, metric.Count)
	s.With(metric.Dimension{Name: "carrier", Value: "none"})
	documents := flush(t, s, &out)
	if len(documents) != 3 || documents[0]["carrier"] != nil || documents[0]["id"] != "7" ||
		documents[1]["carrier"] != "DHL" || documents[1]["service"] != "orders" || documents[1]["Parcels"] != 3.0 || documents[2]["carrier"] != "UPS" {
		t.Errorf("lines %v", documents)
	}
}

func TestWhatCloudWatchWouldNotTake(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*metric.Set){
		"no name":              func(s *metric.Set) { s.Add("", 1, metric.Count) },
		"long name":            func(s *metric.Set) { s.Add(strings.Repeat("n", 256), 1, metric.Count) },
		"the format's name":    func(s *metric.Set) { s.Add("_aws", 1, metric.Count) },
		"unit":                 func(s *metric.Set) { s.Add("n", 1, "Miles") },
		"NaN":                  func(s *metric.Set) { s.Add("n", math.NaN(), metric.Count) },
		"infinite":             func(s *metric.Set) { s.Add("n", math.Inf(-1), metric.Count) },
		"too large":            func(s *metric.Set) { s.Add("n", math.MaxFloat64, metric.Count) },
		"another unit":         func(s *metric.Set) { s.Add("good", 1, metric.Bytes) },
		"another resolution":   func(s *metric.Set) { s.AddHighResolution("good", 1, metric.Count) },
		"dimension's name":     func(s *metric.Set) { s.Add("service", 1, metric.Count) },
		"property's name":      func(s *metric.Set) { s.Add("id", 1, metric.Count) },
		"property of a metric": func(s *metric.Set) { s.Property(slog.Int("good", 1)) },
		"property _aws":        func(s *metric.Set) { s.Property(slog.Int("_aws", 1)) },
		"property of no name":  func(s *metric.Set) { s.Property(slog.Int("", 1)) },
		"property, no JSON":    func(s *metric.Set) { s.Property(slog.Any("f", func() {})) },
		"dimension, no value":  func(s *metric.Set) { s.With(metric.Dimension{Name: "d", Value: " "}) },
		"dimension, no name":   func(s *metric.Set) { s.With(metric.Dimension{Value: "v"}) },
		"dimension, not ASCII": func(s *metric.Set) { s.With(metric.Dimension{Name: "d", Value: "ü"}) },
		"dimension _aws":       func(s *metric.Set) { s.With(metric.Dimension{Name: "_aws", Value: "v"}) },
		"dimension twice":      func(s *metric.Set) { s.With(metric.Dimension{Name: "service", Value: "v"}) },
		"too many dimensions": func(s *metric.Set) {
			for i := range 30 {
				s = s.With(metric.Dimension{Name: fmt.Sprint("d", i), Value: "v"})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out lifttest.Metrics
			s := recorder(t, &out, metric.Dimension{Name: "service", Value: "orders"}).Start()
			s.Add("good", 1, metric.Count)
			s.Property(slog.String("id", "7"))
			f(s)
			if err := s.Flush(); err == nil {
				t.Errorf("%s: no error", name)
			}
			if lines := out.Lines(); len(lines) != 1 || !slices.Equal(out.Values(t, "good"), []float64{1}) {
				t.Errorf("%s: lines %s", name, lines)
			} else {
				schematest.EMF(t, lines[0])
			}
		})
	}
	var out lifttest.Metrics
	s := recorder(t, &out).Start()
	for range 100 {
		s.Add("", 1, metric.Count)
	}
	if err := s.Flush(); strings.Count(err.Error(), "\n") > 10 {
		t.Errorf("error %v", err)
	}
}

func TestLinesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	r, err := metric.New(metric.Config{Namespace: "n", Writer: brokenWriter{}})
	if err != nil {
		t.Fatal(err)
	}
	s := r.Start()
	s.Add("m", 1, metric.Count)
	if err := s.Flush(); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	var out lifttest.Metrics
	s = recorder(t, &out).Start()
	s.Add("m", 1, metric.Count)
	s.Property(slog.String("p", strings.Repeat("x", 300<<10)))
	if err := s.Flush(); err == nil || len(out.Lines()) != 0 {
		t.Errorf("a line of 300 KB: %v", err)
	}
	s = recorder(t, &out).Start()
	s.Add("m", 1, metric.Count)
	s.Property(slog.String("p", "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2VzYW1l"))
	if flush(t, s, &out); bytes.Contains(out.Lines()[0], []byte("c2VzYW1l")) {
		t.Errorf("a token in %s", out.Lines()[0])
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]metric.Config{
		"no namespace":   {},
		"long namespace": {Namespace: strings.Repeat("n", 256)},
		"colon":          {Namespace: ":n"},
		"spaces":         {Namespace: "  "},
		"comma":          {Namespace: "a,b"},
		"script":         {Namespace: "größe"},
		"blank name":     {Namespace: "n", Dimensions: []metric.Dimension{{Name: " ", Value: "b"}}},
		"dimensions":     {Namespace: "n", Dimensions: make([]metric.Dimension, 31)},
		"dimension":      {Namespace: "n", Dimensions: []metric.Dimension{{Name: ":a", Value: "b"}}},
		"twice":          {Namespace: "n", Dimensions: []metric.Dimension{{Name: "a", Value: "b"}, {Name: "a", Value: "c"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := metric.New(cfg); err == nil {
				t.Errorf("%s passes", name)
			}
		})
	}
	if _, err := metric.New(metric.Config{Namespace: "n"}); err != nil {
		t.Error(err)
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	metric.Add(t.Context(), "m", 1, metric.Count) // nobody listens
	var none *metric.Set
	none.Property(slog.Int("a", 1))
	none.With(metric.Dimension{Name: "a", Value: "b"}).Add("m", 1, metric.Count)
	if err := none.Flush(); err != nil {
		t.Error(err)
	}
	var out lifttest.Metrics
	s := recorder(t, &out).Start()
	metric.Add(metric.NewContext(t.Context(), s), "m", 3, metric.Count)
	if flush(t, s, &out); !slices.Equal(out.Values(t, "m"), []float64{3}) {
		t.Error("the value is not there")
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	var out lifttest.Metrics
	r := recorder(t, &out)
	var events sync.WaitGroup
	for range 16 {
		events.Go(func() {
			s := r.Start()
			var handlers sync.WaitGroup
			for i := range 8 {
				handlers.Go(func() {
					s.Add("m", 1, metric.Count)
					s.Property(slog.Int(fmt.Sprint("p", i), i))
					s.With(metric.Dimension{Name: "d", Value: "v"}).Add("n", 1, metric.Count)
				})
			}
			handlers.Wait()
			if err := s.Flush(); err != nil {
				t.Error(err)
			}
		})
	}
	events.Wait()
	for _, line := range out.Lines() {
		schematest.EMF(t, line)
	}
	if m, n := out.Values(t, "m"), out.Values(t, "n"); len(m) != 128 || len(n) != 128 {
		t.Errorf("%d and %d values", len(m), len(n))
	}
}

func FuzzNames(f *testing.F) {
	f.Add("name", "dim", "value", "key", "text", 1.5)
	f.Add("a\x00\"", "é", "\xff", "_aws", "\u2028", math.Copysign(0, -1))
	f.Fuzz(func(t *testing.T, name, dimension, value, key, text string, number float64) {
		var out lifttest.Metrics
		r, err := metric.New(metric.Config{Namespace: "n", Writer: &out})
		if err != nil {
			t.Fatal(err)
		}
		s := r.Start()
		s.Property(slog.String(key, text))
		s.Add(name, number, metric.Count)
		s.With(metric.Dimension{Name: dimension, Value: value}).Add(name, number, metric.Bytes)
		_ = s.Flush()
		for _, line := range out.Lines() {
			schematest.EMF(t, line)
		}
	})
}

func ExampleAdd() {
	rec, err := metric.New(metric.Config{Namespace: "shop", Now: func() time.Time { return now }})
	if err != nil {
		panic(err)
	}
	set := rec.Start()
	ctx := metric.NewContext(context.Background(), set) // in an app, middleware.Metrics does this
	metric.Add(ctx, "Orders", 1, metric.Count)
	if err := set.Flush(); err != nil {
		panic(err)
	}
	// Output: {"_aws":{"Timestamp":1708326000000,"CloudWatchMetrics":[{"Namespace":"shop","Dimensions":[[]],"Metrics":[{"Name":"Orders","Unit":"Count"}]}]},"Orders":1}
}
