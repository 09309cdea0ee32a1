package deployed_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
)

func environment(t *testing.T) map[string]string {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "sesame", "AWS_LAMBDA_FUNCTION_NAME": "processor",
		"STREAMER_JWT_KEYS":   string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"STREAMER_JWT_ISSUER": "https://issuer.example", "STREAMER_JWT_AUDIENCE": "streamer",
		"STREAMER_CONNECTIONS_TABLE": "connections", "STREAMER_REQUESTS_TABLE": "requests",
		"STREAMER_QUEUE_URL":    "https://sqs.eu-west-1.amazonaws.com/123456789012/dispatches",
		"STREAMER_CALLBACK_URL": "https://w1x2y3z4.execute-api.eu-west-1.amazonaws.com/prod",
	}
}

// builders make each function.
var builders = map[string]deployed.Builder{"connect": deployed.Connect, "disconnect": deployed.Disconnect,
	"router": deployed.Router, "processor": deployed.Processor}

// parts are those of an application without actions.
var parts = functions.Parts{Actions: func(request.Lister) ([]streamer.Action, error) { return nil, nil }}

func options(env map[string]string) config.Options {
	return config.Options{Lookup: func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}}
}

func TestEachFunctionStartsFromItsEnvironment(t *testing.T) {
	t.Parallel()
	for name, build := range builders {
		t.Run(name, func(t *testing.T) {
			app, err := build(t.Context(), parts, options(environment(t)))
			if err != nil || app == nil {
				t.Errorf("got %v, %v, want an app", app, err)
			}
		})
	}
}

func TestAllFaultsAtOnceAndNoSecret(t *testing.T) {
	t.Parallel()
	for name, missing := range map[string][]string{
		"connect":    {"AWS_REGION", "STREAMER_JWT_ISSUER", "STREAMER_JWT_AUDIENCE", "STREAMER_CONNECTIONS_TABLE"},
		"disconnect": {"AWS_REGION", "STREAMER_CONNECTIONS_TABLE"},
		"router": {"AWS_REGION", "STREAMER_JWT_ISSUER", "STREAMER_CONNECTIONS_TABLE", "STREAMER_REQUESTS_TABLE", "STREAMER_QUEUE_URL",
			"STREAMER_CALLBACK_URL"},
		"processor": {"AWS_REGION", "STREAMER_REQUESTS_TABLE", "STREAMER_QUEUE_URL", "STREAMER_CALLBACK_URL", "AWS_LAMBDA_FUNCTION_NAME"},
	} {
		t.Run(name, func(t *testing.T) {
			env := environment(t)
			for _, variable := range missing {
				delete(env, variable)
			}
			_, err := builders[name](t.Context(), parts, options(env))
			if err == nil {
				t.Errorf("it started, want an error that names %v", missing)
				return
			}
			for _, variable := range missing {
				if !strings.Contains(err.Error(), variable) {
					t.Errorf("got %v, want %s in it", err, variable)
				}
			}
			if strings.Contains(err.Error(), "sesame") {
				t.Errorf("got %v, want no secret in it", err)
			}
		})
	}
}

func TestDevelopmentTokensOpenNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"connect", "router"} {
		t.Run(name, func(t *testing.T) {
			env := maps.Clone(environment(t))
			env["STREAMER_JWT_ISSUER"] = "streamer-dev"
			if _, err := builders[name](t.Context(), parts, options(env)); err == nil || !strings.Contains(err.Error(), "development") {
				t.Errorf("got %v, want an error about development tokens", err)
			}
		})
	}
}

func TestLimitsAndLease(t *testing.T) {
	t.Parallel()
	env := environment(t)
	env["STREAMER_LEASE"], env["STREAMER_LIMIT_TENANT_RUNNING"], env["STREAMER_LIMIT_PRINCIPAL_OPEN"] = "30s", "5", "100"
	for _, name := range []string{"router", "processor"} {
		t.Run(name, func(t *testing.T) {
			if _, err := builders[name](t.Context(), parts, options(env)); err != nil {
				t.Errorf("got %v, want no error", err)
			}
		})
	}
	for variable, value := range map[string]string{"STREAMER_LEASE": "-1s", "STREAMER_PAUSED": "perhaps", "STREAMER_QUEUE_URL": "dispatches",
		"STREAMER_LIMIT_TENANT_RUNNING": "many",
		"STREAMER_LIMIT_PRINCIPAL_OPEN": "-1"} {
		t.Run(variable, func(t *testing.T) {
			env := maps.Clone(env)
			env[variable] = value
			if _, err := builders["processor"](t.Context(), parts, options(env)); err == nil {
				t.Errorf("%s=%s: got no error, want a refusal", variable, value)
			}
		})
	}
}

