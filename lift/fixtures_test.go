package lift_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// awsEvents returns the folder of sample events in the module aws-lambda-go.
func awsEvents(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	if err != nil {
		t.Fatalf("find aws-lambda-go: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "events", "testdata")
}

func TestSampleEventsOfAWS(t *testing.T) {
	t.Parallel()
	dir := awsEvents(t)
	for _, tt := range []struct {
		file    string
		trigger lift.Trigger
		events  int // handled
	}{
		{"apigw-v2-request-no-authorizer.json", lift.TriggerHTTP, 1},
		{"apigw-v2-request-iam.json", lift.TriggerHTTP, 1},
		{"apigw-v2-request-jwt-authorizer.json", lift.TriggerHTTP, 1},
		{"apigw-v2-request-lambda-authorizer.json", lift.TriggerHTTP, 1},
		{"lambda-urls-request.json", lift.TriggerHTTP, 1},
		{"apigw-websocket-request.json", lift.TriggerConnect, 1},
		{"apigw-websocket-request-send-message.json", lift.TriggerMessage, 1},
		{"apigw-websocket-request-disconnect.json", lift.TriggerDisconnect, 1},
		{"dynamodb-event.json", lift.TriggerDynamoDB, 2},
		{"dynamodb-time-window-event.json", lift.TriggerDynamoDB, 3},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			payload, err := os.ReadFile(filepath.Join(dir, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			var seen []lift.Trigger
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			h := lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
				seen = append(seen, e.Trigger)
				return nil, nil
			})
			app.HTTP("/", h)
			app.WebSocket(lift.RouteConnect, h)
			app.WebSocket(lift.RouteDisconnect, h)
			app.WebSocket(lift.RouteDefault, h)
			app.DynamoDB(h)
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload))
			if answer.Err != nil || answer.Failed != nil {
				t.Fatalf("answer %+v", answer)
			}
			if !slices.Equal(seen, slices.Repeat([]lift.Trigger{tt.trigger}, tt.events)) {
				t.Errorf("seen %v", seen)
			}
		})
	}
}
