package middleware_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/internal/schematest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/trace"
)

// A source is something that invokes functions, as the stack's test sees it. A
// new one is a line here.
type source struct {
	name     string
	trigger  lift.Trigger
	register func(*lift.App, lift.Handler)
	event    func(header http.Header, body string) lifttest.Event
}

var sources = append(overEveryWay(), []source{
	{"$connect", lift.TriggerConnect,
		func(a *lift.App, h lift.Handler) { a.WebSocket(lift.RouteConnect, h) },
		func(header http.Header, _ string) lifttest.Event { return lifttest.Connect{Header: header} }},
	{"$default", lift.TriggerMessage,
		func(a *lift.App, h lift.Handler) { a.WebSocket(lift.RouteDefault, h) },
		func(_ http.Header, body string) lifttest.Event { return lifttest.Message{Body: body} }},
	{"route of its own", lift.TriggerMessage,
		func(a *lift.App, h lift.Handler) { a.WebSocket("named", h) },
		func(_ http.Header, body string) lifttest.Event { return lifttest.Message{Route: "named", Body: body} }},
	{"$disconnect", lift.TriggerDisconnect,
		func(a *lift.App, h lift.Handler) { a.WebSocket(lift.RouteDisconnect, h) },
		func(http.Header, string) lifttest.Event { return lifttest.Disconnect{} }},
	{"DynamoDB", lift.TriggerDynamoDB,
		func(a *lift.App, h lift.Handler) { a.DynamoDB(h) },
		func(_ http.Header, body string) lifttest.Event {
			return lifttest.Stream{Records: []lifttest.Record{{Keys: map[string]any{"body": body}}}}
		}},
	{"Kinesis", lift.TriggerKinesis,
		func(a *lift.App, h lift.Handler) { a.Kinesis(h) },
		func(_ http.Header, body string) lifttest.Event {
			return lifttest.Kinesis{Records: []lifttest.KinesisRecord{{Data: []byte(body)}}}
		}},
	{"SQS", lift.TriggerSQS,
		func(a *lift.App, h lift.Handler) { a.SQS(h) },
		func(_ http.Header, body string) lifttest.Event {
			return lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: body}}}
		}},
	{"SQS FIFO", lift.TriggerSQS,
		func(a *lift.App, h lift.Handler) { a.SQS(h) },
		func(_ http.Header, body string) lifttest.Event {
			return lifttest.SQS{Queue: "example.fifo", Messages: []lifttest.SQSMessage{{Body: body}}}
		}},
	{"SNS", lift.TriggerSNS,
		func(a *lift.App, h lift.Handler) { a.SNS(h) },
		func(_ http.Header, body string) lifttest.Event { return lifttest.SNS{Message: body} }},
	{"S3", lift.TriggerS3,
		func(a *lift.App, h lift.Handler) { a.S3(h) },
		func(_ http.Header, body string) lifttest.Event {
			return lifttest.S3{Objects: []lifttest.S3Object{{Key: body}}}
		}},
	{"EventBridge", lift.TriggerEventBridge,
		func(a *lift.App, h lift.Handler) { a.EventBridge("Example", h) },
		func(_ http.Header, body string) lifttest.Event {
			return lifttest.EventBridge{Detail: json.RawMessage(body)}
		}},
	{"scheduler", lift.TriggerSchedule,
		func(a *lift.App, h lift.Handler) { a.Schedule(h) },
		func(_ http.Header, body string) lifttest.Event { return lifttest.Schedule{Detail: body} }},
	{"scheduled rule", lift.TriggerSchedule,
		func(a *lift.App, h lift.Handler) { a.Schedule(h) },
		func(_ http.Header, body string) lifttest.Event { return lifttest.Schedule{Rule: true, Detail: body} }},
	{"direct", lift.TriggerDirect,
		func(a *lift.App, h lift.Handler) { a.Direct(h) },
		func(_ http.Header, body string) lifttest.Event { return lifttest.Raw(body) }},
	{"durable", lift.TriggerDurable,
		func(a *lift.App, h lift.Handler) {
			a.Durable(func(ctx context.Context, _ []byte) ([]byte, error) {
				_, err := h.Handle(ctx, lift.EventFrom(ctx))
				return []byte(`{"Status":"SUCCEEDED"}`), err
			})
		},
		func(_ http.Header, body string) lifttest.Event { return lifttest.Durable{Input: body} }},
}...)

