package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/request"
)

var stepTests = []test{
	{"each step is stored once, byte for byte", func(t *testing.T, s suite) {
		want := s.create(t, queued("acme", "ada", "r-1", epoch))
		for i, name := range []string{"charge", "Charge", "charge.card", "#0", ":v", "a b", "日本", "signal:ok",
			strings.Repeat("n", request.MaxStepName)} {
			step := request.Step{Name: name, Result: json.RawMessage(fmt.Sprintf("{ \"n\" : %d, \"s\":\"<&>\\u00e9\"}\n", i))}
			c := request.Change{If: request.Guards{LacksStep: name}, Set: request.Effects{Step: &step, AddRev: 1}}
			if err := c.Apply(want); err != nil {
				t.Fatal(err)
			}
			same(t, "after "+name, s.change(t, want.Key, c), want)
			same(t, "a second "+name, s.conflict(t, want.Key, c), want)
		}
		same(t, "in the end", s.load(t, want.Key), want)
	}},
	{"a step keeps when it was stored, beside one of a version that kept no times", func(t *testing.T, s suite) {
		want := queued("acme", "ada", "r-1", epoch)
		want.Steps = map[string]json.RawMessage{"of before": json.RawMessage("1")}
		s.create(t, want)
		for i, c := range []request.Change{
			request.StoreStep(epoch.Add(999_999), request.Step{Name: "charge", Result: json.RawMessage("2")}),
			request.StoreStep(epoch.Add(ms(5)), request.Step{Name: "signal:ok", Result: json.RawMessage("3")}),
			{Set: request.Effects{DropStep: "charge"}},
		} {
			if err := c.Apply(want); err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("after change %d", i), s.change(t, want.Key, c), want)
			same(t, fmt.Sprintf("loaded after change %d", i), s.load(t, want.Key), want)
		}
	}},
	{"steps are counted", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		s.create(t, r)
		store := func(n int, name string) request.Change {
			return request.Change{If: request.Guards{Steps: &n}, Set: request.Effects{AddRev: 1,
				Step: &request.Step{Name: name, Result: json.RawMessage("1")}}}
		}
		s.change(t, r.Key, store(0, "a"))
		if got := s.conflict(t, r.Key, store(0, "b")); len(got.Steps) != 1 || got.Rev != 2 {
			t.Errorf("the conflict's row has %d steps and rev %d, want 1 and 2", len(got.Steps), got.Rev)
		}
		s.change(t, r.Key, store(1, "b"))
		s.conflict(t, r.Key, store(3, "c"))
		if got := s.change(t, r.Key, store(2, "a")); len(got.Steps) != 2 {
			t.Errorf("there are %d steps, want 2", len(got.Steps))
		}
	}},
}
