package trace

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// A Segment is a piece of work in a trace: an event, or a part of its handling
// that is a subsegment of it. It is sent when it ends, by itself.
//
// A Segment is safe for concurrent use. A nil Segment takes everything and does
// nothing; what is said after the end does nothing either.
type Segment struct {
	tracer *Tracer
	link   Link   // where those are that the work calls: Parent is the segment's own id
	parent string // the id of the segment above
	w3c    string // the trace's id for traceparent
	state  string // the tracestate to pass on
	sub    bool   // a subsegment
	send   bool
	name   string
	start  time.Time

	mu          sync.Mutex
	ended       bool
	http        httpCall
	aws         awsCall
	annotations []value
	metadata    []value
	fault       bool // see SetOutcome
	status      int
}

type value struct {
	key  string
	data any
}

// httpCall is what a segment says of a request: the one that it is for, or one
// that it makes.
type httpCall struct {
	method, url string
	status      int
	length      int64
}

// awsCall is what a subsegment says of a call of an AWS API.
type awsCall struct{ operation, requestID string }

// maxValues bounds a segment's annotations, and its metadata. X-Ray indexes 50
// annotations of a trace.
const maxValues = 50

// Start begins a subsegment of the segment that ctx carries. Without one, and
// in a trace that is not recorded, it returns ctx itself and nil.
func Start(ctx context.Context, name string) (context.Context, *Segment) {
	parent := From(ctx)
	if parent == nil || !parent.send {
		return ctx, nil
	}
	s := &Segment{
		tracer: parent.tracer, link: parent.link, parent: parent.link.Parent, w3c: parent.w3c, state: parent.state,
		sub: true, send: true, name: name, start: parent.tracer.now(),
	}
	s.link.Parent = newID()
	return NewContext(ctx, s), s
}

// Do runs f in a subsegment, and ends it with f's error. A panic passes through.
func Do(ctx context.Context, name string, f func(context.Context) error) error {
	ctx, s := Start(ctx, name)
	ended := false
	defer func() {
		if !ended {
			s.End(errPanic)
		}
	}()
	err := f(ctx)
	ended = true
	s.End(err)
	return err
}

// ID returns the segment's trace id in X-Ray's form, "" for nil.
func (s *Segment) ID() string {
	if s == nil {
		return ""
	}
	return s.link.TraceID
}

// Link returns where in the trace those are whom the segment's work calls.
func (s *Segment) Link() Link {
	if s == nil {
		return Link{}
	}
	return s.link
}

// Traceparent returns the traceparent for those whom the segment's work calls,
// "" for nil.
func (s *Segment) Traceparent() string {
	if s == nil {
		return ""
	}
	return traceparent(s.w3c, s.link.Parent, s.link.Sampled)
}

// Annotate adds something that X-Ray finds segments by. The value is a text, a
// number or a bool; keys are of letters, digits and underscores. The same key
// again replaces the value. What is not either, and the 51st, is left out.
func (s *Segment) Annotate(key string, data any) {
	if s == nil {
		return
	}
	switch data.(type) {
	case string, bool, int, int64, float64:
		s.add(&s.annotations, key, data)
	}
}

// Metadata adds something that X-Ray shows and does not index. The value is
// encoded as JSON when the segment ends.
func (s *Segment) Metadata(key string, data any) {
	if s != nil {
		s.add(&s.metadata, key, data)
	}
}

// SetHTTP says for which request the segment is, and how it was answered; a
// status of 0 leaves the answer out.
func (s *Segment) SetHTTP(method, url string, status int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.http.method, s.http.url, s.http.status = method, url, status
}

// SetOutcome says how the segment's work ended, where that does not follow from
// the error alone: whether it failed, and the HTTP status that its caller got, 0
// for none.
func (s *Segment) SetOutcome(failed bool, status int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.status = failed, status
}

func (s *Segment) add(list *[]value, key string, data any) {
	if !s.send {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range *list {
		if (*list)[i].key == key {
			(*list)[i].data = data
			return
		}
	}
	if len(*list) < maxValues {
		*list = append(*list, value{key, data})
	}
}

// End ends the segment and sends it. An error marks it: as an error when it is
// the caller's, as throttled when it is one of too many calls, and as a fault
// otherwise.
func (s *Segment) End(err error) {
	if s == nil || !s.send {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	s.tracer.post(s.packet(s.tracer.now(), err))
}

type contextKey struct{}

// NewContext returns a context that carries s.
func NewContext(ctx context.Context, s *Segment) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// From returns the segment that ctx carries, or nil.
func From(ctx context.Context) *Segment {
	s, _ := ctx.Value(contextKey{}).(*Segment)
	return s
}

const hexDigits = "0123456789abcdef"

// newID returns a random id of 64 bits, never all zero.
func newID() string {
	n := rand.Uint64() | 1
	var id [16]byte
	for i := range id {
		id[i] = hexDigits[n>>(60-4*i)&15]
	}
	return string(id[:])
}
