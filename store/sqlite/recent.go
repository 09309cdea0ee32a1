package sqlite

import "github.com/pay-theory/streamer/request"

// recent are rows as the last writes of them left them, so that a worker's next write
// need not read and decode its row again. No other process writes the file. Only the
// writer uses it: a write takes a row out and puts it back when it has succeeded, and a
// transaction that fails empties it.
type recent map[request.Key]*row

// mostRecent bounds it. It begins anew when it is full: those that are being written are
// back soon.
const mostRecent = 2048

// take returns a row of its caller's own, or nil.
func (rows recent) take(key request.Key) *row {
	r := rows[key]
	delete(rows, key)
	return r
}

// put keeps what a write has stored, without bodies that are apart. The row is no one
// else's from then on.
func (rows recent) put(r *row) {
	if len(rows) >= mostRecent {
		clear(rows)
	}
	for _, b := range bodies {
		if r.apart&b.where != 0 {
			*b.of(r.Request) = nil
		}
	}
	rows[r.Key] = r
}
