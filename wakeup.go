package streamer

import "time"

// A wakeup is why a run goes on. Of several the first in this order counts: what may
// come without end, steps and news, is behind what must come in time.
type wakeup int

const (
	wakeDone     wakeup = iota // the action has returned
	wakeClosing                // the function's context has ended
	wakeGrace                  // an action that was stopped has not returned in time
	wakeLimit                  // the action's time is up
	wakeSliceEnd               // the function's time is nearly up
	wakeHeartbeat
	wakeAgain  // to store a step once more
	wakeFlush  // to store output
	wakePace   // to send a progress frame
	wakePushed // a frame is at its watchers
	wakeStep   // the action has a step to store
	wakeNews   // the action has reported or emitted
	wakeups
)

// A wakeupSource is where wakeups come from. A nil channel gives none.
type wakeupSource struct {
	done    <-chan outcome
	closing <-chan struct{}
	timers  [wakePushed]<-chan time.Time // by wakeup
	pushed  <-chan []string
	steps   <-chan pendingStep
	news    <-chan struct{}
}

// An arrival is a wakeup with what it brings.
type arrival struct {
	wakeup
	out  outcome
	step pendingStep
	gone []string // connections that were not there
}

// next waits for a wakeup. Go's select draws one of those that are ready, and a run
// would not repeat: so what is ready already is looked for in order.
func (s *wakeupSource) next() arrival {
	for kind := range wakeups {
		if a, ok := s.poll(kind); ok {
			return a
		}
	}
	t := &s.timers
	select {
	case out := <-s.done:
		return arrival{wakeup: wakeDone, out: out}
	case <-s.closing:
		return arrival{wakeup: wakeClosing}
	case <-t[wakeGrace]:
		return arrival{wakeup: wakeGrace}
	case <-t[wakeLimit]:
		return arrival{wakeup: wakeLimit}
	case <-t[wakeSliceEnd]:
		return arrival{wakeup: wakeSliceEnd}
	case <-t[wakeHeartbeat]:
		return arrival{wakeup: wakeHeartbeat}
	case <-t[wakeAgain]:
		return arrival{wakeup: wakeAgain}
	case <-t[wakeFlush]:
		return arrival{wakeup: wakeFlush}
	case <-t[wakePace]:
		return arrival{wakeup: wakePace}
	case gone := <-s.pushed:
		return arrival{wakeup: wakePushed, gone: gone}
	case step := <-s.steps:
		return arrival{wakeup: wakeStep, step: step}
	case <-s.news:
		return arrival{wakeup: wakeNews}
	}
}

// poll takes one kind of wakeup, if it is ready.
func (s *wakeupSource) poll(kind wakeup) (a arrival, ok bool) {
	a.wakeup = kind
	switch kind {
	case wakeDone:
		a.out, ok = ready(s.done)
	case wakeClosing:
		_, ok = ready(s.closing)
	case wakePushed:
		a.gone, ok = ready(s.pushed)
	case wakeStep:
		a.step, ok = ready(s.steps)
	case wakeNews:
		_, ok = ready(s.news)
	default:
		_, ok = ready(s.timers[kind])
	}
	return a, ok
}

// ready takes a value from a channel, if it has one or is closed.
func ready[T any](from <-chan T) (value T, ok bool) {
	select {
	case value = <-from:
		return value, true
	default:
		return value, false
	}
}
