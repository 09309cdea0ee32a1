package profilecsv

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/request"
)

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
		t.Run(name, func(t *testing.T) {
			if _, err := newProfile(strings.NewReader("a,b\n1,2\n"), withHeader, state); !errors.Is(err, errState) {
				t.Errorf("%s: error is %v", name, err)
			}
		})
	}
	if _, err := newProfile(strings.NewReader("a,b,c\n"), withHeader, states[0]); !errors.Is(err, errState) {
		t.Errorf("of other columns: error is %v", err)
	}
}

var errDisk = errors.New("the disk is gone")

type brokenDisk struct{ seek error }

func (d brokenDisk) Read([]byte) (int, error) { return 0, errDisk }

func (d brokenDisk) Seek(int64, int) (int64, error) { return 0, d.seek }

func TestProfileReturnsFaultsOfTheDisk(t *testing.T) {
	t.Parallel()
	for _, src := range []io.ReadSeeker{brokenDisk{}, brokenDisk{errDisk}} {
		if _, err := newProfile(src, withHeader, nil); !errors.Is(err, errDisk) {
			t.Errorf("error is %v", err)
		}
	}
}
