package main

// A bucket is a rate in units a second, with a burst. Where more is asked than it has,
// each caller gets the share of what it asks that all get.
type bucket struct {
	rate, most, left float64
	asked, wanted    float64 // in this tick, and about so much in each of the last
}

func newBucket(rate float64) *bucket { return &bucket{rate: rate, most: rate, left: rate} }

func (b *bucket) fill() {
	b.left = min(b.most, b.left+b.rate*step)
	b.wanted += (b.asked - b.wanted) * 0.1
	b.asked = 0
}

// take takes n units; luck is drawn from 0 to 1.
func (b *bucket) take(n, luck float64) bool {
	b.asked += n
	if b.left < n || b.left < b.wanted && luck*b.wanted > b.rate*step {
		return false
	}
	b.left -= n
	return true
}

// A job is a request from when it is accepted.
type job struct {
	tenant  int
	arrived int // tick
	tries   int
}

// A fifo is a queue of jobs.
type fifo struct {
	jobs []job
	head int
}

func (f *fifo) put(j job)  { f.jobs = append(f.jobs, j) }
func (f *fifo) len() int   { return len(f.jobs) - f.head }
func (f *fifo) first() job { return f.jobs[f.head] }
func (f *fifo) take() job {
	j := f.jobs[f.head]
	f.head++
	if f.head > 4096 && 2*f.head > len(f.jobs) {
		f.jobs, f.head = append([]job(nil), f.jobs[f.head:]...), 0
	}
	return j
}

// A queue is one of SQS with its mapping. Only the tenant that floods can be a noisy
// group, since each of the others has a thousandth of what is in flight; the messages
// of the others therefore are one line.
type queue struct {
	others, flood fifo
	used, noisy   int // invocations, and those of the tenant that floods
	allowed       float64
	most, ramp    float64
}

// next is the message that a consumer gets: of a quiet group first, and the oldest.
func (q *queue) next() (job, bool) {
	noisy := q.noisy >= noisyInFlight && float64(q.noisy) > noisyShare*float64(q.used)
	switch {
	case q.others.len() == 0 && q.flood.len() == 0:
		return job{}, false
	case q.flood.len() == 0, q.others.len() > 0 && (noisy || q.others.first().arrived <= q.flood.first().arrived):
		return q.others.take(), true
	}
	return q.flood.take(), true
}
