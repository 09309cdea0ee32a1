package main

import (
	"math"
	"math/rand/v2"
)

// A setting is a stage and its load.
type setting struct {
	name    string
	tenants int
	others  float64 // requests a second of all tenants but the one that floods
	flood   float64 // of that one
	work    float64 // seconds of a run

	messages    float64 // a second that the stage's routes take
	raised      bool    // the quotas that AWS raises on request are ten times as high
	warm        bool    // the table has seen as much before, or was warmed
	concurrency int     // of all mappings together
	pollers     int     // provisioned ones at least; 0: none are provisioned
	queues      int     // which a tenant's hash chooses from
	limit       int     // runs of a tenant at a time; 0: none
	open        int     // requests of a principal that have not ended; 0: no limit
}

// step is the resolution of the model, and longest the longest time that something
// in it takes, in seconds.
const (
	step    = 0.01
	longest = 60.
)

// A model is a run of a setting.
type model struct {
	setting
	rng    *rand.Rand
	tick   int
	events [][]func() // of the ticks to come, as a ring

	gateway, table *bucket
	messages       *bucket // MessageRate of the template
	environments   *bucket // that the processor may have more
	account, used  int     // invocations of all functions
	index, counter *bucket // the part of by_tenant and the counter of permits of the tenant that floods
	opened         *bucket // and its principal's counter; those of the others are far from their ends
	isOpen         []int   // by tenant
	running        []int
	waiting        []fifo
	queues         []*queue

	result result
}

// A result is what a run of a setting gave.
type result struct {
	refused  map[string]int // messages and calls, by the part that refused
	limited  int            // by the limit of open requests
	full     int            // ticks in which a mapping was at its most, with a backlog
	first    string         // the part that refused first
	firstAt  float64        // seconds
	offered  [2]int         // of the others, and of the tenant that floods
	accepted [2]int
	started  [2]int
	waits    [2][]histogram // by the minute of arrival
}

// A histogram counts waits by ticks: those that are over, and those that were not.
type histogram struct{ over, under []int }

func count(of *[]int, ticks int) {
	for len(*of) <= ticks {
		*of = append(*of, make([]int, ticks+1000)...)
	}
	(*of)[ticks]++
}

const tenantThatFloods = 0

// simulate runs a setting for some minutes.
func simulate(s setting, minutes int, seed uint64) result {
	m := newModel(s, minutes, seed)
	for m.tick = 0; m.tick < minutes*60*int(1/step); m.tick++ {
		for _, b := range []*bucket{m.gateway, m.messages, m.table, m.environments, m.opened, m.index, m.counter} {
			b.fill()
		}
		now := m.tick % len(m.events)
		due := m.events[now]
		m.events[now] = nil
		for _, do := range due {
			do()
		}
		for range m.poisson(s.others * step) {
			m.arrive(1 + m.rng.IntN(s.tenants-1))
		}
		for range m.poisson(s.flood * step) {
			m.arrive(tenantThatFloods)
		}
		for _, q := range m.queues {
			m.poll(q)
		}
	}
	m.end()
	return m.result
}

func newModel(s setting, minutes int, seed uint64) *model {
	more, warm := 1., float64(tableWarm)
	if s.raised {
		more = 10
	}
	if s.warm {
		warm = tableWrites * more
	}
	m := &model{setting: s, rng: rand.New(rand.NewPCG(seed, 14)), gateway: newBucket(gatewayRate * more), table: newBucket(warm),
		environments: &bucket{rate: functionRamp, most: 10 * functionRamp, left: 10 * functionRamp}, account: int(accountConcurrency * more),
		events: make([][]func(), 1+int(longest/step)), running: make([]int, s.tenants), waiting: make([]fifo, s.tenants),
		result: result{refused: map[string]int{}}}
	m.messages = newBucket(s.messages)
	m.gateway.most, m.opened, m.isOpen = gatewayBurst*more, newBucket(partitionWrites), make([]int, s.tenants)
	m.index, m.counter = newBucket(partitionWrites), newBucket(partitionWrites)
	for range s.queues {
		q := &queue{allowed: mappingStart, ramp: mappingRamp, most: float64(s.concurrency) / float64(s.queues)}
		if s.pollers > 0 {
			q.allowed, q.ramp = float64(s.pollers*pollerStart), pollerRamp
		}
		m.queues = append(m.queues, q)
	}
	for who := range m.result.waits {
		m.result.waits[who] = make([]histogram, minutes)
	}
	return m
}

// poisson draws how often something happens whose mean is lambda.
func (m *model) poisson(lambda float64) int {
	n, p, least := 0, 1., math.Exp(-lambda)
	for p > least {
		p *= m.rng.Float64()
		n++
	}
	return n - 1
}

func (m *model) after(seconds float64, do func()) {
	at := (m.tick + max(1, int(math.Round(seconds/step)))) % len(m.events)
	m.events[at] = append(m.events[at], do)
}

func (m *model) refuse(part string) {
	m.first(part)
	m.result.refused[part]++
}

// first notes which part is the first that cannot keep up.
func (m *model) first(part string) {
	if m.result.first == "" {
		m.result.first, m.result.firstAt = part, float64(m.tick)*step
	}
}

// ofOne takes units of what belongs to the tenant that floods; the others have enough.
func (m *model) ofOne(b *bucket, tenant int, units float64) bool {
	return tenant != tenantThatFloods || b.take(units, m.rng.Float64())
}

