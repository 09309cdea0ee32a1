package deflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func inflate(t testing.TB, packed []byte) []byte {
	t.Helper()
	r := bytes.NewReader(packed)
	data, err := io.ReadAll(flate.NewReader(r))
	if err != nil {
		t.Fatalf("compress/flate cannot read it: %v", err)
	}
	if r.Len() != 0 {
		t.Errorf("%d bytes are left behind the stream's end", r.Len())
	}
	return data
}

func noise(n, symbols int) []byte {
	random, data := rand.New(rand.NewPCG(1, 2)), make([]byte, n)
	for i := range data {
		data[i] = byte(random.IntN(symbols))
	}
	return data
}

// samples are kinds of data that take different ways.
func samples() map[string][]byte {
	code := noise(3000, 256)
	return map[string][]byte{
		"nothing":               {},
		"one byte":              {0},
		"three bytes":           []byte("abc"),
		"zeros":                 make([]byte, segment+40_000),
		"noise":                 noise(30_000, 256),
		"noise of two symbols":  noise(30_000, 2),
		"a repeated text":       bytes.Repeat([]byte("code "), 10_000),
		"a match at the window": slices.Concat(code, make([]byte, window-len(code)), code, make([]byte, 1000), code),
		"a segment, and a byte": slices.Concat(noise(segment, 7), []byte{9}),
		"two kinds":             slices.Concat(noise(30_000, 4), noise(30_000, 200), []byte(strings.Repeat("words and words ", 1000))),
	}
}

func TestInflatesToTheSame(t *testing.T) {
	t.Parallel()
	for name, data := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := inflate(t, Bytes(data)); !bytes.Equal(got, data) {
				t.Errorf("%d bytes inflated, want the same %d", len(got), len(data))
			}
		})
	}
}

// What it is for: a binary, here that of the test, is at least 4 % smaller than with
// compress/flate.
func TestSmallerThanCompressFlate(t *testing.T) {
	t.Parallel()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = data[:min(len(data), 1<<19)]
	packed := Bytes(data)
	if got := inflate(t, packed); !bytes.Equal(got, data) {
		t.Fatalf("%d bytes inflated, want the same %d", len(got), len(data))
	}
	var other bytes.Buffer
	w, err := gzip.NewWriterLevel(&other, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(data)
	_ = w.Close()
	if got, most := len(packed), other.Len()*96/100; got > most {
		t.Errorf("%d bytes, compress/flate makes %d: want at most %d", got, other.Len(), most)
	}
}

// Not parallel: it sets GOMAXPROCS.
func TestTheSameOnMoreProcessors(t *testing.T) {
	data := noise(segment+50_000, 30)
	before := runtime.GOMAXPROCS(1)
	one := Bytes(data)
	runtime.GOMAXPROCS(4)
	four := Bytes(data)
	runtime.GOMAXPROCS(before)
	if !bytes.Equal(one, four) {
		t.Errorf("%d bytes by one goroutine differ from %d by four", len(one), len(four))
	}
}

// fibonacci counts make the deepest trees.
func fibonacci(n int) []uint32 {
	counts := []uint32{1, 1}
	for len(counts) < n {
		counts = append(counts, counts[len(counts)-1]+counts[len(counts)-2])
	}
	return counts
}

func TestCodeLengths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		counts []uint32
		limit  int
		want   []uint8
	}{
		{"none", []uint32{0, 0}, 15, []uint8{0, 0}},
		{"one", []uint32{0, 5}, 15, []uint8{0, 1}},
		{"even", []uint32{3, 3, 3, 3}, 15, []uint8{2, 2, 2, 2}},
		{"uneven", []uint32{8, 4, 2, 1, 0}, 15, []uint8{1, 2, 3, 3, 0}},
		{"uneven, limited", []uint32{8, 4, 2, 1}, 2, []uint8{2, 2, 2, 2}},
		{"deep", fibonacci(9), 15, []uint8{8, 8, 7, 6, 5, 4, 3, 2, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := codeLengths(c.counts, c.limit)
			bits := func(lengths []uint8) (all uint32) {
				for i, n := range lengths {
					all += c.counts[i] * uint32(n)
				}
				return all
			}
			if bits(got) != bits(c.want) || int(slices.Max(got)) > c.limit {
				t.Errorf("lengths %d take %d bits, want %d with %d", got, bits(got), c.want, bits(c.want))
			}
		})
	}
}

// Every other code under the limit takes as many bits or more.
func TestCodeLengthsAreTheShortest(t *testing.T) {
	t.Parallel()
	const limit = 3
	for _, counts := range [][]uint32{{1, 1, 2, 3, 5}, {1, 1, 1, 1, 100}, {7, 7, 1, 1, 1}, {1, 2, 4, 8, 16}} {
		t.Run(fmt.Sprint(counts), func(t *testing.T) {
			t.Parallel()
			bits := func(lengths []uint8) (all, space uint32) {
				for i, n := range lengths {
					all += counts[i] * uint32(n)
					space += 1 << limit >> n
				}
				return all, space
			}
			lengths := codeLengths(counts, limit)
			got, space := bits(lengths)
			if space > 1<<limit || slices.Max(lengths) > limit {
				t.Errorf("lengths %d are not those of a prefix code of at most %d bits", lengths, limit)
			}
			for i := range 243 { // all of five lengths from 1 to 3
				other := []uint8{uint8(1 + i%3), uint8(1 + i/3%3), uint8(1 + i/9%3), uint8(1 + i/27%3), uint8(1 + i/81%3)}
				if want, space := bits(other); space <= 1<<limit && want < got {
					t.Errorf("lengths %d take %d bits, want no more than %d with %d", lengths, got, want, other)
				}
			}
		})
	}
}

func TestLog2(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint32]uint32{0: 0, 1: 0, 2: unit, 3: 101, 1000: 637, 1 << 31: 31 * unit} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			if got := log2(n); got != want {
				t.Errorf("log2(%d) = %d units, want %d", n, got, want)
			}
		})
	}
}

func FuzzBytes(f *testing.F) {
	for _, data := range samples() {
		f.Add(data[:min(len(data), 2000)], uint16(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, times uint16) {
		data = bytes.Repeat(data, 1+int(times)%50)
		if got := inflate(t, Bytes(data)); !bytes.Equal(got, data) {
			t.Errorf("%d bytes inflated, want the same %d", len(got), len(data))
		}
	})
}
