package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/pay-theory/streamer/emulator/gateway"
)

// Bits and opcodes that RFC 6455, 5.2, reserves end the connection, wherever they stand.
func TestReservedBitsAndOpcodes(t *testing.T) {
	t.Parallel()
	s := start(t, gateway.Config{})
	// with has the frame's first byte, and no payload.
	with := func(first byte) []byte { return []byte{first, 0x80, 1, 2, 3, 4} }
	const fin = 0x80
	frames := map[string][][]byte{}
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		frames[fmt.Sprintf("opcode %d", op)] = [][]byte{with(fin | op)}
		frames[fmt.Sprintf("opcode %d within a message", op)] = [][]byte{with(1), with(fin | op)}
	}
	for _, bit := range []byte{0x40, 0x20, 0x10} {
		for _, op := range []byte{1, 8, 9, 10} {
			frames[fmt.Sprintf("bit %#x, opcode %d", bit, op)] = [][]byte{with(fin | bit | op)}
		}
		frames[fmt.Sprintf("bit %#x within a message", bit)] = [][]byte{with(1), with(fin | bit)}
	}
	for name, sent := range frames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dialRaw(t, s.ws)
			for _, frame := range sent {
				c.Write(frame)
			}
			if got := c.closeCode(t); got != 1002 {
				t.Errorf("closed with %d, want 1002", got)
			}
		})
	}
}

// Text is UTF-8 as a whole: its frames may divide a character.
func TestUTF8(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		bad  bool
	}{
		"two bytes":           {"\u00e9", false},
		"three bytes":         {"\u20ac", false},
		"four bytes":          {"\U0001f600", false},
		"the last of all":     {"\U0010ffff", false},
		"not a character":     {"\ufffe", false},
		"NUL":                 {"\x00", false},
		"a surrogate":         {"\xed\xa0\x80", true},
		"a pair of them":      {"\xed\xa0\xbd\xed\xb8\x80", true},
		"too long for a /":    {"\xc0\xaf", true},
		"behind the last":     {"\xf4\x90\x80\x80", true},
		"an end is missing":   {"\xe2\x82", true},
		"a beginning is":      {"\x82\xac", true},
		"five bytes":          {"\xf8\x88\x80\x80\x80", true},
		"Latin 1, not UTF-8":  {"gr\xf6\xdfer", true},
		"good, then bad":      {"\u20ac\xff", true},
		"bad between the two": {"a\xfea", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := range max(1, len(tt.text)-1) { // divided behind each byte
				got := newRecorder(ok)
				s := start(t, gateway.Config{Routes: routes(nil, nil, got)})
				c := dialRaw(t, s.ws)
				first := min(n+1, len(tt.text))
				c.frame(ws.NewFrame(ws.OpText, false, []byte(tt.text[:first])))
				c.frame(ws.NewFrame(ws.OpContinuation, true, []byte(tt.text[first:])))
				if tt.bad {
					if code := c.closeCode(t); code != 1007 {
						t.Errorf("divided at %d: closed with %d, want 1007", first, code)
					}
					got.none(t)
				} else if body := got.next(t).Body; body != tt.text {
					t.Errorf("divided at %d: got %q, want %q", first, body, tt.text)
				}
			}
		})
	}
}

// Control frames are answered when they come, also within a message, and with all of their payload.
func TestPingsWithinAMessage(t *testing.T) {
	t.Parallel()
	got := newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(nil, nil, got)})
	c := dialRaw(t, s.ws)
	c.frame(ws.NewFrame(ws.OpText, false, []byte("a ")))
	for _, payload := range []string{"", "\x00\xff", strings.Repeat("p", 125)} { // which may be no text
		c.frame(ws.NewPongFrame([]byte("unasked"))) // is passed over
		c.frame(ws.NewPingFrame([]byte(payload)))
		if f := c.next(t); f.Header.OpCode != ws.OpPong || string(f.Payload) != payload {
			t.Errorf("a ping of %d bytes: got opcode %d and %q, want a pong with the same", len(payload), f.Header.OpCode, f.Payload)
		}
		c.frame(ws.NewFrame(ws.OpContinuation, false, nil))
	}
	got.none(t)
	c.frame(ws.NewFrame(ws.OpContinuation, true, []byte("message")))
	if body := got.next(t).Body; body != "a message" {
		t.Errorf("got %q, want the message's parts as one", body)
	}
}
