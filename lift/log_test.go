package lift_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

const jwt = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2VzYW1l"

func logLine(t *testing.T, cfg lift.LogConfig, f func(*slog.Logger)) map[string]any {
	t.Helper()
	var buf bytes.Buffer
	cfg.Writer = &buf
	f(lift.NewLogger(cfg))
	var line map[string]any
	if err := json.Unmarshal(buf.Bytes(), &line); err != nil {
		t.Fatalf("%q: %v", buf.String(), err)
	}
	return line
}

func TestLoggerLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]string{
		-20: "TRACE", lift.LevelTrace: "TRACE", slog.LevelDebug: "DEBUG", -1: "DEBUG", slog.LevelInfo: "INFO",
		slog.LevelInfo + 2: "INFO", slog.LevelWarn: "WARN", slog.LevelError: "ERROR", lift.LevelFatal: "FATAL", 20: "FATAL",
	} {
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			line := logLine(t, lift.LogConfig{Level: slog.Level(-100)}, func(l *slog.Logger) {
				l.With("a", 1).Log(context.Background(), level, "said", slog.Group("g", "level", "x", "b", 2))
			})
			if line["level"] != want || line["message"] != "said" || line["timestamp"] == nil || line["a"] != 1.0 || line["g"].(map[string]any)["level"] != "x" {
				t.Errorf("%d: %v", level, line)
			}
		})
	}
}

// The environment is the process's, so these run one after another.
func TestLoggerHeedsTheFunctionsConfiguration(t *testing.T) {
	for name, tt := range map[string]struct {
		level, format string
		debug, warn   bool
		text          bool
	}{
		"nothing":     {"", "", false, true, false},
		"JSON, debug": {"DEBUG", "JSON", true, true, false},
		"text, error": {"error", "Text", false, false, true},
		"unknown":     {"LOUD", "XML", false, true, false},
		"fatal":       {"FATAL", "", false, false, false},
		"trace":       {"TRACE", "", true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_LAMBDA_LOG_LEVEL", tt.level)
			t.Setenv("AWS_LAMBDA_LOG_FORMAT", tt.format)
			var buf bytes.Buffer
			l := lift.NewLogger(lift.LogConfig{Writer: &buf})
			if l.Enabled(t.Context(), slog.LevelDebug) != tt.debug || l.Enabled(t.Context(), slog.LevelWarn) != tt.warn {
				t.Error("another level")
			}
			l.Log(t.Context(), lift.LevelFatal, "said")
			if got := strings.Contains(buf.String(), "message=said"); got != tt.text {
				t.Errorf("line %q", buf.String())
			}
		})
	}
	mustPanic(t, "neither JSON nor Text", func() { lift.NewLogger(lift.LogConfig{Format: "XML"}) })
}

func TestLoggerLeavesOutCredentials(t *testing.T) {
	t.Parallel()
	secret := lift.NewSecret("sesame")
	for name, log := range map[string]func(*slog.Logger){
		"key":             func(l *slog.Logger) { l.Info("m", "password", "sesame") },
		"key in With":     func(l *slog.Logger) { l.With("Access-Token", "sesame").Info("m") },
		"key in a group":  func(l *slog.Logger) { l.WithGroup("g").Info("m", slog.Group("h", "apiKey", "sesame")) },
		"own key":         func(l *slog.Logger) { l.Info("m", "card_number", "sesame") },
		"header":          func(l *slog.Logger) { l.Info("m", "h", http.Header{"Cookie": {"sesame"}, "Accept": {"*"}}) },
		"query":           func(l *slog.Logger) { l.Info("m", "q", url.Values{"token": {"sesame"}}) },
		"lists":           func(l *slog.Logger) { l.Info("m", "q", map[string][]string{"token": {"sesame"}}) },
		"map of strings":  func(l *slog.Logger) { l.Info("m", "q", map[string]string{"token": "sesame"}) },
		"map of anything": func(l *slog.Logger) { l.Info("m", "q", map[string]any{"token": "sesame"}) },
		"secret":          func(l *slog.Logger) { l.Info("m", "value", secret) },
		"secret inside":   func(l *slog.Logger) { l.Info("m", "value", struct{ K lift.Secret }{secret}) },
		"hidden inside": func(l *slog.Logger) {
			l.Info("m", "value", fmt.Sprintf("%v %+v", struct{ k lift.Secret }{secret}, secret))
		},
		"token":           func(l *slog.Logger) { l.Info("m", "value", "a "+jwt+" b") },
		"token as text":   func(l *slog.Logger) { l.Info("refused " + jwt) },
		"token in error":  func(l *slog.Logger) { l.Info("m", "error", errors.New("parse "+jwt)) },
		"token in value":  func(l *slog.Logger) { l.Info("m", "value", []string{jwt}) },
		"key's end":       func(l *slog.Logger) { l.Info("m", "db_password", "sesame") },
		"pair in text":    func(l *slog.Logger) { l.Info("connect with password=sesame failed") },
		"JSON in text":    func(l *slog.Logger) { l.Info("m", "error", errors.New(`got {"api_key": "sesame"}`)) },
		"password of URL": func(l *slog.Logger) { l.Info("m", "error", errors.New("dial postgres://u:sesame@db/x")) },
		"opaque token":    func(l *slog.Logger) { l.Info("m", "value", "Authorization: Bearer sesame-123456") },
	} {
		t.Run(name, func(t *testing.T) {
			line := logLine(t, lift.LogConfig{Redact: []string{"Card-Number"}}, log)
			text, _ := json.Marshal(line)
			if strings.Contains(string(text), "sesame") || strings.Contains(string(text), "c2VzYW1l") {
				t.Errorf("%s: %s", name, text)
			}
			if name != "hidden inside" && !strings.Contains(string(text), "[redacted]") {
				t.Errorf("%s: nothing is marked in %s", name, text)
			}
		})
	}
	header := http.Header{"Cookie": {"sesame"}}
	logLine(t, lift.LogConfig{}, func(l *slog.Logger) { l.Info("m", "h", header) })
	if header.Get("Cookie") != "sesame" {
		t.Error("the header itself is changed")
	}
}