// overEveryWay are the sources that speak HTTP.
func overEveryWay() []source {
	var list []source
	for _, via := range lifttest.Ways {
		list = append(list, source{via.String(), lift.TriggerHTTP,
			func(a *lift.App, h lift.Handler) { a.HTTP("POST /things", h) },
			func(header http.Header, body string) lifttest.Event {
				return lifttest.HTTP{Via: via, Method: "POST", Path: "/things", Header: header, Body: []byte(body)}
			}})
	}
	return list
}

var (
	everywhere = triggers()
	overHTTP   = []lift.Trigger{lift.TriggerHTTP}
	handshakes = []lift.Trigger{lift.TriggerHTTP, lift.TriggerConnect}
	answered   = []lift.Trigger{lift.TriggerHTTP, lift.TriggerConnect, lift.TriggerMessage, lift.TriggerDirect}
	withBodies = []lift.Trigger{lift.TriggerHTTP, lift.TriggerMessage, lift.TriggerDirect}
	withClaims = []lift.Trigger{lift.TriggerHTTP, lift.TriggerConnect, lift.TriggerMessage}
	repeatable = triggers(lift.TriggerConnect, lift.TriggerDisconnect, lift.TriggerDurable)
)

// triggers are all that Lift knows, but those named.
func triggers(without ...lift.Trigger) []lift.Trigger {
	var all []lift.Trigger
	for t := lift.Trigger(1); t.String() != "unknown"; t++ {
		if !slices.Contains(without, t) {
			all = append(all, t)
		}
	}
	return all
}

// A world is an app with the whole stack around one handler of one trigger.
type world struct {
	t       *testing.T
	source  source
	app     *lift.App
	log     lifttest.Log
	metrics lifttest.Metrics
	daemon  *lifttest.Daemon
	header  http.Header

	handler  lift.HandlerFunc // what the handler does
	calls    int              // how often it was called
	event    *lift.Event      // what it was called for
	deadline bool             // whether its context had one
	limited  bool             // the limiter refuses
	key      string           // names the call
}

// A layer is one middleware of the stack, with the triggers that it applies to
// and the proof that it acts there. Every other trigger must refuse it.
type layer struct {
	name     string
	triggers []lift.Trigger
	make     func(*world) lift.Middleware
	acts     func(*world)
}

