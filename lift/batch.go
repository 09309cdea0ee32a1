package lift

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"time"
)

// A batch is the family of events that hold records: it calls their handler for
// one at a time.
type batch struct {
	form    form
	trigger Trigger
	noun    string // what the records come from: a queue, a table

	sources sources

	// malformed is called for a record that does not decode, so that the stack
	// counts and logs it like any other that fails.
	malformed Handler

	// decode completes an event by a record's text and returns the id by which
	// AWS knows the record. The event's view is set even when it fails.
	decode func(text string, e *Event) (id string, err error)

	// partition names what a record must keep its order with: the records of one partition
	// are handled one after another, and one that fails takes those after it
	// along. A record in the partition "" is alone, and so is every one without partition.
	partition func(e *Event) string

	failures failures
}

// failures are what a source does with records that failed.
type failures uint8

const (
	each          failures = iota // those that are named come again
	fromTheLowest                 // the one that is named and all after it come again: handling ends there
	together                      // all come again when the invocation fails
)

// addRecords registers the handler of the source with the name, or for "" of
// all sources without one of their own.
func (a *App) addRecords(method string, kind batch, name string, h Handler, mw []Middleware) {
	b, _ := a.families[kind.form].(*batch)
	if b == nil {
		b = &kind
		b.sources = make(sources)
		b.malformed = a.build(method, b.trigger,
			HandlerFunc(func(_ context.Context, e *Event) (*Response, error) { return nil, e.malformed }), nil)
		a.families[kind.form] = b
	}
	b.sources.add(a, method, b.trigger, name, h, mw)
}

func (b *batch) invoke(ctx context.Context, a *App, env *envelope) ([]byte, error) {
	records, partitions, err := b.read(ctx, a, env.records)
	if err == nil && b.failures != together {
		err = unnamed(records)
	}
	if err != nil {
		return nil, a.refuse(ctx, &Error{Code: CodeInvalid, Message: "the batch is malformed", Cause: err})
	}
	for _, r := range records {
		if r.event.malformed == nil && b.sources.of(r.event.Route) == nil {
			return nil, a.refuse(ctx, Errorf(CodeUnhandled, "this function has no handler for %s of the %s %s", formNames[b.form], b.noun,
				r.event.Route))
		}
	}
	results := b.run(ctx, a, records, partitions)
	if b.failures == together {
		for i, err := range results {
			if err != nil {
				shown, _ := AsError(err) // logged when it failed
				return nil, failure(records[i].event, shown)
			}
		}
		return []byte("null"), nil
	}
	return b.appendFailures(nil, records, results), nil
}

