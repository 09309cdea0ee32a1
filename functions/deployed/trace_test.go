package deployed_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
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

	"github.com/pay-theory/streamer/lift/lifttest"
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
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"iss": "https://issuer.example", "aud": "streamer",
		"sub": "ada", "tenant_id": "acme", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	authorization := http.Header{"Authorization": {"Bearer " + token}}

	for _, tt := range []struct {
		function string
		event    lifttest.Event
		calls    []string // without the scheme and address
	}{
		{"connect", lifttest.Connect{Query: url.Values{"token": {token}}}, []string{"DynamoDB PutItem 200"}},
		{"disconnect", lifttest.Disconnect{}, []string{"DynamoDB DeleteItem 200"}},
		{"router", lifttest.HTTP{Method: "DELETE", Path: "/connections", Header: authorization},
			[]string{"DynamoDB Query 200", "/prod/@connections/c1= 200", "DynamoDB DeleteItem 200"}},
		{"processor", lifttest.Stream{Records: []lifttest.Record{{NewImage: map[string]any{"tenant": "acme", "subject": "ada", "id": "r1", "state": "QUEUED"}}}},
			[]string{"/2015-03-31/functions/processor/invocations 200"}},
	} {
		t.Run(tt.function, func(t *testing.T) {
			t.Parallel()
			var called services
			server := httptest.NewServer(&called)
			defer server.Close()
			daemon := lifttest.NewDaemon(t)
			env := environment(t)
			env["STREAMER_JWT_KEYS"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
			env["AWS_XRAY_DAEMON_ADDRESS"] = daemon.Address()
			env["AWS_ENDPOINT_URL_DYNAMODB"], env["AWS_ENDPOINT_URL_LAMBDA"], env["STREAMER_CALLBACK_URL"] = server.URL, server.URL, server.URL+"/prod"
			app, err := functionsOf[tt.function](t.Context(), options(env))
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
