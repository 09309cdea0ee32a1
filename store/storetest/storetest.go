// Package storetest is the conformance suite that every store runs. It holds a
// store to what the interfaces of package streamer promise, and never asks which
// back end it is.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A Store is what the suite is about: a back end for requests and connections.
type Store interface {
	request.Store
	request.ConnectionStore
}

// Run runs the suite. It calls open for each test, from parallel tests, for an
// empty store of its own; open closes it by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"Create", createTests},
		{"Change", changeTests},
		{"List", listTests},
		{"Stats", statsTests},
		{"Due", dueTests},
		{"Permit", permitTests},
		{"Body", bodyTests},
		{"Step", stepTests},
		{"Output", outputTests},
		{"Child", childTests},
		{"Connection", connectionTests},
		{"Schedule", scheduleTests},
		{"Parallel", parallelTests},
		{"Walk", walkTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range group.tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					tt.run(t, suite{open(t)})
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(t *testing.T, s suite)
}

// A suite is one test's store, with calls that must succeed.
type suite struct{ Store }

// epoch is when the suite's requests happen: far ahead, since a store may drop
// what has expired.
var epoch = time.Date(2096, 3, 4, 5, 6, 7, 890_000_000, time.UTC)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// queued is a request as the domain creates one.
func queued(tenant, subject, id string, at time.Time) *request.Request {
	return &request.Request{
		Key:    request.Key{Tenant: tenant, Subject: subject, ID: id},
		Action: "report", Payload: json.RawMessage(`{"n":1}`), CorrelationID: "corr-" + id,
		State: request.Queued, Rev: 1, Attempt: 1, DueAt: at, Look: request.Look{At: at}, CreatedAt: at, UpdatedAt: at,
	}
}

// full is a request that has everything.
func full(id string) *request.Request {
	return &request.Request{
		Key:           request.Key{Tenant: "acme", Subject: "ada", ID: id},
		Action:        "report",
		Payload:       json.RawMessage(`{ "big" : 9007199254740993, "s":"<&>\u00e9\/é🚀` + "\u2028" + `", "f":1.0 }`),
		Metadata:      map[string]string{"source": "web", "": "empty name", "empty value": "", "日本": "語 <&>"},
		CorrelationID: "corr-1",
		State:         request.Failed, Rev: 9_007_199_254_740_993, Fence: 1 << 60,
		DueAt: epoch.Add(ms(1)), Look: request.Look{Kind: request.LookNotify, At: epoch.Add(ms(9))},
		Attempt: 3, Slices: 4, LeaseExpirations: 2, Ran: 90*time.Minute + 123*time.Nanosecond,
		Worker: "worker-7", CancelRequested: true,
		Progress: request.Progress{Percentage: 33.333333333333336, Message: "reading <rows> ☂",
			Metadata: json.RawMessage(`{ "rows": 18446744073709551615 }`)},
		Checkpoint: json.RawMessage(`[ 1, 2 ]`),
		Result:     json.RawMessage(` {"a":1e2} `),
		Error: &wire.Error{Code: wire.ProcessingFailed, Message: "row <7>", Details: json.RawMessage(`{ "row" : 7, "html":"<b>" }`),
			Retry: &wire.Retry{Retryable: true, After: 2.5}},
		Steps: map[string]json.RawMessage{"charge": json.RawMessage(` {"id":9007199254740993 } `),
			"signal:ok": json.RawMessage("null"), "a.b#c:\"é": {}},
		StepTimes:  map[string]time.Time{"charge": epoch.Add(ms(11)), "a.b#c:\"é": epoch.Add(ms(12))},
		StepOutput: map[string]int64{"a.b#c:\"é": 3},
		Await:      request.Await{Token: "approval", Until: epoch.Add(ms(7))},
		History: []wire.Attempt{{Number: 1, StartedAt: epoch, EndedAt: epoch.Add(ms(1)), Code: wire.Timeout, Worker: "worker-5"},
			{Number: 2, StartedAt: epoch.Add(ms(2)), EndedAt: epoch.Add(ms(3)), Code: wire.ProcessingFailed,
				Cause: wire.Cause{Message: "half <way> ☂", Kind: wire.KindPanic, Frame: "ship.go:12 shop.Ship"}}},
		Audit: request.Audit{"1-a": {Event: wire.EventSignal, By: "ada", At: epoch.Add(ms(4))},
			"2-b": {Event: wire.EventRedrive, By: "<o&o>", Tenant: "ops", At: epoch.Add(ms(5))}},
		Parent: request.Parent{ID: "r-0", Depth: 2, Reports: true}, Children: request.Children{Total: 10, Ended: 3, First: true}, Redrives: 4,
		Output: 3, OutputMark: 2, Priority: streamer.High, Permits: []string{"open:4:acme/ada", "action:report"}, ThrottledBy: "tenant:acme",
		Subscribers: []string{"L0SM9cOFvHcCIhw=", "M0SM9cOFvHcCIhw="},
		CreatedAt:   epoch.Add(ms(2)), UpdatedAt: epoch.Add(ms(3)), StartedAt: epoch.Add(ms(4)), ClaimedAt: epoch.Add(ms(8)),
		FinishedAt: epoch.Add(ms(5)), ExpiresAt: epoch.Add(ms(6)), NotBefore: epoch.Add(ms(10)),
	}
}

