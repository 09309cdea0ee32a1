// Package xray holds what lift/trace sends against AWS's own SDK for X-Ray: its model of a
// segment document, and its reader of the trace header.
package xray

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-xray-sdk-go/header"
	"github.com/aws/aws-xray-sdk-go/xray"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/trace"
)

const (
	root    = "1-5759e988-bd862e3fe1be46a994272793"
	caller  = "53995c3f42cd8ad8"
	sampled = "Root=" + root + ";Parent=" + caller + ";Sampled=1"
)

// maxPacket is what X-Ray takes as a document:
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
const maxPacket = 64 << 10

var (
	traceID   = regexp.MustCompile(`^1-[0-9a-f]{8}-[0-9a-f]{24}$`)
	segmentID = regexp.MustCompile(`^[0-9a-f]{16}$`)
)

// A daemon listens where AWS's daemon would, and reads with the SDK's model.
type daemon struct{ conn net.PacketConn }

func listen(t *testing.T) daemon {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return daemon{conn}
}

// next is the next packet: the header line of the daemon's protocol, and a document of which
// the SDK knows every member.
func (d daemon) next(t *testing.T) *xray.Segment {
	t.Helper()
	if err := d.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	packet := make([]byte, 1<<16)
	n, _, err := d.conn.ReadFrom(packet)
	if err != nil {
		t.Fatalf("no document came: %v", err)
	}
	head, document, _ := bytes.Cut(packet[:n], []byte("\n"))
	if got := strings.ReplaceAll(string(head), " ", ""); got != `{"format":"json","version":1}` {
		t.Errorf("got the header %q", head)
	}
	if n > maxPacket {
		t.Errorf("the packet has %d bytes, want %d at most", n, maxPacket)
	}
	strict := json.NewDecoder(bytes.NewReader(document))
	strict.DisallowUnknownFields()
	s := new(xray.Segment)
	if err := strict.Decode(s); err != nil {
		t.Fatalf("AWS's SDK does not read the document: %v\n%s", err, document)
	}
	if !traceID.MatchString(s.TraceID) || !segmentID.MatchString(s.ID) || s.Name == "" || utf8.RuneCountInString(s.Name) > 200 || s.EndTime < s.StartTime {
		t.Errorf("got trace %q, id %q, name %q, from %v to %v", s.TraceID, s.ID, s.Name, s.StartTime, s.EndTime)
	}
	if age := float64(time.Now().UnixMicro())/1e6 - s.StartTime; math.Abs(age) > 60 {
		t.Errorf("it began %v s ago", age)
	}
	return s
}

