package main

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/measure/bench/result"
)

func TestParseBenchmark(t *testing.T) {
	t.Parallel()
	const head = "goos: linux\ngoarch: amd64\npkg: github.com/pay-theory/streamer/lift\n"
	for name, tt := range map[string]struct {
		text string
		want benchmark
	}{
		"several processors": {head + "BenchmarkDispatch/lift-2 \t   20000\t      5310 ns/op\t 384.91 MB/s\t    3265 B/op\t      15 allocs/op\nPASS\n",
			benchmark{5310, 15}},
		"the least of several": {head + "BenchmarkDispatch/lift-2 \t 500\t 5310 ns/op\t 384.91 MB/s\t 3265 B/op\t 15 allocs/op\n" +
			"BenchmarkDispatch/lift-2 \t 500\t 3310 ns/op\t 384.91 MB/s\t 3265 B/op\t 16 allocs/op\n" +
			"BenchmarkDispatch/lift-2 \t 500\t 9310 ns/op\t 384.91 MB/s\t 3265 B/op\t 17 allocs/op\nPASS\n", benchmark{3310, 15}},
		"one processor": {head + "BenchmarkDispatch/lift \t 20000\t 931.5 ns/op\t 2194.10 MB/s\t 0 B/op\t 0 allocs/op\nPASS\n", benchmark{931.5, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseBenchmark(tt.text)
			if err != nil || got != tt.want {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
	for name, text := range map[string]string{
		"no benchmark of that name": "PASS\n",
		"another one":               "BenchmarkDecode/lift-2 \t 20000\t 5310 ns/op\t 3265 B/op\t 15 allocs/op\n",
		"no allocations":            "BenchmarkDispatch/lift-2 \t 20000\t 5310 ns/op\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := parseBenchmark(text); err == nil {
				t.Errorf("got %v, want an error", got)
			}
		})
	}
}

// start is a cold start that takes so many ms, a third of it the init.
func start(ms, faults int) result.Start {
	took := time.Duration(ms) * time.Millisecond
	return result.Start{Init: took / 3, First: took - took/3, InitCPU: took / 10, FirstCPU: took / 10, Faults: faults}
}

func TestComparison(t *testing.T) {
	t.Parallel()
	p := pair{{zips: map[string]int64{"connect": 1000, "disconnect": 1000, "router": 1000, "processor": 1000}},
		{zips: map[string]int64{"connect": 945, "disconnect": 946, "router": 700, "processor": 1200}}}
	cold := compareColdStarts(map[string]*[2][]result.Start{
		"connect": {{start(90, 300), start(120, 310), start(300, 320)}, {start(60, 200), start(90, 210), start(99, 220)}}, // its medians count
		"enqueue": {{start(150, 400)}, {start(30, 400)}},
	})
	lines := append(append(p.zips(), cold...), comparison{"allocations", 15, 15, 0, allocationsGoal})
	var out bytes.Buffer
	if err := printComparison(&out, "abc1234", lines); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"abc1234 now ratio at most",
		"zip of connect, bytes 1000 945 0.945 0.945 met",
		"zip of disconnect, bytes 1000 946 0.946 0.945 missed",
		"zip of router, bytes 1000 700 0.700 0.945 met",
		"zip of processor, bytes 1000 1200 1.200 0.945 missed",
		"CPU of the cold start of connect, ms 24.00 18.00 0.750",
		"CPU of the cold start of enqueue, ms 30.00 6.00 0.200",
		"page faults of the cold start of connect 310 210 0.677",
		"page faults of the cold start of enqueue 400 400 1.000",
		"cold start of connect at the CPU of 128 MB, ms 120.0 90.0 0.750",
		"cold start of enqueue at the CPU of 128 MB, ms 150.0 30.0 0.200",
		"the slowest cold start, ms 150.0 90.0 0.600 0.85 met", // of each version its own slowest
		"allocations 15 15 1.000 1 met",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the comparison is not as wanted (-want +got):\n%s", diff)
	}
}

// A commit that cannot be compared is refused before anything is built.
func TestExport(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...)
		cmd.Dir = root
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, text)
		}
	}
	write := func(path string) {
		t.Helper()
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("of the commit"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "--quiet")
	for _, path := range wanted[:3] {
		write(path)
	}
	git("add", ".")
	git("commit", "--quiet", "--message", "old")
	for _, path := range wanted {
		write(path)
	}
	git("add", ".")
	git("commit", "--quiet", "--message", "new")

	for commit, want := range map[string]string{
		"HEAD~1": "the commit HEAD~1 has no cmd/connect/main.go, which the comparison needs: name a newer one with --base",
		"v9.9.9": `"v9.9.9" is not a commit of this repository: name one with --base, and fetch it first in a shallow clone`,
	} {
		t.Run(commit, func(t *testing.T) {
			if err := export(t.Context(), root, commit, filepath.Join(t.TempDir(), "base")); err == nil || err.Error() != want {
				t.Errorf("got the error %v, want %s", err, want)
			}
		})
	}
	t.Run("HEAD", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "base")
		if err := export(t.Context(), root, "HEAD", folder); err != nil {
			t.Fatal(err)
		}
		for _, path := range wanted {
			if text, err := os.ReadFile(filepath.Join(folder, path)); err != nil || string(text) != "of the commit" {
				t.Errorf("got %q, %v in %s, want the commit's file", text, err, path)
			}
		}
	})
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bootstrap", "main"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packed, path := filepath.Join(t.TempDir(), "f.zip"), filepath.Join(t.TempDir(), "f")
			file, err := os.Create(packed)
			if err != nil {
				t.Fatal(err)
			}
			w := zip.NewWriter(file)
			entry, err := w.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := entry.Write([]byte("#!/bin/sh")); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			err = unpack(packed, path)
			if name != "bootstrap" {
				if err == nil {
					t.Error("got no error of a zip without bootstrap, want one")
				}
				return
			}
			info, statErr := os.Stat(path)
			if err != nil || statErr != nil || info.Mode().Perm()&0o100 == 0 || info.Size() != 9 {
				t.Errorf("got %v and %v, %v, want a binary of 9 bytes that can run", err, info, statErr)
			}
		})
	}
}
