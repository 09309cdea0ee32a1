package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/emulator/queue"
)

func TestConfigFaultsAreNamed(t *testing.T) {
	t.Parallel()
	dead := newQueue(t, queue.Config{Name: "dead"})
	for name, tt := range map[string]struct {
		cfg  queue.Config
		want string
	}{
		"no name":           {queue.Config{}, "Config.Name"},
		"a FIFO queue":      {queue.Config{Name: "work.fifo"}, "Config.Name"},
		"a long visibility": {queue.Config{Name: "q", Visibility: 13 * time.Hour}, "Config.Visibility"},
		"a long delay":      {queue.Config{Name: "q", Delay: 16 * time.Minute}, "Config.Delay"},
		"a short retention": {queue.Config{Name: "q", Retention: time.Second}, "Config.Retention"},
		"large messages":    {queue.Config{Name: "q", MaxMessage: 2 << 20}, "Config.MaxMessage"},
		"no MaxReceives":    {queue.Config{Name: "q", DeadLetters: dead}, "Config.MaxReceives"},
		"no DeadLetters":    {queue.Config{Name: "q", MaxReceives: 3}, "Config.DeadLetters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := queue.New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one about %s", err, tt.want)
			}
		})
	}
}

// What SQS refuses is refused, up to the byte and the second.
func TestSendRefuses(t *testing.T) {
	t.Parallel()
	delay := func(n int) *int { return &n }
	text := func(s string) queue.Attribute { return queue.Attribute{DataType: "String", StringValue: s} }
	with := func(name string, a queue.Attribute) queue.Entry {
		return queue.Entry{Body: "x", Attributes: map[string]queue.Attribute{name: a}}
	}
	system := func(name string) queue.Entry {
		return queue.Entry{Body: "x", SystemAttributes: map[string]queue.Attribute{name: text("Root=1-2-3")}}
	}
	barely := with("a", text("x"))
	barely.Body = strings.Repeat("x", 1<<20-7) // with the name, the type and the value a byte too long
	many := map[string]queue.Attribute{}
	for i := range 11 {
		many[fmt.Sprint("a", i)] = text("x")
	}
	for name, tt := range map[string]struct {
		entry queue.Entry
		want  string // "" for a message that is taken
	}{
		"1 MiB":                     {queue.Entry{Body: strings.Repeat("x", 1<<20)}, ""},
		"1 MiB and a byte":          {queue.Entry{Body: strings.Repeat("x", 1<<20+1)}, "InvalidParameterValue"},
		"1 MiB with an attribute":   {barely, "InvalidParameterValue"},
		"no body":                   {queue.Entry{}, "MissingParameter"},
		"a control character":       {queue.Entry{Body: "a\x00"}, "InvalidMessageContents"},
		"line breaks":               {queue.Entry{Body: "a\r\n\tb"}, ""},
		"900 s":                     {queue.Entry{Body: "x", DelaySeconds: delay(900)}, ""},
		"901 s":                     {queue.Entry{Body: "x", DelaySeconds: delay(901)}, "InvalidParameterValue"},
		"a negative delay":          {queue.Entry{Body: "x", DelaySeconds: delay(-1)}, "InvalidParameterValue"},
		"a group of 128":            {queue.Entry{Body: "x", GroupID: strings.Repeat("g", 128)}, ""},
		"a group of 129":            {queue.Entry{Body: "x", GroupID: strings.Repeat("g", 129)}, "InvalidParameterValue"},
		"a group with a space":      {queue.Entry{Body: "x", GroupID: "a b"}, "InvalidParameterValue"},
		"a group in another script": {queue.Entry{Body: "x", GroupID: "größe"}, "InvalidParameterValue"},
		"a deduplication ID":        {queue.Entry{Body: "x", DeduplicationID: "1"}, "InvalidParameterValue"},
		"eleven attributes":         {queue.Entry{Body: "x", Attributes: many}, "InvalidParameterValue"},
		"an attribute of AWS":       {with("AWS.x", text("x")), "InvalidParameterValue"},
		"an attribute's type":       {with("a", queue.Attribute{DataType: "Text", StringValue: "x"}), "InvalidParameterValue"},
		"a labelled type":           {with("a", queue.Attribute{DataType: "Number.int", StringValue: "1"}), ""},
		"a trace":                   {system("AWSTraceHeader"), ""},
		"a system attribute":        {system("Other"), "InvalidParameterValue"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newQueue(t, queue.Config{}).Send(tt.entry)
			if tt.want != "" {
				wantType(t, err, tt.want)
			} else if err != nil {
				t.Errorf("got error %v, want none", err)
			}
		})
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		queue time.Duration
		entry *int
		want  time.Duration
	}{
		"none":                     {0, nil, 0},
		"the queue's":              {time.Minute, nil, time.Minute},
		"the message's":            {time.Minute, new(5), 5 * time.Second},
		"none, though the queue's": {time.Minute, new(0), 0},
		"the longest":              {0, new(900), 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t, queue.Config{Delay: tt.queue})
				start := time.Now()
				if _, err := q.Send(queue.Entry{Body: "x", DelaySeconds: tt.entry}); err != nil {
					t.Fatal(err)
				}
				if d := q.Depth(); tt.want > 0 && d.Delayed != 1 {
					t.Errorf("got depth %+v, want one message delayed", d)
				}
				for {
					got, err := q.Receive(t.Context(), 1, 20*time.Second)
					if err != nil {
						t.Fatal(err)
					}
					if len(got) == 1 {
						break
					}
				}
				if got := time.Since(start); got != tt.want {
					t.Errorf("it came after %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// A message that is not deleted comes again to the instant, and the receipt of an
// earlier delivery deletes it no more.
func TestVisibility(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{Visibility: time.Minute})
		send(t, q, "x", "")
		first := receive(t, q)
		time.Sleep(time.Minute - 1)
		empty(t, q)
		time.Sleep(time.Nanosecond)
		second := receive(t, q)
		if second.ID != first.ID || second.Receives != 2 || second.First != first.First || second.Receipt == first.Receipt {
			t.Errorf("got %+v again, want the message %+v with another receipt", second, first)
		}
		if err := q.Delete(first.Receipt); err != nil {
			t.Error(err)
		}
		if err := q.ChangeVisibility(second.Receipt, 0); err != nil {
			t.Error(err)
		}
		third := receive(t, q)
		if err := q.ChangeVisibility(third.Receipt, time.Hour); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour - 1)
		empty(t, q)
		time.Sleep(time.Nanosecond)
		wantType(t, q.ChangeVisibility(third.Receipt, time.Hour), "MessageNotInflight")
		if err := q.Delete(third.Receipt); err != nil { // visible again, and still its last delivery
			t.Error(err)
		}
		empty(t, q)
		if err := q.Delete(third.Receipt); err != nil {
			t.Error(err)
		}
		wantType(t, q.Delete("made up"), "ReceiptHandleIsInvalid")
	})
}

