// Package aws lets AWS's own command line and boto3 use a staging stack, with the variables
// that it prints.
package aws

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/internal/programtest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
)

// start starts a stack whose functions have aliases.
func start(t *testing.T) *stack.Staging {
	t.Helper()
	dynamodbtest.Binary(t) // or skip
	var log, printed lifttest.Log
	root := filepath.Join("..", "..", "..")
	running, err := stack.StartStaging(t.Context(), stack.StagingConfig{Source: root, Cache: filepath.Join(root, ".cache", "dynoxide"),
		Parameters:     map[string]string{"Deployment": "Canary10Percent5Minutes", "Release": "1"},
		ParameterStore: map[string]string{"/shop/API_KEY": "sesame", "/shop/A": "1", "/shop/B": "2"},
		Logger:         log.Logger(), Output: &printed, SweepEvery: time.Hour, Between: throttle})
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
	return running
}

// throttle has a client that says so of itself wait twice before its call is let through.
func throttle(_ string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.UserAgent(), "throttled") && !strings.Contains(r.Header.Get("Amz-Sdk-Request"), "attempt=3") {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// environment is what AWS's clients are given: the stack's variables, and nothing of the
// machine's.
func environment(t *testing.T, running *stack.Staging) []string {
	t.Helper()
	config := filepath.Join(t.TempDir(), "config")
	// Blobs are text, as version 1 has them.
	if err := os.WriteFile(config, []byte("[default]\ncli_binary_format = raw-in-base64-out\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return append(running.AWSVariables(), "AWS_CONFIG_FILE="+config, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_PAGER=",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1", "AWS_PROFILE=default", "PYTHONIOENCODING=utf-8")
}

// A socket is an open connection of a stack.
type socket struct {
	*websocket.Conn
	id string // as the gateway knows it
}

func open(t *testing.T, running *stack.Staging) socket {
	t.Helper()
	token, err := running.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	conn, res, err := websocket.Dial(t.Context(), running.WebSocketURL(), &websocket.DialOptions{
		Subprotocols: []string{"streamer.v1", "bearer." + token}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		res.Body.Close()
	}
	t.Cleanup(func() { conn.CloseNow() })
	return socket{Conn: conn}
}

// read returns the next message, or the code that the connection is closed with.
func (s socket) read(t *testing.T) (string, websocket.StatusCode) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, message, err := s.Read(ctx)
	return string(message), websocket.CloseStatus(err)
}

// A cli is AWS's command line with a stack's variables.
type cli struct {
	path string
	env  []string
}

// run runs a command of a service at the endpoint that the stack's variable names: versions
// before 2.13 (1.29) pass such variables over, and version 1 does for SQS.
func (c cli) run(t *testing.T, service string, args ...string) programtest.Result {
	t.Helper()
	endpoint := endpointOf(c.env, strings.ToUpper(service))
	return programtest.Run(t, c.env, c.path, append([]string{"--endpoint-url", endpoint, "--output", "json", service}, args...)...)
}

func TestClients(t *testing.T) {
	programtest.Long(t)
	running := start(t)
	t.Run("CLI", func(t *testing.T) { testCLI(t, running) })
	t.Run("boto3", func(t *testing.T) {
		python := programtest.Python(t, "boto3")
		connection := open(t, running)
		got := programtest.Run(t, append(environment(t, running), "REQUEST="+request), python, "boto.py")
		if got.Code != 0 {
			t.Fatalf("got status %d and\n%s%s\nwant 0", got.Code, got.Stdout, got.Stderr)
		}
		t.Log(got.Stdout)
		if message, _ := connection.read(t); message != "from boto3" {
			t.Errorf("got %q at the client, want what was posted", message)
		}
		if message, code := connection.read(t); code != websocket.StatusNormalClosure {
			t.Errorf("got %q and close code %d at the client, want 1000", message, code)
		}
	})
}

func testCLI(t *testing.T, running *stack.Staging) {
	path := programtest.Find(t, "aws")
	aws := cli{path: path, env: environment(t, running)}
	t.Log(programtest.Run(t, aws.env, path, "--version"))
	connection := open(t, running)

	// What a command prints is compared as JSON; {} where it prints nothing.
	ask := func(t *testing.T, want, service string, args ...string) {
		t.Helper()
		got := aws.run(t, service, args...)
		if got.Code != 0 || !sameJSON(t, got.Stdout, want) {
			t.Errorf("aws %s %s: got status %d, %s%s; want %s", service, strings.Join(args, " "), got.Code, got.Stdout, got.Stderr, want)
		}
	}
	refused := func(t *testing.T, want, service string, args ...string) {
		t.Helper()
		got := aws.run(t, service, args...)
		if got.Code == 0 || !strings.Contains(got.Stderr, want) {
			t.Errorf("aws %s %s: got status %d, %s%s; want a failure with %q", service, strings.Join(args, " "), got.Code, got.Stdout, got.Stderr, want)
		}
	}

	t.Run("dynamodb", func(t *testing.T) {
		const table = "streamer-RequestsTable"
		ask(t, `["ACTIVE", "pk", "id"]`, "dynamodb", "describe-table", "--table-name", table,
			"--query", "Table.[TableStatus, KeySchema[0].AttributeName, KeySchema[1].AttributeName]")
		put := func(id string) string {
			return `{"Put": {"TableName": "` + table + `", "Item": {"pk": {"S": "stranger"}, "id": {"S": "` + id + `"}, "n": {"N": "12345678901234567890"}},
				"ConditionExpression": "attribute_not_exists(pk)"}}`
		}
		ask(t, `{}`, "dynamodb", "transact-write-items", "--transact-items", "["+put("a")+","+put("b")+"]")
		refused(t, "TransactionCanceledException", "dynamodb", "transact-write-items", "--transact-items", "["+put("c")+","+put("a")+"]")
		ask(t, `["a", "b"]`, "dynamodb", "query", "--table-name", table, "--key-condition-expression", "pk = :pk",
			"--expression-attribute-values", `{":pk": {"S": "stranger"}}`, "--query", "Items[].id.S")
		ask(t, `{"Attributes": {"n": {"N": "12345678901234567891"}}}`, "dynamodb", "update-item", "--table-name", table,
			"--key", `{"pk": {"S": "stranger"}, "id": {"S": "a"}}`, "--update-expression", "SET n = n + :one", "--condition-expression",
			"attribute_exists(pk)", "--expression-attribute-values", `{":one": {"N": "1"}}`, "--return-values", "UPDATED_NEW")
		refused(t, "ConditionalCheckFailedException", "dynamodb", "update-item", "--table-name", table,
			"--key", `{"pk": {"S": "stranger"}, "id": {"S": "a"}}`, "--update-expression", "REMOVE n", "--condition-expression", "attribute_not_exists(n)")
		ask(t, `"12345678901234567891"`, "dynamodb", "get-item", "--table-name", table,
			"--key", `{"pk": {"S": "stranger"}, "id": {"S": "a"}}`, "--query", "Item.n.N")
	})

	t.Run("@connections", func(t *testing.T) {
		const api = "apigatewaymanagementapi"
		found := aws.run(t, "dynamodb", "scan", "--table-name", "streamer-ConnectionsTable", "--filter-expression", "tenant = :tenant",
			"--expression-attribute-values", `{":tenant": {"S": "acme"}}`, "--query", "Items[0].id.S")
		if err := json.Unmarshal([]byte(found.Stdout), &connection.id); err != nil {
			t.Fatalf("the connection: %s%s: %v", found.Stdout, found.Stderr, err)
		}
		ask(t, `{}`, api, "post-to-connection", "--connection-id", connection.id, "--data", "from the command line")
		if message, _ := connection.read(t); message != "from the command line" {
			t.Errorf("got %q at the client, want what was posted", message)
		}
		ask(t, `"127.0.0.1"`, api, "get-connection", "--connection-id", connection.id, "--query", "Identity.SourceIp")
		ask(t, `{}`, api, "delete-connection", "--connection-id", connection.id)
		if message, code := connection.read(t); code != websocket.StatusNormalClosure {
			t.Errorf("got %q and close code %d at the client, want 1000", message, code)
		}
		refused(t, "GoneException", api, "post-to-connection", "--connection-id", connection.id, "--data", "late")
	})

	t.Run("sqs", func(t *testing.T) {
		url := strings.TrimSuffix(endpointOf(aws.env, "SQS"), "/") + "/123456789012/streamer-DeadLetters"
		ask(t, `{"QueueUrl": "`+url+`"}`, "sqs", "get-queue-url", "--queue-name", "streamer-DeadLetters")
		ask(t, `[["a"], ["b", "MissingParameter"]]`, "sqs", "send-message-batch", "--queue-url", url,
			"--entries", `[{"Id": "a", "MessageBody": "größer <&>"}, {"Id": "b", "MessageBody": ""}]`,
			"--query", "[[Successful[0].Id], [Failed[0].Id, Failed[0].Code]]")
		got := aws.run(t, "sqs", "receive-message", "--queue-url", url, "--attribute-names", "All", "--wait-time-seconds", "1")
		var received struct {
			Messages []struct {
				Body, ReceiptHandle string
				Attributes          map[string]string
			}
		}
		if err := json.Unmarshal([]byte(got.Stdout), &received); err != nil || len(received.Messages) != 1 ||
			received.Messages[0].Body != "größer <&>" || received.Messages[0].Attributes["ApproximateReceiveCount"] != "1" {
			t.Fatalf("got %s%s, %v; want the message", got.Stdout, got.Stderr, err)
		}
		ask(t, `{}`, "sqs", "delete-message", "--queue-url", url, "--receipt-handle", received.Messages[0].ReceiptHandle)
		ask(t, `["0", "0"]`, "sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "All",
			"--query", "Attributes.[ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible]")
		refused(t, "NonExistentQueue", "sqs", "get-queue-url", "--queue-name", "none")
	})

	t.Run("ssm", func(t *testing.T) {
		ask(t, `["1", "sesame", "2"]`, "ssm", "get-parameters-by-path", "--path", "/shop", "--with-decryption",
			"--query", "Parameters[].Value")
	})

	t.Run("lambda", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "out")
		invoke := func(args ...string) []string {
			return append(append([]string{"invoke", "--function-name"}, args...), out)
		}
		client := base64.StdEncoding.EncodeToString([]byte(`{"custom": {"tier": "gold"}}`))
		got := aws.run(t, "lambda", invoke("streamer-router:live", "--payload", request, "--log-type", "Tail", "--client-context", client)...)
		var answer struct {
			StatusCode                 int
			ExecutedVersion, LogResult string
		}
		if err := json.Unmarshal([]byte(got.Stdout), &answer); err != nil || answer.StatusCode != 200 || answer.ExecutedVersion != "1" {
			t.Errorf("got %s%s, %v; want 200 of version 1", got.Stdout, got.Stderr, err)
		}
		log, err := base64.StdEncoding.DecodeString(answer.LogResult)
		if err != nil || !strings.Contains(string(log), `"platform.start"`) || !strings.Contains(string(log), `"message":"refused"`) ||
			!strings.HasSuffix(string(log), `"type":"platform.report"}`+"\n") {
			t.Errorf("got the log %s, %v; want the function's line between those of Lambda", log, err)
		}
		body, err := os.ReadFile(out)
		if err != nil || !strings.Contains(string(body), `"statusCode":401`) {
			t.Errorf("got %s, %v; want the function's answer, 401", body, err)
		}
		ask(t, `{"StatusCode": 202}`, "lambda", invoke("streamer-router", "--invocation-type", "Event", "--payload", request)...)
		ask(t, `{"StatusCode": 204}`, "lambda", invoke("streamer-router", "--invocation-type", "DryRun", "--qualifier", "$LATEST")...)
		ask(t, `["Unhandled", "$LATEST"]`, "lambda", invoke("streamer-router", "--payload", "{}", "--query", "[FunctionError, ExecutedVersion]")...)
		refused(t, "ResourceNotFoundException", "lambda", invoke("streamer-router", "--qualifier", "old")...)
	})

	t.Run("another secret", func(t *testing.T) {
		aws.env = append(aws.env, "AWS_SECRET_ACCESS_KEY=another")
		const mismatch = "The request signature we calculated does not match the signature you provided."
		out := filepath.Join(t.TempDir(), "out")
		refused(t, "(InvalidSignatureException) when calling the Invoke operation", "lambda", "invoke", "--function-name", "streamer-router", out)
		refused(t, mismatch, "dynamodb", "list-tables")
		refused(t, mismatch, "sqs", "list-queues")
		refused(t, mismatch, "ssm", "get-parameters-by-path", "--path", "/shop")
		refused(t, mismatch, "apigatewaymanagementapi", "get-connection", "--connection-id", connection.id)
	})
	t.Run("another session token", func(t *testing.T) {
		aws.env = append(running.AWSVariables(), "AWS_SESSION_TOKEN=another")
		refused(t, "(UnrecognizedClientException) when calling the ListTables operation",
			"dynamodb", "list-tables")
	})
}

// request is an event of the HTTP API, without a token.
const request = `{"version": "2.0", "routeKey": "$default", "rawPath": "/requests", "rawQueryString": "", "headers": {}, "isBase64Encoded": false,
	"requestContext": {"requestId": "stranger", "stage": "$default", "http": {"method": "GET", "path": "/requests", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}}}`

func endpointOf(env []string, service string) string {
	for _, variable := range env {
		if url, ok := strings.CutPrefix(variable, "AWS_ENDPOINT_URL_"+service+"="); ok {
			return url
		}
	}
	return ""
}

// sameJSON reports whether a command printed the JSON. Nothing is an empty object.
func sameJSON(t *testing.T, got, want string) bool {
	t.Helper()
	if strings.TrimSpace(got) == "" {
		got = "{}"
	}
	var a, b any
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	return json.Unmarshal([]byte(got), &a) == nil && cmp.Equal(a, b)
}
