package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/pay-theory/streamer/wire"
)

// Schedules returns the schedules that start requests of the token's tenant, by name. It is
// an HTTP call, also of a client that has a WebSocket, and the token needs the scope
// streamer:operator, as for the other calls of schedules.
func (c *Client) Schedules(ctx context.Context) (wire.ScheduleList, error) {
	var list wire.ScheduleList
	err := c.schedules(ctx, http.MethodGet, "", nil, &list)
	return list, err
}

// PauseSchedule stops a schedule: none of its times starts a request until it is resumed,
// whatever is deployed. It returns the schedule after that, as ResumeSchedule does.
func (c *Client) PauseSchedule(ctx context.Context, name string) (wire.Schedule, error) {
	return c.schedule(ctx, name, "/pause", nil)
}

// ResumeSchedule ends a pause. Times that passed meanwhile are not made up for.
func (c *Client) ResumeSchedule(ctx context.Context, name string) (wire.Schedule, error) {
	return c.schedule(ctx, name, "/resume", nil)
}

// RunSchedule starts a schedule's request now, also of one that is paused, and returns the
// schedule, whose Last it is. The id is the request's, so that the same call may be made
// again; empty: the server makes one.
func (c *Client) RunSchedule(ctx context.Context, name, id string) (wire.Schedule, error) {
	body, err := json.Marshal(map[string]string{"request_id": id})
	if err != nil {
		return wire.Schedule{}, err
	}
	return c.schedule(ctx, name, "/run", body)
}

func (c *Client) schedule(ctx context.Context, name, do string, body []byte) (wire.Schedule, error) {
	var s wire.Schedule
	err := c.schedules(ctx, http.MethodPost, "/"+url.PathEscape(name)+do, body, &s)
	return s, err
}

func (c *Client) schedules(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, stop := c.bind(ctx)
	defer stop()
	answer, err := c.http.do(ctx, method, "/schedules"+path, body)
	return decode("schedules", answer, err, into)
}
