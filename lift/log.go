package lift

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/lift/internal/redact"
)

// A LogFormat is the form of a log's lines.
type LogFormat string

// The formats, as AWS_LAMBDA_LOG_FORMAT names them.
const (
	LogJSON LogFormat = "JSON"
	LogText LogFormat = "Text"
)

// LogConfig says what a logger of [NewLogger] writes. The zero LogConfig heeds
// the function's logging configuration.
type LogConfig struct {
	Writer io.Writer    // default: standard output
	Level  slog.Leveler // default: AWS_LAMBDA_LOG_LEVEL, or info without it
	Format LogFormat    // default: AWS_LAMBDA_LOG_FORMAT, or JSON without it

	// Redact are keys whose values are not written, besides those of common
	// credentials such as authorization, cookie, password and token. Case,
	// hyphens and underscores do not matter.
	Redact []string
}

// The levels of Lambda that log/slog has no name for.
const (
	LevelTrace slog.Level = -8
	LevelFatal slog.Level = 12
)

// NewLogger returns a logger whose lines Lambda understands: with timestamp,
// level and message, the level one of TRACE, DEBUG, INFO, WARN, ERROR and
// FATAL, and with the function's name and version where there is a function.
// See https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
//
// Credentials are left out: the values of certain keys, also in headers, query
// values and maps of strings; every [Secret]; and wherever they stand in a
// line, what [WithoutTokens] leaves out of a text.
//
// NewLogger panics for an unknown format. An unknown AWS_LAMBDA_LOG_LEVEL or
// AWS_LAMBDA_LOG_FORMAT counts as none.
func NewLogger(cfg LogConfig) *slog.Logger {
	if cfg.Writer == nil {
		cfg.Writer = os.Stdout
	}
	if cfg.Level == nil {
		cfg.Level = lambdaLevel(os.Getenv("AWS_LAMBDA_LOG_LEVEL"))
	}
	if cfg.Format == "" {
		cfg.Format = LogJSON
		if strings.EqualFold(os.Getenv("AWS_LAMBDA_LOG_FORMAT"), string(LogText)) {
			cfg.Format = LogText
		}
	}
	options := &slog.HandlerOptions{Level: cfg.Level, ReplaceAttr: replaceAttr(redact.NewKeys(cfg.Redact...))}
	w := tokenlessWriter{cfg.Writer}
	var handler slog.Handler
	switch cfg.Format {
	case LogJSON:
		handler = slog.NewJSONHandler(w, options)
	case LogText:
		handler = slog.NewTextHandler(w, options)
	default:
		panic(fmt.Sprintf("lift: LogConfig.Format %q is neither JSON nor Text", cfg.Format))
	}
	if lambdacontext.FunctionName != "" {
		handler = handler.WithAttrs([]slog.Attr{
			slog.String("function_name", lambdacontext.FunctionName),
			slog.String("function_version", lambdacontext.FunctionVersion),
		})
	}
	return slog.New(handler)
}

// WrapLog puts a handler around the one behind the event's logger, for all that
// follows. Like the event's fields it is for middlewares, before they call the
// next handler.
func (e *Event) WrapLog(wrap func(slog.Handler) slog.Handler) {
	base := e.base
	if base == nil {
		base = slog.Default()
	}
	e.base = slog.New(wrap(base.Handler()))
	e.logger.Store(nil)
}

// SetTraceID sets the TraceID for all that follows, the logger included.
func (e *Event) SetTraceID(id string) {
	e.TraceID = id
	e.logger.Store(nil)
}

// traceID returns the root of the trace header that Lambda gives with an
// invocation. aws-lambda-go puts it into the context; the environment variable
// _X_AMZN_TRACE_ID holds one invocation's alone and is not read.
func traceID(header any) string {
	text, _ := header.(string)
	for part := range strings.SplitSeq(text, ";") {
		if root, ok := strings.CutPrefix(part, "Root="); ok {
			return root
		}
	}
	return ""
}

// levels are the names of Lambda's levels, by the lowest slog.Level that each
// stands for.
var levels = [...]struct {
	from slog.Level
	name string
}{
	{LevelFatal, "FATAL"}, {slog.LevelError, "ERROR"}, {slog.LevelWarn, "WARN"},
	{slog.LevelInfo, "INFO"}, {slog.LevelDebug, "DEBUG"}, {LevelTrace, "TRACE"},
}

func lambdaLevel(name string) slog.Level {
	for _, l := range levels {
		if strings.EqualFold(l.name, name) {
			return l.from
		}
	}
	return slog.LevelInfo
}

func levelName(level slog.Level) string {
	for _, l := range levels {
		if level >= l.from {
			return l.name
		}
	}
	return "TRACE"
}

// replaceAttr gives the keys that Lambda knows, and leaves out credentials.
func replaceAttr(hidden redact.Keys) func([]string, slog.Attr) slog.Attr {
	return func(groups []string, attr slog.Attr) slog.Attr {
		if len(groups) == 0 {
			switch attr.Key {
			case slog.TimeKey:
				attr.Key = "timestamp"
				return attr
			case slog.MessageKey:
				attr.Key = "message"
				return attr
			case slog.LevelKey:
				if level, ok := attr.Value.Any().(slog.Level); ok {
					attr.Value = slog.StringValue(levelName(level))
				}
				return attr
			}
		}
		if hidden.Has(attr.Key) {
			attr.Value = slog.StringValue(redact.Mark)
			return attr
		}
		if attr.Value.Kind() == slog.KindAny {
			attr.Value = withoutKeys(attr.Value, hidden)
		}
		return attr
	}
}

// withoutKeys returns the value without what stands under a hidden key, for the
// kinds of maps that requests are made of.
func withoutKeys(value slog.Value, hidden redact.Keys) slog.Value {
	out := make(map[string]any)
	var lists map[string][]string
	switch m := value.Any().(type) {
	case map[string]string:
		for key, text := range m {
			out[key] = text
		}
	case map[string]any:
		maps.Copy(out, m)
	case map[string][]string:
		lists = m
	case http.Header:
		lists = m
	case url.Values:
		lists = m
	default:
		return value
	}
	for key, list := range lists {
		out[key] = list
	}
	for key := range out {
		if hidden.Has(key) {
			out[key] = redact.Mark
		}
	}
	return slog.AnyValue(out)
}

// WithoutTokens returns text without the secrets that a logger of [NewLogger] leaves out of
// every line, with [redacted] in the place of each:
//
//   - the value behind = or : of a name that ends as a credential's does (password, passphrase,
//     secret, token, apikey, accesskey, privatekey, cookie and the like, in any case, with hyphens
//     or underscores), with quotes or without, also escaped as in JSON or a URL; words of a
//     sentence, as in "token: it has expired", stay;
//   - what follows a scheme behind Authorization, and a token behind the word Bearer;
//   - the password of a URL's user;
//   - texts with the form of a JWT, and ids of AWS access keys.
//
// It takes linear time. Cut a text afterwards, not before: half a secret may not be known for one.
func WithoutTokens(text string) string { return string(redact.Text([]byte(text))) }

// A tokenlessWriter is given whole lines and takes the secrets out of them.
type tokenlessWriter struct{ io.Writer }

func (w tokenlessWriter) Write(line []byte) (int, error) {
	if _, err := w.Writer.Write(redact.Text(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}
