//go:build linux

package stack

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// stopped reports whether the kernel says that every thread of a process is.
func stopped(t *testing.T, pid int) bool {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		stat, err := os.ReadFile(task)
		if _, state, ok := strings.Cut(string(stat), ") "); err != nil || !ok || state[0] != 'T' {
			return false
		}
	}
	return len(tasks) > 0
}

// A function that leaves a goroutine writing stands still with it, and its rows
// turn up in the time of another request. The stack is of a template and commands
// of the test's own, whose settings are seen too.
func TestFreezeCatchesWhatIsLeftRunning(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs a function")
	}
	dynamodbtest.Binary(t) // or skip
	var out lifttest.Log
	reports := make(chan lambda.Report, 10)
	app := filepath.Join("testdata", "app")
	stack, err := StartStaging(t.Context(), StagingConfig{Source: app, Template: filepath.Join(app, "template.yaml"),
		Parameters: map[string]string{"Memory": "256"},
		Cache:      filepath.Join("..", ".cache", "dynoxide"), Logger: slog.New(slog.DiscardHandler), Output: &out,
		OnReport: func(r lambda.Report) { reports <- r }})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, stack)
	get := func(path string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, stack.HTTPURL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	get("/leak")
	pid := (<-reports).PID
	for range 100_000 {
		if stopped(t, pid) {
			break
		}
		runtime.Gosched()
	}
	// A process that ran would write a row each millisecond.
	same, text := 0, ""
	for range 1_000_000 {
		if now := out.String(); now != text {
			same, text = 0, now // what the pipe still held
		} else if same++; same == 10_000 {
			break
		}
	}
	if same < 10_000 {
		t.Fatal("it goes on writing while it is frozen")
	}
	get("/work")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	t.Log("\n" + strings.Join(lines, "\n"))
	begins, answers := slices.Index(lines, "streamer-Leaky: request 2 begins"), slices.Index(lines, "streamer-Leaky: request 2 answers")
	if begins < 0 || answers < begins+2 || !strings.Contains(strings.Join(lines[begins:answers], "\n"), "request 1 writes row ") {
		t.Error("no row of the first request was written in the time of the second")
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "staging.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "## What the freeze shows")
	_, shown, _ = strings.Cut(shown, "```text\n")
	shown, _, _ = strings.Cut(shown, "\n```")
	if got, want := shape(lines), shape(strings.Split(shown, "\n")); !slices.Equal(got, want) {
		t.Errorf("docs/staging.md shows %q; it is %q", want, got)
	}

	if status, body := get("/about"); status != http.StatusOK || body != `{"greeting":"hello from streamer","memory":"256"}` {
		t.Errorf("got %d %s, want 200, the greeting and 256 MB", status, body)
	}
	<-reports
	<-reports
	status, body := get("/hang")
	r := <-reports
	timeout, ok := errors.AsType[*lambda.TimeoutError](r.Err)
	if status != http.StatusInternalServerError || !ok || timeout.After != time.Second {
		t.Errorf("after its time limit: got %d %s, %v; want 500 and a timeout of 1 s", status, body, r.Err)
	}
}

var number = regexp.MustCompile(`row \d+`)

// shape is what does not depend on time: which lines come one after another,
// between the first row that was written late and the answer.
func shape(lines []string) []string {
	var out []string
	begun := false
	for _, line := range lines {
		row := strings.Contains(line, " row ")
		if begun = begun || strings.Contains(line, "request 2 begins"); row && !begun {
			continue
		}
		if line = number.ReplaceAllString(line, "row N"); len(out) == 0 || out[len(out)-1] != line {
			out = append(out, line)
		}
		if strings.Contains(line, "request 2 answers") {
			break
		}
	}
	return out
}
