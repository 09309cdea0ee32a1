package gateway_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/emulator/gateway"
)

var update = flag.Bool("update", false, "write testdata")

// varying is what differs from run to run: ids, the handshake's key, the trace,
// the port.
var varying = []struct{ pattern, name string }{
	{`"Sec-WebSocket-Key": (\[\s*)?"[^"]*"`, `"Sec-WebSocket-Key": ${1}"KEY"`},
	{`Root=1-[0-9a-f]{8}-[0-9a-f]{24}`, `TRACE`},
	{`("[Xx]-[Ff]orwarded-[Pp]ort": (?:\[\s*)?)"\d+"`, `${1}"PORT"`},
	{`"[A-Za-z0-9_-]{15}="`, `"ID"`},
}

// wantGolden compares an event with testdata, field by field in order. The
// file is indented, the event must not be.
func wantGolden(t *testing.T, name string, raw []byte) {
	t.Helper()
	var compact, indented bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil || !bytes.Equal(compact.Bytes(), raw) {
		t.Errorf("the event is not compact JSON: %s", raw)
	}
	json.Indent(&indented, raw, "", "  ")
	indented.WriteByte('\n')
	got := indented.String()
	for _, v := range varying {
		got = regexp.MustCompile(v.pattern).ReplaceAllString(got, v.name)
	}
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

// decode is what aws-lambda-go makes of an event; a field that it does not know
// or that has another type there is an error.
func decode[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var v T
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Errorf("aws-lambda-go: %v", err)
	}
	return v
}

var handshake = &websocket.DialOptions{
	Host:         "w1x2y3z4.execute-api.us-east-1.amazonaws.com",
	Subprotocols: []string{"streamer.v1"},
	HTTPHeader: http.Header{
		"User-Agent": {"Mozilla/5.0 <&>"}, "Origin": {"https://example.com"}, "Accept-Language": {"en-US,en;q=0.5"},
		"X-Twice": {"one", "two"}, "Cookie": {"a=1; b=2"},
	},
}

func TestWebSocketEvents(t *testing.T) {
	t.Parallel()
	connect, gone, got := newRecorder(ok), newRecorder(ok), newRecorder(ok)
	s := start(t, gateway.Config{Stage: "develop", APIID: "nn27okk1we", Routes: routes(connect, gone, got)})
	c := dial(t, s.ws+"?token=a%20b&list=1&list=2", handshake)

	e := connect.next(t)
	wantGolden(t, "connect", e.raw)
	first := decode[events.APIGatewayWebsocketProxyRequest](t, e.raw)
	if first.QueryStringParameters["token"] != "a b" || len(first.MultiValueQueryStringParameters["list"]) != 2 ||
		first.Headers["Sec-WebSocket-Protocol"] != "streamer.v1" || first.RequestContext.ConnectedAt != 1708326702789 {
		t.Errorf("aws-lambda-go: %+v", first)
	}
	wantIDs(t, e, first.RequestContext.ConnectionID)

	s.clock.advance(1234 * time.Millisecond)
	c.send(t, `{"a": "<&>", "n": 9007199254740993}`)
	e = got.next(t)
	wantGolden(t, "message", e.raw)
	message := decode[events.APIGatewayWebsocketProxyRequest](t, e.raw)
	if message.Body != `{"a": "<&>", "n": 9007199254740993}` || message.RequestContext.EventType != "MESSAGE" {
		t.Errorf("aws-lambda-go: %+v", message)
	}
	wantIDs(t, e, first.RequestContext.ConnectionID)
	if id := e.RequestContext.MessageID; len(id) != 16 || id == e.RequestContext.RequestID {
		t.Errorf("message id %q", id)
	}

	s.clock.advance(time.Minute)
	c.Close(websocket.StatusNormalClosure, "")
	e = gone.next(t)
	wantGolden(t, "disconnect", e.raw)
	last := decode[events.APIGatewayWebsocketProxyRequest](t, e.raw)
	if last.RequestContext.DisconnectStatusCode != 1000 || last.Headers["x-restapi"] != "" {
		t.Errorf("aws-lambda-go: %+v", last)
	}
	wantIDs(t, e, first.RequestContext.ConnectionID)
}

