package gateway_test

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/gateway"
)

// What RFC 6455, 4.2.1, lets a client send, in all its spellings, and what it is
// answered when it sends something else.
func TestHandshakes(t *testing.T) {
	t.Parallel()
	const (
		version = "Sec-WebSocket-Version: 13"
		key     = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
		connect = "Connection: Upgrade"
		upgrade = "Upgrade: websocket"
	)
	thirteen, webSocket := [2]string{"Sec-WebSocket-Version", "13"}, [2]string{"Upgrade", "websocket"}
	for name, tt := range map[string]struct {
		request []string // lines behind GET and Host
		method  string
		status  int
		says    [2]string // a header of the answer
	}{
		"as most clients do": {request: []string{connect, upgrade, version, key},
			status: 101, says: [2]string{"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}},
		"Connection in a list":       {request: []string{"Connection: keep-alive, Upgrade", upgrade, version, key}, status: 101},
		"Connection on two lines":    {request: []string{"Connection: keep-alive", connect, upgrade, version, key}, status: 101},
		"Upgrade in a list":          {request: []string{connect, "Upgrade: h2c, websocket", version, key}, status: 101},
		"Upgrade on two lines":       {request: []string{connect, "Upgrade: h2c", upgrade, version, key}, status: 101},
		"other cases":                {request: []string{"connection: UPGRADE", "upgrade: WebSocket", version, key}, status: 101},
		"another version":            {request: []string{connect, upgrade, "Sec-WebSocket-Version: 8", key}, status: 426, says: thirteen},
		"no version":                 {request: []string{connect, upgrade, key}, status: 426, says: thirteen},
		"no upgrade":                 {request: []string{version, key}, status: 426, says: webSocket},
		"another protocol":           {request: []string{connect, "Upgrade: h2c", version, key}, status: 426, says: webSocket},
		"no key":                     {request: []string{connect, upgrade, version}, status: 400},
		"a short key":                {request: []string{connect, upgrade, version, "Sec-WebSocket-Key: c2hvcnQ="}, status: 400},
		"24 characters of something": {request: []string{connect, upgrade, version, "Sec-WebSocket-Key: ************************"}, status: 400},
		"POST":                       {method: "POST", request: []string{connect, upgrade, version, key}, status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := newRecorder(ok)
			s := start(t, gateway.Config{Routes: routes(recorder, nil, nil)})
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			method := tt.method
			if method == "" {
				method = "GET"
			}
			conn.Write([]byte(method + " /dev HTTP/1.1\r\nHost: x\r\n" + strings.Join(tt.request, "\r\n") + "\r\n\r\n"))
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if got := res.Header.Get(tt.says[0]); res.StatusCode != tt.status || got != tt.says[1] {
				t.Errorf("got %d with %s %q, want %d with %q", res.StatusCode, tt.says[0], got, tt.status, tt.says[1])
			}
			if tt.status == 101 {
				recorder.next(t)
			} else {
				recorder.none(t)
			}
		})
	}
}

// A hookedListener calls opened as soon as the answer that opens a WebSocket is
// about to leave.
type hookedListener struct {
	net.Listener
	opened func()
}

func (l hookedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &hookedConn{c, l.opened}, nil
}

type hookedConn struct {
	net.Conn
	opened func()
}

func (c *hookedConn) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("HTTP/1.1 101 ")) {
		c.opened()
	}
	return c.Conn.Write(p)
}

// A client that has seen the 101 is reachable, so a function that it tells about
// itself can post to it and close it.
func TestReachableBeforeTheClientKnows(t *testing.T) {
	t.Parallel()
	connect, gone := newRecorder(ok), newRecorder(ok)
	g, err := gateway.New(gateway.Config{Routes: routes(connect, gone, nil), Clock: newClock()})
	if err != nil {
		t.Fatal(err)
	}
	var posted, deleted error
	server := httptest.NewUnstartedServer(g)
	server.Listener = hookedListener{server.Listener, func() {
		id := connect.next(t).RequestContext.ConnectionID
		posted, deleted = g.Post(t.Context(), id, []byte("welcome")), g.Delete(t.Context(), id)
	}}
	server.Start()
	defer server.Close()
	defer g.Close(t.Context())

	c := dial(t, server.URL+"/dev", nil)
	if posted != nil || deleted != nil {
		t.Fatalf("got %v and %v for POST and DELETE, want none", posted, deleted)
	}
	if got := c.receive(t); got != "welcome" {
		t.Errorf("the client got %q, want welcome", got)
	}
	if end := c.closed(t); end.Code != 1000 {
		t.Errorf("closed with %v, want 1000", end)
	}
	if e := gone.next(t).RequestContext; e.DisconnectStatusCode != 1000 {
		t.Errorf("$disconnect got %d, want 1000", e.DisconnectStatusCode)
	}
}
