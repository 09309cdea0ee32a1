package gateway_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/gateway"
)

// A holder is a function that keeps its events, and counts them, until the test
// lets them go. One with the path /health is answered at once.
type holder struct {
	letGo chan struct{}

	mu            sync.Mutex
	held, highest int // bytes
}

func (h *holder) Invoke(_ context.Context, raw []byte) ([]byte, error) {
	if strings.Contains(string(raw), `"rawPath":"/health"`) {
		return []byte(ok), nil
	}
	h.mu.Lock()
	h.held += len(raw)
	h.highest = max(h.highest, h.held)
	h.mu.Unlock()
	<-h.letGo
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held -= len(raw)
	return []byte(ok), nil
}

func (h *holder) most() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.highest
}

// next is what a channel gives, in time.
func next(t *testing.T, from <-chan string) string {
	t.Helper()
	select {
	case text := <-from:
		return text
	case <-time.After(patience):
		t.Fatal("no frame came")
		panic("unreachable")
	}
}

// A flood of large messages holds no more bytes than Limits.InFlight; what exceeds it
// is refused at once, small requests are answered, and what is let go makes room.
func TestBytesInFlightAreBounded(t *testing.T) {
	t.Parallel()
	const clients, each, size, fit = 8, 10, 100_000, 12
	connect, held := newRecorder(ok), &holder{letGo: make(chan struct{})}
	s := start(t, gateway.Config{Routes: routes(connect, nil, held), HTTP: held,
		Limits: gateway.Limits{InFlight: fit * size, Frame: gateway.Unlimited}})
	large := strings.Repeat("x", size)
	all := make([]*client, clients)
	for i := range all {
		all[i], _ = s.open(t, connect)
		for range each {
			all[i].send(t, large)
		}
	}
	// fit messages are held, and each of the others is answered.
	refusals := make(chan string, clients*each)
	for _, c := range all {
		go func() {
			for {
				_, frame, err := c.Read(t.Context())
				if err != nil {
					return
				}
				refusals <- string(frame)
			}
		}()
	}
	for range clients*each - fit {
		if got := next(t, refusals); !strings.HasPrefix(got, `{"message": "Too many requests", "connectionId":"`) {
			t.Fatalf("a client got %s, want a refusal", got)
		}
	}
	eventually(t, func() bool { return held.most() >= fit*size })
	if got := held.most(); got > fit*(size+2000) {
		t.Errorf("the functions held %d bytes, want at most %d messages of %d", got, fit, size)
	}

	res, body := request(t, "POST", s.url+"/requests", large, nil)
	if res.StatusCode != 429 || body != `{"message":"Too Many Requests"}` || res.Header.Get("Retry-After") != "1" {
		t.Errorf("HTTP answered %d %s, Retry-After %q, want 429 and 1", res.StatusCode, body, res.Header.Get("Retry-After"))
	}
	if res, body := request(t, "GET", s.url+"/health", "", nil); res.StatusCode != 200 {
		t.Errorf("the health check answered %d %s, want 200", res.StatusCode, body)
	}
	close(held.letGo)
	eventually(t, func() bool {
		res, _ := request(t, "POST", s.url+"/requests", large, nil)
		return res.StatusCode == 200
	})
}

// A body of unknown length counts as the longest until it is read.
func TestABodyOfUnknownLengthCountsAsTheLongest(t *testing.T) {
	t.Parallel()
	s := start(t, gateway.Config{HTTP: answer(ok), Limits: gateway.Limits{HTTPPayload: 1000, InFlight: 1500}})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The first chunk arrives, and nothing more.
	if _, err := conn.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		res, _ := request(t, "POST", s.url+"/", strings.Repeat("x", 501), nil)
		return res.StatusCode == 429
	})
}

// What is larger than the limit passes where nothing else is in flight.
func TestALargeMessagePassesAlone(t *testing.T) {
	t.Parallel()
	s := start(t, gateway.Config{HTTP: answer(ok), Limits: gateway.Limits{InFlight: 10}})
	if res, body := request(t, "POST", s.url+"/", strings.Repeat("x", 1000), nil); res.StatusCode != 200 {
		t.Errorf("answered %d %s, want 200", res.StatusCode, body)
	}
}
