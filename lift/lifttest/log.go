package lifttest

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// A Log keeps what its Logger writes. It is safe for concurrent use.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Logger returns a logger that writes JSON lines of every level into l.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write keeps p.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns all that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Lines returns the lines with the message, under the key msg or message, and
// all lines for "".
func (l *Log) Lines(t testing.TB, message string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(l.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("log line %q is not JSON: %v", text, err)
		}
		if message == "" || line[slog.MessageKey] == message || line["message"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}

// Line returns the one line with the message, and fails the test when there is
// none or another.
func (l *Log) Line(t testing.TB, message string) map[string]any {
	t.Helper()
	lines := l.Lines(t, message)
	if len(lines) != 1 {
		t.Fatalf("%d log lines %q instead of one in:\n%s", len(lines), message, l)
	}
	return lines[0]
}
