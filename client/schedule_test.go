package client_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// What is asked of a server about schedules, and what becomes of its answer.
func TestSchedules(t *testing.T) {
	t.Parallel()
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked = r.Method + " " + r.URL.RequestURI() + " " + string(body)
		switch {
		case r.Method == "GET":
			write(w, 200, []byte(`{"schedules":[{"name":"nightly","cron":"@daily"}]}`))
		case r.URL.Path == "/schedules/none/pause":
			write(w, 404, []byte(`{"code":"NOT_FOUND","detail":"there is no schedule \"none\""}`))
		default:
			write(w, 202, []byte(`{"name":"nightly","cron":"@daily"}`))
		}
	}))
	defer server.Close()
	c, err := client.HTTP(client.Config{HTTPURL: server.URL, Backoff: quick})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	nightly := wire.Schedule{Name: "nightly", Cron: "@daily"}
	for _, tt := range []struct {
		name string
		do   func(context.Context) (wire.Schedule, error)
		want string
	}{
		{"pause", func(ctx context.Context) (wire.Schedule, error) { return c.PauseSchedule(ctx, "nightly") }, "POST /schedules/nightly/pause "},
		{"resume", func(ctx context.Context) (wire.Schedule, error) { return c.ResumeSchedule(ctx, "a/b") }, "POST /schedules/a%2Fb/resume "},
		{"run", func(ctx context.Context) (wire.Schedule, error) { return c.RunSchedule(ctx, "nightly", "r-1") },
			`POST /schedules/nightly/run {"request_id":"r-1"}`},
		{"list", func(ctx context.Context) (wire.Schedule, error) {
			list, err := c.Schedules(ctx)
			if err != nil || len(list.Schedules) != 1 {
				return wire.Schedule{}, err
			}
			return list.Schedules[0], nil
		}, "GET /schedules "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.do(t.Context())
			if diff := cmp.Diff(nightly, got); err != nil || diff != "" {
				t.Errorf("got %v, (-want +got):\n%s", err, diff)
			}
			if asked != tt.want {
				t.Errorf("asked %q, want %q", asked, tt.want)
			}
		})
	}
	if _, err := c.PauseSchedule(t.Context(), "none"); err == nil {
		t.Error("pause of a schedule that is not there: got no error")
	}
}
