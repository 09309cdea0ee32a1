package runtimeapi

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
)

// What the client takes for a response, net/http reads in the same way, or
// refuses.
func FuzzReadResponse(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 202 Accepted\n\nabc",
		"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
	} {
		f.Add([]byte(seed))
	}
	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, text []byte) {
		res, err := readResponse(bufio.NewReader(bytes.NewReader(text)), limit)
		if err != nil {
			return
		}
		if len(res.body) > limit {
			t.Fatalf("a body of %d bytes", len(res.body))
		}
		r := bufio.NewReader(bytes.NewReader(text))
		for {
			want, err := http.ReadResponse(r, nil)
			if err != nil {
				return
			}
			body, err := io.ReadAll(want.Body)
			if err != nil {
				return
			}
			if want.StatusCode >= 100 && want.StatusCode < 200 {
				continue
			}
			if want.StatusCode != res.status {
				t.Fatalf("got the status %d, net/http reads %d", res.status, want.StatusCode)
			}
			if first := want.Header.Get("A"); first != res.header["a"] {
				t.Fatalf("got the header %q, net/http reads %q", res.header["a"], first)
			}
			if !bytes.Equal(body, res.body) {
				t.Fatalf("got %q, net/http reads %q", res.body, body)
			}
			return
		}
	})
}

// A probe would be sent by the kernel of a frozen function.
func TestNoKeepAliveProbes(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	c := client{address: listener.Addr().String()}
	if err := c.dial(); err != nil {
		t.Fatal(err)
	}
	defer c.close()
	raw, err := c.conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	probes := -1
	err = raw.Control(func(fd uintptr) { probes, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE) })
	if err != nil || probes != 0 {
		t.Errorf("got SO_KEEPALIVE %d, %v, want 0", probes, err)
	}
}