// An application that brings its verifier needs no settings of tokens, and a
// limit of the environment wins over the application's.
func TestWhatTheApplicationBrings(t *testing.T) {
	t.Parallel()
	env := environment(t)
	for _, name := range []string{"STREAMER_JWT_KEYS", "STREAMER_JWT_ISSUER", "STREAMER_JWT_AUDIENCE"} {
		delete(env, name)
	}
	own := parts
	own.Verifier = refuseAll{}
	for _, name := range []string{"connect", "router"} {
		t.Run(name, func(t *testing.T) {
			app, err := builders[name](t.Context(), own, options(env))
			if err != nil {
				t.Fatal(err)
			}
			if name != "connect" {
				return
			}
			if answer := lifttest.Invoke(t.Context(), t, app,
				lifttest.Connect{Query: url.Values{"token": {"x"}}}); answer.Status != http.StatusUnauthorized {
				t.Errorf("got %d %s, want the own verifier's 401", answer.Status, answer.Body)
			}
		})
	}
	own.Limits.RunningPerTenant = -1
	if _, err := deployed.Router(t.Context(), own, options(env)); err == nil || !strings.Contains(err.Error(),
		"Parts.Limits.RunningPerTenant is negative") {
		t.Errorf("got %v, want an error about the negative limit", err)
	}
	env["STREAMER_LIMIT_TENANT_RUNNING"] = "3"
	if _, err := deployed.Router(t.Context(), own, options(env)); err != nil {
		t.Errorf("got %v with a limit in the environment, want none", err)
	}
}

// The function drops what is below the level itself, and what CloudWatch makes metrics
// of stays whatever the level is. Not parallel: it stands in for standard output.
func TestLogLevel(t *testing.T) {
	for level, want := range map[string]struct{ line, metrics bool }{
		"": {true, true}, "DEBUG": {true, true}, "INFO": {true, true}, "WARN": {false, true}, "ERROR": {false, true},
	} {
		t.Run("level "+level, func(t *testing.T) {
			env := environment(t)
			env["STREAMER_LOG_LEVEL"], env["AWS_LAMBDA_FUNCTION_NAME"] = level, "connect"
			printed := printedBy(t, func() {
				app, err := deployed.Connect(t.Context(), parts, options(env))
				if err != nil {
					t.Fatal(err)
				}
				lifttest.Invoke(t.Context(), t, app, lifttest.Connect{}) // 401, of which the log tells at INFO
			})
			if line := strings.Contains(printed, `"level":"INFO"`); line != want.line {
				t.Errorf("got a line at INFO: %t, want %t, in %s", line, want.line, printed)
			}
			if metrics := strings.Contains(printed, `"CloudWatchMetrics"`); metrics != want.metrics {
				t.Errorf("got metrics: %t, want %t, in %s", metrics, want.metrics, printed)
			}
		})
	}
	env := environment(t)
	env["STREAMER_LOG_LEVEL"] = "LOUD"
	if _, err := deployed.Disconnect(t.Context(), parts, options(env)); err == nil || !strings.Contains(err.Error(), "STREAMER_LOG_LEVEL") {
		t.Errorf("got %v for the level LOUD, want an error that names STREAMER_LOG_LEVEL", err)
	}
}

// printedBy returns what do prints on standard output.
func printedBy(t *testing.T, do func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = before }()
	do()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// AWS_ENDPOINT_URL serves every service that has no endpoint of its own.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		of   string // what names the database's address
		also map[string]string
	}{
		"of the service": {"AWS_ENDPOINT_URL_DYNAMODB", nil},
		"of all":         {"AWS_ENDPOINT_URL", nil},
		"of both":        {"AWS_ENDPOINT_URL_DYNAMODB", map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}},
		"FIPS":           {"AWS_ENDPOINT_URL_DYNAMODB", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var called services
			server := httptest.NewServer(&called)
			defer server.Close()
			env := environment(t)
			maps.Copy(env, tt.also)
			env[tt.of] = server.URL
			app, err := deployed.Disconnect(t.Context(), parts, options(env))
			if err != nil {
				t.Fatal(err)
			}
			if answer := lifttest.Invoke(t.Context(), t, app, lifttest.Disconnect{}); answer.Err != nil || len(called.traces) != 1 {
				t.Errorf("got %v and %d calls, want one call of the endpoint in %s", answer.Err, len(called.traces), tt.of)
			}
		})
	}
	for _, variable := range []string{"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			env := environment(t)
			env[variable] = "true"
			_, err := deployed.Processor(t.Context(), parts, options(env))
			if err == nil {
				t.Fatalf("got no error for %s without endpoints, want a refusal", variable)
			}
			for _, want := range []string{variable, "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s in it", err, want)
				}
			}
			env["AWS_ENDPOINT_URL"] = "https://vpce.example"
			if _, err := deployed.Processor(t.Context(), parts, options(env)); err != nil {
				t.Errorf("got %v with the endpoints named, want no error", err)
			}
		})
	}
}

type refuseAll struct{}

func (refuseAll) Verify(context.Context, string) (*lift.Claims, error) {
	return nil, lift.Errorf(lift.CodeUnauthorized, "not today")
}
