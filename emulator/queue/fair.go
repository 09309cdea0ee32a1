package queue

import (
	"math"
	"time"
)

// What makes a group noisy, and for how long without a message it stays so:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
const (
	noisyShare    = 0.1
	noisyInFlight = 30
	noisyFor      = 5 * time.Minute
)

// recent is the half-life of processing time. AWS speaks of a recent share and
// does not say how recent.
const recent = time.Minute

// A group is what a queue holds of one MessageGroupId, its tenant.
type group struct {
	key      string // "": of messages without one, each a tenant of its own
	entries  int
	visible  []*entry // in the order in which they became visible
	inFlight int
	spent    spent
	lastSent time.Time
}

// drop takes an entry out of the list of visible ones, where it mostly is the
// first. A group whose backlog is gone is quiet.
func (g *group) drop(e *entry) {
	for i := range g.visible {
		if g.visible[i] == e {
			if i == 0 {
				g.visible[0] = nil
				g.visible = g.visible[1:]
			} else {
				g.visible = append(g.visible[:i], g.visible[i+1:]...)
			}
			break
		}
	}
	if len(g.visible) == 0 {
		g.visible, g.spent = nil, spent{}
	}
}

// noisy reports whether a group takes an undue share of the consumers: of the
// messages in flight, or of the time that they spent lately.
func (q *Queue) noisy(g *group, now time.Time) bool {
	if g.key == "" || now.Sub(g.lastSent) >= noisyFor {
		return false
	}
	many := g.inFlight >= noisyInFlight && float64(g.inFlight) > noisyShare*float64(q.inFlight)
	return many || g.spent.at(now) > noisyShare*q.spent.at(now)
}

// pick returns the entry that is received next: the first of the quiet groups; if
// there is none, the first of that noisy group which has the fewest in flight. What
// is older than the retention is removed. It needs q.mu.
func (q *Queue) pick(now time.Time) *entry {
	var quiet, noisy *entry
	for _, g := range q.groups {
		for len(g.visible) > 0 && now.Sub(g.visible[0].Sent) >= q.cfg.Retention {
			q.remove(g.visible[0], now)
		}
		if len(g.visible) == 0 {
			continue
		}
		first := g.visible[0]
		switch {
		case !q.noisy(g, now):
			if quiet == nil || first.order < quiet.order {
				quiet = first
			}
		case noisy == nil || g.inFlight < noisy.group.inFlight ||
			g.inFlight == noisy.group.inFlight && first.order < noisy.order:
			noisy = first
		}
	}
	if quiet != nil {
		return quiet
	}
	return noisy
}

// spent is processing time that fades.
type spent struct {
	seconds float64
	since   time.Time
}

func (s *spent) add(now time.Time, took time.Duration) {
	s.seconds, s.since = s.at(now)+took.Seconds(), now
}

func (s *spent) at(now time.Time) float64 {
	if s.seconds == 0 {
		return 0
	}
	return s.seconds * math.Exp2(-now.Sub(s.since).Seconds()/recent.Seconds())
}
