package result_test

import (
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/pay-theory/streamer/measure/bench/result"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = 100 - i
	}
	for p, want := range map[float64]int{0: 1, 50: 50, 95: 95, 99: 99, 100: 100} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			if got := result.Percentile(hundred, p); got != want {
				t.Errorf("percentile %v is %d, want %d", p, got, want)
			}
		})
	}
	if got := result.Percentile([]time.Duration{7}, 99); got != 7 {
		t.Errorf("of one value: %d", got)
	}
	if got := result.Percentile([]int(nil), 50); got != 0 {
		t.Errorf("of none: %d", got)
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	a := result.RangeOf([]float64{3, 1, 2, 10})
	if a != (result.Range{Mid: 2.5, Low: 1, High: 10}) {
		t.Errorf("%+v", a)
	}
	if got := a.String(); got != "2.50 (1.00 to 10.00)" {
		t.Error(got)
	}
	if got := result.RangeOf(nil); !math.IsNaN(got.Mid) || got.String() != "not measured" {
		t.Errorf("of nothing: %v", got)
	}
	for other, want := range map[result.Range]bool{{Low: 10, High: 11}: true, {Low: 0, High: 0.9}: false, {Low: 2, High: 3}: true,
		{Low: 0, High: 99}: true} {
		t.Run(fmt.Sprint(other), func(t *testing.T) {
			if a.Overlaps(other) != want || other.Overlaps(a) != want {
				t.Errorf("%v and %v", a, other)
			}
		})
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	run := &result.Run{Samples: []result.Sample{
		{Condition: result.Small, Side: result.Lift, Event: "echo", Starts: []result.Start{
			{Init: 2 * time.Millisecond, First: time.Millisecond}, {Init: 4 * time.Millisecond, First: 5 * time.Millisecond},
			{Init: 3 * time.Millisecond}}},
		{Condition: result.Small, Side: result.Baseline, Event: "echo", Peak: 3 << 20},
		{Round: 1, Condition: result.Small, Side: result.Lift, Event: "echo", Starts: []result.Start{{Init: time.Millisecond}}},
	}}
	if got := run.Each(result.Small, result.Lift, "echo", result.Cold); !reflect.DeepEqual(got, []float64{3, 1}) {
		t.Errorf("cold starts %v", got)
	}
	if got := run.Each(result.Small, result.Baseline, "echo", result.Peak); !reflect.DeepEqual(got, []float64{3}) {
		t.Errorf("peak %v", got)
	}
	if got := run.Each(result.Conditions[0], result.Lift, "echo", result.Cold); got != nil {
		t.Errorf("under another condition: %v", got)
	}
}

func TestARunIsKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "run.json")
	run := &result.Run{Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Rounds: 1,
		Samples: []result.Sample{{Condition: result.Small, Side: result.Lift, Event: "echo",
			Warm: result.Warm{Made: map[string]int{"dynamodb GetItem": 2}}}}}
	if err := run.Write(file); err != nil {
		t.Fatal(err)
	}
	if got, err := result.Read(file); err != nil || !reflect.DeepEqual(got, run) {
		t.Errorf("read %+v, %v", got, err)
	}
}
