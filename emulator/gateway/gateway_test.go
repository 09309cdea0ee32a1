package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"

	"github.com/pay-theory/streamer/emulator/gateway"
)

func TestConfigFaultsAreNamedTogether(t *testing.T) {
	t.Parallel()
	_, err := gateway.New(gateway.Config{
		Stage:      "de/v",
		Selection:  "$request.header.action",
		Routes:     map[string]gateway.Route{"": {Function: answer(ok)}, "$other": {Function: answer(ok)}, "join": {}},
		Authorizer: &gateway.Authorizer{IdentitySources: []string{"context.identity"}},
		CORS:       &gateway.CORS{AllowOrigins: []string{"*"}, AllowCredentials: true},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"Config.Stage", "Config.Selection", `Config.Routes has ""`, `"$other"`, `Config.Routes["join"]`,
		"Config.Authorizer has no function", "context.identity", "Config.CORS"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("nothing about %s in %v", part, err)
		}
	}
}

// A client that reads the log finds what happened and no secret.
func TestLog(t *testing.T) {
	t.Parallel()
	connect, gone := newRecorder(ok), newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(connect, gone, answer(ok)), HTTP: answer(`{}`)})
	c := dial(t, s.ws+"?token=sesame", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"sesame"}}})
	id := connect.next(t).RequestContext.ConnectionID
	c.send(t, "sesame")
	eventually(t, func() bool { return s.Post(t.Context(), id, []byte("sesame")) == nil })
	request(t, "GET", s.url+"/requests?token=sesame", "sesame", http.Header{"Authorization": {"sesame"}})
	c.Close(websocket.StatusNormalClosure, "sesame")
	gone.next(t)
	eventually(t, func() bool {
		log := s.log.String()
		return strings.Contains(log, `"msg":"disconnect"`) && strings.Contains(log, `"msg":"message"`)
	})

	seen := make(map[string]map[string]any)
	for line := range strings.Lines(s.log.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		seen[fields["msg"].(string)] = fields
	}
	for name, want := range map[string]map[string]any{
		"connect":    {"connection": id, "status": 101.0},
		"message":    {"connection": id, "route": "$default", "bytes": 6.0},
		"post":       {"connection": id, "bytes": 6.0},
		"http":       {"method": "GET", "path": "/requests", "status": 200.0},
		"disconnect": {"connection": id, "code": 1000.0},
	} {
		t.Run(name, func(t *testing.T) {
			for field, value := range want {
				if seen[name][field] != value {
					t.Errorf("%s: %s is %v, want %v", name, field, seen[name][field], value)
				}
			}
		})
	}
	if strings.Contains(s.log.String(), "sesame") {
		t.Errorf("a secret is in the log:\n%s", s.log)
	}
}

func TestListenKeepsSpelling(t *testing.T) {
	t.Parallel()
	connect := newRecorder(ok)
	g, err := gateway.New(gateway.Config{Routes: routes(connect, nil, nil)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: g}
	served := make(chan error, 1)
	go func() { served <- server.Serve(gateway.Listen(l)) }()
	t.Cleanup(func() {
		g.Close(context.Background())
		server.Close()
		<-served
	})
	handshake := "GET /dev HTTP/1.1\r\nhost: x\r\nUPGRADE: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nx-api-key: secret\r\nX-FORWARDED-FOR: 10.0.0.1\r\n\r\n"

	t.Run("first request", func(t *testing.T) {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, part := range []string{handshake[:100], handshake[100:]} {
			conn.Write([]byte(part))
		}
		h := connect.next(t).Headers
		want := map[string]string{
			"host": "x", "sec-websocket-version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "x-api-key": "secret",
			"X-Forwarded-For": "10.0.0.1, 127.0.0.1", "X-Forwarded-Proto": "http",
		}
		for name, value := range want {
			if h[name] != value {
				t.Errorf("%s is %q, want %q", name, h[name], value)
			}
		}
		if len(h) != len(want)+2 { // the port and the trace
			t.Errorf("headers %v", h)
		}
	})
	t.Run("second request", func(t *testing.T) {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.Write([]byte("GET /x HTTP/1.1\r\nHOST: x\r\nX-API-KEY: other\r\n\r\n" + handshake))
		h := connect.next(t).Headers
		if h["X-Api-Key"] != "secret" || h["Sec-WebSocket-Key"] == "" {
			t.Errorf("headers %v", h)
		}
	})
}

// A thousand clients, each with a message that is answered by a callback.
func TestManyClients(t *testing.T) {
	t.Parallel()
	const clients, messages = 1000, 5
	gone := make(chan struct{}, clients)
	var g *gateway.Gateway
	echo := function(func(ctx context.Context, raw []byte) ([]byte, error) {
		var e event
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, err
		}
		return []byte(ok), g.Post(ctx, e.RequestContext.ConnectionID, []byte(e.Body))
	})
	s := start(t, gateway.Config{
		Serial: true,
		Limits: gateway.Limits{ConnectRate: gateway.Unlimited, RequestRate: gateway.Unlimited, Closing: gateway.Unlimited},
		Routes: routes(answer(ok), function(func(context.Context, []byte) ([]byte, error) {
			gone <- struct{}{}
			return nil, nil
		}), echo),
	})
	g = s.Gateway
	var wg sync.WaitGroup
	dialing := make(chan struct{}, 64) // no more handshakes at once than a backlog holds
	for i := range clients {
		wg.Go(func() {
			dialing <- struct{}{}
			c := dialRaw(t, s.ws)
			<-dialing
			c.SetDeadline(time.Now().Add(4 * patience))
			for j := range messages {
				c.frame(ws.NewTextFrame(fmt.Appendf(nil, "%d/%d", i, j)))
			}
			for j := range messages {
				if got := string(c.next(t).Payload); got != fmt.Sprintf("%d/%d", i, j) {
					t.Errorf("client %d got %s as answer %d", i, got, j)
				}
			}
			c.frame(ws.NewCloseFrame(nil))
			if code := c.closeCode(t); code != 1005 {
				t.Errorf("client %d was closed with %d", i, code)
			}
		})
	}
	wg.Wait()
	for range clients {
		<-gone
	}
}

// BenchmarkIdleConnection reports the memory that the process holds for one
// open connection, its client's socket included.
func BenchmarkIdleConnection(b *testing.B) {
	g, err := gateway.New(gateway.Config{Limits: gateway.Limits{ConnectRate: gateway.Unlimited, RequestRate: gateway.Unlimited}})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: g}
	served := make(chan error, 1)
	go func() { served <- server.Serve(gateway.Listen(l)) }()
	inUse := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := inUse()
	conns := make([]net.Conn, 0, b.N)
	for b.Loop() {
		conn, _, _, err := ws.Dial(b.Context(), "ws://"+l.Addr().String()+"/dev")
		if err != nil {
			b.Fatal(err)
		}
		conns = append(conns, conn)
	}
	b.StopTimer()
	b.ReportMetric(float64(inUse()-before)/float64(len(conns)), "B/conn")
	for _, conn := range conns {
		conn.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	g.Close(ctx)
	server.Close()
	<-served
}
