package functions_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift/lifttest"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// made are the ids that differ from run to run.
var made = regexp.MustCompile(`("(?:correlation_id|request_id)":")([A-Za-z0-9_-]{20,})"`)

// Clients parse these bytes: a change here is a change of the protocol.
func TestErrorsAreRenderedAsEver(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", nil)
	ada, none := bearer(s.token(t, nil)), http.Header{}
	post := func(header http.Header, body string) lifttest.Event {
		return lifttest.HTTP{Method: "POST", Path: "/requests", Header: header, Body: []byte(body)}
	}
	message := func(body string) lifttest.Event { return lifttest.Message{ConnectionID: "c1", Body: body} }
	get := func(path, query string) lifttest.Event {
		return lifttest.HTTP{Method: "GET", Path: path, Query: query, Header: ada}
	}
	var got bytes.Buffer
	render := func(name string, event lifttest.Event) {
		app := s.router
		if _, ok := event.(lifttest.Connect); ok {
			app = s.connect
		}
		answer := lifttest.Invoke(t.Context(), t, app, event)
		fmt.Fprintf(&got, "%s\n%d %s\n%s\n\n", name, answer.Status, answer.Header.Get("Content-Type"), made.ReplaceAll(answer.Body,
			[]byte(`${1}MADE"`)))
	}
	for _, failing := range []struct{ name, body string }{
		{"not JSON", `{`},
		{"an id that is not valid", `{"id":"a b","action":"mirror"}`},
		{"no action", `{"id":"a"}`},
		{"an action that does not exist", `{"id":"a","action":"none"}`},
		{"no id", `{"action":"none"}`},
		{"no scope", `{"id":"a","action":"admin"}`},
		{"an internal error", `{"id":"a","action":"leaky"}`},
		{"a public error", `{"id":"a","action":"picky"}`},
		{"a public error with details and a time", `{"id":"a","action":"busy"}`},
		{"a public error that is not retryable, with a code of its own", `{"id":"a","action":"sold out"}`},
		{"an error of Lift's", `{"id":"a","action":"lifted"}`},
	} {
		render("message: "+failing.name, message(failing.body))
		render("HTTP: "+failing.name, post(ada, failing.body))
	}
	render("message: a reserved action", message(`{"id":"a","action":"streamer.get","payload":{"request_id":"none"}}`))
	render("message: a token that is not valid", message(`{"id":"a","action":"streamer.authenticate","payload":{"token":"x.y.z"}}`))
	render("message: a connection that is not stored", lifttest.Message{ConnectionID: "none", Body: `{"id":"a","action":"mirror"}`})
	render("HTTP: no token", post(none, `{"id":"a","action":"mirror"}`))
	render("HTTP: a token that is not valid", post(bearer("x.y.z"), `{"id":"a","action":"mirror"}`))
	render("HTTP: a token without a tenant", post(bearer(s.token(t, map[string]any{"tenant_id": nil})), `{"id":"a","action":"mirror"}`))
	render("HTTP: a request that does not exist", get("/requests/none", ""))
	render("HTTP: a wait that is not valid", get("/requests/none", "wait=soon"))
	render("HTTP: a path that does not exist", get("/none", ""))
	render("HTTP: a method that the path does not take", lifttest.HTTP{Method: "PUT", Path: "/requests", Header: ada})
	render("$connect: no token", lifttest.Connect{ConnectionID: "c2"})
	render("$connect: a token that is not valid", lifttest.Connect{ConnectionID: "c2", Header: bearer("x.y.z")})
	s.store.Close()
	render("message: no store", message(`{"id":"a","action":"mirror"}`))
	render("HTTP: no store", get("/requests/r1", ""))
	render("$connect: no store", lifttest.Connect{ConnectionID: "c3", Header: ada})

	golden := filepath.Join("testdata", "errors.golden")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("errors are rendered differently (-want +got):\n%s", diff)
	}
}