func (s suite) create(t *testing.T, r *request.Request, acquire ...request.Permit) *request.Request {
	t.Helper()
	stored, created, err := s.CreateRequest(t.Context(), r, acquire...)
	if err != nil || !created {
		t.Fatalf("create %+v: created %v, %v", r.Key, created, err)
	}
	return stored
}

func (s suite) load(t *testing.T, key request.Key) *request.Request {
	t.Helper()
	r, err := s.LoadRequest(t.Context(), key)
	if err != nil {
		t.Fatalf("load %+v: %v", key, err)
	}
	return r
}

func (s suite) change(t *testing.T, key request.Key, c request.Change) *request.Request {
	t.Helper()
	r, err := s.ChangeRequest(t.Context(), key, c)
	if err != nil {
		t.Fatalf("change %+v by %+v: %v", key, c, err)
	}
	return r
}

// conflict is a change that must meet a guard. It returns the row that the
// conflict carries.
func (s suite) conflict(t *testing.T, key request.Key, c request.Change) *request.Request {
	t.Helper()
	r, err := s.ChangeRequest(t.Context(), key, c)
	var conflict *request.ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("change by %+v gives %+v, %v; want a conflict", c, r, err)
	}
	if conflict.Request == nil {
		t.Fatalf("the conflict does not say how the row is")
	}
	return conflict.Request
}

// same fails unless got is want: to the byte, to the millisecond, in UTC. The
// order of subscribers and of slots has no meaning, nor has the difference
// between no metadata, steps or history and empty ones.
func same(t *testing.T, what string, got, want *request.Request) {
	t.Helper()
	if diff := difference(got, want); diff != "" {
		t.Fatalf("%s:%s", what, diff)
	}
}

func difference(got, want *request.Request) string {
	g, w := canonical(got, false), canonical(want, true)
	if reflect.DeepEqual(g, w) {
		return ""
	}
	var out strings.Builder
	gv, wv := reflect.ValueOf(*g), reflect.ValueOf(*w)
	for i := range gv.NumField() {
		if a, b := gv.Field(i).Interface(), wv.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			fmt.Fprintf(&out, "\n  %s is %s, want %s", gv.Type().Field(i).Name, describe(a), describe(b))
		}
	}
	return out.String()
}

// inBrief is r as lists have it.
func inBrief(r *request.Request) *request.Request {
	b := r.Clone()
	b.Payload, b.Checkpoint, b.Steps, b.StepTimes, b.StepOutput, b.Result = nil, nil, nil, nil, nil, nil
	return b
}

func describe(v any) string {
	text := fmt.Sprintf("%#v", v)
	switch v := v.(type) {
	case json.RawMessage:
		text = fmt.Sprintf("%q (nil: %v)", v, v == nil)
	case time.Time:
		text = v.Format(time.RFC3339Nano)
	case *wire.Error:
		text = fmt.Sprintf("%+v", v)
		if v != nil {
			text = fmt.Sprintf("%s %q %q %+v", v.Code, v.Message, v.Details, v.Retry)
		}
	}
	if len(text) > 300 {
		text = fmt.Sprintf("%s… (%d bytes)", text[:300], len(text))
	}
	return text
}

// canonical is r in the one form that same compares; rounded says that its times
// are still to be brought to what a store keeps.
func canonical(r *request.Request, rounded bool) *request.Request {
	c := *r
	c.Subscribers = slices.Sorted(slices.Values(r.Subscribers))
	c.Permits = slices.Sorted(slices.Values(r.Permits))
	c.History = append([]wire.Attempt(nil), r.History...)
	c.Audit = maps.Clone(r.Audit)
	c.StepTimes = maps.Clone(r.StepTimes)
	if len(c.Metadata) == 0 {
		c.Metadata = nil
	}
	if len(c.Steps) == 0 {
		c.Steps = nil
	}
	if len(c.StepTimes) == 0 {
		c.StepTimes = nil
	}
	if len(c.StepOutput) == 0 {
		c.StepOutput = nil
	}
	if rounded {
		for _, at := range []*time.Time{&c.DueAt, &c.Look.At, &c.Await.Until, &c.CreatedAt, &c.UpdatedAt, &c.StartedAt, &c.ClaimedAt,
			&c.FinishedAt, &c.ExpiresAt, &c.NotBefore} {
			*at = kept(*at)
		}
		for i := range c.History {
			a := &c.History[i]
			a.StartedAt, a.EndedAt = kept(a.StartedAt), kept(a.EndedAt)
		}
		for name, at := range c.StepTimes {
			c.StepTimes[name] = kept(at)
		}
		for key, entry := range c.Audit {
			entry.At = kept(entry.At)
			c.Audit[key] = entry
		}
	}
	return &c
}

// kept is a time as a store keeps it.
func kept(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

// settles waits for a read that may be eventually consistent: until look returns
// no complaint.
func settles(t *testing.T, look func() (complaint string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		complaint := look()
		if complaint == "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(complaint)
		}
	}
}

func ids(requests []*request.Request) string {
	names := make([]string, len(requests))
	for i, r := range requests {
		names[i] = r.ID
	}
	return strings.Join(names, " ")
}
