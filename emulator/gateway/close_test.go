package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"

	"github.com/pay-theory/streamer/emulator/gateway"
)

func TestWhatEndsAConnection(t *testing.T) {
	t.Parallel()
	frame := func(fin bool, op ws.OpCode, size int) []byte {
		return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, []byte(strings.Repeat("x", size)))))
	}
	text := func(f ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(f)) }
	const kb = 1 << 10
	first, more := frame(false, ws.OpText, 32*kb), frame(false, ws.OpContinuation, 32*kb)
	longer, last := frame(true, ws.OpText, 300*kb), frame(true, ws.OpContinuation, 5)
	half := text(ws.NewFrame(ws.OpText, false, []byte("\xc3"))) // of a character
	noLimits := gateway.Limits{Frame: gateway.Unlimited, Message: gateway.Unlimited}
	for name, tt := range map[string]struct {
		limits gateway.Limits
		send   [][]byte
		code   ws.StatusCode // 0: the message arrives
	}{
		"a frame of 32 KB":              {send: [][]byte{frame(true, ws.OpText, 32*kb)}},
		"a frame above 32 KB":           {send: [][]byte{frame(true, ws.OpText, 32*kb+1)}, code: 1009},
		"a message of 128 KB":           {send: [][]byte{first, more, more, frame(true, ws.OpContinuation, 32*kb)}},
		"a message above 128 KB":        {send: [][]byte{first, more, more, more, frame(true, ws.OpContinuation, 1)}, code: 1009},
		"a long frame, no limit":        {limits: gateway.Limits{Frame: gateway.Unlimited}, send: [][]byte{frame(true, ws.OpText, 100*kb)}},
		"a longer message, no limits":   {limits: noLimits, send: [][]byte{longer}},
		"a shorter limit":               {limits: gateway.Limits{Frame: 10}, send: [][]byte{frame(true, ws.OpText, 11)}, code: 1009},
		"a ping within a message":       {send: [][]byte{frame(false, ws.OpText, 5), frame(true, ws.OpPing, 5), last}},
		"an empty message":              {send: [][]byte{frame(true, ws.OpText, 0)}},
		"binary":                        {send: [][]byte{frame(true, ws.OpBinary, 5)}, code: 1003},
		"no UTF-8":                      {send: [][]byte{text(ws.NewTextFrame([]byte{0xff}))}, code: 1007},
		"no mask":                       {send: [][]byte{ws.MustCompileFrame(ws.NewTextFrame([]byte("x")))}, code: 1002},
		"a continuation of nothing":     {send: [][]byte{frame(true, ws.OpContinuation, 5)}, code: 1002},
		"a message in a message":        {send: [][]byte{frame(false, ws.OpText, 5), frame(true, ws.OpText, 5)}, code: 1002},
		"a reserved opcode":             {send: [][]byte{frame(true, 3, 5)}, code: 1002},
		"a long ping":                   {send: [][]byte{frame(true, ws.OpPing, 126)}, code: 1002},
		"a close frame of one byte":     {send: [][]byte{frame(true, ws.OpClose, 1)}, code: 1002},
		"a close frame with 1005":       {send: [][]byte{text(ws.NewCloseFrame(ws.NewCloseFrameBody(1005, "")))}, code: 1002},
		"a close reason without UTF-8":  {send: [][]byte{text(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "\xff")))}, code: 1007},
		"a fragmented ping":             {send: [][]byte{frame(false, ws.OpPing, 5)}, code: 1002},
		"a reserved bit":                {send: [][]byte{{0xc1, 0x80, 0, 0, 0, 0}}, code: 1002},
		"UTF-8 across frames":           {send: [][]byte{half, last}, code: 1007},
		"an impossible length":          {send: [][]byte{{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}}, code: 1002},
		"a huge frame that never comes": {send: [][]byte{{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}}, code: 1009},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone, got := newRecorder(ok), newRecorder(ok)
			s := start(t, gateway.Config{Limits: tt.limits, Routes: routes(nil, gone, got)})
			c := dialRaw(t, s.ws)
			for _, b := range tt.send {
				if _, err := c.Write(b); err != nil {
					t.Fatal(err)
				}
			}
			if tt.code == 0 {
				if e := got.next(t); strings.Trim(e.Body, "x") != "" {
					t.Errorf("body %.50q", e.Body)
				}
				return
			}
			if code := c.closeCode(t); code != tt.code {
				t.Errorf("closed with %d, want %d", code, tt.code)
			}
			if e := gone.next(t).RequestContext; e.DisconnectStatusCode != int(tt.code) {
				t.Errorf("$disconnect got %d", e.DisconnectStatusCode)
			}
			got.none(t)
		})
	}
}

