package gateway

import (
	"bytes"
	"net"
	"net/http"
	"strings"
	"sync"
)

// Listen makes l remember how clients spell the names of their headers. API
// Gateway shows $connect the names as they came, while net/http has one spelling
// for each; with Listen the event is right, without it names are spelled as in
// Sec-WebSocket-Key and X-Api-Key. Serve what it returns with an [http.Server].
func Listen(l net.Listener) net.Listener { return spellingListener{l} }

type spellingListener struct{ net.Listener }

func (l spellingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &spellingConn{Conn: c, spelling: &spelling{Addr: c.LocalAddr()}}, nil
}

// spelling is the first head that came over a connection. It travels as the
// connection's local address, which net/http puts into the request's context.
type spelling struct {
	net.Addr

	mu   sync.Mutex
	head []byte
	done bool
}

// maxHead is as much of a head as is kept; net/http reads no more by default.
const maxHead = 1 << 20

func (s *spelling) add(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return
	}
	s.head = append(s.head, p...)
	if end := bytes.Index(s.head, []byte("\r\n\r\n")); end >= 0 {
		s.head, s.done = s.head[:end], true
	} else if len(s.head) > maxHead {
		s.head, s.done = nil, true
	}
}

// take returns the head and forgets it.
func (s *spelling) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	head := s.head
	s.head, s.done = nil, true
	return string(head)
}

// speller returns how the client of a handshake spells a name that net/http has
// in its own way.
func speller(r *http.Request) func(name string) string {
	names := make(map[string]string)
	if s, ok := r.Context().Value(http.LocalAddrContextKey).(*spelling); ok {
		// A handshake is rarely not the first request of its connection, and
		// then the head is that of another.
		if head := s.take(); strings.Contains(head, r.Header.Get("Sec-Websocket-Key")) {
			for line := range strings.SplitSeq(head, "\r\n") {
				if name, _, ok := strings.Cut(line, ":"); ok {
					names[http.CanonicalHeaderKey(name)] = name
				}
			}
		}
	}
	return func(name string) string {
		if spelled, ok := names[name]; ok {
			return spelled
		}
		if rest, ok := strings.CutPrefix(name, "Sec-Websocket-"); ok {
			return "Sec-WebSocket-" + rest
		}
		return name
	}
}

type spellingConn struct {
	net.Conn
	*spelling
}

// CloseWrite passes the half-close of a TCP or TLS connection on.
func (c *spellingConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *spellingConn) LocalAddr() net.Addr { return c.spelling }

func (c *spellingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.add(p[:n])
	return n, err
}
