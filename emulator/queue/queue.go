package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Config sets up a queue. Name is required; zero means AWS's default.
//
//   - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
//   - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
type Config struct {
	Name string // up to 80 letters, digits, - and _
	ARN  string // default: one of the region us-east-1 and the account 000000000000

	Visibility time.Duration // how long a received message is hidden, up to 12 h: 30 s
	Delay      time.Duration // of a message that is sent without one, up to 15 min: none
	Retention  time.Duration // how long a message is kept since it was sent, 1 min to 14 days: 4 days
	MaxMessage int           // bytes of a body and its attributes, 1 KiB to 1 MiB: 1 MiB

	// DeadLetters gets a message that would be received for more than
	// MaxReceives times, 1 to 1,000. nil: it is received until its retention ends.
	DeadLetters *Queue
	MaxReceives int

	// Duplicate is asked for each message that is received. If it says so, a copy
	// stays visible: a standard queue delivers at least once. Default: never.
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
	Duplicate func(Message) bool

	Clock Clock // default: the real one
}

const (
	maxVisibility = 12 * time.Hour
	maxDelay      = 15 * time.Minute
	maxWait       = 20 * time.Second
	maxMessage    = 1 << 20
	maxInFlight   = 120_000
	maxBatch      = 10
)

// A Message is one as a consumer receives it.
type Message struct {
	ID          string
	Receipt     string // of this delivery; Delete and ChangeVisibility take it
	Body        string
	GroupID     string               // its tenant; may be empty
	TraceHeader string               // X-Ray's, the system attribute AWSTraceHeader; may be empty
	Attributes  map[string]Attribute // the sender's own
	Sent        time.Time
	First       time.Time // when it was first received
	Receives    int       // how often it was received, this time included
	Source      string    // the ARN of the queue that it is a dead letter of; may be empty
}

