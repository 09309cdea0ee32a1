package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
)

// bodySizes are payloads and results that a store may have with the row, and apart.
var bodySizes = []int{2, 4 << 10, 4<<10 + 1, 64 << 10, request.MaxPayload}

var bodyTests = []test{
	{"a payload and a result of any size come back", func(t *testing.T, s suite) {
		for _, size := range bodySizes {
			want := queued("acme", "ada", fmt.Sprint("r-", size), epoch)
			want.Payload = text(size)
			same(t, "created", s.create(t, want), want)
			same(t, "loaded", s.load(t, want.Key), want)
			for n, c := range []request.Change{
				{Set: request.Effects{UpdatedAt: epoch, State: request.Running, AddFence: 1}},
				{Set: request.Effects{AddRev: 1}},
				{Set: request.Effects{State: request.Succeeded, Result: text(size), ExpiresAt: epoch.Add(time.Hour)}},
				{Set: request.Effects{AddRev: 1}},
				{Set: request.Effects{Result: text(2)}},
				{Set: request.Effects{Result: text(size), Acquire: permits(100, "a")}},
				{If: request.Guards{OutputAt: new(int64(0))}, Set: request.Effects{Output: []json.RawMessage{text(9)}, Release: []string{"a"}}},
			} {
				if err := c.Apply(want); err != nil {
					t.Fatal(err)
				}
				same(t, fmt.Sprint("changed ", n), s.change(t, want.Key, c), want)
				same(t, fmt.Sprint("loaded after change ", n), s.load(t, want.Key), want)
			}
			conflict := s.conflict(t, want.Key, request.Change{If: request.Guards{Fence: 99}, Set: request.Effects{AddRev: 1}})
			same(t, "the conflict's row", conflict, want)
			stored, created, err := s.CreateRequest(t.Context(), queued("acme", "ada", want.ID, epoch))
			if err != nil || created {
				t.Fatalf("created %v, %v", created, err)
			}
			same(t, "of a taken key", stored, want)
		}
	}},
	{"a brief answer may lack what is apart, and nothing else", func(t *testing.T, s suite) {
		for _, size := range bodySizes {
			want := queued("acme", "ada", fmt.Sprint("r-", size), epoch)
			want.Payload = text(size)
			s.create(t, want)
			for n, c := range []request.Change{
				{Set: request.Effects{UpdatedAt: epoch, State: request.Running, AddFence: 1}},
				{Set: request.Effects{State: request.Succeeded, Result: text(size)}},
				{Set: request.Effects{AddRev: 1}},
				{Set: request.Effects{AddRev: 1, Acquire: permits(100, "a")}},
				{Set: request.Effects{AddRev: 1, Release: []string{"a"}}},
			} {
				c.Brief = true
				if err := c.Apply(want); err != nil {
					t.Fatal(err)
				}
				got := s.change(t, want.Key, c)
				sameButBodies(t, fmt.Sprint("changed ", n), got, want)
				if c.Set.Result != nil && !bytes.Equal(got.Result, c.Set.Result) {
					t.Errorf("the answer to a result of %d bytes has one of %d", len(c.Set.Result), len(got.Result))
				}
				same(t, fmt.Sprint("loaded after change ", n), s.load(t, want.Key), want)
			}
			conflict := s.conflict(t, want.Key, request.Change{Brief: true, If: request.Guards{Fence: 99}, Set: request.Effects{AddRev: 1}})
			sameButBodies(t, "the conflict's row", conflict, want)
		}
	}},
	{"a request of a key that was free again has bodies of its own", func(t *testing.T, s suite) {
		old := queued("acme", "ada", "r-1", epoch)
		old.Payload, old.Result, old.ExpiresAt = text(64<<10), text(64<<10), epoch
		s.create(t, old)
		for _, size := range []int{2, 32 << 10} {
			young := queued("acme", "ada", "r-1", epoch)
			young.Payload, young.ExpiresAt = text(size), epoch
			s.create(t, young)
			same(t, "loaded", s.load(t, young.Key), young)
		}
	}},
}

// sameButBodies fails unless got is want, or lacks its payload or its result.
func sameButBodies(t *testing.T, what string, got, want *request.Request) {
	t.Helper()
	whole := got.Clone()
	if whole.Payload == nil {
		whole.Payload = want.Payload
	}
	if whole.Result == nil {
		whole.Result = want.Result
	}
	same(t, what, whole, want)
}
