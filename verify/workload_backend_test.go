package verify_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/verify"
	"github.com/pay-theory/streamer/wire"
)

// A backend is the service that the orders of the workload call: it does what it is asked
// for once for each idempotency key, and counts.
type backend struct {
	url string

	mu     sync.Mutex
	calls  map[string]int            // by order and step
	keys   map[string]map[string]int // calls by order and step, and by key
	during map[string]func()         // by order and step: what happens while its first call is answered
}

func startBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{calls: map[string]int{}, keys: map[string]map[string]int{}, during: map[string]func(){}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// ServeHTTP answers a step. The first charge of an order named flaky fails.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Order string `json:"order"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	step := strings.TrimPrefix(r.URL.Path, "/")
	call := in.Order + " " + step
	b.mu.Lock()
	b.calls[call]++
	first := b.calls[call] == 1
	if b.keys[call] == nil {
		b.keys[call] = map[string]int{}
	}
	b.keys[call][r.Header.Get("Idempotency-Key")]++
	during := b.during[call]
	b.mu.Unlock()
	if first && in.Order == "flaky" && step == "charge" {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	if first && during != nil {
		during()
	}
	fmt.Fprintf(w, "%s of %s", step, in.Order)
}

// want says how often each step of an order was called, in their order, with a key of its own.
func (b *backend) want(t *testing.T, order string, calls ...int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := map[string]string{}
	for i, step := range []string{"reserve", "charge", "pack", "ship", "notify"} {
		call := order + " " + step
		if b.calls[call] != calls[i] || len(b.keys[call]) != 1 {
			t.Errorf("got %d calls with %d idempotency keys of %s, want %d calls with one key", b.calls[call], len(b.keys[call]), call, calls[i])
		}
		for key := range b.keys[call] {
			if other, ok := seen[key]; ok || key == "" {
				t.Errorf("got the idempotency key %q of %s for %s as well, want one of its own", key, other, call)
			}
			seen[key] = call
		}
	}
}

// Seen is what the event stream of a request told, over all its connections.
type seen struct {
	percentages []float64
	chunks      []string
	ends        int
	faults      []string
}

// watch reads a request's event stream until it has ended, and connects again with the last id
// whenever the stream breaks off, as a browser does.
func watch(ctx context.Context, target *verify.Target, id string) (s seen, err error) {
	var lastID string
	for rev := int64(0); ; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, target.HTTPURL+"/requests/"+id+"/events", nil)
		if err != nil {
			return s, err
		}
		r.Header.Set("Authorization", "Bearer "+target.Token)
		r.Header.Set("Last-Event-ID", lastID)
		resp, err := http.DefaultClient.Do(r)
		if err == nil && resp.StatusCode == http.StatusNoContent {
			resp.Body.Close()
			return s, nil
		}
		if err == nil && resp.StatusCode != http.StatusOK && resp.StatusCode < 500 {
			resp.Body.Close()
			return s, fmt.Errorf("the events of %s: %s", id, resp.Status)
		}
		if err == nil && resp.StatusCode == http.StatusOK {
			s.read(resp, &lastID, &rev)
		}
		if err == nil {
			resp.Body.Close()
		}
		pause := time.NewTimer(50 * time.Millisecond) // the server is being started again
		select {
		case <-pause.C:
		case <-ctx.Done():
			return s, errors.Join(ctx.Err(), err)
		}
	}
}

// read takes the events of one connection. One that was cut off in the middle does not count.
func (s *seen) read(resp *http.Response, lastID *string, rev *int64) {
	var id, data string
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "data":
			data = value
		case "":
			if data != "" {
				s.add(data, rev)
				*lastID = id
			}
			data = ""
		}
	}
}

func (s *seen) add(data string, rev *int64) {
	var f struct {
		Type       wire.Type         `json:"type"`
		Rev        int64             `json:"rev"`
		Percentage float64           `json:"percentage"`
		Offset     int64             `json:"offset"`
		Chunks     []json.RawMessage `json:"chunks"`
	}
	if err := json.Unmarshal([]byte(data), &f); err != nil {
		s.faults = append(s.faults, fmt.Sprintf("%v in %q", err, data))
		return
	}
	if f.Rev != 0 && f.Rev < *rev {
		s.faults = append(s.faults, fmt.Sprintf("rev %d after %d in %s", f.Rev, *rev, data))
	}
	*rev = max(*rev, f.Rev)
	switch f.Type {
	case wire.TypeProgress:
		s.percentages = append(s.percentages, f.Percentage)
	case wire.TypeOutput:
		if f.Offset != int64(len(s.chunks)) {
			s.faults = append(s.faults, fmt.Sprintf("a chunk with the offset %d where %d was next", f.Offset, len(s.chunks)))
		}
		for _, chunk := range f.Chunks {
			s.chunks = append(s.chunks, string(chunk))
		}
	case wire.TypeComplete, wire.TypeError:
		s.ends++
	}
}

// check says what is wrong with what a request's events told: they end once, and what they
// tell rises, but for once behind the kill.
func (s *seen) check(t *testing.T, id string) {
	t.Helper()
	for _, fault := range s.faults {
		t.Errorf("got in the events of %s %s", id, fault)
	}
	if s.ends != 1 {
		t.Errorf("got %d ends in the events of %s, want one", s.ends, id)
	}
	rises(t, id, s.percentages, 1) // the kill, behind which a run goes on from its checkpoint
}

// rises says where progress falls more often than it may.
func rises(t *testing.T, id string, percentages []float64, most int) {
	t.Helper()
	falls := 0
	for i := 1; i < len(percentages); i++ {
		if percentages[i] < percentages[i-1] {
			falls++
		}
	}
	if falls > most {
		t.Errorf("got the progress %v of %s, want one that falls at most %d times", percentages, id, most)
	}
}
