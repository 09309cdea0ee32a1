package deployed_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/lift/trace"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/dynamo"
	"github.com/pay-theory/streamer/wire"
)

const (
	lambdaSegment = "53995c3f42cd8ad8"
	traceID       = "1-5759e988-bd862e3fe1be46a994272793"
)

// services are all that the functions call, and keep the traces of the calls.
type services struct {
	mu     sync.Mutex
	traces []string
}

func (s *services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.traces = append(s.traces, r.Header.Get("X-Amzn-Trace-Id"))
	s.mu.Unlock()
	answer := `{}`
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query") {
		answer = `{"Items":[{"id":{"S":"c1="},"tenant":{"S":"acme"},"subject":{"S":"ada"},"scopes":{"L":[]},"place":{"S":"ada#1#c1="},
			"expires":{"N":"4000000000000"},"connected":{"N":"1"}}]}`
	}
	_, _ = io.WriteString(w, answer)
}

// An event that is sampled is a part of Lambda's trace, and each call a part of
// the event. One that is not costs no packet.
func TestTheCallsOfAnEventAreInItsTrace(t *testing.T) {
	t.Parallel()
	keys, token := signedIn(t)
	authorization := http.Header{"Authorization": {"Bearer " + token}}

	building := functions.Parts{Actions: func(request.Lister) ([]streamer.Action, error) {
		return []streamer.Action{streamer.NewAction(streamer.ActionConfig{Name: "build", Long: true},
			func(context.Context, *streamer.Job, any) (int, error) { return 1, nil })}, nil
	}}
	for _, tt := range []struct {
		function string
		event    lifttest.Event
		calls    []string // without the scheme and address
	}{
		{"connect", lifttest.Connect{Query: url.Values{"token": {token}}}, []string{"DynamoDB PutItem 200"}},
		{"disconnect", lifttest.Disconnect{}, []string{"DynamoDB DeleteItem 200"}},
		{"router", lifttest.HTTP{Method: "DELETE", Path: "/connections", Header: authorization},
			[]string{"DynamoDB Query 200", "/prod/@connections/c1= 200", "DynamoDB DeleteItem 200"}},
		{"router", lifttest.HTTP{Method: "POST", Path: "/requests", Header: authorization, Body: []byte(`{"id":"r1","action":"build"}`)},
			[]string{"DynamoDB PutItem 200", "AmazonSQS SendMessage 200"}},
		{"processor", lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: `{"run":{"tenant":"acme","subject":"ada","id":"r1"},"due":4000000000000}`}}},
			[]string{"AmazonSQS SendMessage 200"}},
	} {
		t.Run(tt.function+" "+tt.calls[0], func(t *testing.T) {
			t.Parallel()
			var called services
			server := httptest.NewServer(&called)
			defer server.Close()
			daemon := lifttest.NewDaemon(t)
			env := environment(t)
			env["STREAMER_JWT_KEYS"] = keys
			env["AWS_XRAY_DAEMON_ADDRESS"] = daemon.Address()
			env["AWS_ENDPOINT_URL_DYNAMODB"], env["AWS_ENDPOINT_URL_SQS"], env["STREAMER_CALLBACK_URL"] = server.URL, server.URL,
				server.URL+"/prod"
			app, err := builders[tt.function](t.Context(), building, options(env))
			if err != nil {
				t.Fatal(err)
			}
			root := "Root=" + traceID + ";Parent=" + lambdaSegment + ";Sampled="
			lifttest.Invoke(lifttest.Traced(t.Context(), root+"0"), t, app, tt.event)
			daemon.Empty(t)
			if len(called.traces) != len(tt.calls) || !strings.HasPrefix(called.traces[0], "Root="+traceID) {
				t.Fatalf("a trace that is not sampled is passed on as %q", called.traces)
			}

			lifttest.Invoke(lifttest.Traced(t.Context(), root+"1"), t, app, tt.event)
			var parts []map[string]any // those of the calls come first
			for len(parts) <= len(tt.calls) {
				document := daemon.Next(t)
				for _, secret := range []string{token, env["AWS_SECRET_ACCESS_KEY"], "AWS4-HMAC"} {
					if strings.Contains(string(document), secret) {
						t.Errorf("a secret is in %s", document)
					}
				}
				var part map[string]any
				if err := json.Unmarshal(document, &part); err != nil {
					t.Fatal(err)
				}
				parts = append(parts, part)
			}
			daemon.Empty(t)
			event := parts[len(tt.calls)]
			if event["trace_id"] != traceID || event["parent_id"] != lambdaSegment || event["type"] != "subsegment" || event["fault"] != nil {
				t.Errorf("the event is %v", event)
			}
			for i, part := range parts[:len(tt.calls)] {
				if got := describe(part, server.URL); got != tt.calls[i] || part["parent_id"] != event["id"] || part["trace_id"] != traceID {
					t.Errorf("call %q: %v", got, part)
				}
				if !slices.Contains(called.traces, "Root="+traceID+";Parent="+part["id"].(string)+";Sampled=1") {
					t.Errorf("no call is of the part %v: %q", part["id"], called.traces)
				}
			}
		})
	}
}

// signedIn returns the keys of an issuer, and ada's token of it.
func signedIn(t *testing.T) (keys, token string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	token, err = jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"iss": "https://issuer.example", "aud": "streamer",
		"sub": "ada", "tenant_id": "acme", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), token
}

