package sqs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/aws/sqs"
	"github.com/pay-theory/streamer/emulator/queue"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/lift/trace"
	"github.com/pay-theory/streamer/request"
)

const queueURL = "https://sqs.eu-west-1.amazonaws.com/123456789012/work"

var (
	credentials = sigv4.Static(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})
	ada         = request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}
	now         = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
)

// A clock is that of a queue, whose delayed messages come when the test says so.
type clock struct{ at time.Time }

func (c *clock) Now() time.Time { return c.at }

func (c *clock) AfterFunc(time.Duration, func()) func() bool { return func() bool { return true } }

// newQueue returns a dispatching queue and the SQS queue behind it. Every call goes
// through intercept, which may be nil.
func newQueue(t *testing.T, c *clock, intercept func(http.ResponseWriter, *http.Request) bool) (*sqs.Queue, *queue.Queue) {
	t.Helper()
	behind, err := queue.New(queue.Config{Name: "work", Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	api := queue.API{"work": behind}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if intercept == nil || !intercept(w, r) {
			api.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	q, err := sqs.New(sqs.Config{QueueURL: queueURL, Region: "eu-west-1", Credentials: credentials, Endpoint: server.URL, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return q, behind
}

func receive(t *testing.T, q *queue.Queue, most int) []queue.Message {
	t.Helper()
	got, err := q.Receive(t.Context(), most, 0)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A message is what the processor takes: ASCII whatever the names are, and in its
// tenant's group.
func TestTheMessage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		key   request.Key
		due   time.Time
		body  string
		group string
	}{
		"plain": {ada, now, `{"run":{"tenant":"acme","subject":"ada","id":"r1"},"due":1778051289000}`,
			"giszrYfBSKCiClunzV68qmjTahjnqtFlVUkD9SyoJ1c"},
		"without a due time": {ada, time.Time{}, `{"run":{"tenant":"acme","subject":"ada","id":"r1"}}`,
			"giszrYfBSKCiClunzV68qmjTahjnqtFlVUkD9SyoJ1c"},
		"other scripts": {request.Key{Tenant: "Zürich 工", Subject: "👩‍🚀", ID: "a\x00\ufffe\""}, time.Time{},
			`{"run":{"tenant":"Z\u00fcrich \u5de5","subject":"\ud83d\udc69\u200d\ud83d\ude80","id":"a\u0000\ufffe\""}}`,
			"BYL-gYf3P93jsnd2KykZQrlnK3ZXeAP6pTkhuBwix5c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, behind := newQueue(t, &clock{now}, nil)
			if err := q.Dispatch(t.Context(), tt.key, tt.due); err != nil {
				t.Fatal(err)
			}
			got := receive(t, behind, 1)
			if len(got) != 1 || got[0].Body != tt.body || got[0].GroupID != tt.group || got[0].TraceHeader != "" {
				t.Fatalf("got %+v\nwant body %s in group %s, without a trace", got, tt.body, tt.group)
			}
			var back struct{ Run request.Key }
			if err := json.Unmarshal([]byte(got[0].Body), &back); err != nil || back.Run != tt.key {
				t.Errorf("got the key %q, %v; want %q", back.Run, err, tt.key)
			}
		})
	}
}

// A dispatch is delayed until its due time, which SQS does to the second and for 15
// minutes at most.
func TestTheDelay(t *testing.T) {
	t.Parallel()
	for in, want := range map[time.Duration]time.Duration{
		-time.Hour:                      0,
		0:                               0,
		time.Millisecond:                time.Second,
		time.Second:                     time.Second,
		1200 * time.Millisecond:         2 * time.Second,
		15 * time.Minute:                15 * time.Minute,
		15*time.Minute + 1:              15 * time.Minute,
		24 * time.Hour:                  15 * time.Minute,
		14*time.Minute + 59*time.Second: 14*time.Minute + 59*time.Second,
	} {
		t.Run(in.String(), func(t *testing.T) {
			t.Parallel()
			c := &clock{now}
			q, behind := newQueue(t, c, nil)
			if err := q.Dispatch(t.Context(), ada, now.Add(in)); err != nil {
				t.Fatal(err)
			}
			if want > 0 {
				c.at = now.Add(want - 1)
				if got := receive(t, behind, 1); len(got) != 0 {
					t.Errorf("got %v before %v had passed, want nothing", got, want)
				}
			}
			c.at = now.Add(want)
			if got := receive(t, behind, 1); len(got) != 1 {
				t.Errorf("got %v after %v, want the message", got, want)
			}
		})
	}
}

// An attempt that is made later sends a shorter delay, so that the message comes when
// it is due.
func TestTheDelayIsCountedForEachAttempt(t *testing.T) {
	t.Parallel()
	c, attempts := &clock{now}, 0
	q, behind := newQueue(t, c, func(w http.ResponseWriter, _ *http.Request) bool {
		attempts++
		if attempts > 1 {
			return false
		}
		c.at = c.at.Add(5 * time.Second)
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	if err := q.Dispatch(t.Context(), ada, now.Add(8*time.Second)); err != nil {
		t.Fatal(err)
	}
	c.at = now.Add(8 * time.Second)
	if got := receive(t, behind, 1); len(got) != 1 || attempts != 2 {
		t.Errorf("got %v at the due time after %d attempts, want the message after 2", got, attempts)
	}
}

func TestTheTraceTravels(t *testing.T) {
	t.Parallel()
	tracer, err := trace.New(trace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, segment := tracer.Start(t.Context(), "event", trace.Caller{
		Lambda: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"})
	q, behind := newQueue(t, &clock{now}, nil)
	if err := q.Dispatch(ctx, ada, now); err != nil {
		t.Fatal(err)
	}
	if faults := q.DispatchAll(ctx, []request.Dispatch{{Key: ada, Due: now}}); faults[0] != nil {
		t.Fatal(faults[0])
	}
	for _, m := range receive(t, behind, 2) {
		if want := segment.Link().Header(); m.TraceHeader != want {
			t.Errorf("got the trace header %q, want %q", m.TraceHeader, want)
		}
	}
}

// A refusal concerns its message alone, and every message has an answer in its place.
func TestManyDispatches(t *testing.T) {
	t.Parallel()
	many := make([]request.Dispatch, 95)
	for i := range many {
		many[i] = request.Dispatch{Key: request.Key{Tenant: "acme", Subject: "ada", ID: fmt.Sprintf("r%02d", i)}, Due: now}
	}
	many[13].Key.Subject = strings.Repeat("x", 1<<20) // larger than a message may be
	q, behind := newQueue(t, &clock{now}, nil)
	for i, err := range q.DispatchAll(t.Context(), many) {
		// The batch of the large one is too large as a whole.
		if want := i/10 == 1; (err != nil) != want {
			t.Errorf("dispatch %d: got error %v, want one: %t", i, err, want)
		}
	}
	if backlog, err := q.Backlog(t.Context()); err != nil || backlog != 85 {
		t.Errorf("got a backlog of %d, %v; want 85", backlog, err)
	}
	ids := map[string]bool{}
	for range 9 {
		for _, m := range receive(t, behind, 10) {
			ids[m.Body] = true
		}
	}
	if len(ids) != 85 {
		t.Errorf("got %d different messages, want 85", len(ids))
	}
	if faults := q.DispatchAll(t.Context(), nil); len(faults) != 0 {
		t.Errorf("got %v for no dispatches, want nothing", faults)
	}
}

func TestARefusedEntry(t *testing.T) {
	t.Parallel()
	q, _ := newQueue(t, &clock{now}, func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = w.Write([]byte(`{"Successful":[{"Id":"0"},{"Id":"2"}],
			"Failed":[{"Id":"1","Code":"InternalError","Message":"try again","SenderFault":false},{"Id":"99","Code":"x"}]}`))
		return true
	})
	var got []string
	for _, err := range q.DispatchAll(t.Context(), make([]request.Dispatch, 3)) {
		got = append(got, fmt.Sprint(err))
	}
	if diff := cmp.Diff([]string{"<nil>", "dispatch: SQS refused the message: InternalError: try again", "<nil>"}, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	var answer string
	status := http.StatusBadRequest
	q, _ := newQueue(t, &clock{now}, func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
		return true
	})
	answer = `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}`
	const says = "QueueDoesNotExist"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"dispatch": func() error { return q.Dispatch(t.Context(), ada, now) },
		"many":     func() error { return q.DispatchAll(t.Context(), make([]request.Dispatch, 1))[0] },
		"backlog":  func() error { _, err := q.Backlog(t.Context()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			if err := call(); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("got error %v, want one with %s", err, says)
			}
		})
	}
	if err := q.Dispatch(ctx, ada, now); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("got error %v of a context that has ended, want its own", err)
	}
	answer, status = `{"Attributes":{}}`, http.StatusOK
	if n, err := q.Backlog(t.Context()); err == nil || !strings.Contains(err.Error(), "ApproximateNumberOfMessages") {
		t.Errorf("got %d and %v from an answer without the number, want an error that names it", n, err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for want, edit := range map[string]func(*sqs.Config){
		`Config.QueueURL "" is not a valid queue URL`:         func(c *sqs.Config) { c.QueueURL = "" },
		`Config.QueueURL "work" is not a valid queue URL`:     func(c *sqs.Config) { c.QueueURL = "work" },
		`"https://sqs.x.amazonaws.com/" is not a valid queue`: func(c *sqs.Config) { c.QueueURL = "https://sqs.x.amazonaws.com/" },
		"Config.Region is empty":                              func(c *sqs.Config) { c.Region = "" },
		"Config.Credentials is nil":                           func(c *sqs.Config) { c.Credentials = nil },
		"Config.Attempts or Timeout is negative":              func(c *sqs.Config) { c.Timeout = -1 },
		`Config.Endpoint "localhost" is not a valid HTTP URL`: func(c *sqs.Config) { c.Endpoint = "localhost" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			config := sqs.Config{QueueURL: queueURL, Region: "eu-west-1", Credentials: credentials}
			edit(&config)
			if _, err := sqs.New(config); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want one with %q", err, want)
			}
		})
	}
}
