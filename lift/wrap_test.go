package lift_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	lambdamessages "github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

var png = []byte("\x89PNG\r\n\x1a\n\x00\xff")

// A handler that was written for a gateway's own types answers within Lift what
// it answered without.
func TestWrapKeepsTheAnswer(t *testing.T) {
	t.Parallel()
	type answer struct {
		Status int
		Header http.Header
		Body   string
	}
	echoV1 := func(_ context.Context, req events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{
			StatusCode: 207, Headers: map[string]string{"x-one": "1", "Vary": "dropped"},
			MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1", "b=2"}, "vary": {"Accept"}},
			Body:              req.HTTPMethod + " " + req.Path + " " + req.QueryStringParameters["q"] + " " + req.Body,
		}, nil
	}
	echoV2 := func(_ context.Context, req events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		return events.APIGatewayV2HTTPResponse{
			StatusCode: 207, Headers: map[string]string{"x-one": "1"}, MultiValueHeaders: map[string][]string{"x-two": {"passed over"}},
			Cookies: []string{"a=1", "b=2"}, Body: req.RequestContext.HTTP.Method + " " + req.RawPath + " " + req.RawQueryString + " " + req.Body,
		}, nil
	}
	echoURL := func(_ context.Context, req events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
		return events.LambdaFunctionURLResponse{
			StatusCode: 207, Headers: map[string]string{"Content-Type": "image/png"}, Cookies: req.Cookies,
			Body: "iVBORw0KGgoA/w==", IsBase64Encoded: true,
		}, nil
	}
	balancer := func(_ context.Context, req events.ALBTargetGroupRequest) (events.ALBTargetGroupResponse, error) {
		return events.ALBTargetGroupResponse{
			StatusCode: 207, StatusDescription: "207 Multi-Status", Headers: map[string]string{"X-One": "1", "set-cookie": "a=1", "Set-Cookie": "b=2"},
			MultiValueHeaders: map[string][]string{"X-Two": {"1", "2"}}, Body: "text", IsBase64Encoded: false,
		}, nil
	}
	request := lifttest.HTTP{Method: "PUT", Path: "/a", Query: "q=1", Header: http.Header{"Cookie": {"c=3; d=4"}}, Body: []byte("in")}
	via := func(v lifttest.Via) lifttest.HTTP { r := request; r.Via = v; return r }
	cookies := []string{"a=1", "b=2"}
	for name, tt := range map[string]struct {
		old   lift.Handler
		event lifttest.HTTP
		want  answer
	}{
		"REST API": {lift.Wrap(echoV1), via(lifttest.RESTAPI), answer{207, http.Header{"X-One": {"1"}, "Set-Cookie": cookies, "Vary": {"Accept"}}, "PUT /a 1 in"}},
		"HTTP API, format 1.0": {lift.Wrap(echoV1), via(lifttest.HTTPAPIv1),
			answer{207, http.Header{"X-One": {"1"}, "Set-Cookie": cookies, "Vary": {"Accept"}}, "PUT /a 1 in"}},
		"HTTP API":     {lift.Wrap(echoV2), via(lifttest.HTTPAPI), answer{207, http.Header{"X-One": {"1"}, "Set-Cookie": cookies}, "PUT /a q=1 in"}},
		"function URL": {lift.Wrap(echoURL), via(lifttest.FunctionURL), answer{207, http.Header{"Content-Type": {"image/png"}, "Set-Cookie": {"c=3", "d=4"}}, string(png)}},
		"load balancer": {lift.Wrap(balancer), via(lifttest.LoadBalancer),
			answer{207, http.Header{"X-One": {"1"}, "Set-Cookie": cookies}, "text"}},
		"load balancer, several values": {lift.Wrap(balancer), via(lifttest.LoadBalancerMulti),
			answer{207, http.Header{"X-Two": {"1", "2"}}, "text"}},
		"bytes in and out": {
			lift.Wrap(func(_ context.Context, event []byte) ([]byte, error) {
				return []byte(`{"statusCode":201,"headers":{"X-Bool":"true"}}`), nil
			}), via(lifttest.HTTPAPI), answer{201, http.Header{"X-Bool": {"true"}}, ""},
		},
		"no status, a value": {lift.Wrap(func(context.Context, any) (map[string]string, error) { return map[string]string{"a": "<b>"}, nil }),
			via(lifttest.HTTPAPI), answer{200, http.Header{"Content-Type": {"application/json"}}, `{"a":"<b>"}`}},
		"no status, a text": {lift.Wrap(func(context.Context, any) (string, error) { return "hello", nil }),
			via(lifttest.FunctionURL), answer{200, http.Header{"Content-Type": {"application/json"}}, "hello"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			app.HTTP("/", tt.old)
			got := lifttest.Invoke(t.Context(), t, app, tt.event)
			slices.Sort(got.Header["Set-Cookie"]) // of an object's members, which have no order
			if diff := cmp.Diff(tt.want, answer{got.Status, got.Header, string(got.Body)}); diff != "" {
				t.Errorf("answer (-want +got):\n%s\n%s", diff, got.Payload)
			}
		})
	}
}

