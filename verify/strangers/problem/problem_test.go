// Package problem holds every kind of error over HTTP, of Lift and of Streamer's API, against
// RFC 9457: its schema with an independent validator, what its text demands beyond a schema, and
// a client library of other authors.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

// members are those of RFC 9457, 3.1, as its appendix A types them. Both of our kinds of document
// have all but instance.
const members = `{
	"type": "object",
	"required": ["type", "title", "status", "detail"],
	"properties": {
		"type": {"type": "string", "format": "uri-reference"},
		"title": {"type": "string", "minLength": 1},
		"status": {"type": "integer", "minimum": 400, "maximum": 599},
		"detail": {"type": "string", "minLength": 1},
		"instance": {"type": "string", "format": "uri-reference"}
	}
}`

// An answer is one to judge.
type answer struct {
	Name   string `json:"name"`
	Status int    `json:"status"`
	Type   string `json:"type"`
	Body   string `json:"body"`

	want int // its status
}

// ask makes a call and notes its answer.
func ask(t *testing.T, client *http.Client, name string, want int, method, url, token, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", contentType(body))
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return answer{name, res.StatusCode, res.Header.Get("Content-Type"), string(text), want}
}

// contentType is a body's: JSON, but for the one that says otherwise.
func contentType(body string) string {
	if body == "plain" {
		return "text/plain"
	}
	return "application/json"
}

// judge holds answers against the RFC.
func judge(t *testing.T, answers []answer) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(members))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("rfc9457.json", doc); err != nil {
		t.Fatal(err)
	}
	schema := compiler.MustCompile("rfc9457.json")
	in, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	var read []struct {
		Name, Type, Title, Detail string
		Status                    int
	}
	if err := json.Unmarshal(nodetest.Output(t, "..", in, "problem/read.mjs"), &read); err != nil || len(read) != len(answers) {
		t.Fatalf("got %d answers read and %v, want %d", len(read), err, len(answers))
	}
	for i, a := range answers {
		t.Run(a.Name, func(t *testing.T) {
			if a.Status != a.want {
				t.Errorf("got status %d, want %d: %s", a.Status, a.want, a.Body)
			}
			if kind, _, err := mime.ParseMediaType(a.Type); err != nil || kind != "application/problem+json" {
				t.Errorf("got the media type %q", a.Type)
			}
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(a.Body))
			if err != nil {
				t.Fatalf("%v in %s", err, a.Body)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%v in %s", err, a.Body)
			}
			p := value.(map[string]any)
			// 3.1.2: status is that of the answer. 4.2.1: with about:blank the title is the status's phrase.
			if p["status"] != json.Number(jsonNumber(a.Status)) || p["type"] == "about:blank" && p["title"] != phrase(a.Status) {
				t.Errorf("got status %v and title %v of an answer with %d %s", p["status"], p["title"], a.Status, phrase(a.Status))
			}
			if r := read[i]; r.Type != p["type"] || r.Title != p["title"] || r.Detail != p["detail"] || r.Status != a.Status {
				t.Errorf("the client library reads %+v of %s", r, a.Body)
			}
		})
	}
}

func jsonNumber(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// phrase is RFC 9110's, 15.5 and 15.6, of which net/http has two from before.
func phrase(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "Content Too Large"
	case http.StatusUnprocessableEntity:
		return "Unprocessable Content"
	}
	return http.StatusText(status)
}

// Each code of Lift, and what an app answers by itself.
func TestLift(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: slog.New(slog.DiscardHandler)})
	app.Use(middleware.Recover())
	app.HTTP("GET /fail/{code}", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		switch code := e.HTTP.PathValue("code"); code {
		case "panic":
			panic("no shelf")
		case "undeclared":
			return nil, errors.New("the disk is full")
		case "details":
			return nil, &lift.Error{Code: lift.CodeInvalid, Message: "it has a field", Details: map[string]any{"type": "x", "title": 7, "field": "größe"}}
		case "unencodable":
			return nil, &lift.Error{Code: lift.CodeInvalid, Message: "it has a field", Details: func() {}}
		default:
			return nil, lift.Errorf(lift.Code(code), "it is <%s>", code)
		}
	}))
	app.HTTP("POST /typed", lift.Typed(func(_ context.Context, in struct {
		N int `json:"n"`
	}) (int, error) {
		return in.N, nil
	}))
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	var answers []answer
	get := func(name, method, path, body string, want int) {
		answers = append(answers, ask(t, server.Client(), name, want, method, server.URL+path, "", body))
	}
	for _, code := range lift.Codes() {
		get(string(code), "GET", "/fail/"+string(code), "", (&lift.Error{Code: code}).HTTPStatus())
	}
	get("a panic", "GET", "/fail/panic", "", 500)
	get("an error that nobody declared", "GET", "/fail/undeclared", "", 500)
	get("details", "GET", "/fail/details", "", 400)
	get("details that have no JSON", "GET", "/fail/unencodable", "", 400)
	get("no such path", "GET", "/nowhere", "", 404)
	get("no such method", "DELETE", "/typed", "", 405)
	get("no JSON", "POST", "/typed", "{", 400)
	get("another type", "POST", "/typed", `{"n":"x"}`, 400)
	get("another media type", "POST", "/typed", "plain", 415)
	get("a body that is too long", "POST", "/typed", strings.Repeat(" ", 11<<20), 413)
	judge(t, answers)
}

