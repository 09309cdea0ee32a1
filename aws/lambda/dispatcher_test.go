package lambda_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/aws/lambda"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/request"
)

var credentials = sigv4.Static(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})

func TestDispatch(t *testing.T) {
	t.Parallel()
	status := http.StatusAccepted
	var got *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, body = r, string(data)
		w.WriteHeader(status)
	}))
	defer server.Close()
	d, err := lambda.New(lambda.Config{Function: "processor", Region: "eu-west-1", Credentials: credentials, Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	key := request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}
	if err := d.Dispatch(t.Context(), key, time.Now()); err != nil {
		t.Fatal(err)
	}
	if got.URL.Path != "/2015-03-31/functions/processor/invocations" || got.Header.Get("X-Amz-Invocation-Type") != "Event" ||
		!strings.Contains(got.Header.Get("Authorization"), "/eu-west-1/lambda/aws4_request") ||
		body != `{"run":{"tenant":"acme","subject":"ada","id":"r1"}}` {
		t.Errorf("%s %v %s", got.URL, got.Header, body)
	}
	status = http.StatusForbidden
	if err := d.Dispatch(t.Context(), key, time.Now()); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("refused: %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]lambda.Config{
		"no function":    {Region: "r", Credentials: credentials},
		"no region":      {Function: "f", Credentials: credentials},
		"no credentials": {Function: "f", Region: "r"},
		"no URL":         {Function: "f", Region: "r", Credentials: credentials, Endpoint: "x"},
		"negative":       {Function: "f", Region: "r", Credentials: credentials, Timeout: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := lambda.New(config); err == nil {
				t.Error("got no error, want the setting named")
			}
		})
	}
	if _, err := lambda.New(lambda.Config{Function: "f", Region: "eu-west-1", Credentials: credentials}); err != nil {
		t.Errorf("the default endpoint: %v", err)
	}
}
