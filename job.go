package streamer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/pay-theory/streamer/request"
)

// Why an action's context has ended, as context.Cause tells.
var (
	// ErrCancelled: the request was cancelled.
	ErrCancelled = errors.New("the request was cancelled")
	// ErrLimit: the action has worked for as long as it may.
	ErrLimit = errors.New("the action's time limit is reached")
	// ErrSliceEnd: the function's time is nearly over. Return Continue.
	ErrSliceEnd = errors.New("the function's time is nearly over")
	// ErrLeaseLost: another worker may have the request; nothing that this run
	// does is stored any more.
	ErrLeaseLost = errors.New("the lease on the request is lost")
)

// A Job is an action's view of the request that it works on. Its methods are
// safe for concurrent use, never block on the network unless they say so, and
// after the run's end do nothing.
type Job struct {
	key      request.Key
	action   string
	payload  json.RawMessage
	metadata map[string]string
	caller   Principal
	attempt  int
	logger   *slog.Logger
	clock    func() time.Time
	news     chan struct{} // nil for a short action, which has no progress
	over     chan struct{} // closed when the run has ended
	waited   request.Await // the wait that ended with this run's claim

	pendingSteps chan pendingStep
	family       *family // nil for a short action, which has none

	mu         sync.Mutex
	closed     bool
	observe    func(Report) // nil: none
	steps      map[string]json.RawMessage
	stepOutput map[string]int64  // chunks behind each step of an earlier run that emitted some
	output     []json.RawMessage // chunks not stored yet
	emitted    int64             // chunks so far, counted on from the checkpoint that this run began with
	kept       int64             // chunks that were stored when this run began
	progress   *request.Progress // the newest, not published yet
	checkpoint json.RawMessage
	mark       int64       // chunks emitted at the checkpoint
	fresh      bool        // checkpoint is newer than what is stored
	held       *checkpoint // an earlier one that waits until its output is stored; only while fresh
}

// A checkpoint is where the work stands, and how many chunks had been emitted there.
type checkpoint struct {
	state json.RawMessage
	mark  int64
}

// ID is the request's id, unique within the principal's tenant and subject.
func (j *Job) ID() string { return j.key.ID }

// Action is the name of the action that runs.
func (j *Job) Action() string { return j.action }

// Principal is who asked. A long action's principal has no scopes and no
// expiry: those were checked when the request was accepted.
func (j *Job) Principal() Principal { return j.caller }

// Metadata is what came with the message. It must not be changed.
func (j *Job) Metadata() map[string]string { return j.metadata }

// Attempt is the current attempt, from 1. It rises when a failure is retried,
// not when the work is continued in another slice.
func (j *Job) Attempt() int { return j.attempt }

// Logger writes lines that carry the request's id and correlation id.
func (j *Job) Logger() *slog.Logger { return j.logger }

// StepKey is a key for an external effect of the named step: the same in every
// attempt and slice of this request, and different for every other request.
// Pass it on as an idempotency key, since a step may run more than once. It has 43
// characters of A-Z a-z 0-9 _ -, a hash in which no name can run into the next.
func (j *Job) StepKey(step string) string {
	hash := sha256.New()
	for _, part := range []string{j.key.Tenant, j.key.Subject, j.key.ID, step} {
		fmt.Fprintf(hash, "%d:%s", len(part), part)
	}
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil))
}

// Progress tells the watchers how far the work is: a percentage from 0 to 100
// and a short text for a person. Call it as often as is natural: a report is sent
// at most every 100 ms, and the newest wins.
func (j *Job) Progress(percentage float64, message string) {
	j.report(request.Progress{Percentage: percentage, Message: message})
}

// ProgressWith is Progress with data for a program: metadata, which must encode
// to a JSON object of at most MaxMetadata bytes. One that does not is left out
// and logged.
func (j *Job) ProgressWith(percentage float64, message string, metadata any) {
	p := request.Progress{Percentage: percentage, Message: message}
	raw, err := encodeOutput(metadata)
	switch {
	case err != nil:
		j.logger.Warn("progress metadata left out", "error", err.Error())
	case len(raw) == 0 || raw[0] != '{' || len(raw) > request.MaxMetadata:
		j.logger.Warn("progress metadata left out", "error", fmt.Sprintf("want a JSON object of at most %d bytes", request.MaxMetadata))
	default:
		p.Metadata = raw
	}
	j.report(p)
}

func (j *Job) report(p request.Progress) {
	if math.IsNaN(p.Percentage) {
		p.Percentage = 0
	}
	p.Percentage = min(max(p.Percentage, 0), 100)
	p.Message = cutText(p.Message, request.MaxMessageText)

	j.mu.Lock()
	if j.closed || j.news == nil {
		j.mu.Unlock()
		return
	}
	j.progress = &p
	select {
	case j.news <- struct{}{}:
	default:
	}
	j.mu.Unlock()
	j.reported(Report{Progress: &p})
}

