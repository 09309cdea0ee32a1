package function_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/measure/bench/function"
)

// floor builds the bare function.
func floor(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "floor")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../floor")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

func start(t *testing.T, config function.Config) *function.Process {
	t.Helper()
	p, err := function.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func TestProcess(t *testing.T) {
	t.Parallel()
	p := start(t, function.Config{Name: "floor", Path: floor(t)})
	init, err := p.Ready(t.Context())
	if err != nil || init <= 0 {
		t.Fatalf("ready after %v, %v", init, err)
	}
	before, err := p.Usage()
	if err != nil || before.CPU <= 0 || before.Resident < 1<<20 || before.Peak < before.Resident {
		t.Fatalf("usage %+v, %v", before, err)
	}
	for _, event := range []string{`{"n":1}`, `{"n":2}`} {
		out, took, err := p.Invoke(t.Context(), []byte(event))
		if err != nil || !bytes.Equal(out, []byte(event)) || took <= 0 {
			t.Errorf("%s answered with %s after %v, %v", event, out, took, err)
		}
	}
	if after, err := p.Usage(); err != nil || after.CPU <= before.CPU {
		t.Errorf("usage %+v after %+v, %v", after, before, err)
	}
}

// An error comes with what the function printed.
func TestFaults(t *testing.T) {
	t.Parallel()
	script := func(text string) string {
		path := filepath.Join(t.TempDir(), "bootstrap")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	dies := start(t, function.Config{Name: "dies", Path: script("echo no table >&2; exit 3")})
	if _, err := dies.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 3") ||
		!strings.Contains(err.Error(), "no table") {
		t.Errorf("a function that ends: %v", err)
	}
	hangs := start(t, function.Config{Name: "hangs", Path: script("exec sleep 600")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := hangs.Ready(ctx); err == nil {
		t.Error("a function that asks for nothing is ready")
	}
	if _, err := function.Start(function.Config{Name: "none", Path: "./none"}); err == nil {
		t.Error("there is no such binary")
	}
}

// A function with a share of a CPU takes longer than its CPU time.
func TestQuota(t *testing.T) {
	quota, err := function.NewQuota(128)
	if err != nil {
		t.Skipf("no right to make control groups: %v", err)
	}
	defer func() {
		if err := quota.Close(); err != nil {
			t.Error(err)
		}
	}()
	p := start(t, function.Config{Name: "floor", Path: floor(t), Quota: quota})
	defer p.Stop() // before the group goes
	init, err := p.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	usage, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	// At most 1.447 ms of each 20 ms, the first of which may have been under way.
	if least := (usage.CPU - 3*time.Millisecond) * 1769 / 128 / 2; init < least {
		t.Errorf("%v of CPU took %v, less than %v", usage.CPU, init, least)
	}
}
