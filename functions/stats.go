package functions

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/wire"
)

// statistics answers with a page of what read counts.
func statistics[Page any](read func(context.Context, streamer.Caller, wire.StatsQuery) (Page, error)) lift.Handler {
	return authenticated(func(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
		query, err := statsQuery(e.HTTP.URL.Query(), who)
		if err != nil {
			return nil, err
		}
		page, err := read(ctx, who, query)
		if err != nil {
			return nil, err
		}
		return lift.JSON(http.StatusOK, page)
	})
}

func statsQuery(query url.Values, who streamer.Caller) (wire.StatsQuery, error) {
	since, until, err := boundsOf(query)
	return wire.StatsQuery{Subject: who.OnBehalfOf, Action: query.Get("action"), Since: since, Until: until, Cursor: query.Get("cursor")}, err
}

// boundsOf are the query's since and until; zero where it has none.
func boundsOf(query url.Values) (since, until time.Time, err error) {
	if since, err = timeIn(query, "since"); err == nil {
		until, err = timeIn(query, "until")
	}
	return since, until, err
}

func timeIn(query url.Values, name string) (time.Time, error) {
	text := query.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1)) // the + of an offset that the client did not encode
	if err != nil {
		return time.Time{}, streamer.Errorf(wire.ValidationError,
			"%s %q is not an RFC 3339 time: use one such as 2026-03-04T05:06:07Z", name, text)
	}
	return at.UTC(), nil
}
