package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"

	"github.com/pay-theory/streamer/lift"
)

// How much of the functions' logs is kept.
const (
	ringLines   = 5000
	ringMaxLine = 16 << 10 // bytes; a longer line is left out
)

// A logRing keeps the last lines that functions logged as JSON. Lift leaves
// credentials out of them before they come here. It is safe for concurrent use.
type logRing struct {
	mu   sync.Mutex
	kept []json.RawMessage // at most ringLines; the oldest is at next once it is full
	next int
}

// Write keeps the lines of p that may name a correlation id and a tenant: to decode them
// is left to the few that are asked for. What is before the JSON of a line, such as the
// function's name, is left out. It always succeeds.
func (l *logRing) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		line = line[max(bytes.IndexByte(line, '{'), 0):]
		if len(line) > ringMaxLine {
			continue
		}
		if bytes.Contains(line, []byte(`"correlation_id":`)) && bytes.Contains(line, []byte(`"tenant":`)) {
			l.put(bytes.Clone(bytes.TrimSpace(line)))
		}
	}
	return len(p), nil
}

// namesOf reads the members of a JSON object by their exact names; one that is not a
// text is as its JSON. Of two with the same name the first counts: it is the one of the
// logger that an action was given, and the next may be what a client sent.
func namesOf(line []byte) map[string]string {
	names := map[string]string{}
	in := json.NewDecoder(bytes.NewReader(line))
	if start, err := in.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil
		}
		key, _ := name.(string)
		if _, twice := names[key]; twice {
			continue
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		names[key] = text
	}
	if _, err := in.Token(); err != nil { // the closing brace
		return nil
	}
	return names
}

func (l *logRing) put(line json.RawMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) < ringLines {
		l.kept = append(l.kept, line)
		return
	}
	l.kept[l.next] = line
	l.next = (l.next + 1) % ringLines
}

// lines returns what a tenant's calls logged under a correlation id, oldest first, without
// metrics. A line without a tenant is shown to no operator: a correlation id is the client's
// choice, so that it does not tell whose the line is.
func (l *logRing) lines(correlationID, tenant string) []json.RawMessage {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := []json.RawMessage{}
	for i := range l.kept {
		line := l.kept[(l.next+i)%len(l.kept)]
		if !mayHave(line, correlationID) || !mayHave(line, tenant) {
			continue
		}
		names := namesOf(line)
		if names["correlation_id"] == correlationID && names["tenant"] == tenant && names["_aws"] == "" {
			found = append(found, line)
		}
	}
	return found
}

// mayHave reports false for a line that certainly has no such text, as loggers write it.
func mayHave(line []byte, text string) bool {
	escaped := strings.ContainsFunc(text, func(r rune) bool { // or may be
		return r > '~' || r < ' ' || strings.ContainsRune(`"\/<>&`, r)
	})
	return escaped || bytes.Contains(line, []byte(text))
}

// tee returns a logger that writes where logger does and into the ring.
func (l *logRing) tee(logger *slog.Logger) *slog.Logger {
	ring := lift.NewLogger(lift.LogConfig{Writer: l, Level: slog.LevelInfo, Format: lift.LogJSON})
	return slog.New(teeHandler{logger.Handler(), ring.Handler()})
}

// A teeHandler hands each record to two handlers.
type teeHandler [2]slog.Handler

func (h teeHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h[0].Enabled(ctx, level) || h[1].Enabled(ctx, level)
}

func (h teeHandler) Handle(ctx context.Context, r slog.Record) error {
	var faults []error
	for _, to := range h {
		if to.Enabled(ctx, r.Level) {
			faults = append(faults, to.Handle(ctx, r.Clone()))
		}
	}
	return errors.Join(faults...)
}

func (h teeHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return teeHandler{h[0].WithAttrs(attrs), h[1].WithAttrs(attrs)}
}

func (h teeHandler) WithGroup(name string) slog.Handler {
	return teeHandler{h[0].WithGroup(name), h[1].WithGroup(name)}
}
