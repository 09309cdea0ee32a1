package sqlite

import (
	"sync"

	"github.com/pay-theory/streamer/request"
)

// Watch calls f with each request that a committed write has left QUEUED, as it
// was then, in the order of the commits and one at a time. Writers do not wait
// for f; what it has not been called with yet waits in memory. Dispatch from it,
// as a DynamoDB stream does. f must not alter the request.
//
// After stop or Close returns, f is not called again; so f must call neither.
// What was not delivered then is found by a sweep, like what was written before
// the watch.
func (s *Store) Watch(f func(*request.Request)) (stop func()) {
	w := &watch{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run(f)
	s.watches.add(w)
	return func() {
		s.watches.remove(w)
		w.stop()
	}
}

type watches struct {
	mu     sync.Mutex
	all    map[*watch]bool
	closed bool
}

func (ws *watches) add(w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.closed {
		w.end()
		return
	}
	if ws.all == nil {
		ws.all = map[*watch]bool{}
	}
	ws.all[w] = true
}

func (ws *watches) remove(w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.all, w)
}

func (ws *watches) tell(r *request.Request) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		w.tell(r.Clone())
	}
}

func (ws *watches) close() {
	ws.mu.Lock()
	all := ws.all
	ws.all, ws.closed = nil, true
	ws.mu.Unlock()
	for w := range all {
		w.stop()
	}
}

// A watch is a queue with one goroutine behind it.
type watch struct {
	mu      sync.Mutex
	queue   []*request.Request
	stopped bool

	wake chan struct{} // holds a token when the queue or stopped may have changed
	done chan struct{} // closed when the goroutine has ended
}

func (w *watch) tell(r *request.Request) {
	w.mu.Lock()
	w.queue = append(w.queue, r)
	w.mu.Unlock()
	w.signal()
}

func (w *watch) end() {
	w.mu.Lock()
	w.queue, w.stopped = nil, true
	w.mu.Unlock()
	w.signal()
}

func (w *watch) stop() {
	w.end()
	<-w.done
}

func (w *watch) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watch) run(f func(*request.Request)) {
	defer close(w.done)
	for range w.wake {
		for {
			r, stopped := w.next()
			if stopped {
				return
			}
			if r == nil {
				break
			}
			f(r)
		}
	}
}

func (w *watch) next() (r *request.Request, stopped bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped || len(w.queue) == 0 {
		return nil, w.stopped
	}
	r, w.queue[0] = w.queue[0], nil
	w.queue = w.queue[1:]
	return r, false
}
