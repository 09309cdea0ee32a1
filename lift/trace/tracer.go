package trace

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Config says where traces go. The zero Config is right on Lambda.
type Config struct {
	// Service is the name of segments outside Lambda, where no service makes
	// one for the function. Default: the function's name, or "lift".
	Service string

	// Daemon is the address of the X-Ray daemon, as in "127.0.0.1:2000" or
	// "tcp:127.0.0.1:2000 udp:127.0.0.1:2001". Default: AWS_XRAY_DAEMON_ADDRESS;
	// without it nothing is sent.
	Daemon string

	Now func() time.Time // default: time.Now
}

// A Tracer makes the first segment of an event. It is safe for concurrent use.
type Tracer struct {
	service string
	now     func() time.Time
	daemon  string // "" for none

	mu   sync.Mutex
	conn net.Conn // nil until the first document
}

// New checks the Config. It opens no connection.
func New(cfg Config) (*Tracer, error) {
	address := cmp.Or(cfg.Daemon, os.Getenv("AWS_XRAY_DAEMON_ADDRESS"))
	for part := range strings.FieldsSeq(address) {
		if udp, ok := strings.CutPrefix(part, "udp:"); ok {
			address = udp
		}
	}
	if address != "" {
		_, port, err := net.SplitHostPort(address)
		if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil {
			return nil, fmt.Errorf("trace: the daemon's address %q is not host:port", address)
		}
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	return &Tracer{
		service: cmp.Or(cfg.Service, lambdacontext.FunctionName, "lift"),
		now:     now,
		daemon:  address,
	}, nil
}

// A Caller is what an event brings of its caller's trace; each may be missing.
type Caller struct {
	Lambda      string // the trace header of the invocation
	XRay        string // the request's X-Amzn-Trace-Id
	Traceparent string // the request's
	Tracestate  string // the request's
}

// Start begins the first segment of an event, and returns a context that
// carries it. Under Lambda's own segment it is a subsegment. Outside Lambda it
// is a segment of the Service's name in the trace that the request brings, the
// X-Amzn-Trace-Id before the traceparent, unless it lacks a Parent: a load
// balancer adds one with a Root alone. Without any trace Start returns nil.
//
// A traceparent's id stays that of the traceparent that is passed on, also when
// X-Ray has the event under another.
func (t *Tracer) Start(ctx context.Context, name string, from Caller) (context.Context, *Segment) {
	outer, fromOuter := ParseTraceparent(from.Traceparent)
	link, ok := ParseHeader(from.Lambda)
	inLambda := ok
	if !ok {
		link, ok = ParseHeader(from.XRay)
		if fromOuter && link.Parent == "" {
			link, ok = outer, true
		}
		if !ok {
			return ctx, nil
		}
	}
	s := &Segment{tracer: t, parent: link.Parent, link: link, name: name, start: t.now()}
	s.link.Parent = newID()
	s.send = link.Sampled && t.daemon != ""
	s.sub = inLambda && link.Parent != ""
	if !s.sub {
		s.name = t.service
	}
	if fromOuter {
		s.w3c = outer.w3c()
		if len(from.Tracestate) <= maxHeader && isVisible(strings.ReplaceAll(from.Tracestate, " ", "")) {
			s.state = from.Tracestate
		}
	} else {
		s.w3c = link.w3c()
	}
	return NewContext(ctx, s), s
}

// maxDocument is what fits into one packet. X-Ray takes 64 KB.
const maxDocument = 60 << 10

// post sends a document. A failure has no one to report to: the daemon
// is the one that would report it.
func (t *Tracer) post(packet []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == nil {
		conn, err := net.Dial("udp", t.daemon)
		if err != nil {
			return
		}
		t.conn = conn
	}
	_, _ = t.conn.Write(packet)
}