func TestClientCloses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end    func(*testing.T, *raw)
		code   int
		reason string
		echo   ws.StatusCode
	}{
		"without a status": {func(_ *testing.T, c *raw) { c.frame(ws.NewCloseFrame(nil)) }, 1005, "Client-side close frame status not set", 1005},
		"with one":         {func(_ *testing.T, c *raw) { c.frame(ws.NewCloseFrame(ws.NewCloseFrameBody(4001, "lunch"))) }, 4001, "lunch", 4001},
		"by leaving":       {func(_ *testing.T, c *raw) { c.Close() }, 1006, "", 0},
		"in a frame":       {func(_ *testing.T, c *raw) { c.Write([]byte{0x81, 0x85, 0}); c.Close() }, 1006, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := newRecorder(ok)
			s := start(t, gateway.Config{Routes: routes(nil, gone, nil)})
			c := dialRaw(t, s.ws)
			tt.end(t, c)
			if tt.echo != 0 {
				if code := c.closeCode(t); code != tt.echo {
					t.Errorf("answered with %d", code)
				}
			}
			if e := gone.next(t).RequestContext; e.DisconnectStatusCode != tt.code || e.DisconnectReason != tt.reason {
				t.Errorf("$disconnect got %d %q", e.DisconnectStatusCode, e.DisconnectReason)
			}
		})
	}
}

// The codes that a close frame may have, and those that are answered with 1002:
// RFC 6455, 7.4, and the registry that it opens.
func TestCloseCodes(t *testing.T) {
	t.Parallel()
	codes := make(map[ws.StatusCode]bool)
	for _, good := range []ws.StatusCode{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		codes[good] = true
	}
	for _, bad := range []ws.StatusCode{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		codes[bad] = false
	}
	for code, good := range codes {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			gone := newRecorder(ok)
			s := start(t, gateway.Config{Routes: routes(nil, gone, nil)})
			c := dialRaw(t, s.ws)
			c.frame(ws.NewCloseFrame(ws.NewCloseFrameBody(code, "why")))
			want, reason := code, "why"
			if !good {
				want, reason = 1002, "Protocol error"
			}
			if got := c.closeCode(t); got != want {
				t.Errorf("answered with %d, want %d", got, want)
			}
			if e := gone.next(t).RequestContext; e.DisconnectStatusCode != int(want) || e.DisconnectReason != reason {
				t.Errorf("$disconnect got %d %q, want %d %q", e.DisconnectStatusCode, e.DisconnectReason, want, reason)
			}
		})
	}
}

func TestPingsAreAnswered(t *testing.T) {
	t.Parallel()
	s := start(t, gateway.Config{})
	c := dialRaw(t, s.ws)
	c.frame(ws.NewPingFrame([]byte("marco")))
	if f := c.next(t); f.Header.OpCode != ws.OpPong || string(f.Payload) != "marco" {
		t.Errorf("answer %+v", f)
	}
}

func TestLongMessagesLeaveInFrames(t *testing.T) {
	t.Parallel()
	connect := newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(connect, nil, nil)})
	c := dialRaw(t, s.ws)
	id := connect.next(t).RequestContext.ConnectionID
	message := []byte(strings.Repeat("0123456789", 7000))
	eventually(t, func() bool { return s.Post(t.Context(), id, message) == nil })
	var got []byte
	for i, want := range []struct {
		op   ws.OpCode
		size int64
		fin  bool
	}{{ws.OpText, 32768, false}, {ws.OpContinuation, 32768, false}, {ws.OpContinuation, 4464, true}} {
		f := c.next(t)
		if f.Header.OpCode != want.op || f.Header.Length != want.size || f.Header.Fin != want.fin || f.Header.Masked {
			t.Errorf("frame %d: %+v", i, f.Header)
		}
		got = append(got, f.Payload...)
	}
	if string(got) != string(message) {
		t.Error("the message came out different")
	}
}

func TestIdleAndOldConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	type step func(t *testing.T, s *stack, c *client, id string)
	wait := func(d time.Duration) step {
		return func(_ *testing.T, s *stack, _ *client, _ string) { s.clock.advance(d) }
	}
	say := func(t *testing.T, s *stack, c *client, _ string) {
		c.send(t, "x")
		c.receive(t)
	}
	post := func(t *testing.T, s *stack, c *client, id string) {
		if err := s.Post(t.Context(), id, []byte("x")); err != nil {
			t.Fatal(err)
		}
		c.receive(t)
	}
	tell := func(t *testing.T, s *stack, c *client, _ string) {
		c.send(t, `{"action":"oneway"}`)
		eventually(t, func() bool { return strings.Contains(s.log.String(), `"route":"oneway"`) })
	}
	notIdle := gateway.Limits{Idle: gateway.Unlimited}
	forever := gateway.Limits{Idle: gateway.Unlimited, Connection: gateway.Unlimited}
	for name, tt := range map[string]struct {
		cfg   gateway.Config
		steps []step
		open  bool
	}{
		"9 min 59 s":            {steps: []step{wait(10*time.Minute - time.Second)}, open: true},
		"10 min":                {steps: []step{wait(10 * time.Minute)}},
		"a message between":     {steps: []step{wait(9 * time.Minute), say, wait(9 * time.Minute)}, open: true},
		"one without an answer": {steps: []step{wait(9 * time.Minute), tell, wait(9 * time.Minute)}, open: true},
		"a callback between":    {steps: []step{wait(9 * time.Minute), post, wait(9 * time.Minute)}, open: true},
		"10 min after that":     {steps: []step{wait(9 * time.Minute), say, wait(10 * time.Minute)}},
		"own limit":             {cfg: gateway.Config{Limits: gateway.Limits{Idle: time.Second}}, steps: []step{wait(time.Second)}},
		"no limit":              {cfg: gateway.Config{Limits: notIdle}, steps: []step{wait(110 * time.Minute)}, open: true},
		"2 h":                   {cfg: gateway.Config{Limits: notIdle}, steps: []step{wait(2 * time.Hour)}},
		"2 h, busy":             {steps: []step{wait(time.Hour / 8), say}, open: false},
		"no limits":             {cfg: gateway.Config{Limits: forever}, steps: []step{wait(1000 * time.Hour)}, open: true},
	} {
		if name == "2 h, busy" {
			tt.steps = nil
			for range 14 {
				tt.steps = append(tt.steps, wait(8*time.Minute), say)
			}
			tt.steps = append(tt.steps, wait(8*time.Minute)) // 2 h
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connect, gone := newRecorder(ok), newRecorder(ok)
			tt.cfg.Routes = routes(connect, gone, nil)
			tt.cfg.Routes[gateway.RouteDefault] = gateway.Route{Function: answer(`{"statusCode":200,"body":"x"}`), RouteResponse: true}
			tt.cfg.Routes["oneway"] = gateway.Route{Function: answer(ok)}
			s := start(t, tt.cfg)
			c, id := s.open(t, connect)
			for _, step := range tt.steps {
				step(t, s, c, id)
			}
			if tt.open {
				say(t, s, c, id)
				gone.none(t)
				return
			}
			if end := c.closed(t); end.Code != websocket.StatusGoingAway || end.Reason != "Going away" {
				t.Errorf("closed with %v", end)
			}
			if e := gone.next(t).RequestContext; e.DisconnectStatusCode != 1001 || e.DisconnectReason != "Going away" {
				t.Errorf("$disconnect got %d %q", e.DisconnectStatusCode, e.DisconnectReason)
			}
		})
	}
}

func TestPingsAndActivity(t *testing.T) {
	t.Parallel()
	for _, counts := range []bool{false, true} {
		for _, op := range []ws.OpCode{ws.OpPing, ws.OpPong} {
			gone, got := newRecorder(ok), newRecorder(ok)
			s := start(t, gateway.Config{PingsKeepAlive: counts, Routes: routes(nil, gone, got)})
			c := dialRaw(t, s.ws)
			c.frame(ws.NewTextFrame([]byte("x")))
			got.next(t)
			eventually(t, func() bool { return strings.Contains(s.log.String(), `"msg":"message"`) }) // or it would time out
			s.clock.advance(9 * time.Minute)
			c.frame(ws.NewFrame(op, true, nil))
			c.frame(ws.NewPingFrame([]byte("seen")))
			for string(c.next(t).Payload) != "seen" {
			}
			s.clock.advance(9 * time.Minute)
			if counts {
				c.frame(ws.NewTextFrame([]byte("x")))
				got.next(t)
				gone.none(t)
			} else if code := c.closeCode(t); code != 1001 {
				t.Errorf("closed with %d", code)
			}
		}
	}
}

