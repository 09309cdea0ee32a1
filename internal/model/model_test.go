package model_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/internal/model"
)

var update = flag.Bool("update", false, "write the model into docs/requests.md")

const (
	page  = "../../docs/requests.md"
	begin = "<!-- made from internal/model by make generate -->\n"
	end   = "<!-- end -->\n"
)

// What authors read is what the stores are held to.
func TestThePageShowsTheModel(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), begin)
	shown, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the model", page)
	}
	if shown == model.Markdown() {
		return
	}
	if !*update {
		t.Fatalf("%s shows another model than internal/model: run make generate", page)
	}
	if err := os.WriteFile(page, []byte(head+begin+model.Markdown()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Each situation and event has at most one row, final states have no way out but
// redrive, and every situation can be reached.
func TestTheTableIsConsistent(t *testing.T) {
	t.Parallel()
	type cell struct {
		from  model.Situation
		event model.Event
	}
	seen := map[cell]bool{}
	reached := map[model.Situation]bool{model.Absent: true}
	for _, row := range model.Table() {
		if !slices.Contains(model.Events(), row.Event) || row.Effect == "" {
			t.Errorf("%+v", row)
		}
		reached[row.To] = true
		for _, from := range row.From {
			c := cell{from, row.Event}
			if seen[c] {
				t.Errorf("%s in %s has two rows", row.Event, from)
			}
			seen[c] = true
			if from.State.Final() && row.Event != model.Redrive {
				t.Errorf("%s leads out of %s", row.Event, from)
			}
			if row.Event.OfWorker() && from.State != model.Running.State {
				t.Errorf("%s, a worker's, does something in %s", row.Event, from)
			}
		}
	}
	// Time leads to these, others' requests, or the action's settings.
	for _, s := range []model.Situation{model.Full, model.LastAttempt, model.Expired, model.ExpiredOften} {
		reached[s] = true
	}
	for _, s := range model.Situations() {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
}
