package lift_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

type order struct {
	Item  string `json:"item"`
	Count int64  `json:"count"`
}

func (o *order) Validate() error {
	switch {
	case o.Count < 0:
		return &lift.Error{Code: lift.CodeConflict, Message: "count is negative"}
	case o.Item == "":
		return errors.New("item is missing")
	}
	return nil
}

func TestTyped(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("POST /orders", lift.Typed(func(ctx context.Context, in order) (order, error) {
		if lift.EventFrom(ctx) == nil {
			t.Error("no event in the context")
		}
		in.Count++
		return in, nil
	}))
	app.HTTP("POST /made", lift.Typed(func(_ context.Context, in order) (*lift.Response, error) { return lift.JSON(201, in) }))
	app.HTTP("POST /quiet", lift.Typed(func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }))
	app.HTTP("POST /odd", lift.Typed(func(context.Context, struct{}) (func(), error) { return func() {}, nil }))
	app.HTTP("POST /fail", lift.Typed(func(context.Context, struct{}) (int, error) { return 0, lift.Errorf(lift.CodeForbidden, "no") }))

	for name, tt := range map[string]struct {
		path, body string
		status     int
		answer     string // a part of it
	}{
		"value":         {"/orders", `{"item":"tea","count":9007199254740992}`, 200, `{"item":"tea","count":9007199254740993}`},
		"response":      {"/made", `{"item":"tea"}`, 201, `"tea"`},
		"nothing":       {"/quiet", ``, 204, ``},
		"error":         {"/fail", `{}`, 403, `"forbidden"`},
		"not encodable": {"/odd", `{}`, 500, `"internal"`},
		"no JSON":       {"/orders", `{"item":`, 400, "the body is not JSON"},
		"wrong kind":    {"/orders", `{"item":"tea","count":"sesame"}`, 400, "field count cannot be of kind string"},
		"wrong number":  {"/orders", `{"item":123456}`, 400, "field item cannot be of kind number"},
		"a fraction":    {"/orders", `{"item":"tea","count":123456.5}`, 400, "field count cannot be of kind number"},
		"no object":     {"/orders", `[]`, 400, "the body cannot be of kind array"},
		"not valid":     {"/orders", ``, 400, "item is missing"},
		"own error":     {"/orders", `{"count":-1}`, 409, "count is negative"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Method: "POST", Path: tt.path, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(tt.body)})
			if answer.Status != tt.status || !strings.Contains(string(answer.Body), tt.answer) {
				t.Errorf("answer %d %s", answer.Status, answer.Body)
			}
			for _, secret := range []string{"sesame", "123456"} {
				if strings.Contains(string(answer.Body), secret) {
					t.Errorf("the input is quoted in %s", answer.Body)
				}
			}
		})
	}
	if _, err := lift.JSON(200, func() {}); err == nil {
		t.Error("a func passes for JSON")
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	c := &lift.Claims{Scopes: []string{"read"}, Raw: []byte(`{"tenant":"acme","n":9007199254740993,"roles":["a"]}`)}
	var n int64
	if ok, err := c.Decode("n", &n); !ok || err != nil || n != 9007199254740993 {
		t.Errorf("n %d, %t, %v", n, ok, err)
	}
	if ok, err := c.Decode("none", &n); ok || err != nil {
		t.Errorf("none %t, %v", ok, err)
	}
	if c.Text("tenant") != "acme" || c.Text("n") != "" || c.Text("none") != "" || (&lift.Claims{}).Text("x") != "" {
		t.Error("texts")
	}
	if !c.HasScope("read") || c.HasScope("write") {
		t.Error("scopes")
	}
}

// A pointed is validated by a method of its pointer.
type pointed struct{ Item string }

func (p *pointed) Validate() error {
	if p.Item == "" {
		return errors.New("item is missing")
	}
	return nil
}

// An input that is a pointer is validated like one that is not.
func TestTypedPointer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		h    lift.Handler
		body string
		want string // the error's code, "" for none
	}{
		"a pointer, valid":     {lift.Typed(func(context.Context, *pointed) (struct{}, error) { return struct{}{}, nil }), `{"Item":"tea"}`, ""},
		"a pointer, not valid": {lift.Typed(func(context.Context, *pointed) (struct{}, error) { return struct{}{}, nil }), `{}`, "invalid"},
		"a value, not valid":   {lift.Typed(func(context.Context, pointed) (struct{}, error) { return struct{}{}, nil }), `{}`, "invalid"},
		"a pointer to nothing": {lift.Typed(func(context.Context, *pointed) (struct{}, error) { return struct{}{}, nil }), `null`, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			app.Direct(tt.h)
			app.SQS(tt.h)
			got := ""
			if _, err := app.Invoke(t.Context(), []byte(tt.body)); err != nil {
				shown, _ := lift.AsError(err)
				got = shown.Code.String()
			}
			if got != tt.want {
				t.Errorf("direct: got %q, want %q", got, tt.want)
			}
			batch := lifttest.Invoke(t.Context(), t, app, lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: tt.body}}})
			if failed := len(batch.Failed) == 1; failed != (tt.want != "") {
				t.Errorf("SQS: failed %q, want code %q", batch.Failed, tt.want)
			}
		})
	}
}

// A body of another type than JSON is not decoded: pages of any origin may send
// it without a preflight.
func TestTypedContentType(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("POST /", lift.Typed(func(context.Context, *pointed) (struct{}, error) { return struct{}{}, nil }))
	for kind, want := range map[string]int{
		"application/json": 204, "application/json; charset=utf-8": 204, "Application/JSON": 204, "application/merge-patch+json": 204,
		"text/plain": 415, "application/x-www-form-urlencoded": 415, "application/jsonp": 415, "text/x+json": 415, "": 415,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			request := lifttest.HTTP{Method: "POST", Header: http.Header{"Content-Type": {kind}}, Body: []byte(`{"Item":"tea"}`)}
			if got := lifttest.Invoke(t.Context(), t, app, request).Status; got != want {
				t.Errorf("got %d, want %d", got, want)
			}
		})
	}
	t.Run("without a body", func(t *testing.T) {
		t.Parallel()
		if got := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Method: "POST"}).Status; got != 400 {
			t.Errorf("got %d, want 400: an empty body is validated like any other", got)
		}
	})
}
