package cli

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"
)

// logFormats are the values of --log.
var logFormats = []string{"json", "text"}

// newLogger writes to stderr: one readable line an event, or JSON.
func newLogger(env *environment, format string) (*slog.Logger, error) {
	terminal := env.terminal(env.stderr)
	switch {
	case format == "json", format == "" && !terminal:
		return slog.New(slog.NewJSONHandler(env.stderr, nil)), nil
	case format == "text", format == "":
		return slog.New(withoutIdleSweeps{tint.NewTextHandler(env.stderr, &tint.Options{
			TimeFormat: time.TimeOnly, NoColor: !terminal || env.getenv("NO_COLOR") != "", ReplaceAttr: shorten,
		})}), nil
	}
	return nil, fmt.Errorf("--log %q is not valid: use json or text", format)
}

// shorten removes attributes that only machines search for from lines for people.
func shorten(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == "invocation_id" || a.Key == "fence") {
		return slog.Attr{}
	}
	return a
}

// withoutIdleSweeps keeps a log for people free of the ticks of the schedule
// that found nothing to do.
type withoutIdleSweeps struct{ slog.Handler }

func (h withoutIdleSweeps) Handle(ctx context.Context, r slog.Record) error {
	sweep, work := false, r.Level > slog.LevelInfo
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "trigger":
			sweep = a.Value.String() == "schedule"
		case "dispatched", "lease_expirations", "failed", "notified":
			work = work || a.Value.Kind() == slog.KindInt64 && a.Value.Int64() > 0
		}
		return true
	})
	if sweep && !work {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h withoutIdleSweeps) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withoutIdleSweeps{h.Handler.WithAttrs(attrs)}
}

func (h withoutIdleSweeps) WithGroup(name string) slog.Handler {
	return withoutIdleSweeps{h.Handler.WithGroup(name)}
}
