package streamer_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pay-theory/streamer"
)

// priceList asks for the price of each article, all at a time, and adds them up.
func priceList() streamer.Action {
	config := streamer.ActionConfig{Name: "price_list", Long: true}
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, articles []string) (int, error) {
		var children []streamer.Child
		for _, article := range articles {
			children = append(children, streamer.Child{Name: article, Action: "price", Payload: article})
		}
		prices, err := streamer.AwaitChildren[int](ctx, job, streamer.UntilAllEnd, children...)
		if err != nil {
			return 0, err // it waits: the action starts again when all have ended
		}
		total := 0
		for _, price := range prices {
			if price.Err == nil {
				total += price.Value
			}
		}
		return total, nil
	})
}

// price is what each child does.
func price() streamer.Action {
	config := streamer.ActionConfig{Name: "price", Long: true}
	return streamer.NewAction(config, func(_ context.Context, _ *streamer.Job, article string) (int, error) {
		return len(article), nil
	})
}

func ExampleAwaitChildren() {
	d := newDemo(streamer.Limits{RunningPerTenant: 1}, streamer.NewRegistry(priceList(), price()))
	defer d.close()
	var articles []string
	for n := range 100 {
		articles = append(articles, fmt.Sprintf("%q", fmt.Sprint("article-", n)))
	}
	d.submit("list-1", "price_list", "["+strings.Join(articles, ",")+"]")
	d.run("list-1")
	d.show("list-1")
	for runs := 0; len(d.queue) > 0; runs++ { // what a processor does
		next := d.queue[0]
		if d.queue = d.queue[1:]; next.ID == "list-1" && runs > 0 {
			fmt.Println("goes on after", runs, "dispatches")
		}
		d.run(next.ID)
	}
	d.show("list-1")
	// Output:
	// list-1: QUEUED, attempt 1, waits for children
	// goes on after 101 dispatches
	// list-1: SUCCEEDED, attempt 1, result 990
}

// The page's action is the one that runs here.
func TestThePageOfChildrenHasTheExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/children.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_children_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```go\n")
	if code, _, found := strings.Cut(rest, "```"); !found || !strings.Contains(string(source), code) {
		t.Errorf("docs/children.md shows another action than example_children_test.go:\n%s", code)
	}
}
