package client

import (
	"cmp"
	"context"
	"net/http"

	"github.com/pay-theory/streamer/wire"
)

// InTenant returns a client that means another tenant of the stage, over HTTP, also where c
// has a WebSocket. The token needs the scope streamer:owner; without it every call is answered
// with FORBIDDEN. [wire.AllTenants] stands for all tenants in [Client.Waiting] alone. Calls
// about requests need a subject: see [Client.OnBehalfOf]. It makes no requests: [Client.Do]
// and [Client.Start] are answered with FORBIDDEN.
//
// It ends when c is closed, and closing it ends the calls of c.
func (c *Client) InTenant(name string) *Client {
	api := *c.http
	api.tenant = name
	return &Client{connection: &connection{http: &api, transport: &api, ctx: c.ctx, end: c.end, submits: map[string]*Handle{}},
		subject: c.subject}
}

// States counts requests by state, action and subject: of all subjects of the tenant, unless the
// query or [Client.OnBehalfOf] names one. It reads all pages from the query's cursor on, and
// calls onPage, where it is not nil, with the sum so far after each; an error of it ends the
// reading and is returned with the sum. The token needs the scope streamer:operator, as for
// Waiting and Failures. It is an HTTP call for each page, also of a client that has a WebSocket.
func (c *Client) States(ctx context.Context, q wire.StatsQuery, onPage func(wire.States) error) (sum wire.States, err error) {
	err = pages(ctx, c, "states", q, func(page wire.States) (string, error) {
		sum.Add(page)
		return page.Cursor, shown(onPage, sum)
	})
	return sum, err
}

// Waiting tells what open requests wait for and which workers hold the others; otherwise it is
// as States is.
func (c *Client) Waiting(ctx context.Context, q wire.StatsQuery, onPage func(wire.WaitingStats) error) (sum wire.WaitingStats, err error) {
	err = pages(ctx, c, "waiting", q, func(page wire.WaitingStats) (string, error) {
		sum.Add(page)
		return page.Cursor, shown(onPage, sum)
	})
	return sum, err
}

// Failures groups the requests that are FAILED by why they did; otherwise it is as States is.
func (c *Client) Failures(ctx context.Context, q wire.StatsQuery, onPage func(wire.Failures) error) (sum wire.Failures, err error) {
	err = pages(ctx, c, "failures", q, func(page wire.Failures) (string, error) {
		sum.Add(page)
		return page.Cursor, shown(onPage, sum)
	})
	return sum, err
}

// pages reads pages of statistics until add returns no cursor.
func pages[Page any](ctx context.Context, c *Client, what string, q wire.StatsQuery, add func(Page) (cursor string, err error)) error {
	ctx, stop := c.bind(ctx)
	defer stop()
	for {
		var page Page
		query := with(cmp.Or(q.Subject, c.subject), "action", q.Action, "cursor", q.Cursor, "since", rfc3339(q.Since), "until", rfc3339(q.Until))
		body, err := c.http.do(ctx, http.MethodGet, "/stats/"+what+query, nil)
		if err := decode(what, body, err, &page); err != nil {
			return err
		}
		if q.Cursor, err = add(page); err != nil || q.Cursor == "" {
			return err
		}
	}
}

func shown[Page any](onPage func(Page) error, sum Page) error {
	if onPage == nil {
		return nil
	}
	return onPage(sum)
}