// Twelve hours count from the delivery, however often they are asked for.
func TestVisibilityEndsAfterTwelveHours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{})
		send(t, q, "x", "")
		m := receive(t, q)
		time.Sleep(10 * time.Second)
		wantType(t, q.ChangeVisibility(m.Receipt, 12*time.Hour), "InvalidParameterValue")
		wantType(t, q.ChangeVisibility(m.Receipt, 12*time.Hour+1), "InvalidParameterValue")
		if err := q.ChangeVisibility(m.Receipt, 12*time.Hour-10*time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dead := newQueue(t, queue.Config{Name: "dead", Retention: time.Hour})
		q := newQueue(t, queue.Config{DeadLetters: dead, MaxReceives: 2, Visibility: time.Minute})
		send(t, q, "x", "g")
		sent := time.Now()
		for range 2 {
			receive(t, q)
			time.Sleep(time.Minute)
		}
		empty(t, dead)
		empty(t, q) // this attempt moves it
		got := receive(t, dead)
		want := queue.Message{Body: "x", GroupID: "g", Sent: sent, First: time.Now(), Receives: 1, Source: q.ARN()}
		got.ID, got.Receipt = "", ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the dead letter (-want +got):\n%s", diff)
		}
		time.Sleep(time.Hour - 2*time.Minute) // since it was sent to the first queue
		empty(t, dead)
		if d := dead.Depth(); d != (queue.Depth{}) {
			t.Errorf("got depth %+v, want none", d)
		}
	})
}

func TestRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{Visibility: time.Second})
		send(t, q, "x", "")
		time.Sleep(4*24*time.Hour - 1)
		receive(t, q)
		if d := q.Depth(); d.InFlight != 1 || d.Oldest != 4*24*time.Hour-1 {
			t.Errorf("got depth %+v, want one in flight as old as it is", d)
		}
		time.Sleep(time.Second)
		empty(t, q)
		if d := q.Depth(); d != (queue.Depth{}) {
			t.Errorf("got depth %+v, want none", d)
		}
	})
}

// A consumer that waits gets what is sent, what becomes visible, or nothing.
func TestReceiveWaits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do   func(*testing.T, *queue.Queue)
		want time.Duration
		none bool
	}{
		"for a message": {do: func(t *testing.T, q *queue.Queue) { time.Sleep(3 * time.Second); send(t, q, "x", "") }, want: 3 * time.Second},
		"for a delayed one": {do: func(t *testing.T, q *queue.Queue) {
			if _, err := q.Send(queue.Entry{Body: "x", DelaySeconds: new(7)}); err != nil {
				t.Error(err)
			}
		}, want: 7 * time.Second},
		"in vain": {do: func(*testing.T, *queue.Queue) {}, want: 20 * time.Second, none: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q, start := newQueue(t, queue.Config{}), time.Now()
				go tt.do(t, q)
				got, err := q.Receive(t.Context(), 1, 20*time.Second)
				if took := time.Since(start); err != nil || took != tt.want || (len(got) == 0) != tt.none {
					t.Errorf("got %v and %v after %v, want it after %v", got, err, took, tt.want)
				}
			})
		})
	}
	t.Run("until its context ends", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := newQueue(t, queue.Config{}).Receive(ctx, 1, time.Second); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v", err, context.Canceled)
		}
	})
}

// With Duplicate a message is received by two consumers, and one that deletes its
// own leaves the other's.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		once := true
		q := newQueue(t, queue.Config{Duplicate: func(queue.Message) bool {
			defer func() { once = false }()
			return once
		}})
		send(t, q, "x", "")
		first, second := receive(t, q), receive(t, q)
		if first.ID != second.ID || first.Receipt == second.Receipt {
			t.Errorf("got %+v and %+v, want one message with two receipts", first, second)
		}
		if err := q.Delete(first.Receipt); err != nil {
			t.Error(err)
		}
		if d := q.Depth(); d.InFlight != 1 {
			t.Errorf("got depth %+v, want one in flight", d)
		}
	})
}

// 120,000 messages may be in flight.
func TestTooManyInFlight(t *testing.T) {
	t.Parallel()
	q := newQueue(t, queue.Config{})
	for range 120_001 {
		send(t, q, "x", "")
	}
	for range 12_000 {
		if got, err := q.Receive(t.Context(), 10, 0); err != nil || len(got) != 10 {
			t.Fatalf("got %d messages and %v, want 10", len(got), err)
		}
	}
	_, err := q.Receive(t.Context(), 1, 0)
	wantType(t, err, "OverLimit")
}
