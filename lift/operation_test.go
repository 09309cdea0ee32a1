package lift_test

import (
	"context"
	"net/http"
	"reflect"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func TestOperationStatus(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("POST /typed", lift.Operation{Handler: lift.Typed(func(_ context.Context, in order) (order, error) { return in, nil }), Status: 201})
	app.HTTP("POST /nothing", lift.Operation{Handler: handle(nil, nil), Status: 202})
	app.HTTP("POST /own", lift.Operation{Handler: handle(&lift.Response{Status: 206}, nil), Status: 202})
	app.HTTP("POST /fail", lift.Operation{Handler: handle(nil, lift.Errorf(lift.CodeConflict, "no")), Status: 202})
	for path, want := range map[string]int{"/typed": 201, "/nothing": 202, "/own": 206, "/fail": 409} {
		t.Run(path, func(t *testing.T) {
			header := http.Header{"Content-Type": {"application/json"}}
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Method: "POST", Path: path, Header: header, Body: []byte(`{"item":"tea"}`)})
			if answer.Status != want {
				t.Errorf("got %d %s, want %d", answer.Status, answer.Body, want)
			}
		})
	}
	mustPanic(t, "lift.Operation answers HTTP requests", func() { app.Direct(lift.Operation{Handler: handle(nil, nil)}) })
	mustPanic(t, "App.HTTP GET /x has no handler", func() { app.HTTP("GET /x", lift.Operation{}) })
}

func TestHTTPRoutes(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	if app.HTTPRoutes() != nil {
		t.Error("an app without HTTP has routes")
	}
	app.HTTP("POST /a", lift.Typed(func(_ context.Context, in order) (*lift.Response, error) { return nil, nil }))
	app.HTTP("GET /b", lift.Operation{Handler: lift.Typed(func(context.Context, struct{}) (int, error) { return 0, nil }), Summary: "B", Out: order{}})
	app.HTTP("GET /c", handle(nil, nil))
	routes := app.HTTPRoutes()
	if len(routes) != 3 || routes[0].Pattern != "POST /a" || routes[0].In != reflect.TypeFor[order]() || routes[0].Out != nil ||
		routes[1].Operation.Summary != "B" || routes[1].In != reflect.TypeFor[struct{}]() || routes[1].Out != reflect.TypeFor[order]() ||
		routes[2].In != nil || routes[2].Out != nil || routes[2].Operation.Handler == nil {
		t.Errorf("routes %+v", routes)
	}
}
