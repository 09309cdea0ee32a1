package deployed_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// reports is an application with one long action, which wants a scope.
var reports = functions.Parts{Actions: func(request.Lister) ([]streamer.Action, error) {
	return []streamer.Action{streamer.NewAction(streamer.ActionConfig{Name: "report", Long: true, Scope: "reports"},
		func(context.Context, *streamer.Job, struct{ Year int }) (int, error) { return 0, nil })}, nil
}}

// operations are the calls of AWS that came by, each by its name.
type operations struct {
	mu   sync.Mutex
	made map[string]bool
}

func (o *operations) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		o.made[name] = true
		o.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// names are those made since the last call.
func (o *operations) names() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	names := slices.Sorted(maps.Keys(o.made))
	o.made = map[string]bool{}
	return names
}

// submitting are the settings of a program that submits, over a database and a queue whose
// calls are noted.
func submitting(t *testing.T) (env map[string]string, calls *operations) {
	t.Helper()
	target, err := url.Parse(database(t))
	if err != nil {
		t.Fatal(err)
	}
	calls = &operations{made: map[string]bool{}}
	tables := httptest.NewServer(calls.before(httputil.NewSingleHostReverseProxy(target)))
	t.Cleanup(tables.Close)
	queue := httptest.NewServer(calls.before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) })))
	t.Cleanup(queue.Close)
	return map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "sesame",
		"STREAMER_REQUESTS_TABLE": "requests", "STREAMER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/dispatches",
		"AWS_ENDPOINT_URL_DYNAMODB": tables.URL, "AWS_ENDPOINT_URL_SQS": queue.URL,
	}, calls
}

var (
	forAda = streamer.Caller{Principal: streamer.Principal{Tenant: "acme", Subject: "ada", Scopes: []string{"reports"}}, CorrelationID: "order-7"}
	annual = wire.Message{ID: "report-2026", Action: "report", Payload: json.RawMessage(`{"Year":2026}`)}
)

// A program that is no function of the stage starts a request, which the stage then has.
func TestAProgramSubmitsForAUser(t *testing.T) {
	t.Parallel()
	env, _ := submitting(t)
	requests, err := deployed.Requests(t.Context(), reports, options(env))
	if err != nil {
		t.Fatal(err)
	}
	if frame, err := requests.Submit(t.Context(), forAda, annual); err != nil || frame.Type != wire.TypeAcknowledgment {
		t.Fatalf("submit: got %+v, %v, want an acknowledgment", frame, err)
	}
	if frame, err := requests.Submit(t.Context(), forAda, annual); err != nil || frame.Type != wire.TypeRequest {
		t.Errorf("submit again: got %+v, %v, want the request", frame, err)
	}

	keys, token := signedIn(t)
	stage := environment(t)
	stage["STREAMER_JWT_KEYS"], stage["AWS_ENDPOINT_URL_DYNAMODB"] = keys, env["AWS_ENDPOINT_URL_DYNAMODB"]
	router, err := deployed.Router(t.Context(), reports, options(stage))
	if err != nil {
		t.Fatal(err)
	}
	answer := lifttest.Invoke(t.Context(), t, router, lifttest.HTTP{Method: "GET", Path: "/requests/report-2026?detail=true",
		Header: http.Header{"Authorization": {"Bearer " + token}}})
	if answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), `"correlation_id":"order-7"`) {
		t.Errorf("the stage answers %d %s, want the request", answer.Status, answer.Body)
	}

	frame, err := requests.Cancel(t.Context(), forAda, annual.ID)
	if err != nil || frame.Request.State != wire.StateCancelled {
		t.Errorf("cancel without a callback URL: got %+v, %v, want %s", frame, err, wire.StateCancelled)
	}
	unscoped := forAda
	unscoped.Scopes = nil
	_, err = requests.Submit(t.Context(), unscoped, annual)
	if public, ok := errors.AsType[*streamer.Error](err); !ok || public.Code != wire.Forbidden {
		t.Errorf("submit without the scope: got %v, want %s", err, wire.Forbidden)
	}
}

// docs/submit.md names these calls as those that IAM must allow. Each write of a
// transaction needs the permission of the write it is.
func TestTheCallsOfASubmit(t *testing.T) {
	t.Parallel()
	large := annual
	large.ID, large.Payload = "large", json.RawMessage(`{"Pad":"`+strings.Repeat("x", 5000)+`"}`)
	for name, tt := range map[string]struct {
		limit   string // of open requests
		message wire.Message
		want    []string
	}{
		"new":                     {"0", annual, []string{"PutItem", "SendMessage"}},
		"with a limit":            {"9", annual, []string{"SendMessage", "TransactWriteItems"}},
		"a large payload":         {"0", large, []string{"BatchGetItem", "PutItem", "SendMessage"}},
		"a large one and a limit": {"9", large, []string{"BatchGetItem", "PutItem", "SendMessage", "TransactWriteItems"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, calls := submitting(t)
			env["STREAMER_LIMIT_PRINCIPAL_OPEN"] = tt.limit
			requests, err := deployed.Requests(t.Context(), reports, options(env))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second finds the request
				if _, err := requests.Submit(t.Context(), forAda, tt.message); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tt.want, calls.names()); diff != "" {
				t.Errorf("calls, want -, got +:\n%s", diff)
			}
		})
	}
}

func TestWhatAProgramMustSet(t *testing.T) {
	t.Parallel()
	_, err := deployed.Requests(t.Context(), reports, options(nil))
	if err == nil {
		t.Fatal("got no error without settings")
	}
	for _, variable := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "STREAMER_REQUESTS_TABLE", "STREAMER_QUEUE_URL"} {
		if !strings.Contains(err.Error(), variable) {
			t.Errorf("got %v, want %s in it", err, variable)
		}
	}
	if strings.Contains(err.Error(), "JWT") || strings.Contains(err.Error(), "CALLBACK") {
		t.Errorf("got %v, want no setting that a program does without", err)
	}
	env, _ := submitting(t)
	if _, err := deployed.Requests(t.Context(), functions.Parts{}, options(env)); err == nil || !strings.Contains(err.Error(), "Parts.Actions") {
		t.Errorf("got %v without actions, want an error that names Parts.Actions", err)
	}
}