func wantIDs(t *testing.T, e event, connection string) {
	t.Helper()
	c := e.RequestContext
	form := regexp.MustCompile(`^[A-Za-z0-9_-]{15}=$`)
	if c.ConnectionID != connection || c.RequestID != c.ExtendedRequestID || c.RequestID == c.ConnectionID ||
		!form.MatchString(c.ConnectionID) || !form.MatchString(c.RequestID) {
		t.Errorf("ids %+v", c)
	}
}

// A handshake without a query has no query in its event, and a reason that is
// empty is there nevertheless.
func TestSparseEvents(t *testing.T) {
	t.Parallel()
	connect, gone := newRecorder(ok), newRecorder(ok)
	s := start(t, gateway.Config{DomainName: "api.example.com", Routes: routes(connect, gone, nil)})
	c := dialRaw(t, s.ws)
	e := connect.next(t)
	if strings.Contains(strings.ToLower(string(e.raw)), "querystring") || strings.Contains(string(e.raw), `"body"`) {
		t.Errorf("event %s", e.raw)
	}
	if e.RequestContext.DomainName != "api.example.com" || e.RequestContext.Stage != "dev" {
		t.Errorf("event %s", e.raw)
	}
	c.Close()
	e = gone.next(t)
	if !strings.Contains(string(e.raw), `"disconnectReason":""`) || e.Headers["Host"] != "api.example.com" {
		t.Errorf("event %s", e.raw)
	}
}

func TestHTTPEvents(t *testing.T) {
	t.Parallel()
	got := newRecorder(`{"statusCode":204}`)
	s := start(t, gateway.Config{HTTP: got, APIID: "aaaaaaaaaa"})
	host := http.Header{"Host": {"aaaaaaaaaa.execute-api.us-west-2.amazonaws.com"}, "User-Agent": {"curl/7.58.0"},
		"Accept-Encoding": {"identity"}}

	request(t, "GET", s.url+"/", "", host)
	raw := got.next(t).raw
	wantGolden(t, "http-get", raw)
	decode[events.APIGatewayV2HTTPRequest](t, raw)

	header := host.Clone()
	header["Content-Type"] = []string{"application/json; charset=utf-8"}
	header["Cookie"] = []string{"cookie1=a; cookie2=b", "cookie3=c"}
	header["X-Forwarded-For"] = []string{"203.0.113.7"}
	header["Header2"] = []string{"value1", "value2"}
	header["Te"], header["Keep-Alive"] = []string{"trailers"}, []string{"timeout=5"} // of this connection alone
	request(t, "POST", s.url+"/my/p%C3%A4th%20x?parameter1=value1&parameter1=value2&parameter2=a%26b&empty", `{"a": "<é>"}`, header)
	raw = got.next(t).raw
	wantGolden(t, "http-post", raw)
	e := decode[events.APIGatewayV2HTTPRequest](t, raw)
	if e.QueryStringParameters["parameter1"] != "value1,value2" || e.Headers["header2"] != "value1,value2" || len(e.Cookies) != 3 {
		t.Errorf("aws-lambda-go: %+v", e)
	}
}

func TestHTTPBodies(t *testing.T) {
	t.Parallel()
	got := newRecorder(`{"statusCode":204}`)
	s := start(t, gateway.Config{HTTP: got})
	for _, tt := range []struct {
		contentType, body, want string
		base64                  bool
	}{
		{"application/json", `{}`, `{}`, false},
		{"application/problem+json", `{}`, `{}`, false},
		{"text/plain; charset=utf-8", "x", "x", false},
		{"text/csv", "\xff", "/w==", true},
		{"application/xml", "<a/>", "<a/>", false},
		{"image/png", "\x89PNG", "iVBORw==", true},
		{"application/x-www-form-urlencoded", "a=b", "YT1i", true},
		{"", "x", "eA==", true},
	} {
		t.Run("type "+tt.contentType, func(t *testing.T) {
			request(t, "POST", s.url+"/x", tt.body, http.Header{"Content-Type": {tt.contentType}})
			e := decode[events.APIGatewayV2HTTPRequest](t, got.next(t).raw)
			if e.Body != tt.want || e.IsBase64Encoded != tt.base64 || e.Headers["content-length"] != fmt.Sprint(len(tt.body)) {
				t.Errorf("got body %q, base64 %v, want %q, %v", e.Body, e.IsBase64Encoded, tt.want, tt.base64)
			}
		})
	}
}
