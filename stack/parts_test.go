package stack_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/stack/testdata/partsapp/app"
)

// What a project brings by its parts holds on each stack: middleware of actions and of
// events, routes, schedules, a verifier and a logger.
func TestPartsOfAProject(t *testing.T) {
	t.Parallel()
	t.Run("dev", func(t *testing.T) {
		t.Parallel()
		var printed lifttest.Log
		running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", Parts: app.Parts(&printed)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stop(t, running) })
		checkParts(t, running, &printed)
	})
	t.Run("staging", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("builds and runs the functions")
		}
		dynamodbtest.Binary(t) // or skip
		var log, printed lifttest.Log
		// The project has no template: Streamer's is run.
		running, err := stack.StartStaging(t.Context(), stack.StagingConfig{Source: filepath.Join("testdata", "partsapp"),
			Cache: filepath.Join("..", ".cache", "dynoxide"), Logger: log.Logger(), Output: &printed})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
			defer cancel()
			if err := running.Close(ctx); err != nil {
				t.Error(err)
			}
		})
		checkParts(t, running, &printed)
		checkCallers(t, running)
		checkUnsigned(t, running)
	})
}

// checkCallers calls the stack's queue as AWS's own clients do, with its credentials and
// with such as are not right.
func checkCallers(t *testing.T, running *stack.Staging) {
	t.Helper()
	variables := map[string]string{}
	for _, variable := range running.AWSVariables() {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	id, secret, session := variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], variables["AWS_SESSION_TOKEN"]
	for _, c := range []struct{ name, id, secret, session, want string }{
		{"the stack's credentials", id, secret, session, ""},
		{"without the session token", id, secret, "", "UnrecognizedClientException"},
		{"another secret", id, "another", session, "InvalidSignatureException"},
		{"a function's key with these", "router", secret, session, "UnrecognizedClientException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := sqs.New(sqs.Options{Region: variables["AWS_REGION"], BaseEndpoint: aws.String(variables["AWS_ENDPOINT_URL_SQS"]),
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: c.id, SecretAccessKey: c.secret, SessionToken: c.session}, nil
				})})
			_, err := client.ListQueues(t.Context(), &sqs.ListQueuesInput{})
			got := ""
			if refused, ok := errors.AsType[smithy.APIError](err); ok {
				got = refused.ErrorCode()
			}
			if got != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

// checkUnsigned calls each service of the stack as who has no credentials does.
func checkUnsigned(t *testing.T, running *stack.Staging) {
	t.Helper()
	services := 0
	for _, variable := range running.AWSVariables() {
		name, endpoint, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "AWS_ENDPOINT_URL_") || strings.HasSuffix(name, "APIGATEWAYMANAGEMENTAPI") { // which has a stage
			continue
		}
		services++
		t.Run("unsigned "+name, func(t *testing.T) {
			res, err := http.Post(endpoint+"/2015-03-31/functions/router/invocations", "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode/100 != 4 || !strings.Contains(string(body), "Missing Authentication Token") {
				t.Errorf("got %d %s, %v, want a refusal for the Missing Authentication Token", res.StatusCode, body, err)
			}
		})
	}
	if services < 4 {
		t.Errorf("got %d services, want SQS, DynamoDB, the Parameter Store and Lambda", services)
	}
}

func checkParts(t *testing.T, running stack.Stack, printed *lifttest.Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dial := func(token string) (*client.Client, error) {
		return client.Dial(ctx, client.Config{URL: running.WebSocketURL(), HTTPURL: running.HTTPURL(),
			Token: func(context.Context) (string, error) { return token, nil }})
	}
	signed, err := running.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, err = dial(signed)
	if refused, ok := errors.AsType[*client.ConnectError](err); !ok || refused.Status != http.StatusUnauthorized {
		t.Errorf("a token of the stack's own: got %v, want 401 from the project's verifier", err)
	}
	c, err := dial(app.Token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for _, action := range []string{"hello", "long-hello"} {
		result, err := c.Do(ctx, client.Request{Action: action}, nil)
		if want := `{"politely":"Hello, ada!"}`; err != nil || string(result) != want {
			t.Errorf("%s: got %s, %v, want %s", action, result, err, want)
		}
	}
	ran, err := c.RunSchedule(ctx, "nightly", "by-hand")
	if err != nil || ran.Last == nil || ran.Last.RequestID != "by-hand" || len(ran.Next) != 3 {
		t.Errorf("run of the project's schedule: got %+v, %v, want its request", ran, err)
	}
	started, err := c.OnBehalfOf("system").Watch(ctx, "by-hand")
	if err != nil {
		t.Fatal(err)
	}
	if result, err := started.Wait(nil); err != nil || string(result) != `{"politely":"Hello, system!"}` {
		t.Errorf("the schedule's request: got %s, %v", result, err)
	}
	for _, tt := range []struct {
		path, token string
		status      int
		body        string
	}{
		{"/open", "", http.StatusOK, `"open"`},
		{"/me", app.Token, http.StatusOK, `"acme/ada"`},
		{"/me", signed, http.StatusUnauthorized, ""},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, running.HTTPURL()+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.token != "" {
			req.Header.Set("Authorization", "Bearer "+tt.token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != tt.status || !strings.Contains(string(body), tt.body) {
			t.Errorf("GET %s: got %s and %s, %v; want %d and %s", tt.path, res.Status, body, err, tt.status, tt.body)
		}
		if got := res.Header.Get("X-Marked"); tt.status == http.StatusOK && got != "yes" {
			t.Errorf("GET %s: X-Marked is %q, want yes from the project's middleware", tt.path, got)
		}
	}
	for _, want := range []string{`"project":"partsapp"`, `"marked":true`, `"trigger":"websocket_connect"`, `"msg":"said hello"`} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("the project's logger wrote %s, want %s in it", printed, want)
		}
	}
}
