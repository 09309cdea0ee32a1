package stack

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
)

func stop(t *testing.T, stack *Staging) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	defer cancel()
	if err := stack.Close(ctx); err != nil {
		t.Error(err)
	}
}

// What the template says is what runs: a stack from a changed copy differs in
// what was changed.
func TestChangedTemplateRuns(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	file := changed(t,
		// The server asks for no token when a socket is opened.
		"  ConnectRoute:\n    Type: AWS::ApiGatewayV2::Route\n    Properties:\n      ApiId: !Ref WebSocketApi\n      RouteKey: $connect\n",
		"  ConnectRoute:\n    Type: AWS::ApiGatewayV2::Route\n    Properties:\n      ApiId: !Ref WebSocketApi\n      RouteKey: unused\n",
		// API Gateway may not invoke the router for messages.
		"  MessagePermission:\n    Type: AWS::Lambda::Permission\n    Properties:\n      Action: lambda:InvokeFunction\n",
		"  MessagePermission:\n    Type: AWS::Lambda::Permission\n    Properties:\n      Action: lambda:GetFunction\n",
		// An event is tried once.
		"      MaximumEventAgeInSeconds: 300\n      MaximumRetryAttempts: 1\n",
		"      MaximumEventAgeInSeconds: 300\n      MaximumRetryAttempts: 0\n",
		// The processor finds no table.
		"          STREAMER_REQUESTS_TABLE: !Ref RequestsTable\n          STREAMER_QUEUE_URL: !Ref Dispatches\n"+
			"          STREAMER_SWEEP_EVERY: 1m\n"+
			"          STREAMER_CALLBACK_URL: !Sub https://${WebSocketApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${StageName}\n"+
			"          STREAMER_RETENTION: !Ref Retention\n          STREAMER_LEASE",
		"          STREAMER_REQUESTS_TABLE: no-such-table\n          STREAMER_QUEUE_URL: !Ref Dispatches\n"+
			"          STREAMER_SWEEP_EVERY: 1m\n"+
			"          STREAMER_CALLBACK_URL: !Sub https://${WebSocketApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${StageName}\n"+
			"          STREAMER_RETENTION: !Ref Retention\n          STREAMER_LEASE",
	)
	dynamodbtest.Binary(t) // or skip
	stack, err := StartStaging(t.Context(), StagingConfig{Source: "..", Cache: filepath.Join("..", ".cache", "dynoxide"), Template: file,
		Parameters: map[string]string{"StageName": "changed", "CorsOrigins": "https://a.example"}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, stack)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if !strings.HasSuffix(stack.WebSocketURL(), "/changed") {
		t.Errorf("the URL is %s", stack.WebSocketURL())
	}
	conn, res, err := websocket.Dial(ctx, stack.WebSocketURL(), nil)
	if err != nil {
		t.Fatalf("without a token and without a route that asks for one: %v, %v", res, err)
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, websocket.MessageText, []byte(`{"action":"streamer.ping"}`)); err != nil {
		t.Fatal(err)
	}
	if _, frame, err := conn.Read(ctx); err != nil || !strings.Contains(string(frame), `"message": "Internal server error"`) {
		t.Errorf("a message without permission: %s, %v", frame, err)
	}

	// The first tick fails: the message says so.
	var record struct {
		Request struct{ Condition, FunctionArn string } `json:"requestContext"`
		Payload struct{ Source string }                 `json:"requestPayload"`
	}
	dead, err := stack.Queue("DeadLetters").Receive(ctx, 1, 20*time.Second)
	if err != nil || len(dead) != 1 {
		t.Fatalf("got %v and %v, want the sweep of a processor without a table", dead, err)
	}
	if err := json.Unmarshal([]byte(dead[0].Body), &record); err != nil || record.Request.Condition != "RetriesExhausted" ||
		record.Request.FunctionArn != "arn:aws:lambda:us-east-1:123456789012:function:streamer-processor:$LATEST" ||
		record.Payload.Source != "aws.scheduler" {
		t.Errorf("got %s, %v; want the record of a tick", dead[0].Body, err)
	}
	if all := stack.Messages(); !slices.Contains(all, Message{Queue: "streamer-DeadLetters", Body: dead[0].Body}) {
		t.Errorf("got %v in the queues, want the record", all)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, stack.HTTPURL()+"/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://a.example")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Access-Control-Allow-Origin") != "https://a.example" {
		t.Errorf("over HTTP: %s, %v", answer.Status, answer.Header)
	}
}
