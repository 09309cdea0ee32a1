package level_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pay-theory/streamer/measure/soak/level"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name  string
		n     int
		at    func(i int) float64
		slack float64
		level bool
	}{
		{"a level one", 120, func(int) float64 { return 100 }, 0, true},
		{"one of zeros", 120, func(int) float64 { return 0 }, 0, true},
		{"one that falls", 120, func(i int) float64 { return 1000 - float64(i) }, 0, true},
		{"one that rises all the time", 120, func(i int) float64 { return float64(i) }, 5, false},
		{"one that rises by two fifths in all", 120, func(i int) float64 { return 100 + float64(i)/3 }, 0, true},
		{"one that doubles", 120, func(i int) float64 { return 100 + float64(i) }, 0, false},
		{"one that rises and levels off", 120, func(i int) float64 { return math.Min(float64(i), 50) }, 0, true},
		{"one that rises at last", 120, func(i int) float64 { return 100 + math.Max(0, float64(i-90))*2 }, 0, false},
		{"noise", 120, func(int) float64 { return 100 + 40*(random.Float64()-0.5) }, 0, true},
		{"noise on a rise", 120, func(i int) float64 { return float64(i)*3 + 40*(random.Float64()-0.5) }, 5, false},
		{"a saw whose teeth are alike", 120, func(i int) float64 { return float64(i % 12) }, 0, true},
		{"a single spike", 120, func(i int) float64 { return map[bool]float64{true: 9000, false: 100}[i == 110] }, 0, true},
		{"a rise within its slack", 120, func(i int) float64 { return float64(i / 30) }, 2, true},
		{"a rise from nothing beyond it", 120, func(i int) float64 { return float64(i / 30) }, 0.5, false},
		{"too few samples", 15, func(int) float64 { return 100 }, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			samples := make([]float64, tt.n)
			for i := range samples {
				samples[i] = tt.at(i)
			}
			got := level.Judge(samples, tt.slack)
			if got.Level != tt.level || got.Level != (got.Why == "") {
				t.Errorf("got %+v, want level: %t", got, tt.level)
			}
		})
	}
}
