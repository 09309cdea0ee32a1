package profilecsv

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions/internal/actiontest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// testProfiler takes a checkpoint and tells of progress at the end of every small block.
func testProfiler(files string) streamer.Action {
	return action(profiler{files: files, block: 4096})
}

// paced is testProfiler that begins a block only when the checkpoint before it
// is on its way to the store, so that a test chooses where it is interrupted.
func paced(files string, store *actiontest.Store) streamer.Action {
	c := profiler{files: files, block: 4096}
	config := streamer.ActionConfig{Name: "profile_csv", Long: true}
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, in csvInput) (csvProfile, error) {
		return c.run(pacedContext{ctx, store.CheckpointSent()}, job, in)
	})
}

// A pacedContext is asked for its error once a block.
type pacedContext struct {
	context.Context
	sent <-chan struct{}
}

func (c pacedContext) Err() error {
	select {
	case <-c.sent:
	case <-c.Done():
	}
	return c.Context.Err()
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestProfileCSVOfTextAndFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "sub", "x.csv"), "a;b\n1;x\n3;-\n")
	if err := os.Symlink("sub/x.csv", filepath.Join(dir, "inside.csv")); err != nil {
		t.Fatal(err)
	}
	w := actiontest.New(t, actiontest.NewStore(t), testProfiler(dir))
	const want = `{"rows":2,"bytes":12,"short_rows":0,"long_rows":0,"columns":[` +
		`{"name":"a","type":"integer","nulls":0,"distinct":2,"distinct_exact":true,"min":1,"max":3,"mean":2,` +
		`"percentiles":{"p1":1.02,"p5":1.1,"p25":1.5,"p50":2,"p75":2.5,"p95":2.9,"p99":2.98}},` +
		`{"name":"b","type":"text","nulls":1,"distinct":1,"distinct_exact":true,"min":"x","max":"x","mean":null,"percentiles":null}]}`
	for id, source := range map[string]string{"text": `"text":"a;b\n1;x\n3;-\n"`, "file": `"file":"sub/x.csv"`,
		"link": `"file":"inside.csv"`} {
		t.Run(id, func(t *testing.T) {
			r := w.Finish(t, id, "profile_csv", `{`+source+`,"delimiter":";","header":true,"nulls":["-"]}`)
			actiontest.WantState(t, r, request.Succeeded)
			if string(r.Result) != want {
				t.Errorf("%s: the result is\n%s\nwant\n%s", id, r.Result, want)
			}
		})
	}
	frames := w.Connections.Progress()
	if len(frames) == 0 {
		t.Fatal("there was no progress")
	}
	last := frames[len(frames)-1]
	if last.Percentage != 100 || last.Message != "2 rows" || string(last.Metadata) != `{"rows":2,"bytes":12,"size":12}` {
		t.Errorf("the last progress is %v %q %s", last.Percentage, last.Message, last.Metadata)
	}
	actiontest.WantState(t, w.Finish(t, "one", "profile_csv", `{"text":"a\n1\n","header":true}`), request.Succeeded)
	frames = w.Connections.Progress()
	if last := frames[len(frames)-1]; last.Message != "1 row" {
		t.Errorf("got the progress %q of one row, want 1 row", last.Message)
	}
}

func TestProfileCSVRefuses(t *testing.T) {
	t.Parallel()
	w := actiontest.New(t, actiontest.NewStore(t), testProfiler(t.TempDir()))
	for payload, field := range map[string]string{
		`{}`:                            "text",
		`{"text":"a","file":"b"}`:       "file",
		`{"file":"../x.csv"}`:           "file",
		`{"file":"sub/../../x.csv"}`:    "file",
		`{"file":"/etc/passwd"}`:        "file",
		`{"text":"a","delimiter":";;"}`: "delimiter",
		`{"text":"a","delimiter":"\""}`: "delimiter",
		`{"text":"a","delimiter":"\n"}`: "delimiter",
		`{"text":"a","delimeter":";"}`:  "",
		`{"text":5}`:                    "",
		`{"text":"a","header":"yes"}`:   "",
		`{"text":"a","nulls":["` + strings.Repeat(`","`, maxNulls) + `"]}`:     "nulls",
		`{"text":"a","columns":["` + strings.Repeat(`","`, maxColumns) + `"]}`: "columns",
	} {
		t.Run(payload[:min(len(payload), 40)], func(t *testing.T) { w.WantRefused(t, "profile_csv", payload, field) })
	}
}

