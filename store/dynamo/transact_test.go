package dynamo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/dynamo"
)

func slot(name string, limit int) request.Permit { return request.Permit{Name: name, Limit: limit} }

func take(name string, limit int) request.Change {
	return request.Change{Set: request.Effects{Acquire: []request.Permit{slot(name, limit)}, AddRev: 1}}
}

func chunks(n int) (all []json.RawMessage) {
	for i := range n {
		all = append(all, json.RawMessage(strconv.Itoa(i)))
	}
	return all
}

func wantFull(err error, name string) error {
	var full *request.LimitError
	if !errors.As(err, &full) || full.Permit.Name != name {
		return fmt.Errorf("%s is not full: %w", name, err)
	}
	return nil
}

func wantTaken(t *testing.T, s *dynamo.Store, name string, want int) {
	t.Helper()
	if got, err := s.PermitsHeld(t.Context(), name); err != nil || got != want {
		t.Errorf("of %s %d places are taken, %v; want %d", name, got, err, want)
	}
}

func TestATransactionWhoseAnswerWasLostIsKnown(t *testing.T) {
	t.Parallel()
	for name, loss := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f := faulty(t, func(c *dynamo.Config) { c.Timeout = 200 * time.Millisecond })
			holder := newRequest("r-1")
			holder.Permits = []string{"open"}
			f.reset(transactions(2, loss))
			if stored, created, err := s.CreateRequest(t.Context(), holder, slot("open", 1)); err != nil || !created || stored.Key != key {
				t.Fatalf("create: %+v, created %v, %v", stored, created, err)
			}
			f.reset(transactions(2, loss))
			if err := second(s.CreateRequest(t.Context(), newRequest("r-2"), slot("open", 1))); wantFull(err, "open") != nil {
				t.Errorf("create beyond the limit: %v", err)
			}
			f.reset(transactions(2, loss))
			if got, err := s.ChangeRequest(t.Context(), key, take("a", 1)); err != nil || got.Rev != 2 || len(got.Permits) != 2 {
				t.Errorf("take a place: %+v, %v", got, err)
			}
			f.reset(transactions(2, loss))
			if _, err := s.ChangeRequest(t.Context(), key, take("open", 1)); wantFull(err, "open") != nil {
				t.Errorf("take a place beyond the limit: %v", err)
			}
			for n := range int64(3) {
				f.reset(transactions(2, loss))
				got, err := s.ChangeRequest(t.Context(), key, request.Change{If: request.Guards{OutputAt: new(2 * n)},
					Set: request.Effects{Output: chunks(2), AddRev: 1}})
				if err != nil || got.Output != 2*n+2 || got.Rev != 3+n {
					t.Errorf("append: %+v, %v", got, err)
				}
			}
			f.reset(transactions(2, loss))
			if got, err := s.ChangeRequest(t.Context(), key,
				request.Change{Set: request.Effects{Release: []string{"a", "open"}}}); err != nil || len(got.Permits) != 0 {
				t.Errorf("give places back: %+v, %v", got, err)
			}
			wantTaken(t, s, "a", 0)
			wantTaken(t, s, "open", 0)
			if got, err := s.ReadOutput(t.Context(), key, 0, 100); err != nil || len(got) != 6 {
				t.Errorf("output: %v, %v", got, err)
			}
		})
	}
}

func second(_ *request.Request, _ bool, err error) error { return err }

func TestATransactionThatIsInSomebodysWay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reasons []string
		calls   int // transactions that are made while this is the answer
	}{
		{[]string{"TransactionConflict", "None"}, 3},
		{[]string{"None", "TransactionConflict"}, 3},
		{[]string{"None", "ThrottlingError"}, 3},
		{[]string{"ProvisionedThroughputExceeded", "None"}, 3},
		{[]string{"TransactionConflict", "ConditionalCheckFailed"}, 3}, // the guards are not known to hold
		{[]string{"None", "ConditionalCheckFailed"}, 1},
		{[]string{"None", "ValidationError"}, 1},
		{[]string{"ValidationError", "TransactionConflict"}, 1},
		{[]string{"None", "AccessDenied"}, 1},
		{nil, 1},
	} {
		s, f := faulty(t, func(c *dynamo.Config) { c.Attempts = 3 })
		create(t, s, "r-1")
		f.reset(transactions(99, cancelled(tt.reasons...)))
		_, err := s.ChangeRequest(t.Context(), key, take("a", 1))
		var full *request.LimitError
		if limit := tt.calls == 1 && len(tt.reasons) > 0 && tt.reasons[1] == "ConditionalCheckFailed"; err == nil ||
			errors.As(err, &full) != limit {
			t.Errorf("%v gives %v", tt.reasons, err)
		}
		if got := strings.Count(f.made(), "TransactWriteItems"); got != tt.calls {
			t.Errorf("%v: %d calls, want %d", tt.reasons, got, tt.calls)
		}
		f.reset(transactions(2, cancelled(tt.reasons...)))
		if got, err := s.ChangeRequest(t.Context(), key, take("a", 1)); tt.calls == 3 && (err != nil || got.Rev != 2) {
			t.Errorf("%v twice: %+v, %v", tt.reasons, got, err)
		}
	}
}

