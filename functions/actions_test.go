package functions_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Each caller sees the actions that its scopes allow, with their schemas, and the same
// over HTTP and over a WebSocket.
func TestCallersSeeTheActionsThatTheyMayAskFor(t *testing.T) {
	t.Parallel()
	type order struct {
		ID    string   `json:"id"`
		Lines []string `json:"lines,omitempty"`
	}
	s := newSystem(t)
	s.parts.Schedules = nil
	s.parts.Actions = func(request.Lister) ([]streamer.Action, error) {
		return []streamer.Action{
			streamer.NewAction(streamer.ActionConfig{Name: "ship", Long: true, Description: "Ships an order.", Output: "",
				Errors: []wire.Code{"SOLD_OUT"}},
				func(context.Context, *streamer.Job, order) (map[string]int, error) { return nil, nil }),
			streamer.NewAction(streamer.ActionConfig{Name: "refund", Scope: "money"},
				func(context.Context, *streamer.Job, json.RawMessage) (any, error) { return nil, nil }),
		}, nil
	}
	s.router = s.build(t, "router", functions.Router)

	const ship = `{"name":"ship","long":true,"description":"Ships an order.",` +
		`"payload":{"$defs":{"order":{"properties":{"id":{"type":"string"},"lines":{"items":{"type":"string"},"type":"array"}},` +
		`"required":["id"],"type":"object"}},"$ref":"#/$defs/order"},` +
		`"result":{"additionalProperties":{"format":"int64","type":"integer"},"type":["object","null"]},` +
		`"output":{"type":"string"},"errors":["SOLD_OUT"]}`
	const refund = `{"name":"refund","long":false,"payload":{},"result":{}}`
	for _, tt := range []struct{ name, scope, want string }{
		{"without a scope", "", `{"actions":[` + ship + `]}`},
		{"with another scope", "reports", `{"actions":[` + ship + `]}`},
		{"with the scope", "reports money", `{"actions":[` + refund + `,` + ship + `]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			scopes := map[string]any{"scope": tt.scope}
			answer := s.call(t, bearer(s.token(t, scopes)), "GET", "/actions", "", "")
			if diff := cmp.Diff(tt.want, string(answer.Body)); answer.Status != 200 || diff != "" {
				t.Errorf("GET /actions: got %d (-want +got):\n%s", answer.Status, diff)
			}
			s.open(t, tt.name, scopes)
			frame := s.ask(t, tt.name, `{"id":"a","action":"streamer.actions"}`)
			if diff := cmp.Diff(tt.want, string(frame.Data)); diff != "" {
				t.Errorf("streamer.actions (-want +got):\n%s", diff)
			}
		})
	}
	if answer := s.call(t, nil, "GET", "/actions", "", ""); answer.Status != 401 {
		t.Errorf("without a token: got %d %s, want 401", answer.Status, answer.Body)
	}
}
