package lifttest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/lift"
)

// RequestID is the invocation's id in Invoke, where ctx brings none.
const RequestID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"

// An Event is something that AWS invokes a function with.
type Event interface {
	// Payload returns the invocation's payload.
	Payload() []byte
}

// Raw is an Event given as it is.
type Raw []byte

// Payload returns r.
func (r Raw) Payload() []byte { return r }

// JSON is a direct invocation with the encoding of Value.
type JSON struct{ Value any }

// Payload encodes the value, and panics for one that JSON cannot hold.
func (j JSON) Payload() []byte { return encode(j.Value) }

// An Answer is what AWS gets to hear.
type Answer struct {
	Payload []byte // as the app returned it
	Err     error  // the invocation failed; the rest is empty, but for what was streamed before

	// For HTTP and WebSocket events:
	Status int
	Header http.Header // with cookies as Set-Cookie
	Body   []byte      // decoded

	StatusDescription string // for load balancers

	// Streamed says that the answer was streamed. It has no Payload then.
	Streamed bool

	// For batches: the ids of the records that AWS will send again, of streams
	// the lowest of them.
	Failed []string
}

// Decode unmarshals the body, or what a direct invocation returned, into v. It
// fails the test when that is impossible.
func (a Answer) Decode(t testing.TB, v any) {
	t.Helper()
	data := a.Body
	if data == nil {
		data = a.Payload
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("decode answer %q: %v", data, err)
	}
}

// Invoke sends an event through the app and decodes the answer. An answer that
// AWS would not understand fails the test. Answers are streamed where
// [lift.Config].Streaming says so.
func Invoke(ctx context.Context, t testing.TB, app *lift.App, event Event) Answer {
	t.Helper()
	if _, ok := lambdacontext.FromContext(ctx); !ok {
		ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: RequestID})
	}
	var kept bytes.Buffer
	s := &streamed{Body: &kept}
	payload, err := app.Invoke(lift.WithStream(ctx, s), event.Payload())
	answer := Answer{Payload: payload, Err: err}
	if s.head != nil {
		answer = s.answer(kept.Bytes(), err)
	}
	answer.interpret(t, event)
	return answer
}

// WithTenant returns a context in which Invoke sees the tenant's id, as Lambda
// gives it to a function with tenant isolation.
func WithTenant(ctx context.Context, id string) context.Context {
	lc := lambdacontext.LambdaContext{AwsRequestID: RequestID}
	if given, ok := lambdacontext.FromContext(ctx); ok {
		lc = *given
	}
	lc.TenantID = id
	return lambdacontext.NewContext(ctx, &lc)
}

// interpret reads the payload as the event's source does.
func (a *Answer) interpret(t testing.TB, event Event) {
	t.Helper()
	if fault, ok := a.Err.(*metadataError); ok {
		t.Error(fault)
	}
	var fields map[string]json.RawMessage
	if a.Err != nil || json.Unmarshal(a.Payload, &fields) != nil {
		return
	}
	switch {
	case fields["statusCode"] != nil:
		a.proxy(t, event)
	case fields["batchItemFailures"] != nil:
		a.batch(t)
	}
}

// proxy reads the answer as the way of the request does, which passes over what
// is not of its form.
func (a *Answer) proxy(t testing.TB, event Event) {
	t.Helper()
	var proxy struct {
		StatusCode        int                 `json:"statusCode"`
		StatusDescription string              `json:"statusDescription"`
		Headers           map[string]string   `json:"headers"`
		MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
		Cookies           []string            `json:"cookies"`
		Body              string              `json:"body"`
		IsBase64Encoded   bool                `json:"isBase64Encoded"`
	}
	if err := json.Unmarshal(a.Payload, &proxy); err != nil {
		t.Fatalf("API Gateway would not understand %s: %v", a.Payload, err)
	}
	switch request, _ := event.(HTTP); {
	case request.Via == LoadBalancerMulti:
		proxy.Headers, proxy.Cookies = nil, nil
	case request.Via == LoadBalancer:
		proxy.MultiValueHeaders, proxy.Cookies = nil, nil
	case request.Via == RESTAPI || request.Via == HTTPAPIv1:
		proxy.Cookies = nil
	default:
		if _, raw := event.(Raw); !raw {
			proxy.MultiValueHeaders = nil
		}
	}
	a.Status, a.StatusDescription = proxy.StatusCode, proxy.StatusDescription
	a.Header = make(http.Header)
	for name, value := range proxy.Headers {
		a.Header.Add(name, value)
	}
	for name, values := range proxy.MultiValueHeaders {
		for _, value := range values {
			a.Header.Add(name, value)
		}
	}
	for _, cookie := range proxy.Cookies {
		a.Header.Add("Set-Cookie", cookie)
	}
	a.Body = []byte(proxy.Body)
	if proxy.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(proxy.Body)
		if err != nil {
			t.Fatalf("API Gateway would not understand the body: %v", err)
		}
		a.Body = body
	}
}

func (a *Answer) batch(t testing.TB) {
	t.Helper()
	var batch struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(a.Payload, &batch); err != nil {
		t.Fatalf("Lambda would not understand %s: %v", a.Payload, err)
	}
	for _, failure := range batch.Failures {
		a.Failed = append(a.Failed, failure.ID)
	}
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("lifttest: " + err.Error())
	}
	return data
}
