package programtest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A witness notes how a test ends that asks for a program.
type witness struct {
	testing.TB
	skipped, failed string
}

func (*witness) Helper() {}

func (w *witness) Skip(args ...any) {
	w.skipped = fmt.Sprint(args...)
	runtime.Goexit()
}

func (w *witness) Fatal(args ...any) {
	w.failed = fmt.Sprint(args...)
	runtime.Goexit()
}

// seen runs a test with a PATH of folders in which a python3 has the modules.
func seen(t *testing.T, test func(testing.TB) string, pythons ...string) (path string, w *witness) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	top := t.TempDir()
	var folders []string
	for i, has := range pythons {
		folder := filepath.Join(top, fmt.Sprint(i))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		script := "#!/bin/sh\ntest \"$2\" = 'import " + has + "'\n"
		if err := os.WriteFile(filepath.Join(folder, "python3"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		folders = append(folders, folder)
	}
	t.Setenv("PATH", strings.Join(folders, string(filepath.ListSeparator)))
	w = &witness{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		path = test(w)
	}()
	<-done
	return strings.TrimPrefix(path, top+string(filepath.Separator)), w
}

func TestFound(t *testing.T) {
	boto := func(tb testing.TB) string { return Python(tb, "boto3", "websockets") }
	if path, w := seen(t, boto, "boto3", "boto3, websockets"); path != "1/python3" || w.skipped+w.failed != "" {
		t.Errorf("got %q, skipped %q, failed %q, want the second python3, which has both modules", path, w.skipped, w.failed)
	}
	curl := func(tb testing.TB) string { return Find(tb, "python3") }
	if path, w := seen(t, curl, "boto3"); path != "0/python3" || w.skipped+w.failed != "" {
		t.Errorf("got %q, skipped %q, failed %q, want the program in the PATH", path, w.skipped, w.failed)
	}
}

func TestMissing(t *testing.T) {
	for name, test := range map[string]struct {
		test func(testing.TB) string
		want string
	}{
		"a program": {func(tb testing.TB) string { return Find(tb, "curl") }, "curl is not installed: type .ci/setup strangers"},
		"a module": {func(tb testing.TB) string { return Python(tb, "websockets") },
			"Python with websockets is not installed: type .ci/setup strangers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("STREAMER_STRANGERS", "")
			if _, w := seen(t, test.test, "boto3"); w.skipped != test.want || w.failed != "" {
				t.Errorf("got skipped %q and failed %q, want skipped %q", w.skipped, w.failed, test.want)
			}
			t.Setenv("STREAMER_STRANGERS", "1")
			if _, w := seen(t, test.test, "boto3"); w.failed != test.want || w.skipped != "" {
				t.Errorf("got skipped %q and failed %q, want failed %q", w.skipped, w.failed, test.want)
			}
		})
	}
}

func TestLong(t *testing.T) {
	long := func(tb testing.TB) string {
		Long(tb)
		return "ran"
	}
	t.Setenv("STREAMER_STRANGERS", "")
	if ran, w := seen(t, long); ran != "" || w.skipped == "" {
		t.Errorf("got %q, skipped %q, want a skip", ran, w.skipped)
	}
	t.Setenv("STREAMER_STRANGERS", "1")
	if ran, w := seen(t, long); ran != "ran" || w.skipped+w.failed != "" {
		t.Errorf("got %q, skipped %q, want it to run", ran, w.skipped)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	got := Run(t, []string{"WORD=hello"}, "sh", "-c", "echo $WORD; echo no >&2; exit 3")
	if want := (Result{Code: 3, Stdout: "hello\n", Stderr: "no\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
