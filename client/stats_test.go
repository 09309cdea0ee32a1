package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// counted is a server with two pages of each of the statistics.
func counted(t *testing.T) (c *client.Client, asked *operated) {
	t.Helper()
	asked = &operated{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.note(r.Method + " " + r.URL.RequestURI())
		page := map[string][2]string{
			"/stats/states": {`{"states":[{"state":"FAILED","count":1,"oldest":"2026-01-02T00:00:00Z"}],
				"actions":[{"action":"ship","states":{"FAILED":1}}],"subjects":[],"cursor":"next"}`,
				`{"states":[{"state":"QUEUED","count":3,"oldest":"2026-01-03T00:00:00Z"},{"state":"FAILED","count":2,"oldest":"2026-01-01T00:00:00Z"}],
				"actions":[{"action":"ship","states":{"QUEUED":3,"FAILED":2}}],"subjects":[{"subject":"ada","queued":3,"running":0}]}`},
			"/stats/waiting": {`{"waiting":[{"for":"retry","count":1,"oldest":"2026-01-02T00:00:00Z"}],"workers":[],"subjects":[],"cursor":"next"}`,
				`{"waiting":[{"for":"retry","count":1,"oldest":"2026-01-01T00:00:00Z"}],"workers":[{"worker":"w","running":1,
				"since":"2026-01-01T00:00:00Z","requests":[{"subject":"ada","id":"r-1","action":"ship","claimed_at":"2026-01-01T00:00:00Z"}]}],
				"subjects":[]}`},
			"/stats/failures": {`{"failures":[{"action":"ship","code":"TIMEOUT","message":"#","count":1,"first":"2026-01-02T00:00:00Z",
				"last":"2026-01-02T00:00:00Z","sample":{"subject":"ada","id":"r-2"}}],"cursor":"next"}`,
				`{"failures":[{"action":"ship","code":"TIMEOUT","message":"#","count":4,"first":"2026-01-01T00:00:00Z",
				"last":"2026-01-01T00:00:00Z","sample":{"subject":"ada","id":"r-1"}}]}`},
		}[r.URL.Path]
		answer := page[0]
		if r.URL.Query().Get("cursor") == "next" {
			answer = page[1]
		}
		write(w, 200, []byte(answer))
	}))
	t.Cleanup(server.Close)
	c, err := client.HTTP(client.Config{HTTPURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, asked
}

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

func TestPagesOfStatisticsAddUp(t *testing.T) {
	t.Parallel()
	c, asked := counted(t)
	q := wire.StatsQuery{Action: "ship", Since: day(1)}
	var shown []int
	states, err := c.States(t.Context(), q, func(sum wire.States) error { shown = append(shown, sum.States[0].Count); return nil })
	if diff := cmp.Diff(wire.States{
		States:   []wire.StateCount{{State: "QUEUED", Count: 3, Oldest: day(3)}, {State: "FAILED", Count: 3, Oldest: day(1)}},
		Actions:  []wire.ActionStates{{Action: "ship", States: map[string]int{"QUEUED": 3, "FAILED": 3}}},
		Subjects: []wire.Load{{Subject: "ada", Queued: 3}},
	}, states); err != nil || diff != "" {
		t.Errorf("states: %v, (-want +got):\n%s", err, diff)
	}
	if want := []int{1, 3}; !cmp.Equal(shown, want) {
		t.Errorf("got the counts %v shown, want %v: one for each page", shown, want)
	}
	waiting, err := c.OnBehalfOf("ada").Waiting(t.Context(), wire.StatsQuery{}, nil)
	if diff := cmp.Diff(wire.WaitingStats{
		Waiting: []wire.WaitingCount{{For: "retry", Count: 2, Oldest: day(1)}},
		Workers: []wire.WorkerLoad{{Worker: "w", Running: 1, Since: day(1), Requests: []wire.HeldRequest{
			{RequestName: wire.RequestName{Subject: "ada", ID: "r-1"}, Action: "ship", ClaimedAt: day(1)}}}},
		Subjects: []wire.Load{},
	}, waiting); err != nil || diff != "" {
		t.Errorf("waiting: %v, (-want +got):\n%s", err, diff)
	}
	failures, err := c.InTenant("globex & co").Failures(t.Context(), wire.StatsQuery{}, nil)
	if diff := cmp.Diff(wire.Failures{Failures: []wire.Failure{{Action: "ship", Code: wire.Timeout, Message: "#", Count: 5, First: day(1),
		Last: day(2), Sample: wire.RequestName{Subject: "ada", ID: "r-2"}}}}, failures); err != nil || diff != "" {
		t.Errorf("failures: %v, (-want +got):\n%s", err, diff)
	}
	enough := errors.New("enough")
	if _, err := c.States(t.Context(), wire.StatsQuery{}, func(wire.States) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v, want the error of the callback", err)
	}
	want := []string{
		"GET /stats/states?action=ship&since=2026-01-01T00%3A00%3A00Z",
		"GET /stats/states?action=ship&cursor=next&since=2026-01-01T00%3A00%3A00Z",
		"GET /stats/waiting?subject=ada", "GET /stats/waiting?cursor=next&subject=ada",
		"GET /stats/failures?tenant=globex+%26+co", "GET /stats/failures?cursor=next&tenant=globex+%26+co",
		"GET /stats/states",
	}
	if diff := cmp.Diff(want, asked.asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

// A client in another tenant names it in each call, and a list its bounds.
func TestInTenantNamesItInEachCall(t *testing.T) {
	t.Parallel()
	asked := &operated{}
	server := httptest.NewServer(asked)
	defer server.Close()
	for name, open := range map[string]func() (*client.Client, error){
		"HTTP": func() (*client.Client, error) { return client.HTTP(client.Config{HTTPURL: server.URL}) },
		"WebSocket": func() (*client.Client, error) {
			return client.Dial(t.Context(), client.Config{URL: serve(t, asked)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			asked.asked = nil
			theirs := c.InTenant("globex").OnBehalfOf("eve")
			if _, err := theirs.Get(t.Context(), "r-1"); err != nil {
				t.Errorf("get: %v", err)
			}
			if _, err := theirs.List(t.Context(), wire.ListQuery{Since: day(1), Until: day(2)}); err != nil {
				t.Errorf("list: %v", err)
			}
			if _, err := theirs.Cancel(t.Context(), "r-1"); err != nil {
				t.Errorf("cancel: %v", err)
			}
			want := []string{"GET /requests/r-1?subject=eve&tenant=globex",
				"GET /requests?since=2026-01-01T00%3A00%3A00Z&until=2026-01-02T00%3A00%3A00Z&subject=eve&tenant=globex",
				"DELETE /requests/r-1?subject=eve&tenant=globex"}
			if diff := cmp.Diff(want, asked.asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
		})
	}
}
