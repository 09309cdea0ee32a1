package gateway_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// raw is a client that sends frames as a test wants them.
type raw struct {
	net.Conn
	r io.Reader
}

func dialRaw(t *testing.T, url string) *raw {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, early, _, err := ws.Dial(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if early == nil {
		early = bufio.NewReader(conn)
	}
	return &raw{conn, early}
}

// frame sends a frame, masked as it must be.
func (c *raw) frame(f ws.Frame) { c.Write(ws.MustCompileFrame(ws.MaskFrame(f))) }

func (c *raw) next(t *testing.T) ws.Frame {
	t.Helper()
	h, err := ws.ReadHeader(c.r)
	if err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(c.r, payload); err != nil {
		t.Fatal(err)
	}
	return ws.Frame{Header: h, Payload: payload}
}

// closeCode waits for the close frame and hangs up; 1005 is one without a status.
func (c *raw) closeCode(t *testing.T) ws.StatusCode {
	t.Helper()
	defer c.Close()
	for {
		f := c.next(t)
		switch {
		case f.Header.OpCode != ws.OpClose:
		case len(f.Payload) == 0:
			return ws.StatusNoStatusRcvd
		default:
			return ws.StatusCode(binary.BigEndian.Uint16(f.Payload))
		}
	}
}
