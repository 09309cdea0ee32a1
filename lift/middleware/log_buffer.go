package middleware

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// LogBufferConfig says what a [LogBuffer] holds back.
type LogBufferConfig struct {
	Level slog.Level // lines below it are not even held. Default: debug
	Lines int        // how many lines of an event are held; then the oldest goes. Default: 200
	Bytes int        // about how many bytes of an event are held. Default: 64 KiB

	// Sample is the share of events, from 0 to 1, all of whose lines are written
	// at once.
	Sample float64
}

// LogBuffer holds back the lines of an event that are below the level of its
// logger, and writes them when the event fails, when its handler panics, and
// when the time to answer is up, in their order and with their own times; what
// comes after that is written at once. The lines of an event that goes well are
// dropped. So a failure is logged in full, and success costs nothing in
// CloudWatch.
//
// Values are encoded when the line is logged: what a handler changes later does
// not change the line.
func LogBuffer(cfg LogBufferConfig) lift.Middleware {
	if cfg.Lines < 0 || cfg.Bytes < 0 || cfg.Sample < 0 || cfg.Sample > 1 {
		panic(fmt.Sprintf("lift/middleware: LogBuffer with Lines %d, Bytes %d, Sample %v", cfg.Lines, cfg.Bytes, cfg.Sample))
	}
	if cfg.Level == 0 {
		cfg.Level = slog.LevelDebug
	}
	if cfg.Lines == 0 {
		cfg.Lines = 200
	}
	if cfg.Bytes == 0 {
		cfg.Bytes = 64 << 10
	}
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			buf := &logBuffer{cfg: cfg, open: cfg.Sample > 0 && rand.Float64() < cfg.Sample}
			e.WrapLog(func(h slog.Handler) slog.Handler { return &bufferHandler{h, buf} })
			if !e.Deadline.IsZero() {
				buf.timer = time.AfterFunc(time.Until(e.Deadline), func() { buf.flush(ctx) })
			}
			panicked := true // which flushes, too
			defer func() {
				if panicked {
					buf.end(ctx, true)
				}
			}()
			res, err := next.Handle(ctx, e)
			panicked = false
			if err == nil && res.Streams() {
				buf.atEnd(ctx, e, res)
			} else {
				outcome := lift.OutcomeOf(e, res, err)
				buf.end(ctx, outcome.Failed || outcome.Refused)
			}
			return res, err
		})
	}
}

// logBuffer is the held lines of one event. It is full of lines, open after it
// has been flushed, or closed, when the event is done.
type logBuffer struct {
	cfg   LogBufferConfig
	timer *time.Timer // nil without a deadline

	mu      sync.Mutex
	open    bool
	closed  bool
	lines   []heldLine
	bytes   int
	dropped int
}

type heldLine struct {
	handler slog.Handler
	record  slog.Record
	bytes   int
}

func (b *logBuffer) atEnd(ctx context.Context, e *lift.Event, res *lift.Response) {
	res.AtEnd(func(_ int64, err error) {
		outcome := lift.OutcomeOf(e, res, err)
		b.end(ctx, outcome.Failed || outcome.Refused)
	})
}

func (b *logBuffer) end(ctx context.Context, failed bool) {
	if b.timer != nil {
		b.timer.Stop()
	}
	if failed {
		b.flush(ctx)
	}
	b.close()
}

// flush writes the held lines and lets pass all that follow.
func (b *logBuffer) flush(ctx context.Context) {
	b.mu.Lock()
	lines, dropped := b.lines, b.dropped
	if b.open || b.closed {
		lines, dropped = nil, 0
	}
	b.lines, b.open = nil, true
	b.mu.Unlock()
	if dropped > 0 && len(lines) > 0 {
		r := slog.NewRecord(lines[0].record.Time, slog.LevelWarn, "held log lines dropped", 0)
		r.AddAttrs(slog.Int("lines", dropped))
		_ = lines[0].handler.Handle(ctx, r)
	}
	for _, line := range lines {
		_ = line.handler.Handle(ctx, line.record) // slog's own loggers drop this error too
	}
}

func (b *logBuffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines, b.closed = nil, true
}

// takes reports whether a line of the level is held or, in an open buffer,
// written.
func (b *logBuffer) takes(level slog.Level) bool {
	if level < b.cfg.Level {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.closed
}

// add holds a line, and reports false when it is to be written instead.
func (b *logBuffer) add(h slog.Handler, r slog.Record) bool {
	held := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	size := len(r.Message)
	r.Attrs(func(attr slog.Attr) bool {
		attr = settle(attr)
		size += attrSize(attr)
		held.AddAttrs(attr)
		return true
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.open:
		return false
	case b.closed:
		return true
	}
	b.lines = append(b.lines, heldLine{h, held, size})
	b.bytes += size
	for len(b.lines) > b.cfg.Lines || b.bytes > b.cfg.Bytes {
		b.bytes -= b.lines[0].bytes
		b.lines = b.lines[1:]
		b.dropped++
	}
	return true
}

// settle returns the attribute with values that no longer change.
func settle(attr slog.Attr) slog.Attr {
	value := attr.Value.Resolve()
	switch value.Kind() {
	case slog.KindGroup:
		members := make([]slog.Attr, len(value.Group()))
		for i, member := range value.Group() {
			members[i] = settle(member)
		}
		value = slog.GroupValue(members...)
	case slog.KindAny:
		switch v := value.Any().(type) {
		case error:
			value = slog.StringValue(v.Error())
		case http.Header:
			value = slog.AnyValue(v.Clone())
		case url.Values:
			value = slog.AnyValue(url.Values(http.Header(v).Clone()))
		case map[string]string:
			value = slog.AnyValue(maps.Clone(v))
		case map[string]any:
			// Still a map, since the logger may leave out some of its keys.
			fixed := make(map[string]any, len(v))
			for key, member := range v {
				fixed[key] = encoded(member)
			}
			value = slog.AnyValue(fixed)
		default:
			value = slog.AnyValue(encoded(v))
		}
	}
	return slog.Attr{Key: attr.Key, Value: value}
}

func encoded(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		text, _ = json.Marshal("!ERROR:" + err.Error()) // as slog writes it
	}
	return text
}

func attrSize(attr slog.Attr) int {
	size := len(attr.Key) + 16
	switch attr.Value.Kind() {
	case slog.KindString:
		size += len(attr.Value.String())
	case slog.KindGroup:
		for _, member := range attr.Value.Group() {
			size += attrSize(member)
		}
	case slog.KindAny:
		switch v := attr.Value.Any().(type) {
		case json.RawMessage:
			size += len(v)
		case http.Header, url.Values, map[string]string, map[string]any:
			size += len(encoded(v))
		}
	}
	return size
}

// A bufferHandler holds back what the handler inside is not enabled for.
type bufferHandler struct {
	slog.Handler
	buf *logBuffer
}

func (h *bufferHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.Handler.Enabled(ctx, level) || h.buf.takes(level)
}

func (h *bufferHandler) Handle(ctx context.Context, r slog.Record) error {
	if !h.Handler.Enabled(ctx, r.Level) && h.buf.add(h.Handler, r) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h *bufferHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &bufferHandler{h.Handler.WithAttrs(attrs), h.buf}
}

func (h *bufferHandler) WithGroup(name string) slog.Handler {
	return &bufferHandler{h.Handler.WithGroup(name), h.buf}
}
