package lift

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// An Event is what a handler is called for. The first fields are there for
// every trigger; of the views below them exactly one is set, and for a direct
// invocation none.
//
// Route is the pattern, route key or detail type that was registered, or the name
// of the table, stream, queue, topic, bucket or schedule. Body is the body of a
// request or a message, a Kinesis record's data, an event's detail; for DynamoDB
// and S3 the record, for a direct invocation and a durable execution all of it.
//
// An Event and all it points to belong to the handler until it returns. Its
// fields may be read by several goroutines; a middleware writes them only
// before it calls the next handler.
type Event struct {
	Trigger Trigger
	ID      string    // the event's own id, given by its source; for a direct invocation the RequestID
	Route   string    // what was registered, or the name of the source: see below; "" when nothing matched
	Time    time.Time // when the source says that it happened; zero where it does not say
	Body    []byte    // the payload, decoded: see below

	// Raw is the event as it came, or the record of a batch. It may contain
	// credentials. It is not to be changed.
	Raw json.RawMessage

	RequestID     string    // the invocation's id; "" outside Lambda. The records of a batch share it
	TenantID      string    // of a function with tenant isolation: the tenant that was invoked for; "" without
	CorrelationID string    // joins the answers, logs and traces of one cause; never empty
	TraceID       string    // of AWS X-Ray, as in "1-67891233-abcdef012345678912345678"; "" for none
	ColdStart     bool      // whether this is the process's first event
	Deadline      time.Time // when the answer must be ready: the invocation's deadline less Config.Margin; zero for none
	Claims        *Claims   // what a verified token says of the caller; nil for an unverified caller

	// HTTP is set for TriggerHTTP. Its Body reads Event.Body, its RemoteAddr is
	// the caller's address, and its context is not the handler's.
	HTTP *http.Request

	WebSocket   *WebSocket     // TriggerConnect, TriggerDisconnect, TriggerMessage
	DynamoDB    *StreamRecord  // TriggerDynamoDB
	Kinesis     *KinesisRecord // TriggerKinesis
	SQS         *SQSMessage    // TriggerSQS
	SNS         *SNSMessage    // TriggerSNS
	S3          *S3Object      // TriggerS3
	EventBridge *BusEvent      // TriggerEventBridge
	Schedule    *Schedule      // TriggerSchedule

	Durable *DurableExecution // TriggerDurable

	// Gateway is what an HTTP request came through. It is set with HTTP.
	Gateway *Gateway

	base   *slog.Logger
	logger atomic.Pointer[slog.Logger]
	notes  []slog.Attr
	mux    *muxVerdict // for HTTP requests that no route matched

	malformed error // why a record of a batch did not decode
	failure   error // the error that LogFailure has written
}

// Header returns a header of an HTTP request or of a WebSocket's handshake, and
// "" for every other event.
func (e *Event) Header(name string) string {
	switch {
	case e.HTTP != nil:
		return e.HTTP.Header.Get(name)
	case e.WebSocket != nil:
		return e.WebSocket.Header.Get(name)
	}
	return ""
}

// HeaderLines returns all lines of a header where [Event.Header] returns the
// first.
func (e *Event) HeaderLines(name string) []string {
	switch {
	case e.HTTP != nil:
		return e.HTTP.Header.Values(name)
	case e.WebSocket != nil:
		return e.WebSocket.Header.Values(name)
	}
	return nil
}

// Logger returns the app's logger with the event's invocation_id, correlation_id,
// trace_id and tenant_id, and with cold_start for the process's first event.
func (e *Event) Logger() *slog.Logger {
	if l := e.logger.Load(); l != nil {
		return l
	}
	base := e.base
	if base == nil {
		base = slog.Default()
	}
	l := slog.New(&eventHandler{base: base.Handler(), event: e})
	e.logger.Store(l)
	return l
}

// Correlate sets the CorrelationID for all that follows, the logger included.
func (e *Event) Correlate(id string) {
	e.CorrelationID = id
	e.logger.Store(nil)
}

// Annotate adds attributes to the one line that a log middleware writes for the
// event. It is not safe for concurrent use.
func (e *Event) Annotate(attrs ...slog.Attr) { e.notes = append(e.notes, attrs...) }

// Annotations returns what Annotate added, in order.
func (e *Event) Annotations() []slog.Attr { return e.notes }

type eventKey struct{}

// NewContext returns a context that carries e. An App's handlers are called
// with one; it is exported for tests.
func NewContext(ctx context.Context, e *Event) context.Context {
	return context.WithValue(ctx, eventKey{}, e)
}

// EventFrom returns the event that ctx belongs to, or nil.
func EventFrom(ctx context.Context) *Event {
	e, _ := ctx.Value(eventKey{}).(*Event)
	return e
}

// CorrelationID returns the correlation id of the event that ctx belongs to, or "".
func CorrelationID(ctx context.Context) string {
	if e := EventFrom(ctx); e != nil {
		return e.CorrelationID
	}
	return ""
}

// Logger returns the logger of the event that ctx belongs to, or
// [slog.Default].
func Logger(ctx context.Context) *slog.Logger {
	if e := EventFrom(ctx); e != nil {
		return e.Logger()
	}
	return slog.Default()
}

// ClaimsFrom returns the verified claims of the event that ctx belongs to, or
// nil.
func ClaimsFrom(ctx context.Context) *Claims {
	if e := EventFrom(ctx); e != nil {
		return e.Claims
	}
	return nil
}

// newCorrelationID makes an id for an event that came without any.
func newCorrelationID() string { return rand.Text() }