// units are the write units of something without limits, or with them.
func (m *model) units(free, limited float64) float64 {
	if m.limit == 0 {
		return free
	}
	return limited
}

// who is the index of a tenant in a result's arrays.
func who(tenant int) int {
	if tenant == tenantThatFloods {
		return 1
	}
	return 0
}

// arrive is a message: API Gateway, the router, and its writes.
func (m *model) arrive(tenant int) {
	m.result.offered[who(tenant)]++
	switch {
	case !m.messages.take(1, m.rng.Float64()):
		m.refuse("API Gateway: MessageRate of the template")
		return
	case !m.gateway.take(1, m.rng.Float64()):
		m.refuse("API Gateway: requests a second")
		return
	case m.used >= m.account:
		m.refuse("Lambda: concurrency of the account")
		return
	}
	m.used++
	m.after(routerTime, func() { m.used-- })
	switch {
	case m.open > 0 && !m.ofOne(m.opened, tenant, permitUnits):
		m.refuse("DynamoDB: a principal's counter of open requests")
		return
	case m.open > 0 && m.isOpen[tenant] >= m.open:
		m.result.limited++
		return
	case !m.ofOne(m.index, tenant, indexWrites):
		m.refuse("DynamoDB: index by_tenant of a tenant")
		return
	case !m.table.take(m.units(storeUnits, limitedStore), m.rng.Float64()):
		m.refuse("DynamoDB: write units of the table")
		return
	}
	m.isOpen[tenant]++
	m.result.accepted[who(tenant)]++
	m.dispatch(job{tenant: tenant, arrived: m.tick})
}

func (m *model) dispatch(j job) {
	q := m.queues[j.tenant%len(m.queues)]
	if j.tenant == tenantThatFloods {
		q.flood.put(j)
	} else {
		q.others.put(j)
	}
}

// poll lets a mapping invoke the processor for what is visible, and have more
// invocations at a time while messages are left.
func (m *model) poll(q *queue) {
	for q.used < int(q.allowed) && m.used < m.account {
		j, ok := q.next()
		if !ok {
			return
		}
		q.used++
		m.used++
		if j.tenant == tenantThatFloods {
			q.noisy++
		}
		m.run(q, j)
	}
	more := q.ramp * step
	switch {
	case q.others.len()+q.flood.len() == 0:
	case m.used >= m.account:
		m.refuse("Lambda: concurrency of the account")
	case q.allowed >= q.most:
		m.first("SQS mapping: its maximum concurrency")
		m.result.full++
	case m.environments.take(more, m.rng.Float64()):
		q.allowed = min(q.most, q.allowed+more)
	}
}

// run is an invocation of the processor.
func (m *model) run(q *queue, j job) {
	over := func(seconds float64, then func()) {
		m.after(seconds, func() {
			q.used--
			m.used--
			if j.tenant == tenantThatFloods {
				q.noisy--
			}
			then()
		})
	}
	again := func() { // with a backoff that doubles up to 30 s, and full jitter
		j.tries++
		wait := m.rng.Float64() * min(30, math.Pow(2, float64(j.tries)))
		over(throttleTime, func() { m.after(wait, func() { m.dispatch(j) }) })
	}
	switch {
	case m.limit > 0 && m.running[j.tenant] >= m.limit:
		over(throttleTime, func() { m.waiting[j.tenant].put(j) })
		return
	case m.limit > 0 && !m.ofOne(m.counter, j.tenant, permitUnits):
		m.refuse("DynamoDB: a tenant's counter of permits")
		again()
		return
	case !m.table.take(m.units(runUnits, limitedRun), m.rng.Float64()):
		m.refuse("DynamoDB: write units of the table")
		again()
		return
	}
	m.running[j.tenant]++
	m.result.started[who(j.tenant)]++
	count(&m.waited(j).over, m.tick-j.arrived)
	over(m.work*(0.5+m.rng.Float64()), func() {
		for range callbacks {
			if !m.gateway.take(1, m.rng.Float64()) {
				m.refuse("API Gateway: requests a second")
			}
		}
		m.release(j.tenant)
	})
}

// release gives a permit back and resumes the first that waits for it. A counter that
// is throttled is tried again.
func (m *model) release(tenant int) {
	if m.limit > 0 && !m.ofOne(m.counter, tenant, permitUnits) {
		m.refuse("DynamoDB: a tenant's counter of permits")
		m.after(0.1, func() { m.release(tenant) })
		return
	}
	m.running[tenant]--
	m.isOpen[tenant]--
	if tenant == tenantThatFloods {
		m.opened.take(permitUnits, 0)
	}
	if m.waiting[tenant].len() > 0 {
		m.dispatch(m.waiting[tenant].take())
	}
}

// waited is the histogram of a job.
func (m *model) waited(j job) *histogram {
	return &m.result.waits[who(j.tenant)][int(float64(j.arrived)*step/60)]
}

// end counts what has not begun.
func (m *model) end() {
	var left []fifo
	for _, q := range m.queues {
		left = append(left, q.others, q.flood)
	}
	for _, f := range append(left, m.waiting...) {
		for f.len() > 0 {
			j := f.take()
			count(&m.waited(j).under, m.tick-j.arrived)
		}
	}
}
