package deploy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
)

// The table of docs/children.md is what a hundred children cost, beside a hundred requests
// that have no parent.
func TestWhatChildrenCost(t *testing.T) {
	t.Parallel()
	const many = 100
	w, ctx := newWorld(t), t.Context()
	page, err := os.ReadFile("../docs/children.md")
	if err != nil {
		t.Fatal(err)
	}
	submit := func(id, action string, n int) func() error {
		return func() error { return w.submit(ctx, id, action, fmt.Sprint(n)) }
	}
	run := func(key request.Key) func() error {
		return func() error { return w.processor.Run(ctx, key, time.Time{}) }
	}
	each := func(one func(n int) func() error) func() error {
		return func() error {
			for n := range many {
				if err := one(n)(); err != nil {
					return err
				}
			}
			return nil
		}
	}
	parent := w.who.Key("r1")
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"store 100 requests without a parent", each(func(n int) func() error { return submit(fmt.Sprint("alone", n), "one", n) })},
		{"run them", each(func(n int) func() error { return run(w.who.Key(fmt.Sprint("alone", n))) })},
		{"store a parent", submit("r1", "family", many)},
		{"start its 100 children, and wait", run(parent)},
		{"run them, to the resume of their parent", each(func(n int) func() error {
			return run(request.ChildKey(parent, fmt.Sprint("k", n), 0))
		})},
		{"read what they returned, and end", run(parent)},
	} {
		w.Take()
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		used := w.Take()
		row := fmt.Sprintf("| %s | %.0f | %.0f | %d |\n", step.what, used.Written, used.Read, len(used.Calls))
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/children.md lacks the row\n%s", row)
		}
	}
}
