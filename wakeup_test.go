package streamer

import (
	"testing"
	"time"
)

// Of what is ready at the same time the wakeups come in their order, and none is lost.
func TestWakeupsComeInTheirOrder(t *testing.T) {
	t.Parallel()
	done, news, steps, closing := make(chan outcome, 1), make(chan struct{}, 1), make(chan pendingStep, 1), make(chan struct{}, 1)
	pushed := make(chan []string, 1)
	s := wakeupSource{done: done, news: news, steps: steps, closing: closing, pushed: pushed}
	for kind := wakeGrace; kind < wakePushed; kind++ {
		fired := make(chan time.Time, 1)
		fired <- time.Now()
		s.timers[kind] = fired
	}
	news <- struct{}{}
	steps <- pendingStep{}
	pushed <- []string{"c-1"}
	closing <- struct{}{}
	done <- outcome{abandoned: true}
	for want := range wakeups {
		got := s.next()
		if got.wakeup != want {
			t.Fatalf("got the wakeup %d, want %d", got.wakeup, want)
		}
		if want == wakeDone && !got.out.abandoned {
			t.Error("the outcome was lost")
		}
		if want == wakePushed && len(got.gone) != 1 {
			t.Errorf("got %q of connections that are gone, want c-1", got.gone)
		}
	}
}
