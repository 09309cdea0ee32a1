package dynamo_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/pay-theory/streamer/store/dynamo"
	"github.com/pay-theory/streamer/store/storetest"
)

// A fault stands between a call and the server. It answers, or passes the call on
// by next; its error is what the caller gets in place of an answer.
type fault func(req *http.Request, next http.RoundTripper) (*http.Response, error)

// faults is a transport that counts the calls and gives each the fault that
// choose returns; nil passes it on.
type faults struct {
	mu     sync.Mutex
	calls  []string // operations, in order
	choose func(n int, operation string) fault
}

func (f *faults) RoundTrip(req *http.Request) (*http.Response, error) {
	operation := req.Header.Get("X-Amz-Target")
	operation = operation[strings.LastIndexByte(operation, '.')+1:]
	f.mu.Lock()
	f.calls = append(f.calls, operation)
	var do fault
	if f.choose != nil {
		do = f.choose(len(f.calls), operation)
	}
	f.mu.Unlock()
	if do == nil {
		return transport.RoundTrip(req)
	}
	return do(req, transport)
}

// reset forgets the calls and sets what is to happen to the next.
func (f *faults) reset(choose func(n int, operation string) fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.choose = nil, choose
}

func (f *faults) made() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.calls, " ")
}

// firsts gives the first n calls a fault.
func firsts(n int, do fault) func(int, string) fault {
	return func(call int, _ string) fault {
		if call <= n {
			return do
		}
		return nil
	}
}

// answer refuses a call as the server would.
func answer(status int, body string) fault {
	return func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
	}
}

func exception(code string) fault {
	return answer(400, `{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"by a test"}`)
}

// cancelled is the end of a transaction, with a reason for each of its items: a
// code, or a code and the item as it is.
func cancelled(reasons ...string) fault {
	var list []string
	for _, r := range reasons {
		code, item, _ := strings.Cut(r, " ")
		if item != "" {
			item = `,"Item":` + item
		}
		list = append(list, `{"Code":"`+code+`","Message":"by a test"`+item+`}`)
	}
	return answer(400, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"by a test","CancellationReasons":[`+
		strings.Join(list, ",")+`]}`)
}

// conflicting refuses a write because of another transaction.
func conflicting(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	if strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".TransactWriteItems") {
		return cancelled("None", "TransactionConflict")(req, next)
	}
	return exception("TransactionConflictException")(req, next)
}

// transactions gives the first n transactions a fault.
func transactions(n int, do fault) func(int, string) fault {
	return func(_ int, operation string) fault {
		if operation != "TransactWriteItems" {
			return nil
		}
		if n--; n < 0 {
			return nil
		}
		return do
	}
}

func refused(*http.Request, http.RoundTripper) (*http.Response, error) {
	return nil, fmt.Errorf("dial tcp: %w", syscall.ECONNREFUSED)
}

// lost carries the call out and loses the answer.
func lost(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	res, err := next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	return nil, errors.Join(res.Body.Close(), fmt.Errorf("read tcp: %w", syscall.ECONNRESET))
}

// cut carries the call out and loses the second half of the answer.
func cut(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	return edit(req, next, func(res *http.Response, body []byte) io.Reader {
		return io.MultiReader(bytes.NewReader(body[:len(body)/2]), failing{io.ErrUnexpectedEOF})
	})
}

// short is an answer that ends early without anybody noticing.
func short(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	return edit(req, next, func(res *http.Response, body []byte) io.Reader {
		res.Header.Del("X-Amz-Crc32")
		return bytes.NewReader(body[:len(body)-1])
	})
}

// garbled is an answer with another id in it, which its checksum tells.
func garbled(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	return edit(req, next, func(res *http.Response, body []byte) io.Reader {
		res.Header.Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE(body)))
		return bytes.NewReader(bytes.ReplaceAll(body, []byte(`"r-`), []byte(`"x-`)))
	})
}

// hung carries the call out and answers only when the caller has given up.
func hung(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	res, err := next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	<-req.Context().Done()
	return nil, errors.Join(res.Body.Close(), req.Context().Err())
}

func edit(req *http.Request, next http.RoundTripper, body func(*http.Response, []byte) io.Reader) (*http.Response, error) {
	res, err := next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(body(res, raw))
	return res, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// The whole suite again, over a network on which a fifth of all calls fails. Of
// the parallel tests, which write one request hundreds of times a second, no
// answers are lost: there the store promises only what sixteen tokens hold.
func TestConformanceOverABadNetwork(t *testing.T) {
	t.Parallel()
	notCarriedOut := []fault{exception("ThrottlingException"), exception("ProvisionedThroughputExceededException"),
		conflicting, answer(500, `{"__type":"com.amazon.coral.service#InternalServerError","message":"by a test"}`),
		answer(503, "<html>busy</html>"), answer(429, ""), refused}
	all := append([]fault{lost, cut, short, garbled}, notCarriedOut...)
	storetest.Run(t, func(t *testing.T) storetest.Store {
		kinds := all
		if strings.Contains(t.Name(), "/Parallel/") {
			kinds = notCarriedOut
		}
		seed := fnv.New64a()
		seed.Write([]byte(t.Name()))
		rng := rand.New(rand.NewPCG(seed.Sum64(), 0)) // used under the lock of faults
		bad := &faults{choose: func(int, string) fault {
			if rng.IntN(5) != 0 {
				return nil
			}
			return kinds[rng.IntN(len(kinds))]
		}}
		return open(t, func(c *dynamo.Config) { c.Transport = bad })
	})
}
