package lift_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// A redirect is to the client's URL of the page: with the stage where that is in
// the URL, and without it behind a custom domain.
func TestRedirectsAreToTheURLOfTheClient(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event lifttest.HTTP
		want  string
	}{
		"HTTP API":                           {lifttest.HTTP{}, "/dir/?a=1"},
		"HTTP API, named stage":              {lifttest.HTTP{Stage: "dev"}, "/dev/dir/?a=1"},
		"HTTP API, named stage, domain":      {lifttest.HTTP{Stage: "dev", Domain: "api.example.com"}, "/dir/?a=1"},
		"HTTP API 1.0, named stage":          {lifttest.HTTP{Via: lifttest.HTTPAPIv1, Stage: "dev"}, "/dev/dir/?a=1"},
		"REST API":                           {lifttest.HTTP{Via: lifttest.RESTAPI}, "/prod/dir/?a=1"},
		"REST API, domain":                   {lifttest.HTTP{Via: lifttest.RESTAPI, Domain: "api.example.com"}, "/dir/?a=1"},
		"REST API, domain with a base path":  {lifttest.HTTP{Via: lifttest.RESTAPI, Base: "/shop"}, "/shop/dir/?a=1"},
		"function URL":                       {lifttest.HTTP{Via: lifttest.FunctionURL}, "/dir/?a=1"},
		"load balancer":                      {lifttest.HTTP{Via: lifttest.LoadBalancer}, "/dir/?a=1"},
		"load balancer, several of a header": {lifttest.HTTP{Via: lifttest.LoadBalancerMulti}, "/dir/?a=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			app.HTTP("GET /dir/", handle(nil, nil))
			tt.event.Path = "/dir?a=1"
			answer := lifttest.Invoke(t.Context(), t, app, tt.event)
			if got := answer.Header.Get("Location"); answer.Status/100 != 3 || got != tt.want {
				t.Errorf("got %d to %q, want a redirect to %q", answer.Status, got, tt.want)
			}
		})
	}
}

// A console's test of a REST API names the stage without a slash after it.
func TestPrefixAtTheRootOfAStage(t *testing.T) {
	t.Parallel()
	for name, called := range map[string]string{"with a slash": "/prod/", "without": "/prod"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			app := lift.New(lift.Config{})
			app.HTTP("/", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
				got = e.Gateway.Prefix
				return nil, nil
			}))
			lifttest.Invoke(t.Context(), t, app, lifttest.Raw(
				`{"httpMethod":"GET","path":"/","resource":"/","requestContext":{"stage":"prod","path":"`+called+`"}}`))
			if got != "/prod" {
				t.Errorf("prefix %q, want /prod", got)
			}
		})
	}
}

// Headers are the same whatever the case that a handler spells them in.
func TestHeadersOfAHandlerAreSpelledForIt(t *testing.T) {
	t.Parallel()
	seen := ""
	look := func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			res, err := next.Handle(ctx, e)
			seen = res.Header.Get("Cache-Control")
			return res, err
		})
	}
	app := lift.New(lift.Config{})
	app.Use(look)
	app.HTTP("GET /x", handle(&lift.Response{Status: 200, Header: http.Header{
		"set-cookie": {"a=1", "b=2"}, "Set-Cookie": {"c=3"}, "cache-control": {"no-store"}, "content-type": {"text/csv"},
	}, Body: []byte("a,b")}, nil))
	for _, via := range lifttest.Ways {
		t.Run(via.String(), func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: via, Path: "/x"})
			cookies := answer.Header.Values("Set-Cookie")
			slices.Sort(cookies)
			if diff := cmp.Diff([]string{"a=1", "b=2", "c=3"}, cookies); diff != "" {
				t.Errorf("cookies (-want +got):\n%s", diff)
			}
			if got := answer.Header.Values("Content-Type"); len(got) != 1 || got[0] != "text/csv" {
				t.Errorf("Content-Type %q, want text/csv", got)
			}
			if seen != "no-store" {
				t.Errorf("middleware sees Cache-Control %q, want no-store", seen)
			}
			if !json.Valid(bytes.TrimSpace(answer.Payload)) {
				t.Errorf("the answer %s is not JSON", answer.Payload)
			}
		})
	}
}