// A Queue is a standard queue. It is safe for concurrent use.
type Queue struct {
	cfg     Config
	clock   Clock
	created time.Time

	mu       sync.Mutex
	changed  chan struct{} // closed when those that wait must look again
	entries  map[int64]*entry
	groups   map[string]*group
	hidden   hidden
	number   int64 // of the last entry
	order    int64 // of the entry that became visible last
	inFlight int
	spent    spent // of all groups
}

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// New returns an empty queue, or every fault of its Config.
func New(cfg Config) (*Queue, error) {
	var faults []error
	within := func(field string, value *time.Duration, byDefault, least, most time.Duration) {
		if *value == 0 {
			*value = byDefault
		}
		if *value < least || *value > most {
			faults = append(faults, fmt.Errorf("queue: Config.%s of %v is not between %v and %v", field, *value, least, most))
		}
	}
	within("Visibility", &cfg.Visibility, 30*time.Second, 0, maxVisibility)
	within("Delay", &cfg.Delay, 0, 0, maxDelay)
	within("Retention", &cfg.Retention, 4*24*time.Hour, time.Minute, 14*24*time.Hour)
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = maxMessage
	}
	if cfg.MaxMessage < 1<<10 || cfg.MaxMessage > maxMessage {
		faults = append(faults, fmt.Errorf("queue: Config.MaxMessage of %d bytes is not between 1 KiB and 1 MiB", cfg.MaxMessage))
	}
	if !queueName.MatchString(cfg.Name) {
		faults = append(faults, fmt.Errorf(
			"queue: Config.Name %q is not a valid name of a standard queue: 1 to 80 letters, digits, - and _", cfg.Name))
	}
	if cfg.DeadLetters != nil && (cfg.MaxReceives < 1 || cfg.MaxReceives > 1000) {
		faults = append(faults, fmt.Errorf("queue: Config.MaxReceives of %d is not between 1 and 1000", cfg.MaxReceives))
	}
	if cfg.DeadLetters == nil && cfg.MaxReceives != 0 {
		faults = append(faults, errors.New("queue: Config.MaxReceives is set, and Config.DeadLetters is not"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if cfg.ARN == "" {
		cfg.ARN = "arn:aws:sqs:us-east-1:000000000000:" + cfg.Name
	}
	if cfg.Clock == nil {
		cfg.Clock = realClock{}
	}
	return &Queue{cfg: cfg, clock: cfg.Clock, created: cfg.Clock.Now(), changed: make(chan struct{}),
		entries: make(map[int64]*entry), groups: make(map[string]*group)}, nil
}

// ARN is the queue's.
func (q *Queue) ARN() string { return q.cfg.ARN }

// Name is the queue's.
func (q *Queue) Name() string { return q.cfg.Name }

// Send stores a message and returns its ID. The error is an [*Error].
func (q *Queue) Send(e Entry) (id string, err error) {
	if err := q.check(e); err != nil {
		return "", err
	}
	delay := q.cfg.Delay
	if e.DelaySeconds != nil {
		delay = time.Duration(*e.DelaySeconds) * time.Second
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.clock.Now()
	m := Message{ID: newID(), Body: e.Body, GroupID: e.GroupID, Attributes: e.Attributes, Sent: now,
		TraceHeader: e.SystemAttributes[traceHeader].StringValue}
	stored := q.add(m)
	stored.group.lastSent = now
	q.hide(stored, now.Add(delay))
	q.promote(now)
	return m.ID, nil
}

// Receive returns up to most messages, 1 to 10, and hides them for the queue's
// visibility timeout. When there are none it waits for one for up to wait, at most
// 20 s; none is no error. Errors are that of ctx and an [*Error].
//
// With messages of several groups it is a fair queue: what is received first may
// be that of a quiet group, as [Queue] has it from AWS.
func (q *Queue) Receive(ctx context.Context, most int, wait time.Duration) ([]Message, error) {
	return q.receive(ctx, most, wait, q.cfg.Visibility)
}

func (q *Queue) receive(ctx context.Context, most int, wait, visibility time.Duration) ([]Message, error) {
	switch {
	case most < 1 || most > maxBatch:
		return nil, invalidValue("MaxNumberOfMessages", most, "Must be between 1 and 10, if provided.")
	case wait < 0 || wait > maxWait:
		return nil, invalidValue("WaitTimeSeconds", wait.Seconds(), "Must be >= 0 and <= 20, if provided.")
	case visibility < 0 || visibility > maxVisibility:
		return nil, invalidValue("VisibilityTimeout", visibility.Seconds(), "Must be >= 0 and <= 43200, if provided.")
	}
	expired := make(chan struct{})
	if wait > 0 {
		stop := q.clock.AfterFunc(wait, func() { close(expired) })
		defer stop()
	}
	for {
		got, changed, next, err := q.take(most, visibility)
		if len(got) > 0 || err != nil || wait == 0 {
			return got, err
		}
		stop := func() bool { return false }
		if next > 0 {
			stop = q.clock.AfterFunc(next, q.wake)
		}
		select {
		case <-changed:
			stop()
		case <-expired:
			stop()
			return nil, nil
		case <-ctx.Done():
			stop()
			return nil, context.Cause(ctx)
		}
	}
}

// take receives what is visible now. Without a message it says what is closed
// when one comes, and when the first of the hidden ones does.
func (q *Queue) take(most int, visibility time.Duration) (got []Message, changed chan struct{}, next time.Duration, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.clock.Now()
	q.promote(now)
	for len(got) < most {
		if q.inFlight >= maxInFlight {
			if len(got) == 0 {
				err = &Error{Type: "OverLimit", Message: fmt.Sprintf("Too many messages are in flight: %d", q.inFlight)}
			}
			break
		}
		e := q.pick(now)
		if e == nil {
			break
		}
		if q.cfg.DeadLetters != nil && e.Receives >= q.cfg.MaxReceives {
			q.remove(e, now)
			q.cfg.DeadLetters.adopt(e.Message, q.cfg.ARN)
			continue
		}
		if q.cfg.Duplicate != nil && q.cfg.Duplicate(e.Message) {
			q.hide(q.add(e.Message), now) // which promote finds
		}
		got = append(got, q.deliver(e, now, visibility))
	}
	q.promote(now)
	if len(q.hidden) > 0 {
		next = q.hidden[0].visible.Sub(now)
	}
	return got, q.changed, next, err
}

// adopt stores what has become a dead letter. It is as old as before:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func (q *Queue) adopt(m Message, source string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	m.Source, m.Receives, m.First = source, 0, time.Time{}
	now := q.clock.Now()
	q.hide(q.add(m), now)
	q.promote(now)
}

// Delete removes a message for good. Deleting one that is gone is no error, and
// neither is the receipt of a delivery that was not the last, which does nothing.
// The error is an [*Error].
func (q *Queue) Delete(receipt string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, last, err := q.find(receipt)
	if err == nil && e != nil && last {
		q.remove(e, q.clock.Now())
	}
	return err
}

// ChangeVisibility hides a message that is in flight for d from now, or shows it
// at once when d is 0. The error is an [*Error].
func (q *Queue) ChangeVisibility(receipt string, d time.Duration) error {
	if d < 0 || d > maxVisibility {
		return invalidValue("VisibilityTimeout", d.Seconds(), "VisibilityTimeout must be an integer between 0 and 43200.")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.clock.Now()
	q.promote(now)
	e, last, err := q.find(receipt)
	switch {
	case err != nil:
		return err
	case e == nil || !last || !e.inFlight:
		return &Error{Type: "MessageNotInflight", Message: "The specified message isn't in flight."}
	case now.Add(d).Sub(e.taken) > maxVisibility:
		return invalidValue("VisibilityTimeout", d.Seconds(), "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	}
	q.hide(e, now.Add(d))
	q.promote(now)
	return nil
}

// find returns what a receipt is of, if it is still there, and whether it is of
// its last delivery.
func (q *Queue) find(receipt string) (e *entry, last bool, err error) {
	number, receives, ok := readReceipt(receipt, q.cfg.Name)
	if !ok {
		return nil, false, &Error{Type: "ReceiptHandleIsInvalid",
			Message: fmt.Sprintf("The input receipt handle %q is not a valid receipt handle.", receipt)}
	}
	e = q.entries[number]
	return e, e != nil && e.Receives == receives, nil
}

// A Depth is how many messages a queue holds.
type Depth struct {
	Visible, InFlight, Delayed int
	Oldest                     time.Duration // the age of the oldest of them; 0: there are none
}

// Depth counts the messages. AWS counts approximately.
func (q *Queue) Depth() Depth {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.clock.Now()
	q.promote(now)
	var d Depth
	for _, e := range q.entries {
		age := now.Sub(e.Sent)
		if age >= q.cfg.Retention {
			q.remove(e, now)
			continue
		}
		d.Oldest = max(d.Oldest, age)
		switch {
		case e.inFlight:
			d.InFlight++
		case e.index >= 0:
			d.Delayed++
		default:
			d.Visible++
		}
	}
	return d
}

// Messages returns what the queue holds, in the order of sending, and delivers
// nothing of it. AWS has nothing like it; it is for tests and for a look.
func (q *Queue) Messages() []Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	held := make([]Message, 0, len(q.entries))
	for _, number := range slices.Sorted(maps.Keys(q.entries)) {
		held = append(held, q.entries[number].Message)
	}
	return held
}

func (q *Queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notify()
}

// region and account are parts of an ARN: arn:aws:sqs:REGION:ACCOUNT:NAME.
func (q *Queue) region() string  { return strings.Split(q.cfg.ARN+":::::", ":")[3] }
func (q *Queue) account() string { return strings.Split(q.cfg.ARN+":::::", ":")[4] }