// What can only be found out when the action runs: it fails at once, is not
// tried again, and tells nothing of the machine.
func TestProfileCSVFiles(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	write(t, filepath.Join(outside, "secret.csv"), "a\nsecret\n")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x.csv"), "a\n\"1\n")
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(outside, "secret.csv"), "absolute.csv")
	link(filepath.Join("..", filepath.Base(outside), "secret.csv"), "relative.csv")
	link(outside, "folder")
	link("loop.csv", "loop.csv")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.csv"), 0o644); err != nil {
		t.Fatal(err)
	}
	w := actiontest.New(t, actiontest.NewStore(t), testProfiler(dir))
	for name, code := range map[string]wire.Code{
		"absolute.csv":      wire.ValidationError,
		"relative.csv":      wire.ValidationError,
		"folder/secret.csv": wire.ValidationError,
		"loop.csv":          wire.ValidationError,
		"pipe.csv":          wire.ValidationError,
		".":                 wire.ValidationError,
		"absent.csv":        wire.NotFound,
		"x.csv/y.csv":       wire.NotFound,
		"x.csv":             wire.ProcessingFailed,
	} {
		t.Run(name, func(t *testing.T) {
			r := w.Finish(t, strings.ReplaceAll(name, "/", "_"), "profile_csv", `{"file":"`+name+`"}`)
			actiontest.WantState(t, r, request.Failed)
			if r.Error.Code != code || r.Attempt != 1 {
				t.Errorf("%s: attempt %d ended with %s, want %s", name, r.Attempt, r.Error.Code, code)
			}
			if strings.Contains(r.Error.Message, dir) || strings.Contains(r.Error.Message, outside) ||
				strings.Contains(r.Error.Message, "secret\n") {
				t.Errorf("%s: the message tells of the machine: %s", name, r.Error.Message)
			}
		})
	}
	none := actiontest.New(t, actiontest.NewStore(t), testProfiler(""))
	if r := none.Finish(t, "r", "profile_csv", `{"file":"x.csv"}`); r.Error == nil || r.Error.Code != wire.ValidationError {
		t.Errorf("without a folder of files the error is %+v", r.Error)
	}
}

func TestFileErrors(t *testing.T) {
	t.Parallel()
	if public, ok := errors.AsType[*streamer.Error](fileError("x", os.ErrPermission)); !ok || public.Code != wire.Forbidden {
		t.Errorf("no permission: got %v, want FORBIDDEN", public)
	}
	if public, ok := errors.AsType[*streamer.Error](fileError("x", &os.PathError{Op: "open", Err: syscall.EMFILE})); ok {
		t.Errorf("a transient failure: got the public error %v, want an internal one", public)
	}
	_, err := openSource(filepath.Join(t.TempDir(), "absent"), csvInput{File: "x"})
	if _, ok := errors.AsType[*streamer.Error](err); err == nil || ok {
		t.Errorf("without the folder: got %v, want an internal error", err)
	}
}

// The process is killed again and again, at a random one of the writes that
// carry a checkpoint. What was written before is all that the next one has; the
// result is that of a run that was never interrupted.
func TestProfileCSVSurvivesKills(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x.csv"), randomCSV(rand.New(rand.NewPCG(5, 5)), 2500))
	const payload = `{"file":"x.csv"}`
	calm := actiontest.New(t, actiontest.NewStore(t), testProfiler(dir))
	want := calm.Finish(t, "calm", "profile_csv", payload)
	actiontest.WantState(t, want, request.Succeeded)

	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 6))
			store := actiontest.NewStore(t)
			w := actiontest.New(t, store, paced(dir, store))
			w.Heartbeat = time.Millisecond
			if _, err := w.Submit(t, "r", "profile_csv", payload); err != nil {
				t.Fatal(err)
			}
			kills := 0
			for ; kills < 1000; kills++ {
				checkpoints := kills%2 + rng.IntN(3) // that this life stores
				store.Restart(func(c request.Change) bool {
					if c.Set.Checkpoint != nil {
						checkpoints--
					}
					if checkpoints >= 0 {
						return false
					}
					w.Clock.Advance(time.Hour) // so the lease has run out
					return true
				})
				if err := w.Run(t.Context(), actiontest.Ada.Key("r"), time.Time{}); err != nil && !errors.Is(err, actiontest.ErrKilled) {
					t.Fatal(err)
				}
				store.Restart(nil)
				if w.Load(t, "r").State.Final() {
					break
				}
				if _, err := w.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			r := w.Load(t, "r")
			actiontest.WantState(t, r, request.Succeeded)
			if string(r.Result) != string(want.Result) {
				t.Errorf("after %d kills the result is\n%s\nwant\n%s", kills, r.Result, want.Result)
			}
			if kills < 10 {
				t.Errorf("it was killed only %d times", kills)
			}
			t.Logf("killed %d times", kills)
		})
	}
}

// Slices end in the middle; the work is continued, not retried.
func TestProfileCSVGoesOnInAnotherSlice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x.csv"), randomCSV(rand.New(rand.NewPCG(9, 9)), 1000))
	calm := actiontest.New(t, actiontest.NewStore(t), testProfiler(dir))
	want := calm.Finish(t, "calm", "profile_csv", `{"file":"x.csv"}`)
	store := actiontest.NewStore(t)
	w := actiontest.New(t, store, paced(dir, store))
	w.Heartbeat = time.Millisecond
	if _, err := w.Submit(t, "r", "profile_csv", `{"file":"x.csv"}`); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		r := runToCheckpoint(t, w, "r")
		if r.State.Final() {
			break
		}
		actiontest.WantState(t, r, request.Queued)
	}
	r := w.Load(t, "r")
	actiontest.WantState(t, r, request.Succeeded)
	if string(r.Result) != string(want.Result) || r.Slices < 5 || r.Attempt != 1 {
		t.Errorf("after %d slices in attempt %d the result is\n%s\nwant\n%s", r.Slices, r.Attempt, r.Result, want.Result)
	}
}

