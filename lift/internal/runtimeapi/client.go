package runtimeapi

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"time"
)

// inline is how much of a request is written before its response is read. The
// rest of a longer one is written at the same time, so that an early refusal is
// read, and the two sides cannot wait for each other.
const inline = 64 << 10

// grace is how long the writing of a request may take once its response is there.
const grace = time.Second

// A client sends one request at a time and keeps its connection. It has no
// timeouts, since the process may be frozen anywhere, and no keep-alive probes.
// It never asks for a proxy.
type client struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
	buffer  []byte // what the last request was written from, for the next one
}

// room is what the buffers of requests and events have at least. At a start, memory
// that has not been touched yet is what costs most, and each size of a buffer is
// another page or two of it.
const room = 1 << 10

// A request is one to the API. Its header is whole lines.
type request struct {
	method, path, header string
	body                 []byte
	limit                int // of the response's body
}

// do sends a request and returns the response. When a kept connection ends
// before the first byte of the response, as one does that the API closed while
// it was idle, do sends the request once more, over a new connection.
func (c *client) do(q request) (*response, error) {
	for {
		kept := c.conn != nil
		if !kept {
			if err := c.dial(); err != nil {
				return nil, err
			}
		}
		res, begun, err := c.exchange(q)
		if err == nil {
			return res, nil
		}
		c.close()
		if begun || !kept {
			return nil, fmt.Errorf("%s %s: %w", q.method, q.path, err)
		}
	}
}

// exchange writes a request and reads the response. It tells whether the
// response had begun.
func (c *client) exchange(q request) (res *response, begun bool, err error) {
	text := c.head(q)
	written := make(chan error, 1)
	conn := c.conn
	if len(q.body) <= inline {
		text = append(text, q.body...)
		_, err := conn.Write(text)
		written <- err
	} else {
		go func() {
			_, err := conn.Write(text)
			if err == nil {
				_, err = conn.Write(q.body)
			}
			written <- err
		}()
	}
	c.buffer = text
	_, err = c.reader.Peek(1)
	begun = err == nil
	if begun {
		res, err = readResponse(c.reader, q.limit)
	}
	if err != nil {
		_ = conn.Close() // which also ends the writing
		<-written        //nolint:errcheck // the error at hand came first
		return nil, begun, err
	}
	if len(q.body) > inline {
		_ = conn.SetWriteDeadline(time.Now().Add(grace))
		defer func() { _ = conn.SetWriteDeadline(time.Time{}) }()
	}
	if <-written != nil || res.close || c.reader.Buffered() > 0 {
		c.close()
	}
	return res, true, nil
}

// head is a request up to its body, in the client's buffer.
func (c *client) head(q request) []byte {
	if c.buffer == nil {
		c.buffer = make([]byte, 0, room)
	}
	text := c.buffer[:0]
	for _, part := range [...]string{q.method, " ", q.path, " HTTP/1.1\r\nHost: ", c.address, "\r\nUser-Agent: lift/", runtime.Version(),
		"\r\n", q.header} {
		text = append(text, part...)
	}
	if q.method != "GET" {
		text = strconv.AppendInt(append(text, "Content-Length: "...), int64(len(q.body)), 10)
		text = append(text, "\r\n"...)
	}
	return append(text, "\r\n"...)
}

// dial connects. Looking names up costs time that an address, which Lambda
// gives, does not need.
func (c *client) dial() error {
	var conn net.Conn
	target, err := netip.ParseAddrPort(c.address)
	if err == nil {
		conn, err = dialAddress(target)
	} else {
		conn, err = (&net.Dialer{KeepAlive: -1}).Dial("tcp", c.address)
	}
	if err != nil {
		return fmt.Errorf("connect to the Runtime API at AWS_LAMBDA_RUNTIME_API, %q: %w", c.address, err)
	}
	c.conn, c.reader = conn, bufio.NewReader(conn)
	return nil
}

func dialAddress(target netip.AddrPort) (net.Conn, error) {
	conn, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(target))
	if err != nil {
		return nil, err
	}
	return conn, conn.SetKeepAlive(false)
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn, c.reader = nil, nil
	}
}