func (d daemon) tracer(t *testing.T) *trace.Tracer {
	t.Helper()
	tracer, err := trace.New(trace.Config{Service: "orders", Daemon: d.conn.LocalAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

// Every kind of document is one of the SDK's, with the meaning that it has there.
func TestDocuments(t *testing.T) {
	t.Parallel()
	missing := &lift.Error{Code: lift.CodeNotFound, Message: "there is no order 7"}
	outer := trace.Caller{Lambda: sampled}
	for _, tt := range []struct {
		name  string
		from  trace.Caller
		do    func(ctx context.Context, s *trace.Segment)
		wrong func(s *xray.Segment) bool
	}{
		{"under Lambda", outer, func(_ context.Context, s *trace.Segment) { s.End(nil) },
			func(s *xray.Segment) bool {
				return s.Type != "subsegment" || s.ParentID != caller || s.TraceID != root || s.Name != "GET /x"
			}},
		{"outside Lambda", trace.Caller{XRay: sampled}, func(_ context.Context, s *trace.Segment) { s.End(nil) },
			func(s *xray.Segment) bool { return s.Type != "" || s.ParentID != caller || s.Name != "orders" }},
		{"of a traceparent", trace.Caller{Traceparent: "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"},
			func(_ context.Context, s *trace.Segment) { s.End(nil) },
			func(s *xray.Segment) bool { return s.TraceID != root || s.ParentID != caller }},
		{"annotations", outer, func(_ context.Context, s *trace.Segment) {
			s.Annotate("tenant", "acme")
			s.Annotate("cold", true)
			s.Annotate("items", 3)
			s.Annotate("ratio", 0.5)
			s.End(nil)
		}, func(s *xray.Segment) bool {
			return fmt.Sprint(s.Annotations) != "map[cold:true items:3 ratio:0.5 tenant:acme]"
		}},
		{"metadata", outer, func(_ context.Context, s *trace.Segment) {
			s.Metadata("order", map[string]any{"id": 7})
			s.End(nil)
		}, func(s *xray.Segment) bool { return fmt.Sprint(s.Metadata) != "map[default:map[order:map[id:7]]]" }},
		{"more metadata than a packet holds", outer, func(_ context.Context, s *trace.Segment) {
			s.Metadata("order", strings.Repeat("x", 1<<17))
			s.Annotate("kept", true)
			s.End(nil)
		}, func(s *xray.Segment) bool { return s.Metadata != nil || s.Annotations["kept"] != true }},
		{"a long name in another script", outer, func(ctx context.Context, s *trace.Segment) {
			_, sub := trace.Start(ctx, strings.Repeat("größe ✓", 60))
			sub.End(nil)
			s.End(nil)
		}, func(s *xray.Segment) bool { return !strings.HasPrefix(s.Name, "größe _") }},
		{"a request that was answered", outer, func(_ context.Context, s *trace.Segment) {
			s.SetHTTP("GET", "https://host/orders/7", 200)
			s.End(nil)
		}, func(s *xray.Segment) bool {
			return s.HTTP == nil || *s.HTTP.Request != xray.RequestData{Method: "GET", URL: "https://host/orders/7"} || s.HTTP.Response.Status != 200
		}},
		{"the caller's error", outer, func(_ context.Context, s *trace.Segment) { s.End(missing) }, func(s *xray.Segment) bool {
			return !s.Error || s.Fault || s.Throttle || len(s.Cause.Exceptions) != 1 || s.Cause.Exceptions[0].Message != missing.Error() ||
				s.Cause.Exceptions[0].Type != "*lift.Error" || !segmentID.MatchString(s.Cause.Exceptions[0].ID)
		}},
		{"too many calls", outer, func(_ context.Context, s *trace.Segment) {
			s.End(&lift.Error{Code: lift.CodeRateLimited, Message: "wait"})
		},
			func(s *xray.Segment) bool { return !s.Error || !s.Throttle || s.Fault }},
		{"an error that nobody declared", outer, func(_ context.Context, s *trace.Segment) { s.End(errors.New("the disk is full")) },
			func(s *xray.Segment) bool {
				return s.Error || !s.Fault || s.Cause.Exceptions[0].Message != "the disk is full"
			}},
		{"a panic", outer, func(ctx context.Context, s *trace.Segment) {
			defer func() { _ = recover(); s.End(nil) }()
			_ = trace.Do(ctx, "reserve", func(context.Context) error { panic("no shelf") })
		}, func(s *xray.Segment) bool {
			return s.Name != "reserve" || !s.Fault || s.Cause.Exceptions[0].Message != "panic"
		}},
		{"a status that is a fault", outer, func(_ context.Context, s *trace.Segment) {
			s.SetHTTP("GET", "https://host/", 503)
			s.End(nil)
		}, func(s *xray.Segment) bool { return !s.Fault || s.Cause != nil || s.HTTP.Response.Status != 503 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := listen(t)
			ctx, s := d.tracer(t).Start(t.Context(), "GET /x", tt.from)
			tt.do(ctx, s)
			if got := d.next(t); tt.wrong(got) {
				t.Errorf("the SDK reads %s", show(t, got))
			}
		})
	}
}

func show(t *testing.T, s *xray.Segment) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A call goes out with a header that the SDK reads, and its document is one of a remote service, or of AWS.
func TestCalls(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, target string // X-Amz-Target
		status       int
		namespace    string
	}{
		{"another service", "", 200, "remote"},
		{"another service that fails", "", 500, "remote"},
		{"an API of AWS", "DynamoDB_20120810.GetItem", 200, "aws"},
		{"an API of AWS that throttles", "DynamoDB_20120810.GetItem", 429, "aws"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := make(chan string, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got <- r.Header.Get("X-Amzn-Trace-Id")
				w.Header().Set("X-Amzn-Requestid", "1f2d9bf3")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, "{}")
			}))
			t.Cleanup(server.Close)
			d := listen(t)
			ctx, s := d.tracer(t).Start(t.Context(), "GET /x", trace.Caller{Lambda: sampled})
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/table?secret=1", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			if tt.target != "" {
				req.Header.Set("X-Amz-Target", tt.target)
			}
			res, err := (&http.Client{Transport: trace.Transport(server.Client().Transport)}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			call, h := d.next(t), header.FromString(<-got)
			if h.TraceID != root || h.ParentID != call.ID || h.SamplingDecision != header.Sampled {
				t.Errorf("the SDK reads the header as %+v, want trace %s and parent %s", h, root, call.ID)
			}
			if call.ParentID != s.Link().Parent || call.Type != "subsegment" || call.Namespace != tt.namespace ||
				call.HTTP.Request.URL != server.URL+"/table" || call.HTTP.Response.Status != tt.status {
				t.Errorf("the SDK reads %s", show(t, call))
			}
			if tt.target != "" && (call.Name != "DynamoDB" || fmt.Sprint(call.AWS) != "map[operation:GetItem request_id:1f2d9bf3]") {
				t.Errorf("got the call %q, %v, want GetItem of DynamoDB", call.Name, call.AWS)
			}
			if call.Throttle != (tt.status == 429) || call.Error != (tt.status == 429) || call.Fault != (tt.status == 500) {
				t.Errorf("status %d: got throttle %v, error %v, fault %v", tt.status, call.Throttle, call.Error, call.Fault)
			}
			s.End(nil)
			d.next(t)
		})
	}
}

// A trace header that the SDK writes is read here with the same meaning.
func TestHeaders(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]header.Header{
		"sampled":        {TraceID: root, ParentID: caller, SamplingDecision: header.Sampled},
		"not sampled":    {TraceID: root, ParentID: caller, SamplingDecision: header.NotSampled},
		"asked for":      {TraceID: root, ParentID: caller, SamplingDecision: header.Requested},
		"without parent": {TraceID: root, SamplingDecision: header.Sampled},
		"with more": {TraceID: root, ParentID: caller, SamplingDecision: header.Sampled,
			AdditionalData: map[string]string{"Lineage": "1:a87bd80c:0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link, ok := trace.ParseHeader(h.String())
			if !ok || link.TraceID != h.TraceID || link.Parent != h.ParentID || link.Sampled != (h.SamplingDecision == header.Sampled) {
				t.Errorf("%s: got %+v and %v", h.String(), link, ok)
			}
			back := header.FromString(link.Header())
			if back.TraceID != h.TraceID || back.ParentID != h.ParentID {
				t.Errorf("got back %+v, want %+v", back, h)
			}
		})
	}
}