// A run of an action is a part of its event, and what the action calls is a part
// of the run: in the router and in the processor.
func TestTheRunOfAnActionIsInItsTrace(t *testing.T) {
	t.Parallel()
	database := database(t)
	called := httptest.NewServer(&services{})
	t.Cleanup(called.Close)
	call := func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, "GET", called.URL+"/price", nil)
		if err != nil {
			return err
		}
		res, err := (&http.Client{Transport: trace.Transport(nil)}).Do(r)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	short, long := streamer.ActionConfig{}, streamer.ActionConfig{Long: true, Retry: streamer.RetryPolicy{Attempts: 1}}
	act := func(name string, config streamer.ActionConfig, fn func(ctx context.Context) error) streamer.Action {
		config.Name = name
		return streamer.NewAction(config,
			func(ctx context.Context, _ *streamer.Job, _ json.RawMessage) (int, error) { return 1, fn(ctx) })
	}
	actions := func(request.Lister) ([]streamer.Action, error) {
		return []streamer.Action{act("price", short, call), act("build", long, call),
			act("refuse", short, func(context.Context) error { return streamer.Errorf(wire.NotFound, "no such thing") }),
			act("break", long, func(context.Context) error { return errors.New("out of memory") }),
			act("panic", short, func(context.Context) error { panic("nil map") }),
			act("go on", long, func(context.Context) error { return streamer.Continue(nil) })}, nil
	}
	daemon := lifttest.NewDaemon(t)
	keys, token := signedIn(t)
	env := environment(t)
	env["STREAMER_JWT_KEYS"], env["AWS_XRAY_DAEMON_ADDRESS"], env["AWS_ENDPOINT_URL_DYNAMODB"] = keys, daemon.Address(), database
	env["AWS_ENDPOINT_URL_SQS"], env["STREAMER_CALLBACK_URL"] = called.URL, called.URL
	router, err := deployed.Router(t.Context(), functions.Parts{Actions: actions}, options(env))
	if err != nil {
		t.Fatal(err)
	}
	processor, err := deployed.Processor(t.Context(), functions.Parts{Actions: actions}, options(env))
	if err != nil {
		t.Fatal(err)
	}
	submit := func(action string) lifttest.Event {
		return lifttest.HTTP{Method: "POST", Path: "/requests", Header: http.Header{"Authorization": {"Bearer " + token}},
			Body: []byte(`{"id":"` + strings.ReplaceAll(action, " ", "") + `","action":"` + action + `"}`)}
	}
	sampled := lifttest.Traced(t.Context(), "Root="+traceID+";Parent="+lambdaSegment+";Sampled=1")
	for _, tt := range []struct {
		action, flag string // the flag that the run has
		long, calls  bool
	}{{"price", "", false, true}, {"build", "", true, true}, {"refuse", "error", false, false}, {"break", "fault", true, false},
		{"panic", "fault", false, false}, {"go on", "", true, false}} {
		t.Run(tt.action, func(t *testing.T) {
			if tt.long {
				lifttest.Invoke(t.Context(), t, router, submit(tt.action)) // not sampled
				run := functions.RunInvocation{Run: request.Key{Tenant: "acme", Subject: "ada", ID: strings.ReplaceAll(tt.action, " ", "")}}
				if answer := lifttest.Invoke(sampled, t, processor, lifttest.JSON{Value: run}); answer.Err != nil {
					t.Fatal(answer.Err)
				}
			} else {
				lifttest.Invoke(sampled, t, router, submit(tt.action))
			}
			parts := map[string]map[string]any{} // by name; the event comes last
			var event map[string]any
			for event == nil {
				var part map[string]any
				if err := json.Unmarshal(daemon.Next(t), &part); err != nil {
					t.Fatal(err)
				}
				parts[part["name"].(string)] = part
				if part["parent_id"] == lambdaSegment {
					event = part
				}
			}
			run := parts[tt.action]
			if run == nil || run["parent_id"] != event["id"] || run["trace_id"] != traceID {
				t.Fatalf("got the run %v, want it below the event %v, of the trace %s", run, event, traceID)
			}
			for _, flag := range []string{"error", "fault", "throttle"} {
				if marked := run[flag] == true; marked != (flag == tt.flag) {
					t.Errorf("%s: got %v in %v, want it only if it is %q", flag, run[flag], run, tt.flag)
				}
			}
			if id := run["annotations"].(map[string]any)["request_id"]; id != strings.ReplaceAll(tt.action, " ", "") {
				t.Errorf("request_id: got %v, want %s", id, strings.ReplaceAll(tt.action, " ", ""))
			}
			host := strings.TrimPrefix(called.URL, "http://")
			if tt.calls && (parts[host] == nil || parts[host]["parent_id"] != run["id"]) {
				t.Errorf("got the call %v, want it below the run %v", parts[host], run["id"])
			}
		})
	}
	daemon.Empty(t)
}

// database returns the address of a database with the tables that the
// environment names.
func database(t *testing.T) string {
	t.Helper()
	endpoint := dynamodbtest.Start(t)
	store, err := dynamo.New(dynamo.Config{Region: "eu-west-1", Endpoint: endpoint, RequestsTable: "requests", ConnectionsTable: "connections",
		Credentials: sigv4.Static(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "sesame"})})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	return endpoint
}

// describe names a call by its service and operation, or by its path.
func describe(part map[string]any, server string) string {
	text, _ := json.Marshal(part)
	var call struct {
		Name string
		AWS  struct{ Operation string }
		HTTP struct {
			Request  struct{ URL string }
			Response struct{ Status json.Number }
		}
	}
	_ = json.Unmarshal(text, &call) // it was an object before
	if call.AWS.Operation != "" {
		return call.Name + " " + call.AWS.Operation + " " + call.HTTP.Response.Status.String()
	}
	return strings.TrimPrefix(call.HTTP.Request.URL, server) + " " + call.HTTP.Response.Status.String()
}