var layers = []layer{
	{"Correlation", everywhere,
		func(*world) lift.Middleware { return middleware.Correlation() },
		func(w *world) {
			answer := w.succeeds()
			id := w.event.CorrelationID
			if w.is(handshakes) && (id != "caller-7" || answer.Header.Get("X-Correlation-Id") != id) || id == "" {
				w.t.Errorf("correlation id %q, answer %v", id, answer.Header)
			}
			if line := w.last("handled"); line["correlation_id"] != id {
				w.t.Errorf("line %v", line)
			}
		}},
	{"Trace", everywhere,
		func(w *world) lift.Middleware {
			t, err := trace.New(trace.Config{Daemon: w.daemon.Address()})
			if err != nil {
				w.t.Fatal(err)
			}
			return middleware.Trace(t)
		},
		func(w *world) {
			w.succeeds()
			document := w.daemon.Next(w.t)
			schematest.Segment(w.t, document)
			if !bytes.Contains(document, []byte(`"trigger":"`+w.source.trigger.String()+`"`)) || bytes.Contains(document, []byte(`"fault"`)) {
				w.t.Errorf("document %s", document)
			}
			if line := w.last("handled"); line["trace_id"] != traceRoot {
				w.t.Errorf("line %v", line)
			}
			w.handler = fail
			w.invoke()
			if document := w.daemon.Next(w.t); !bytes.Contains(document, []byte(`"fault":true`)) {
				w.t.Errorf("document %s", document)
			}
		}},
	{"Metrics", everywhere,
		func(w *world) lift.Middleware {
			rec, err := metric.New(metric.Config{Namespace: "stack", Writer: &w.metrics, Dimensions: []metric.Dimension{{Name: "service", Value: "things"}}})
			if err != nil {
				w.t.Fatal(err)
			}
			return middleware.Metrics(rec)
		},
		func(w *world) {
			w.handler = func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
				metric.Add(ctx, "Things", 2, metric.Count)
				return nil, nil
			}
			w.invoke()
			w.handler = fail
			w.invoke()
			for _, line := range w.metrics.Lines() {
				schematest.EMF(w.t, line)
			}
			for name, want := range map[string][]float64{"Things": {2}, "Errors": {0, 1}, "Refusals": {0, 0}, "ColdStart": {1}} {
				if got := w.metrics.Values(w.t, name); !slices.Equal(got, want) {
					w.t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			if first := w.metrics.Documents(w.t)[0]; first["trigger"] != w.source.trigger.String() || first["correlation_id"] != w.event.CorrelationID || first["service"] != "things" {
				w.t.Errorf("line %v", first)
			}
		}},
	{"Log", everywhere,
		func(*world) lift.Middleware { return middleware.Log() },
		func(w *world) {
			w.succeeds()
			if line := w.last("handled"); line["trigger"] != w.source.trigger.String() || line["level"] != "INFO" {
				w.t.Errorf("line %v", line)
			}
			w.handler = fail
			w.invoke()
			if line := w.last("failed"); line["level"] != "ERROR" || line["code"] != "internal" {
				w.t.Errorf("line %v", line)
			}
		}},
	{"LogBuffer", everywhere,
		func(*world) lift.Middleware { return middleware.LogBuffer(middleware.LogBufferConfig{}) },
		func(w *world) {
			w.succeeds()
			if lines := w.log.Lines(w.t, "detail"); len(lines) != 0 {
				w.t.Errorf("lines %v", lines)
			}
			w.handler = fail
			w.invoke()
			if line := w.log.Line(w.t, "detail"); line["level"] != "DEBUG" || line["correlation_id"] != w.event.CorrelationID {
				w.t.Errorf("line %v", line)
			}
		}},
	{"RetryHints", answered,
		func(*world) lift.Middleware { return middleware.RetryHints(time.Minute) },
		func(w *world) {
			w.handler = func(context.Context, *lift.Event) (*lift.Response, error) {
				return nil, lift.Errorf(lift.CodeUnavailable, "away")
			}
			answer := w.invoke()
			var declared *lift.Error
			switch {
			case w.is(handshakes):
				if answer.Header.Get("Retry-After") == "" {
					w.t.Errorf("answer %v", answer.Header)
				}
			case w.is(withClaims): // a message
				if !bytes.Contains(answer.Body, []byte(`"retryable":true,"retry_after":`)) {
					w.t.Errorf("answer %s", answer.Body)
				}
			case !errors.As(answer.Err, &declared) || declared.RetryAfter < time.Minute || declared.RetryAfter > 2*time.Minute:
				w.t.Errorf("error %v", answer.Err)
			}
		}},
	{"Recover", everywhere,
		func(*world) lift.Middleware { return middleware.Recover() },
		func(w *world) {
			w.handler = func(context.Context, *lift.Event) (*lift.Response, error) { panic("sesame") }
			w.failed(w.invoke())
			if line := w.last("failed"); line["code"] != "internal" {
				w.t.Errorf("line %v", line)
			}
		}},
	{"Deadline", everywhere,
		func(*world) lift.Middleware { return middleware.Deadline(29 * time.Second) },
		func(w *world) {
			w.succeeds()
			if !w.deadline {
				w.t.Error("the handler has no deadline")
			}
		}},
	{"SecurityHeaders", overHTTP,
		func(*world) lift.Middleware { return middleware.SecurityHeaders(nil) },
		func(w *world) {
			for _, f := range []lift.HandlerFunc{succeed, fail} {
				w.handler = f
				if answer := w.invoke(); answer.Header.Get("X-Content-Type-Options") != "nosniff" {
					w.t.Errorf("answer %v", answer.Header)
				}
			}
		}},
	{"CORS", overHTTP,
		func(*world) lift.Middleware {
			return middleware.CORS(middleware.CORSConfig{Origins: []string{"https://app.example"}})
		},
		func(w *world) {
			if answer := w.succeeds(); answer.Header.Get("Access-Control-Allow-Origin") != "https://app.example" {
				w.t.Errorf("answer %v", answer.Header)
			}
		}},
	{"Compress", overHTTP,
		func(*world) lift.Middleware { return middleware.Compress(0) },
		func(w *world) {
			w.handler = func(context.Context, *lift.Event) (*lift.Response, error) {
				return &lift.Response{Body: bytes.Repeat([]byte("word "), 1000)}, nil
			}
			if answer := w.invoke(); answer.Header.Get("Content-Encoding") != "gzip" || len(answer.Body) > 1000 {
				w.t.Errorf("answer %v", answer.Header)
			}
		}},
	{"JWT", handshakes,
		func(w *world) lift.Middleware { return auth.JWT(w.verifier()) },
		func(w *world) {
			w.succeeds()
			if w.event.Claims == nil || w.event.Claims.Subject != "ada" {
				w.t.Errorf("claims %v", w.event.Claims)
			}
			w.refuses(func() { w.header.Del("Authorization") }, "unauthorized")
		}},
	{"the connection's claims", withClaims,
		func(*world) lift.Middleware {
			return lift.Where(func(next lift.Handler) lift.Handler {
				return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
					e.Claims = &lift.Claims{Subject: "ada", Scopes: []string{"things"}}
					return next.Handle(ctx, e)
				})
			}, lift.TriggerMessage)
		}, nil},
	{"Scopes", withClaims,
		func(*world) lift.Middleware { return auth.Scopes("things") },
		func(w *world) {
			if w.is(handshakes) {
				w.refuses(func() { w.header.Set("Authorization", "Bearer "+w.token("other")) }, "forbidden")
			} else {
				w.succeeds()
			}
		}},
	{"RateLimit", answered,
		func(w *world) lift.Middleware {
			return middleware.RateLimit(middleware.RateLimitConfig{Limiter: limiter(func() bool { return !w.limited })})
		},
		func(w *world) { w.refuses(func() { w.limited = true }, "rate_limited") }},
	{"BodyLimit", withBodies,
		func(*world) lift.Middleware { return middleware.BodyLimit(100) },
		func(w *world) {
			w.succeeds()
			calls := w.calls
			answer := lifttest.Invoke(w.context(), w.t, w.app, w.source.event(w.header, `{"a":"`+strings.Repeat("x", 100)+`"}`))
			if !strings.Contains(shown(answer), "too_large") || w.calls != calls {
				w.t.Errorf("answer %s", shown(answer))
			}
		}},
	{"Idempotency", repeatable,
		func(w *world) lift.Middleware {
			return middleware.Idempotency(middleware.IdempotencyConfig{
				Store: middleware.NewMemoryIdempotency(middleware.MemoryIdempotencyConfig{}),
				Lease: time.Minute,
				Key:   func(*lift.Event) string { return w.key },
			})
		},
		func(w *world) {
			w.key = "k1"
			first := w.succeeds()
			calls := w.calls
			if second := w.succeeds(); w.calls != calls || !bytes.Equal(second.Body, first.Body) {
				t := w.t
				t.Errorf("%d further calls, answer %s", w.calls-calls, second.Payload)
			}
		}},
}