// SetCheckpoint notes where the work stands, for the next slice or attempt and
// for the worker that takes over after a crash. It is stored with the next heartbeat,
// so at most one heartbeat's work is repeated. The state must encode to at most
// MaxCheckpoint bytes of JSON.
func (j *Job) SetCheckpoint(state any) error {
	raw, err := encodeOutput(state)
	if err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	if len(raw) > request.MaxCheckpoint {
		return fmt.Errorf("the checkpoint has %d bytes, %d are allowed: keep large state elsewhere and a reference here", len(raw),
			request.MaxCheckpoint)
	}
	j.mu.Lock()
	j.checkpoint, j.mark, j.fresh = raw, j.emitted, true
	j.mu.Unlock()
	j.reported(Report{Checkpoint: raw})
	return nil
}

// Checkpoint decodes the last checkpoint into state and reports whether there
// was one. An action that returns the error of one that does not decode is taken for a
// worker that does not fit the request, see docs/changing-an-action.md.
func (j *Job) Checkpoint(state any) (bool, error) {
	j.mu.Lock()
	raw := j.checkpoint
	j.mu.Unlock()
	if len(raw) == 0 {
		return false, nil
	}
	if err := json.Unmarshal(raw, state); err != nil {
		return false, j.mismatch("the checkpoint", err)
	}
	return true, nil
}

// take returns the newest report since the last call, or nil.
func (j *Job) take() *request.Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	newest := j.progress
	j.progress = nil
	return newest
}

// takeCheckpoint returns a checkpoint that is not stored yet, or nil, and how many chunks
// had been emitted at it: at most as many as are given, which are those that are stored with
// it. A run that went on from a checkpoint beyond the stored output would leave a gap in it.
// While output is emitted faster than it is stored, the newest checkpoint is always beyond;
// so one is held until its output is stored.
func (j *Job) takeCheckpoint(output int64) (json.RawMessage, int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case !j.fresh:
		return nil, 0
	case j.mark <= output:
		j.fresh, j.held = false, nil
		return j.checkpoint, j.mark
	case j.held == nil:
		j.held = &checkpoint{j.checkpoint, j.mark}
	case j.held.mark <= output:
		ready := j.held
		j.held = &checkpoint{j.checkpoint, j.mark}
		return ready.state, ready.mark
	}
	return nil, 0
}

// Emit appends a chunk to the request's output, an ordered log that watchers
// get live and every caller who may see the request can read from any offset while
// it is kept. A chunk must encode to at most MaxChunk bytes of JSON; a request
// has at most MaxOutput of them.
//
// Each chunk is known by its offset. An action that goes on from its
// checkpoint emits again what came after that checkpoint, and of those chunks
// the ones that are stored already stay as they are: no chunk is stored twice. What a
// finished step has emitted is counted where RunStep gives its result, so a step that
// emits must not run beside anything else that does.
func (j *Job) Emit(chunk any) error {
	raw, err := encodeOutput(chunk)
	if err != nil {
		return fmt.Errorf("encode chunk: %w", err)
	}
	if len(raw) > request.MaxChunk {
		return Permanent(fmt.Errorf("the chunk has %d bytes, %d are allowed", len(raw), request.MaxChunk))
	}
	added, err := j.append(raw)
	if added {
		j.reported(Report{Chunk: raw})
	}
	return err
}

// append adds a chunk to the output that is not stored yet, and reports whether it is
// a new one.
func (j *Job) append(chunk json.RawMessage) (added bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || j.news == nil {
		return false, nil
	}
	if j.emitted == request.MaxOutput {
		return false, Permanent(fmt.Errorf("the request has %d chunks of output, which is the most", request.MaxOutput))
	}
	j.emitted++
	if j.emitted <= j.kept {
		return false, nil
	}
	j.output = append(j.output, chunk)
	select {
	case j.news <- struct{}{}:
	default:
	}
	return true, nil
}

// takeOutput returns a batch of the chunks that are not stored yet, and whether
// there are more.
func (j *Job) takeOutput() (batch []json.RawMessage, more bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := min(len(j.output), maxOutputBatch)
	return j.output[:n:n], n < len(j.output)
}

// stored drops the first n chunks.
func (j *Job) stored(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.output = j.output[n:]
}

// maxOutputBatch chunks go into one write: a transaction of DynamoDB has 100
// items at most (Amazon DynamoDB Developer Guide, "Constraints").
const maxOutputBatch = 50

// close makes every later report a no-op.
func (j *Job) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return
	}
	j.closed = true
	if j.over != nil {
		close(j.over)
	}
}

// Continue ends the current slice: an action returns it as its error to go on
// in another invocation, where Job.Checkpoint gives state back. It is no retry
// and no failure.
func Continue(state any) error { return &continuation{state: state} }

type continuation struct{ state any }

func (c *continuation) Error() string { return "continue in another slice" }

func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