// Somebody else writes the request between the read and the transaction.
func TestATransactionBeginsAnew(t *testing.T) {
	t.Parallel()
	meanwhile := func(t *testing.T, do func(s *dynamo.Store) error) (*dynamo.Store, *faults) {
		s, f := faulty(t, func(c *dynamo.Config) { c.Attempts = 3 })
		create(t, s, "r-1")
		f.reset(transactions(1, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
			if err := do(s); err != nil {
				t.Error(err)
			}
			return next.RoundTrip(req)
		}))
		return s, f
	}
	write := func(c request.Change) func(s *dynamo.Store) error {
		return func(s *dynamo.Store) error { _, err := s.ChangeRequest(t.Context(), key, c); return err }
	}
	t.Run("with the row as it is then", func(t *testing.T) {
		t.Parallel()
		s, f := meanwhile(t, write(request.Change{If: request.Guards{RoomFor: "c-1"}, Set: request.Effects{Subscribe: "c-1", AddRev: 1}}))
		got, err := s.ChangeRequest(t.Context(), key, take("a", 1))
		if err != nil || got.Rev != 3 || len(got.Subscribers) != 1 || len(got.Permits) != 1 {
			t.Errorf("%+v, %v", got, err)
		}
		if got := f.made(); got != "GetItem TransactWriteItems UpdateItem TransactWriteItems" {
			t.Errorf("calls %s", got)
		}
		wantTaken(t, s, "a", 1)
	})
	t.Run("unless a guard fails now", func(t *testing.T) {
		t.Parallel()
		s, _ := meanwhile(t, write(claim("w-2")))
		c := claim("w-1")
		c.Set.Acquire = []request.Permit{slot("a", 1)}
		var conflict *request.ConflictError
		if _, err := s.ChangeRequest(t.Context(), key, c); !errors.As(err, &conflict) || conflict.Request.Worker != "w-2" {
			t.Errorf("error %v", err)
		}
		wantTaken(t, s, "a", 0)
	})
	t.Run("unless it has gone", func(t *testing.T) {
		t.Parallel()
		s, _ := meanwhile(t, func(s *dynamo.Store) error { return s.DropRequest(t.Context(), key) })
		if _, err := s.ChangeRequest(t.Context(), key, take("a", 1)); !errors.Is(err, request.ErrNotFound) {
			t.Errorf("error %v", err)
		}
		wantTaken(t, s, "a", 0)
	})
	t.Run("as often as Attempts says", func(t *testing.T) {
		t.Parallel()
		s, f := faulty(t, func(c *dynamo.Config) { c.Attempts = 3 })
		create(t, s, "r-1")
		f.reset(transactions(99, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
			if err := write(request.Change{Set: request.Effects{AddRev: 1}})(s); err != nil {
				t.Error(err)
			}
			return next.RoundTrip(req)
		}))
		var failure *call.Error
		if _, err := s.ChangeRequest(t.Context(), key, take("a", 1)); !errors.As(err, &failure) ||
			failure.Code != "TransactionCanceledException" {
			t.Errorf("error %v", err)
		}
		if got := strings.Count(f.made(), "TransactWriteItems"); got != 3 {
			t.Errorf("%d transactions", got)
		}
	})
}

// A first attempt that was given up may still arrive after the second.
func TestALateTransactionIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	create(t, s, "r-1")
	var late *http.Request
	f.reset(transactions(1, func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		late = req.Clone(context.WithoutCancel(req.Context()))
		late.Body = io.NopCloser(bytes.NewReader(body))
		return nil, errors.New("given up")
	}))
	if got, err := s.ChangeRequest(t.Context(), key, request.Change{
		If:  request.Guards{OutputAt: new(int64(0))},
		Set: request.Effects{Acquire: []request.Permit{slot("a", 9)}, Output: chunks(1)},
	}); err != nil || got.Output != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	res, err := transport.RoundTrip(late)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(answer), "TransactionCanceledException") {
		t.Errorf("the late attempt is answered with %s", answer)
	}
	wantTaken(t, s, "a", 1)
}