func TestCloseSaysGoodbye(t *testing.T) {
	t.Parallel()
	connect, gone := newRecorder(ok), newRecorder(ok)
	finishing, abandoned := make(chan struct{}), make(chan struct{})
	s := start(t, gateway.Config{Routes: routes(connect, gone, function(func(ctx context.Context, _ []byte) ([]byte, error) {
		close(finishing)
		<-ctx.Done()
		close(abandoned)
		return nil, nil
	}))})
	var clients []*client
	ids := make(map[string]bool)
	for range 3 {
		c, id := s.open(t, connect)
		clients, ids[id] = append(clients, c), true
	}
	clients[0].send(t, "x")
	<-finishing

	short, cancel := context.WithCancel(t.Context())
	closed := make(chan error, 1)
	go func() { closed <- s.Close(short) }()
	for _, c := range clients {
		if end := c.closed(t); end.Code != websocket.StatusGoingAway || end.Reason != "Going away" {
			t.Errorf("closed with %v", end)
		}
	}
	for range clients {
		e := gone.next(t).RequestContext
		if e.DisconnectStatusCode != 1001 || !ids[e.ConnectionID] {
			t.Errorf("$disconnect got %+v", e)
		}
		delete(ids, e.ConnectionID)
	}
	if res, body := request(t, "GET", s.url+"/x", "", nil); res.StatusCode != 503 || body != `{"message":"Service Unavailable"}` {
		t.Errorf("a late request: %d %s", res.StatusCode, body)
	}
	select {
	case err := <-closed:
		t.Fatalf("Close returned %v while a function runs", err)
	default:
	}
	cancel()
	if err := <-closed; !errors.Is(err, context.Canceled) {
		t.Errorf("Close returned %v", err)
	}
	<-abandoned
}

// A handshake that is under way when the gateway closes ends like the others.
func TestCloseDuringConnect(t *testing.T) {
	t.Parallel()
	connecting, gone := newRecorder(ok), newRecorder(ok)
	hold := make(chan struct{})
	s := start(t, gateway.Config{Routes: routes(function(func(ctx context.Context, raw []byte) ([]byte, error) {
		connecting.Invoke(ctx, raw)
		<-hold
		return []byte(ok), nil
	}), gone, nil)})
	dialed := make(chan *client, 1)
	go func() { dialed <- dial(t, s.ws, nil) }()
	connecting.next(t)
	closed := make(chan error, 1)
	go func() { closed <- s.Close(t.Context()) }()
	eventually(t, func() bool {
		res, _ := request(t, "GET", s.url+"/x", "", nil)
		return res.StatusCode == 503
	})
	close(hold)
	if end := (<-dialed).closed(t); end.Code != websocket.StatusGoingAway {
		t.Errorf("closed with %v", end)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if e := gone.next(t).RequestContext; e.DisconnectStatusCode != 1001 {
		t.Errorf("$disconnect got %+v", e)
	}
}

// A client that is still sending must see why it was closed, not a reset.
func TestCloseFrameReachesAClientThatSends(t *testing.T) {
	t.Parallel()
	s := start(t, gateway.Config{})
	c := dialRaw(t, s.ws)
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame(make([]byte, 4<<20))))
	if _, err := c.Write(frame); err != nil {
		t.Errorf("send: %v", err)
	}
	if code := c.closeCode(t); code != 1009 {
		t.Errorf("closed with %d", code)
	}
}

func TestNothingStaysOfAClosedConnection(t *testing.T) {
	t.Parallel()
	gone := newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(answer(ok), gone, answer(ok))})
	for range 5 {
		c := dialRaw(t, s.ws)
		c.frame(ws.NewTextFrame([]byte("x")))
		c.frame(ws.NewCloseFrame(nil))
		c.closeCode(t)
		gone.next(t)
	}
	eventually(t, func() bool {
		s.clock.mu.Lock()
		defer s.clock.mu.Unlock()
		return s.Open() == 0 && len(s.clock.timers) == 0
	})
}