func TestLoggerPassesErrorsOn(t *testing.T) {
	t.Parallel()
	l := lift.NewLogger(lift.LogConfig{Writer: brokenWriter{}})
	r := slog.Record{Message: "m"}
	if err := l.Handler().Handle(t.Context(), r); err == nil {
		t.Error("a line that nobody took is no error")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestSecret(t *testing.T) {
	t.Parallel()
	s := lift.NewSecret("sesame")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		t.Run(verb, func(t *testing.T) {
			for _, value := range []any{s, &s, struct{ S lift.Secret }{s}, struct{ s lift.Secret }{s}, []lift.Secret{s}} {
				if text := fmt.Sprintf(verb, value); strings.Contains(text, "sesame") || strings.Contains(text, "736573") {
					t.Errorf("%s of %T: %s", verb, value, text)
				}
			}
		})
	}
	if text, err := json.Marshal(map[string]any{"s": s, "p": &s}); err != nil || strings.Contains(string(text), "sesame") {
		t.Errorf("%s, %v", text, err)
	}
	var read lift.Secret
	if err := json.Unmarshal([]byte(`"open"`), &read); err != nil || read.Reveal() != "open" {
		t.Errorf("%q, %v", read.Reveal(), err)
	}
	if s.Reveal() != "sesame" || (lift.Secret{}).Reveal() != "" || s.String() != "[redacted]" {
		t.Error("Reveal or String")
	}
}

func TestEventLogNamesTheTrace(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.Direct(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		lift.Logger(ctx).Info("first")
		e.SetTraceID("1-00000000-000000000000000000000000")
		lift.Logger(ctx).Info("second")
		return nil, nil
	}))
	const root = "1-67891233-abcdef012345678912345678"
	ctx := lifttest.Traced(t.Context(), "Self=1;Root="+root+";Parent=53995c3f42cd8ad8;Sampled=1")
	lifttest.Invoke(ctx, t, app, lifttest.JSON{Value: 1})
	if line := log.Line(t, "first"); line["trace_id"] != root || line["cold_start"] != true {
		t.Errorf("line %v", line)
	}
	if line := log.Line(t, "second"); line["trace_id"] != "1-00000000-000000000000000000000000" {
		t.Errorf("line %v", line)
	}
	lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: 1})
	if line := log.Lines(t, "first")[1]; line["trace_id"] != nil || line["cold_start"] != nil {
		t.Errorf("line %v", line)
	}
}

func TestWrapLog(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.Use(func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			e.WrapLog(func(h slog.Handler) slog.Handler { return h.WithAttrs([]slog.Attr{slog.String("tenant", "acme")}) })
			return next.Handle(ctx, e)
		})
	})
	app.Direct(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		lift.Logger(ctx).Info("inside")
		return nil, nil
	}))
	lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: 1})
	if line := log.Line(t, "inside"); line["tenant"] != "acme" || line["invocation_id"] != lifttest.RequestID {
		t.Errorf("line %v", line)
	}
	e := &lift.Event{}
	e.WrapLog(func(h slog.Handler) slog.Handler { return slog.DiscardHandler })
	if e.Logger().Enabled(t.Context(), slog.LevelError) {
		t.Error("the default logger is not wrapped")
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	var notes []string
	guard := lift.Only("gate.Keep", trail(&notes, "guard"), lift.TriggerHTTP)
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.Use(trail(&notes, "a"), lift.Where(guard, lift.TriggerHTTP), trail(&notes, "b"))
	h := handle(nil, nil)
	app.HTTP("GET /x", h)
	app.DynamoDB(h)
	lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x"})
	lifttest.Invoke(t.Context(), t, app, lifttest.Stream{Records: make([]lifttest.Record, 1)})
	if got, want := strings.Join(notes, " "), "a> guard> b> <b <guard <a a> b> <b <a"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}
	mustPanic(t, "gate.Keep", func() {
		lift.New(lift.Config{}).Direct(h, lift.Where(guard, lift.TriggerHTTP, lift.TriggerDirect))
	})

	notes = nil
	bare := lift.Where(trail(&notes, "with"), lift.TriggerHTTP)(h)
	for _, trigger := range []lift.Trigger{lift.TriggerHTTP, lift.TriggerDirect} {
		t.Run(fmt.Sprint(trigger), func(t *testing.T) {
			if _, err := bare.Handle(t.Context(), &lift.Event{Trigger: trigger}); err != nil {
				t.Error(err)
			}
		})
	}
	if len(notes) != 2 {
		t.Errorf("notes %v", notes)
	}
}

func TestExcept(t *testing.T) {
	t.Parallel()
	var notes []string
	guard := lift.Except("gate.Keep", trail(&notes, "guard"), lift.TriggerConnect, lift.TriggerDisconnect)
	h := handle(nil, nil)
	for _, route := range []string{lift.RouteConnect, lift.RouteDisconnect} {
		mustPanic(t, "gate.Keep", func() { lift.New(lift.Config{}).WebSocket(route, h, guard) })
	}
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("/", h, guard)
	app.WebSocket(lift.RouteDefault, h, guard)
	app.DynamoDB(h, guard)
	app.Schedule(h, guard)
	app.Direct(h, guard)
	lifttest.Invoke(t.Context(), t, app, lifttest.Schedule{})
	if len(notes) != 2 {
		t.Errorf("notes %v", notes)
	}
}