// A request must be able to end whatever somebody did to a counter.
func TestACounterThatSomebodyDeleted(t *testing.T) {
	t.Parallel()
	s, _ := faulty(t, nil)
	create(t, s, "r-1")
	for _, name := range []string{"a", "b"} {
		if _, err := s.ChangeRequest(t.Context(), key, take(name, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DropCounter(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{Release: []string{"a", "b"}}}); err != nil ||
		len(got.Permits) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	wantTaken(t, s, "a", 0)
	wantTaken(t, s, "b", 0)
}

func TestOutputEndsWhereAChunkIsNotKept(t *testing.T) {
	t.Parallel()
	s, _ := faulty(t, nil)
	create(t, s, "r-1")
	if _, err := s.ChangeRequest(t.Context(), key, request.Change{If: request.Guards{OutputAt: new(int64(0))},
		Set: request.Effects{Output: chunks(5)}}); err != nil {
		t.Fatal(err)
	}
	if err := s.DropChunk(t.Context(), key, 2); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[int64]int{0: 2, 1: 1, 2: 0, 3: 2} {
		got, err := s.ReadOutput(t.Context(), key, from, 10)
		if err != nil || len(got) != want || want > 0 && got[0].Offset != from {
			t.Errorf("from %d on: %v, %v; want %d", from, got, err, want)
		}
	}
}

// The key gets a new request while the old one's output is read.
func TestOutputIsOfOneRequest(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	write := func(c request.Change) {
		t.Helper()
		if _, err := s.ChangeRequest(t.Context(), key, c); err != nil {
			t.Error(err)
		}
	}
	create(t, s, "r-1")
	write(request.Change{
		If: request.Guards{OutputAt: new(int64(0))},
		Set: request.Effects{UpdatedAt: epoch, State: request.Failed, FinishedAt: epoch, ExpiresAt: epoch,
			Output: []json.RawMessage{json.RawMessage(`"old"`)}},
	})
	f.reset(func(_ int, operation string) fault {
		if operation != "Query" {
			return nil
		}
		return func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
			create(t, s, "r-1")
			write(request.Change{
				If:  request.Guards{OutputAt: new(int64(0))},
				Set: request.Effects{Output: []json.RawMessage{json.RawMessage(`"new"`)}},
			})
			return next.RoundTrip(req)
		}
	})
	if got, err := s.ReadOutput(t.Context(), key, 0, 10); err != nil || len(got) != 1 || string(got[0].Data) != `"old"` {
		t.Errorf("read while the key got a new request: %v, %v", got, err)
	}
	f.reset(nil)
	if got, err := s.ReadOutput(t.Context(), key, 0, 10); err != nil || len(got) != 1 || string(got[0].Data) != `"new"` {
		t.Errorf("read again: %v, %v", got, err)
	}
}

// What is no request has nothing by which a stream's filter, its consumer or an
// index would take it for one.
func TestPlacesAndOutputAreNoRequests(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, func(c *dynamo.Config) { c.OutputKept = time.Hour })
	create(t, s, "r-1")
	var body struct {
		TransactItems []map[string]struct{ Item, Key map[string]map[string]string }
	}
	f.reset(transactions(1, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		raw, err := io.ReadAll(req.Body)
		if err == nil {
			err = json.Unmarshal(raw, &body)
		}
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(raw))
		return next.RoundTrip(req)
	}))
	at := epoch.Add(time.Minute)
	c := request.Change{
		If:  request.Guards{OutputAt: new(int64(0))},
		Set: request.Effects{UpdatedAt: at, Acquire: []request.Permit{slot("action:re#port", 1)}, Output: chunks(2)},
	}
	if _, err := s.ChangeRequest(t.Context(), key, c); err != nil {
		t.Fatal(err)
	}
	if len(body.TransactItems) != 4 {
		t.Fatalf("the transaction has %v", body.TransactItems)
	}
	if counter := body.TransactItems[1]["Update"].Key; counter["pk"]["S"] != "slot:action:re%23port" || counter["id"]["S"] != "taken" {
		t.Errorf("the counter's key is %v", counter)
	}
	for n, write := range body.TransactItems[2:] {
		chunk := write["Put"].Item
		if len(chunk) != 4 || !strings.HasPrefix(chunk["pk"]["S"], "acme#ada#r-1#") || chunk["id"]["S"] != fmt.Sprintf("%015d", n) ||
			chunk["data"]["B"] == "" || chunk["ttl"]["N"] != fmt.Sprint(at.Add(time.Hour+time.Second-1).Unix()) {
			t.Errorf("chunk %d is %v", n, chunk)
		}
	}
}
