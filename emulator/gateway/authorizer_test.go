package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/emulator/gateway"
)

const (
	methodARN = "arn:aws:execute-api:us-east-1:123456789012:emulated00/dev/$connect"
	allow     = `{"principalId":"ada","policyDocument":{"Version":"2012-10-17","Statement":[` +
		`{"Action":"execute-api:Invoke","Effect":"Allow","Resource":"` + methodARN + `"}]}}`
)

func TestAuthorizerDecides(t *testing.T) {
	t.Parallel()
	statement := func(effect, action, resource, more string) gateway.Function {
		return answer(`{"principalId":"ada","policyDocument":{"Statement":{"Effect":"` + effect +
			`","Action":` + action + `,"Resource":` + resource + more + `}}}`)
	}
	for name, tt := range map[string]struct {
		function gateway.Function
		status   int
	}{
		"allowed":              {answer(allow), 101},
		"allowed by wildcards": {statement("Allow", `["execute-api:*"]`, `["arn:aws:execute-api:*:*:emulated0?/*"]`, ""), 101},
		"allowed everything":   {statement("Allow", `"*"`, `"*"`, ""), 101},
		"denied":               {answer(strings.Replace(allow, "Allow", "Deny", 1)), 403},
		"another resource":     {statement("Allow", `"execute-api:Invoke"`, strings.Replace(`"`+methodARN+`"`, "/dev/", "/prod/", 1), ""), 403},
		"another action":       {statement("Allow", `"execute-api:ManageConnections"`, `"*"`, ""), 403},
		"a condition":          {statement("Allow", `"*"`, `"*"`, `,"Condition":{"IpAddress":{}}`), 403},
		"a denial wins": {answer(`{"principalId":"ada","policyDocument":{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},` +
			`{"Effect":"Deny","Action":"*","Resource":"*/$connect"}]}}`), 403},
		"failed":               {function(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("sesame") }), 500},
		"no JSON":              {answer(`oops`), 500},
		"no principal":         {answer(strings.Replace(allow, "ada", "", 1)), 500},
		"no policy":            {answer(`{"principalId":"ada"}`), 500},
		"a context of objects": {answer(strings.Replace(allow, `{"principalId"`, `{"context":{"a":{}},"principalId"`, 1)), 500},
		"a result of 8 KB":     {answer(allow + strings.Repeat(" ", 8<<10-len(allow))), 101},
		"a result above 8 KB":  {answer(allow + strings.Repeat(" ", 8<<10-len(allow)+1)), 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connect := newRecorder(ok)
			s := start(t, gateway.Config{Routes: routes(connect, nil, nil), Authorizer: &gateway.Authorizer{Function: tt.function}})
			if tt.status == 101 {
				dial(t, s.ws, nil)
				connect.next(t)
				return
			}
			status, body := refused(t, s.ws, nil)
			if status != tt.status || strings.Contains(body, "sesame") {
				t.Errorf("answered %d %s", status, body)
			}
			connect.none(t)
		})
	}
}

func TestAuthorizerIdentitySources(t *testing.T) {
	t.Parallel()
	asked := newRecorder(allow)
	s := start(t, gateway.Config{Authorizer: &gateway.Authorizer{
		Function: asked, IdentitySources: []string{"route.request.header.Authorization", "route.request.querystring.tenant"},
	}})
	token := http.Header{"Authorization": {"Bearer x"}}
	for url, header := range map[string]http.Header{
		s.ws: token, s.ws + "?tenant=": token, s.ws + "?tenant=acme": nil,
	} {
		t.Run(url, func(t *testing.T) {
			if status, body := refused(t, url, header); status != 401 || !strings.HasPrefix(body, `{"message": "Unauthorized", `) {
				t.Errorf("%s: %d %s", url, status, body)
			}
		})
	}
	asked.none(t)

	dial(t, s.ws+"?tenant=acme", &websocket.DialOptions{Host: "abcdef123.execute-api.us-east-1.amazonaws.com", HTTPHeader: token})
	raw := asked.next(t).raw
	wantGolden(t, "authorizer", raw)
	var e struct {
		events.APIGatewayCustomAuthorizerRequestTypeRequest
		MultiValueHeaders map[string][]string
	}
	if err := json.Unmarshal(raw, &e); err != nil || e.MethodArn != methodARN || e.Type != "REQUEST" ||
		e.Headers["Authorization"] != "Bearer x" || e.QueryStringParameters["tenant"] != "acme" {
		t.Errorf("aws-lambda-go: %+v, %v", e, err)
	}
}

// What the authorizer returns is in every event of the connection.
func TestAuthorizerContext(t *testing.T) {
	t.Parallel()
	connect, gone, got := newRecorder(ok), newRecorder(ok), newRecorder(ok)
	result := strings.Replace(allow, `{"principalId"`, `{"context":{"text":"a","number":1.50,"flag":true},"principalId"`, 1)
	s := start(t, gateway.Config{Routes: routes(connect, gone, got), Authorizer: &gateway.Authorizer{Function: answer(result)}})
	c, _ := s.open(t, connect)
	c.send(t, "x")
	message := got.next(t)
	c.CloseNow()
	for _, e := range []event{message, gone.next(t)} {
		a := e.RequestContext.Authorizer
		if len(a) != 4 || a["principalId"] != "ada" || a["text"] != "a" || a["number"] != "1.50" || a["flag"] != "true" {
			t.Errorf("%s has %v", e.RequestContext.EventType, a)
		}
		decode[events.APIGatewayWebsocketProxyRequest](t, e.raw)
	}
	if order := string(message.raw); strings.Index(order, `"authorizer"`) > strings.Index(order, `"messageId"`) {
		t.Errorf("event %s", order)
	}
}