// runToCheckpoint ends the slice when the first checkpoint is on its way to the
// store.
func runToCheckpoint(t *testing.T, w *actiontest.Harness, id string) *request.Request {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.Store.Restart(func(c request.Change) bool {
		if c.Set.Checkpoint != nil {
			cancel()
		}
		return false
	})
	return w.RunOnce(t, ctx, id)
}

// A file that changes meanwhile is not profiled half old, half new.
func TestProfileCSVOfAFileThatChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.csv")
	write(t, path, randomCSV(rand.New(rand.NewPCG(9, 9)), 1000))
	store := actiontest.NewStore(t)
	w := actiontest.New(t, store, paced(dir, store))
	w.Heartbeat = time.Millisecond
	if _, err := w.Submit(t, "r", "profile_csv", `{"file":"x.csv"}`); err != nil {
		t.Fatal(err)
	}
	r := runToCheckpoint(t, w, "r")
	actiontest.WantState(t, r, request.Queued)
	if len(r.Checkpoint) == 0 {
		t.Fatal("the slice left no checkpoint")
	}
	grow(t, path)
	store.Restart(nil)
	r = w.RunOnce(t, t.Context(), "r")
	actiontest.WantState(t, r, request.Failed)
	if r.Error.Code != wire.ProcessingFailed || !strings.Contains(r.Error.Message, "the file changed while it was read") || r.Attempt != 1 {
		t.Errorf("attempt %d ended with %+v", r.Attempt, r.Error)
	}
}

func grow(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("1,2\n"); err != nil {
		t.Fatal(err)
	}
}

func TestSourceThatChangesWhileItIsOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x.csv"), "a\n1\n")
	src, err := openSource(dir, csvInput{File: "x.csv"})
	if err != nil {
		t.Fatal(err)
	}
	if err := src.check(); err != nil {
		t.Errorf("untouched: %v", err)
	}
	grow(t, filepath.Join(dir, "x.csv"))
	if public, ok := errors.AsType[*streamer.Error](src.check()); !ok || public.Code != wire.ProcessingFailed {
		t.Errorf("changed: got %v, want PROCESSING_FAILED", public)
	}
	src.Close()
	if err := src.check(); err == nil {
		t.Error("closed: got no error, want one")
	}
}

// orders writes a CSV of ten columns such as a shop would have, of about size
// bytes.
func orders(t testing.TB, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	rng := rand.New(rand.NewPCG(11, 11))
	written, _ := io.WriteString(w, "order_id,customer,amount,currency,quantity,paid,ordered_on,shipped_at,note,score\n")
	for total, i := int64(written), 0; total < size; i++ {
		n, err := fmt.Fprintf(w, "%d,customer-%d,%.2f,%s,%d,%v,2026-%02d-%02d,2026-03-04T%02d:%02d:%02dZ,\"note, %d\",%.6f\n",
			1_000_000+i, rng.IntN(50_000), rng.ExpFloat64()*100, []string{"USD", "EUR", "CHF"}[rng.IntN(3)], 1+rng.IntN(9), rng.IntN(2) == 0,
			1+rng.IntN(12), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), rng.IntN(60), rng.IntN(1000), rng.NormFloat64())
		if err != nil {
			t.Fatal(err)
		}
		total += int64(n)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// heapWhile profiles a file and returns the most that was live at a block's end.
func heapWhile(t *testing.T, path string) uint64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := newProfile(f, withHeader, nil)
	if err != nil {
		t.Fatal(err)
	}
	var most uint64
	for more := true; more; {
		if more, err = p.block(256 << 10); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		most = max(most, stats.HeapAlloc)
	}
	return most
}

// Not parallel: it looks at the heap of the whole process.
func TestProfileMemoryIsConstant(t *testing.T) {
	dir := t.TempDir()
	small, large := filepath.Join(dir, "small.csv"), filepath.Join(dir, "large.csv")
	orders(t, small, 512<<10)
	orders(t, large, 5<<20)
	heapWhile(t, small) // whatever is allocated once
	one, ten := heapWhile(t, small), heapWhile(t, large)
	t.Logf("live heap: %d KiB for 0.5 MiB, %d KiB for 5 MiB", one>>10, ten>>10)
	if ten > one+1<<20 {
		t.Errorf("the live heap grows with the file: %d bytes for 0.5 MiB, %d for 5 MiB", one, ten)
	}
}

func BenchmarkProfile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "orders.csv")
	orders(b, path, 16<<20)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var rows uint64
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		p, err := newProfile(f, withHeader, nil)
		for more := true; more && err == nil; {
			more, err = p.block(blockBytes)
		}
		if err != nil {
			b.Fatal(err)
		}
		rows += p.rows
		f.Close()
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(rows), "allocs/row")
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
