// Package faulty stands before DynamoDB and the @connections API in tests and
// gives the answers that AWS gives when a service is throttled, contended,
// failing, slow or away.
package faulty

import (
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Fault is a way in which a call goes wrong.
type Fault string

// The faults. A call has no effect unless the fault says so.
const (
	Throttled   Fault = "throttled"    // 400 from DynamoDB, 429 from @connections
	Conflict    Fault = "conflict"     // with another transaction; only DynamoDB's writes
	Failed      Fault = "failed"       // 500
	Reset       Fault = "reset"        // the connection is reset
	FailedAfter Fault = "failed after" // 500, and it was done
	ResetAfter  Fault = "reset after"  // the connection is reset, and it was done
	Slow        Fault = "slow"         // it is done, late
	Dead        Fault = "dead"         // as Reset, for each call of a while
)

// A Config says how bad it is.
type Config struct {
	Seed  uint64
	Every int           // one call in so many goes wrong, on average
	Late  time.Duration // of slow calls
}

// Faults are what a test does to its services. They are safe for concurrent use.
type Faults struct {
	config Config

	mu     sync.Mutex
	random *rand.Rand
	calm   bool
	dead   time.Time // until when
	counts map[Fault]int
	doubts map[string]int
}

// New returns Faults that have begun.
func New(config Config) *Faults {
	return &Faults{config: config, random: rand.New(rand.NewPCG(config.Seed, 0)), counts: map[Fault]int{}, doubts: map[string]int{}}
}

// Calm ends all faults.
func (f *Faults) Calm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calm, f.dead = true, time.Time{}
}

// Die resets every connection to the database for a while from now on.
func (f *Faults) Die(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = time.Now().Add(d)
}

// Counts tells how often there was each fault.
func (f *Faults) Counts() map[Fault]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.counts)
}

// Doubts tells how often a message to a connection was delivered without the
// caller hearing of it, so that it may send it again.
func (f *Faults) Doubts(message []byte) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.doubts[string(message)]
}

// choose picks a call's fault; "" is none.
func (f *Faults) choose(database bool, kinds ...Fault) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var fault Fault
	switch {
	case database && time.Now().Before(f.dead):
		fault = Dead
	case f.calm || f.random.IntN(f.config.Every) != 0:
		return ""
	default:
		fault = kinds[f.random.IntN(len(kinds))]
	}
	f.counts[fault]++
	return fault
}

// DynamoDB is a database with faults.
func (f *Faults) DynamoDB(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		kinds := []Fault{Throttled, Failed, Reset, FailedAfter, ResetAfter, Slow}
		switch operation {
		case "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems":
			kinds = append(kinds, Conflict)
		}
		switch fault := f.choose(true, kinds...); fault {
		case Throttled:
			code := []string{"com.amazon.coral.availability#ThrottlingException",
				"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}[len(operation)%2]
			exception(w, http.StatusBadRequest, code, "")
		case Conflict:
			if operation == "TransactWriteItems" {
				exception(w, http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
					`,"CancellationReasons":[{"Code":"TransactionConflict","Message":"Transaction is ongoing for the item"}]`)
				return
			}
			exception(w, http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#TransactionConflictException", "")
		case FailedAfter, Failed:
			if fault == FailedAfter {
				next.ServeHTTP(httptest.NewRecorder(), r)
			}
			exception(w, http.StatusInternalServerError, "com.amazonaws.dynamodb.v20120810#InternalServerError", "")
		default:
			f.connection(fault, w, r, next)
		}
	})
}

// exception answers as DynamoDB does.
func exception(w http.ResponseWriter, status int, code, more string) {
	body := fmt.Sprintf(`{"__type":%q,"message":"injected"%s}`, code, more)
	h := w.Header()
	h.Set("Content-Type", "application/x-amz-json-1.0")
	h.Set("X-Amzn-RequestId", "INJECTED")
	h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// Connections is a gateway whose @connections API has faults; all else passes.
func (f *Faults) Connections(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/@connections/") {
			next.ServeHTTP(w, r)
			return
		}
		fault := f.choose(false, Throttled, Failed, Reset, FailedAfter, ResetAfter, Slow)
		if fault == FailedAfter || fault == ResetAfter {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			f.mu.Lock()
			f.doubts[string(body)]++
			f.mu.Unlock()
		}
		switch fault {
		case Throttled:
			w.Header().Set("X-Amzn-ErrorType", "LimitExceededException")
			w.WriteHeader(http.StatusTooManyRequests)
		case FailedAfter, Failed:
			if fault == FailedAfter {
				next.ServeHTTP(httptest.NewRecorder(), r)
			}
			http.Error(w, `{"message":"Internal server error"}`, http.StatusInternalServerError)
		default:
			f.connection(fault, w, r, next)
		}
	})
}

// connection has the faults that both services have.
func (f *Faults) connection(fault Fault, w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch fault {
	case ResetAfter:
		next.ServeHTTP(httptest.NewRecorder(), r)
		reset(w)
	case Reset, Dead:
		reset(w)
	case Slow:
		timer := time.NewTimer(f.config.Late)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
		next.ServeHTTP(w, r)
	default:
		next.ServeHTTP(w, r)
	}
}

// reset ends a connection with RST, as a server that has died does.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	var tcp *net.TCPConn
	switch c := conn.(type) {
	case *net.TCPConn:
		tcp = c
	case interface{ NetConn() net.Conn }:
		tcp, _ = c.NetConn().(*net.TCPConn)
	}
	if tcp != nil {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