// appendFailures appends the answer to a batch:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
func (b *batch) appendFailures(dst []byte, records []record, results []error) []byte {
	dst = append(dst, `{"batchItemFailures":[`...)
	first := true
	for i, err := range results {
		if err == nil {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"itemIdentifier":`...)
		dst = appendString(dst, records[i].id)
		dst = append(dst, '}')
		first = false
		if b.failures == fromTheLowest {
			break
		}
	}
	return append(dst, `]}`...)
}

// A record is one of a batch, decoded.
type record struct {
	event *Event
	id    string
}

// unnamed returns an error when there is a record without an id, of which AWS
// could not be told. It fails the invocation before any record is handled, and
// the whole batch comes again.
func unnamed(records []record) error {
	for _, r := range records {
		if r.id == "" {
			return cmp.Or(r.event.malformed, errNoID)
		}
	}
	return nil
}

var errNoID = errors.New("a record has no id")

// read decodes the records of a batch. A record that does not decode fails by
// itself, when its turn comes.
func (b *batch) read(ctx context.Context, a *App, text string) ([]record, []*partition, error) {
	var records []record
	var partitions []*partition
	byName := make(map[string]*partition)
	s := scanner{text: text}
	err := s.array(func() error {
		text, err := s.raw()
		if err != nil {
			return err
		}
		e := a.newEvent(ctx, 0, "")
		e.Raw = []byte(text)
		var id string
		id, e.malformed = b.decode(text, e)
		e.CorrelationID = cmp.Or(e.ID, e.CorrelationID)
		name := ""
		switch {
		case b.failures == fromTheLowest && a.cfg.Parallel <= 1:
			name = "all"
		case b.partition != nil:
			name = b.partition(e)
		}
		l := byName[name]
		if l == nil {
			l = new(partition)
			partitions = append(partitions, l)
			if name != "" {
				byName[name] = l
			}
		}
		l.waiting = append(l.waiting, len(records))
		records = append(records, record{event: e, id: id})
		return nil
	})
	return records, partitions, err
}

// errUntouched stands for a record that was not handled since its partition had
// failed or the time was up.
var errUntouched = &Error{Code: CodeUnavailable, Message: "the record was not handled"}

// run handles the records, the lowest first, up to Config.Parallel at a time.
// It returns an error for each that must come again.
func (b *batch) run(ctx context.Context, a *App, records []record, partitions []*partition) []error {
	r := &batchRun{batch: b, app: a, ctx: ctx, records: records, partitions: partitions, limit: math.MaxInt}
	r.results = make([]error, len(records))
	for i := range r.results {
		r.results[i] = errUntouched
	}
	heap.Init(&r.partitions)
	workers := min(max(a.cfg.Parallel, 1), len(partitions))
	if workers <= 1 {
		r.work()
	} else {
		var group sync.WaitGroup
		for range workers {
			group.Go(r.workAside)
		}
		group.Wait()
	}
	if r.panicked != nil {
		panic(r.panicked)
	}
	if r.cut {
		left := 0
		for _, err := range r.results {
			if err != nil {
				left++
			}
		}
		a.newEvent(ctx, 0, "").Logger().LogAttrs(ctx, slog.LevelWarn, "batch cut short by the deadline",
			slog.Int("records", len(records)), slog.Int("come_again", left))
	}
	return r.results
}

// A batchRun is a batch being handled.
type batchRun struct {
	*batch
	app     *App
	ctx     context.Context
	records []record

	mu         sync.Mutex
	partitions partitionHeap // those that nobody works on and that have records waiting
	results    []error
	limit      int // no record from here on is begun
	cut        bool
	panicked   any
}

func (r *batchRun) work() {
	for l := r.take(); l != nil; l = r.take() {
		i := l.waiting[0]
		r.done(l, i, r.handle(r.records[i]))
	}
}

// workAside is work in a goroutine of its own. A panic goes on in the one that
// Lambda called, where it is reported.
func (r *batchRun) workAside() {
	defer func() {
		if value := recover(); value != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.panicked = value
			r.limit = 0
		}
	}()
	r.work()
}

// take returns the partition with the lowest record to handle, nil when there is
// nothing left to begin. A partition that another worker holds is finished by that
// worker.
func (r *batchRun) take() *partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.partitions) == 0 || r.partitions[0].waiting[0] >= r.limit {
		return nil
	}
	if deadline := r.records[0].event.Deadline; !deadline.IsZero() && !time.Now().Before(deadline) {
		r.cut = true
		return nil
	}
	return heap.Pop(&r.partitions).(*partition)
}

func (r *batchRun) handle(rec record) error {
	e := rec.event
	h := r.malformed
	if e.malformed == nil {
		h = r.sources.of(e.Route)
	}
	_, err := h.Handle(NewContext(r.ctx, e), e)
	if err != nil {
		// Always logged: no caller is there to tell.
		e.LogFailure(r.ctx, err, slog.String("record", rec.id))
	}
	return err
}

func (r *batchRun) done(l *partition, i int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[i] = err
	if err != nil {
		if r.failures == fromTheLowest {
			r.limit = min(r.limit, i)
		}
		return
	}
	l.waiting = l.waiting[1:]
	if len(l.waiting) > 0 {
		heap.Push(&r.partitions, l)
	}
}

// A partition is records that must be handled in order, by their places in the
// batch.
type partition struct{ waiting []int }

// A partitionHeap has the partition with the lowest record first.
type partitionHeap []*partition

func (h partitionHeap) Len() int           { return len(h) }
func (h partitionHeap) Less(i, j int) bool { return h[i].waiting[0] < h[j].waiting[0] }
func (h partitionHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *partitionHeap) Push(x any)        { *h = append(*h, x.(*partition)) }
func (h *partitionHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