func fail(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
	return nil, errors.New("sesame")
}

type limiter func() bool

func (f limiter) Allow(context.Context, string) (bool, time.Duration, error) {
	return f(), time.Second, nil
}

const traceRoot = "1-5759e988-bd862e3fe1be46a994272793"

var signingKey = sync.OnceValue(func() ed25519.PrivateKey {
	_, private, _ := ed25519.GenerateKey(nil)
	return private
})

func (w *world) verifier() *auth.Verifier {
	der, err := x509.MarshalPKIXPublicKey(signingKey().Public())
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := auth.NewVerifier(auth.Config{Keys: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), Issuer: "iss", Audience: "aud"})
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) token(scope string) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": "iss", "aud": "aud", "sub": "ada", "scope": scope, "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(signingKey())
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// newWorld builds the app with all the layers that apply to the source.
func newWorld(t *testing.T, s source) *world {
	w := &world{t: t, source: s, daemon: lifttest.NewDaemon(t), handler: succeed}
	w.header = http.Header{
		"Authorization": {"Bearer " + w.token("things")}, "Origin": {"https://app.example"},
		"Accept-Encoding": {"gzip"}, "X-Correlation-Id": {"caller-7"},
	}
	w.app = lift.New(lift.Config{Logger: lift.NewLogger(lift.LogConfig{Writer: &w.log, Level: slog.LevelInfo})})
	for _, l := range layers {
		if slices.Contains(l.triggers, s.trigger) {
			w.app.Use(l.make(w))
		}
	}
	s.register(w.app, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		w.calls++
		w.event = e
		_, w.deadline = ctx.Deadline()
		lift.Logger(ctx).Debug("detail")
		return w.handler(ctx, e)
	}))
	return w
}

