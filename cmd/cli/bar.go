package cli

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/pay-theory/streamer/client"
)

// A bar shows progress on stderr: a live bar on a terminal, otherwise a line for
// every report that says something new. It appears with the first report, so
// short actions show none.
type bar struct {
	out     io.Writer
	live    bool
	start   time.Time
	message atomic.Value // string

	progress *mpb.Progress
	bar      *mpb.Bar
	last     string
}

func newBar(env *environment) *bar {
	return &bar{out: env.stderr, live: env.terminal(env.stderr), start: time.Now()}
}

// steps of a bar, for a percentage with two decimals.
const steps = 100_00

const full = "100.0 %" // how the last line of a finished request begins

func (b *bar) show(p client.Progress) {
	if p.Percentage == 0 && p.Message == "" {
		return // the action has not reported anything yet
	}
	if !b.live {
		b.line(p.Percentage, oneLine(p.Message))
		return
	}
	b.message.Store(oneLine(p.Message))
	if b.bar == nil {
		b.progress = mpb.New(mpb.WithOutput(b.out), mpb.WithAutoRefresh())
		b.bar = b.progress.AddBar(steps,
			mpb.PrependDecorators(decor.Percentage(decor.WCSyncSpace)),
			mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO, decor.WCSyncSpace), decor.Any(func(decor.Statistics) string {
				message, _ := b.message.Load().(string)
				return "  " + message
			})))
	}
	// A full bar is a finished one: the last step is left to done.
	b.bar.SetCurrent(min(int64(p.Percentage*steps/100), steps-1))
}

// line prints a report that differs from the one before.
func (b *bar) line(percentage float64, message string) {
	if line := fmt.Sprintf("%5.1f %%  %s", percentage, message); line != b.last {
		fmt.Fprintf(b.out, "%s  (%v)\n", line, time.Since(b.start).Round(100*time.Millisecond))
		b.last = line
	}
}

// done completes what has been shown: the last progress of a request may come only
// with its end.
func (b *bar) done(success bool) {
	if success && b.last != "" && !strings.HasPrefix(b.last, full) {
		b.line(100, "done")
	}
	if b.bar == nil {
		return
	}
	if success {
		b.bar.SetCurrent(steps)
	} else {
		b.bar.Abort(false)
	}
	b.progress.Wait()
}