// Each code of the protocol, and each way in which the HTTP API refuses a call.
func TestStreamer(t *testing.T) {
	t.Parallel()
	fail := streamer.NewAction(streamer.ActionConfig{Name: "fail"}, func(_ context.Context, _ *streamer.Job, code wire.Code) (any, error) {
		if code == "" {
			return nil, errors.New("the disk is full")
		}
		return nil, streamer.Errorf(code, "it is <%s>", code)
	})
	wait := streamer.NewAction(streamer.ActionConfig{Name: "wait", Long: true}, func(ctx context.Context, _ *streamer.Job, _ any) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	dev, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", Parts: functions.Parts{
		Logger:  slog.New(slog.DiscardHandler),
		Actions: func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{fail, wait}, nil }}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	token, err := dev.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var answers []answer
	call := func(name string, want int, method, path, token, body string) {
		answers = append(answers, ask(t, http.DefaultClient, name, want, method, dev.HTTPURL()+path, token, body))
	}
	for _, code := range wire.Codes() {
		call("an action fails with "+string(code), code.HTTPStatus(), "POST", "/requests", token, `{"action":"fail","payload":"`+string(code)+`"}`)
	}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"an error that nobody declared", "POST", "/requests", `{"action":"fail","payload":""}`, 500},
		{"no JSON", "POST", "/requests", "{", 400},
		{"an id that is not valid", "POST", "/requests", `{"id":"a b","action":"fail"}`, 400},
		{"no such action", "POST", "/requests", `{"action":"nope"}`, 400},
		{"a payload of another type", "POST", "/requests", `{"action":"fail","payload":7}`, 400},
		{"a message that is too long", "POST", "/requests", `{"action":"fail","payload":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
		{"no such path", "GET", "/nowhere", "", 404},
		{"no such method", "PUT", "/requests", "", 405},
		{"no such request", "GET", "/requests/none", "", 404},
		{"no such request to cancel", "DELETE", "/requests/none", "", 404},
		{"no such request to redrive", "POST", "/requests/none/redrive", "", 404},
		{"no such request to signal", "POST", "/requests/none/signals/go", "1", 404},
		{"no output", "GET", "/requests/none/output", "", 404},
		{"no events", "GET", "/requests/none/events", "", 404},
		{"a limit that is not a number", "GET", "/requests?limit=x", "", 400},
		{"a limit that is too high", "GET", "/requests?limit=101", "", 400},
		{"a state that is none", "GET", "/requests?state=NOPE", "", 400},
		{"a time that is none", "GET", "/requests?since=soon", "", 400},
		{"a cursor that is none", "GET", "/requests?cursor=x", "", 400},
		{"another's requests", "GET", "/requests?subject=bob", "", 403},
		{"another tenant's requests", "GET", "/requests?subject=bob&tenant=globex", "", 403},
		{"another's connections", "DELETE", "/connections?subject=bob", "", 403},
		{"statistics", "GET", "/stats/states", "", 403},
		{"schedules", "GET", "/schedules", "", 403},
	} {
		call(c.name, c.status, c.method, c.path, token, c.body)
	}
	call("no token", 401, "GET", "/requests", "", "")
	call("a token that is none", 401, "GET", "/requests", "x.y.z", "")
	call("no token for events", 401, "GET", "/requests/r/events", "", "")
	ask(t, http.DefaultClient, "begun", 202, "POST", dev.HTTPURL()+"/requests", token, `{"id":"r","action":"wait"}`)
	call("the id of another request", 409, "POST", "/requests", token, `{"id":"r","action":"wait","payload":1}`)
	judge(t, answers)
}