func (w *world) is(triggers []lift.Trigger) bool { return slices.Contains(triggers, w.source.trigger) }

func (w *world) context() context.Context {
	return lifttest.Traced(w.t.Context(), "Root="+traceRoot+";Parent=53995c3f42cd8ad8;Sampled=1")
}

func (w *world) invoke() lifttest.Answer {
	w.t.Helper()
	return lifttest.Invoke(w.context(), w.t, w.app, w.source.event(w.header, `{"a":1}`))
}

func (w *world) succeeds() lifttest.Answer {
	w.t.Helper()
	w.handler = func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Body: []byte(`{"done":true}`)}, nil
	}
	answer := w.invoke()
	if answer.Err != nil || answer.Failed != nil || answer.Status >= 400 {
		w.t.Fatalf("answer %+v", answer)
	}
	return answer
}

// failed checks that the event's source hears of a failure, and of nothing else.
func (w *world) failed(answer lifttest.Answer) {
	w.t.Helper()
	heard := answer.Err != nil || answer.Failed != nil || answer.Status >= 500 || strings.Contains(string(answer.Body), `"internal"`)
	if !heard || strings.Contains(shown(answer), "sesame") {
		w.t.Errorf("answer %s", shown(answer))
	}
}

// refuses checks that the stack refuses an event after the change, by code and
// without calling the handler.
func (w *world) refuses(change func(), code string) {
	w.t.Helper()
	w.succeeds()
	calls := w.calls
	change()
	if answer := w.invoke(); !strings.Contains(shown(answer), code) || w.calls != calls {
		w.t.Errorf("answer %s", shown(answer))
	}
}

func shown(answer lifttest.Answer) string {
	return fmt.Sprint(answer.Status, " ", string(answer.Payload), " ", answer.Err)
}

func (w *world) last(message string) map[string]any {
	w.t.Helper()
	lines := w.log.Lines(w.t, message)
	if len(lines) == 0 {
		w.t.Fatalf("no line %q in:\n%s", message, w.log.String())
	}
	return lines[len(lines)-1]
}

func TestEveryTriggerHasASource(t *testing.T) {
	t.Parallel()
	for _, trigger := range everywhere {
		if !slices.ContainsFunc(sources, func(s source) bool { return s.trigger == trigger }) {
			t.Errorf("no source for %s", trigger)
		}
	}
}

// The table in the documentation is that of the layers.
func TestTableOfTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/lift/middleware/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		t.Run(fmt.Sprint(l), func(t *testing.T) {
			if l.acts == nil {
				return
			}
			var want strings.Builder
			for _, trigger := range everywhere {
				mark := " –"
				if slices.Contains(l.triggers, trigger) {
					mark = " ✓"
				}
				want.WriteString(mark + " |")
			}
			found := false
			for line := range strings.Lines(string(text)) {
				name, cells, _ := strings.Cut(strings.TrimSpace(line), ".md) |")
				if strings.HasPrefix(strings.TrimPrefix(name, "| [auth."), l.name+"]") || strings.HasPrefix(name, "| ["+l.name+"]") {
					if found = true; cells != want.String() {
						t.Errorf("%s has%s, want%s", l.name, cells, want.String())
					}
				}
			}
			if !found {
				t.Errorf("no line for %s", l.name)
			}
		})
	}
}

// The same handler and the same stack behind every trigger: each middleware acts
// there, or is refused when the handler is registered.
func TestWholeStackBehindEveryTrigger(t *testing.T) {
	t.Parallel()
	for _, s := range sources {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, l := range layers {
				t.Run(l.name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, s)
					if slices.Contains(l.triggers, s.trigger) {
						if l.acts != nil {
							l.acts(w)
						}
						if strings.Contains(w.log.String(), "eyJ") {
							t.Errorf("a token in the log:\n%s", w.log.String())
						}
						return
					}
					if l.acts == nil {
						return
					}
					defer func() {
						if text, _ := recover().(string); !strings.Contains(text, l.name+" cannot guard a "+s.trigger.String()) {
							t.Errorf("registration ends with %q", text)
						}
					}()
					app := lift.New(lift.Config{})
					app.Use(l.make(w))
					s.register(app, lift.HandlerFunc(succeed))
				})
			}
		})
	}
}