// An answer in base64 stays in base64, also where its bytes are text: what a REST
// API makes of it depends on its binary media types.
func TestWrapKeepsBase64(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("/", lift.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: "aGVsbG8=", IsBase64Encoded: true}, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: lifttest.RESTAPI})
	if got, want := string(answer.Payload), `{"statusCode":200,"body":"aGVsbG8=","isBase64Encoded":true}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The errors of a wrapped handler fail the invocation, as they did, so that
// alarms on Lambda's Errors go off. Within the stack they are failures too.
func TestWrapKeepsInvocationErrors(t *testing.T) {
	t.Parallel()
	broken := &checkpointError{"x"}
	for name, tt := range map[string]struct {
		err    error
		want   string // the invocation's error
		status int    // of an answer, where the invocation does not fail
	}{
		"an error":          {broken, "the checkpoint was refused: x", 0},
		"one of Lift's":     {lift.Errorf(lift.CodeConflict, "again"), "", 409},
		"one of one's type": {lambdamessages.InvokeResponse_Error{Type: "Custom", Message: "no"}, lambdamessages.InvokeResponse_Error{Type: "Custom", Message: "no"}.Error(), 0},
	} {
		for _, way := range lifttest.Ways {
			t.Run(name+", "+way.String(), func(t *testing.T) {
				t.Parallel()
				var log lifttest.Log
				app := lift.New(lift.Config{Logger: log.Logger()})
				app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
				app.HTTP("/", lift.Wrap(func(context.Context, json.RawMessage) (any, error) { return nil, tt.err }))
				answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: way})
				if answer.Status != tt.status || tt.want != "" && (answer.Err == nil || answer.Err.Error() != tt.want) {
					t.Errorf("got %d, %v; want %d, %q", answer.Status, answer.Err, tt.status, tt.want)
				}
				if lines := log.Lines(t, "failed"); len(lines) != 1 && tt.want != "" {
					t.Errorf("got the log\n%s", &log)
				}
			})
		}
	}
}

// A wrapped handler whose time is up is answered with 504, like any other.
func TestWrapAtTheDeadline(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.Use(middleware.Deadline(time.Millisecond))
	app.HTTP("/", lift.Wrap(func(ctx context.Context, _ any) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{}); answer.Status != 504 {
		t.Errorf("got %d, %v; want 504", answer.Status, answer.Err)
	}
}

// Answers that a gateway would not take are failures, and so are events that the
// handler's types do not hold.
func TestWrapOfWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string
		via    lifttest.Via
		cause  string
	}{
		"no status":             {`{}`, lifttest.RESTAPI, "it has no statusCode"},
		"no object":             {`"text"`, lifttest.LoadBalancer, "it has no statusCode"},
		"a status of text":      {`{"statusCode":"200"}`, lifttest.HTTPAPI, "byte 14"},
		"a header of a number":  {`{"statusCode":200,"headers":{"X":1}}`, lifttest.HTTPAPI, "byte 5"},
		"cookies of a text":     {`{"statusCode":200,"cookies":"a"}`, lifttest.HTTPAPI, "byte 0"},
		"headers of a list":     {`{"statusCode":200,"headers":[]}`, lifttest.RESTAPI, "byte 0"},
		"headers of a balancer": {`{"statusCode":200,"headers":[]}`, lifttest.LoadBalancer, "byte 0"},
		"not base64":            {`{"statusCode":200,"body":"*","isBase64Encoded":true}`, lifttest.RESTAPI, "its body is not base64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger()})
			app.HTTP("/", lift.Wrap(func(context.Context, []byte) ([]byte, error) { return []byte(tt.answer), nil }))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: tt.via})
			line := log.Line(t, "failed")["error"].(string)
			if want := "the gateway would refuse the wrapped handler's answer: "; answer.Status != 502 || !strings.Contains(line, want) || !strings.Contains(line, tt.cause) {
				t.Errorf("got %d and %q, want 502 and %q", answer.Status, line, want+tt.cause)
			}
		})
	}
	t.Run("an event of another gateway", func(t *testing.T) {
		t.Parallel()
		app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
		app.HTTP("/", lift.Wrap(func(context.Context, []string) (any, error) { return nil, nil }))
		if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{}); answer.Err == nil {
			t.Errorf("got %d, want an error of the invocation, as in aws-lambda-go", answer.Status)
		}
	})
}

func TestWrapOfDirectInvocations(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.Direct(lift.Wrap(func(_ context.Context, in map[string]int) (map[string]int, error) {
		if in["a"] == 0 {
			return nil, &checkpointError{"x"}
		}
		return map[string]int{"b": in["a"] + 1}, nil
	}))
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{"a":1}`)); string(answer.Payload) != `{"b":2}` {
		t.Errorf("got %s, %v", answer.Payload, answer.Err)
	}
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{}`))
	if _, ok := errors.AsType[*checkpointError](answer.Err); !ok {
		t.Errorf("got %v, want the handler's own error", answer.Err)
	}
	mustPanic(t, "Wrap of nil", func() { lift.Wrap[int, int](nil) })
	mustPanic(t, "lift.Wrap takes whole events of HTTP and of direct invocations and cannot be registered for App.SQS", func() {
		lift.New(lift.Config{}).SQS(lift.Wrap(func(context.Context, events.SQSEvent) (any, error) { return nil, nil }))
	})
}
