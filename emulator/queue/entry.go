package queue

import (
	"container/heap"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// An entry is a message in a queue. It is visible, in its group's list, or hidden,
// in the queue's heap, because it is delayed or in flight.
type entry struct {
	Message
	number   int64 // in the order of sending
	order    int64 // in the order of becoming visible
	group    *group
	visible  time.Time // when it becomes visible
	index    int       // in the heap; -1: it is visible
	inFlight bool
	taken    time.Time // when it was received last
}

// hidden is a heap of entries by the time at which they become visible.
type hidden []*entry

func (h hidden) Len() int { return len(h) }

func (h hidden) Less(i, j int) bool {
	if h[i].visible.Equal(h[j].visible) {
		return h[i].number < h[j].number
	}
	return h[i].visible.Before(h[j].visible)
}

func (h hidden) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *hidden) Push(e any) {
	e.(*entry).index = len(*h)
	*h = append(*h, e.(*entry))
}

func (h *hidden) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.index = -1
	return e
}

// The methods below need q.mu.

// add makes an entry of a message. hide must follow.
func (q *Queue) add(m Message) *entry {
	q.number++
	key := m.GroupID
	g := q.groups[key]
	if g == nil {
		g = &group{key: key}
		q.groups[key] = g
	}
	g.entries++
	e := &entry{Message: m, number: q.number, group: g, index: -1}
	q.entries[e.number] = e
	return e
}

// hide hides an entry, whether it was hidden before or not.
func (q *Queue) hide(e *entry, until time.Time) {
	e.visible = until
	if e.index >= 0 {
		heap.Fix(&q.hidden, e.index)
	} else {
		heap.Push(&q.hidden, e)
	}
	if e.index == 0 {
		q.notify() // those that wait do so for another one
	}
}

// notify has those look again who wait for a message.
func (q *Queue) notify() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// promote shows what is hidden no longer.
func (q *Queue) promote(now time.Time) {
	for len(q.hidden) > 0 && !q.hidden[0].visible.After(now) {
		e := heap.Pop(&q.hidden).(*entry)
		q.land(e, e.visible)
		q.order++
		e.order = q.order
		e.group.visible = append(e.group.visible, e)
		q.notify()
	}
}

// deliver hides an entry that is visible from every consumer but its receiver.
func (q *Queue) deliver(e *entry, now time.Time, visibility time.Duration) Message {
	e.group.drop(e)
	e.Receives++
	if e.Receives == 1 {
		e.First = now
	}
	e.taken, e.inFlight = now, true
	e.group.inFlight++
	q.inFlight++
	q.hide(e, now.Add(visibility))
	m := e.Message
	m.Receipt = newReceipt(e, q.cfg.Name)
	return m
}

// land ends a delivery, if the entry is in one, and counts the time that it took.
func (q *Queue) land(e *entry, now time.Time) {
	if !e.inFlight {
		return
	}
	e.inFlight = false
	e.group.inFlight--
	q.inFlight--
	took := now.Sub(e.taken)
	e.group.spent.add(now, took)
	q.spent.add(now, took)
}

// remove takes an entry out of the queue.
func (q *Queue) remove(e *entry, now time.Time) {
	if e.index >= 0 {
		heap.Remove(&q.hidden, e.index)
	} else {
		e.group.drop(e)
	}
	q.land(e, now)
	delete(q.entries, e.number)
	if e.group.entries--; e.group.entries == 0 {
		delete(q.groups, e.group.key)
	}
}

// newID makes a message ID, a UUID of version 4 (RFC 9562, section 5.4).
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newReceipt makes the receipt handle of an entry's last delivery.
func newReceipt(e *entry, queue string) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", queue, e.number, e.Receives))
}

func readReceipt(receipt, queue string) (number int64, receives int, ok bool) {
	text, err := base64.StdEncoding.DecodeString(receipt)
	rest, ours := strings.CutPrefix(string(text), queue+" ")
	if err != nil || !ours {
		return 0, 0, false
	}
	n, err := fmt.Sscanf(rest, "%d %d", &number, &receives)
	return number, receives, err == nil && n == 2
}
