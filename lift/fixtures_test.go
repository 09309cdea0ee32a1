package lift_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

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

// equal is one fact of an event as Lift and as aws-lambda-go read it.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, aws-lambda-go reads %v", what, got, want)
	}
}

// decode is aws-lambda-go's reading of a payload.
func decode[T any](t *testing.T, payload []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(payload, &v); err != nil {
		t.Fatalf("aws-lambda-go: %v", err)
	}
	return v
}

func headersEqual(t *testing.T, got http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		equal(t, "header "+name, strings.Join(got.Values(name), ","), value)
	}
}

// Each sample is handled, answered, and read as aws-lambda-go reads it.
func TestSampleEventsOfAWS(t *testing.T) {
	t.Parallel()
	dir := awsEvents(t)
	for _, tt := range []struct {
		trigger lift.Trigger
		files   []string
		compare func(t *testing.T, payload []byte, seen []*lift.Event)
	}{
		{lift.TriggerHTTP, []string{
			"apigw-v2-request-no-authorizer.json", "apigw-v2-request-iam.json", "apigw-v2-request-jwt-authorizer.json", "apigw-v2-request-lambda-authorizer.json",
		}, compareV2},
		{lift.TriggerHTTP, []string{"lambda-urls-request.json"}, compareFunctionURL},
		{lift.TriggerHTTP, []string{"apigw-request.json", "apigw-restapi-openapi-request.json"}, compareV1},
		{lift.TriggerHTTP, []string{"alb-lambda-target-request-headers-only.json", "alb-lambda-target-request-multivalue-headers.json"}, compareBalancer},
		{lift.TriggerConnect, []string{"apigw-websocket-request.json"}, compareWebSocket},
		{lift.TriggerMessage, []string{"apigw-websocket-request-send-message.json"}, compareWebSocket},
		{lift.TriggerDisconnect, []string{"apigw-websocket-request-disconnect.json"}, compareWebSocket},
		{lift.TriggerDynamoDB, []string{"dynamodb-event.json", "dynamodb-time-window-event.json"}, compareDynamoDB},
		{lift.TriggerKinesis, []string{"kinesis-event.json", "kinesis-time-window-event.json"}, compareKinesis},
		{lift.TriggerSQS, []string{"sqs-event.json"}, compareSQS},
		{lift.TriggerSNS, []string{"sns-event.json", "cloudwatch-alarm-sns-payload-single-metric.json", "cloudwatch-alarm-sns-payload-multiple-metrics.json"}, compareSNS},
		{lift.TriggerS3, []string{
			"s3-event.json", "s3-event-with-decoded.json", "s3-glacier-event.json", "s3-intelligenttier-event.json",
			"s3-lifecycle-event.json", "s3-replication-event.json", "s3-restore-event.json",
		}, compareS3},
		{lift.TriggerEventBridge, []string{
			"autoscaling-event-launch-successful.json", "autoscaling-event-terminate-action.json", "codebuild-phase-change.json", "codebuild-state-change.json",
			"codedeploy-deployment-event.json", "codepipeline-execution-state-change-event.json", "ecr-image-push-event.json", "ecr-image-scan-event.json",
			"ecs-container-instance-state-change.json",
		}, compareEventBridge},
		{lift.TriggerDirect, []string{"apigw-custom-auth-request.json", "apigw-custom-auth-request-type-request.json", "apigw-v2-custom-authorizer-v1-request.json", "apigw-v2-custom-authorizer-v2-request.json", "cognito-event.json", "lex-event.json"}, nil},
	} {
		for _, file := range tt.files {
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				payload, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil {
					t.Fatal(err)
				}
				var seen []*lift.Event
				app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
				h := lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
					seen = append(seen, e)
					return nil, nil
				})
				registerAll(app, h)
				app.HTTP("/", h)
				answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload))
				if answer.Err != nil || answer.Failed != nil || len(seen) == 0 {
					t.Fatalf("answer %+v, %d events", answer, len(seen))
				}
				for _, e := range seen {
					equal(t, "trigger", e.Trigger, tt.trigger)
				}
				if tt.compare != nil {
					tt.compare(t, payload, seen)
				}
			})
		}
	}
}

func compareV2(t *testing.T, payload []byte, seen []*lift.Event) {
	e, want := seen[0], decode[events.APIGatewayV2HTTPRequest](t, payload)
	equal(t, "id", e.ID, want.RequestContext.RequestID)
	equal(t, "time", e.Time.UnixMilli(), want.RequestContext.TimeEpoch)
	equal(t, "method", e.HTTP.Method, want.RequestContext.HTTP.Method)
	equal(t, "path", e.Gateway.Prefix+e.HTTP.URL.Path, want.RawPath)
	equal(t, "query", e.HTTP.URL.RawQuery, want.RawQueryString)
	equal(t, "address", e.HTTP.RemoteAddr, want.RequestContext.HTTP.SourceIP)
	equal(t, "body", string(e.Body), want.Body)
	equal(t, "route", e.Gateway.Resource, want.RequestContext.RouteKey)
	equal(t, "stage", e.Gateway.Stage, want.RequestContext.Stage)
	equal(t, "cookies", e.HTTP.Header.Get("Cookie"), strings.Join(want.Cookies, "; "))
	equal(t, "authorizer", e.Gateway.Authorizer != nil, want.RequestContext.Authorizer != nil)
	headersEqual(t, e.HTTP.Header, want.Headers)
}

func compareFunctionURL(t *testing.T, payload []byte, seen []*lift.Event) {
	e, want := seen[0], decode[events.LambdaFunctionURLRequest](t, payload)
	equal(t, "kind", e.Gateway.Kind, lift.GatewayFunctionURL)
	equal(t, "id", e.ID, want.RequestContext.RequestID)
	equal(t, "method", e.HTTP.Method, want.RequestContext.HTTP.Method)
	equal(t, "path", e.HTTP.URL.Path, want.RawPath)
	equal(t, "query", e.HTTP.URL.RawQuery, want.RawQueryString)
	equal(t, "host", e.HTTP.Host, want.RequestContext.DomainName)
	equal(t, "body", string(e.Body), want.Body)
	headersEqual(t, e.HTTP.Header, want.Headers)
}

func compareV1(t *testing.T, payload []byte, seen []*lift.Event) {
	e, want := seen[0], decode[events.APIGatewayProxyRequest](t, payload)
	equal(t, "kind", e.Gateway.Kind, lift.GatewayRESTAPI)
	equal(t, "id", e.ID, want.RequestContext.RequestID)
	equal(t, "time", e.Time.UnixMilli(), want.RequestContext.RequestTimeEpoch)
	equal(t, "method", e.HTTP.Method, want.HTTPMethod)
	equal(t, "path", e.HTTP.URL.Path, want.Path)
	equal(t, "query", e.HTTP.URL.Query().Encode(), url.Values(want.MultiValueQueryStringParameters).Encode())
	equal(t, "address", e.HTTP.RemoteAddr, want.RequestContext.Identity.SourceIP)
	equal(t, "resource", e.Gateway.Resource, want.Resource)
	equal(t, "body", string(e.Body), want.Body)
	headersEqual(t, e.HTTP.Header, want.Headers)
}

func compareBalancer(t *testing.T, payload []byte, seen []*lift.Event) {
	e, want := seen[0], decode[events.ALBTargetGroupRequest](t, payload)
	equal(t, "kind", e.Gateway.Kind, lift.GatewayLoadBalancer)
	equal(t, "method", e.HTTP.Method, want.HTTPMethod)
	equal(t, "path", e.HTTP.URL.Path, want.Path)
	equal(t, "query", e.HTTP.URL.Query().Get("key"), "hello")
	equal(t, "body", string(e.Body), want.Body)
	headersEqual(t, e.HTTP.Header, want.Headers)
	for name, values := range want.MultiValueHeaders {
		equal(t, "header "+name, strings.Join(e.HTTP.Header.Values(name), ","), strings.Join(values, ","))
	}
}

func compareWebSocket(t *testing.T, payload []byte, seen []*lift.Event) {
	e, want := seen[0], decode[events.APIGatewayWebsocketProxyRequest](t, payload)
	c := want.RequestContext
	equal(t, "id", e.ID, c.RequestID)
	equal(t, "time", e.Time.IsZero() || e.Time.UnixMilli() == c.RequestTimeEpoch, true)
	equal(t, "connection", e.WebSocket.ConnectionID, c.ConnectionID)
	equal(t, "connected", e.WebSocket.ConnectedAt.UnixMilli(), c.ConnectedAt)
	equal(t, "stage", e.WebSocket.Stage, c.Stage)
	equal(t, "domain", e.WebSocket.DomainName, c.DomainName)
	equal(t, "api", e.WebSocket.APIID, c.APIID)
	equal(t, "address", e.WebSocket.SourceIP, c.Identity.SourceIP)
	equal(t, "agent", e.WebSocket.UserAgent, c.Identity.UserAgent)
	equal(t, "body", string(e.Body), want.Body)
	for name, values := range want.MultiValueHeaders {
		if e.Trigger == lift.TriggerConnect {
			equal(t, "header "+name, strings.Join(e.WebSocket.Header.Values(name), ","), strings.Join(values, ","))
		}
	}
}

func compareDynamoDB(t *testing.T, payload []byte, seen []*lift.Event) {
	want := decode[events.DynamoDBEvent](t, payload).Records
	equal(t, "number of records", len(seen), len(want))
	for i, w := range want {
		e := seen[i]
		equal(t, "id", e.ID, w.EventID)
		equal(t, "name", e.DynamoDB.Name, w.EventName)
		equal(t, "number", e.DynamoDB.SequenceNumber, w.Change.SequenceNumber)
		equal(t, "time", e.Time.Unix(), max(w.Change.ApproximateCreationDateTime.Unix(), time.Time{}.Unix()))
		compareItem(t, e.DynamoDB.Keys, w.Change.Keys)
		compareItem(t, e.DynamoDB.NewImage, w.Change.NewImage)
		compareItem(t, e.DynamoDB.OldImage, w.Change.OldImage)
	}
}

func compareItem(t *testing.T, got lift.Item, want map[string]events.DynamoDBAttributeValue) {
	t.Helper()
	n := 0
	for name, a := range got.All() {
		n++
		compareAttribute(t, name, a, want[name])
	}
	equal(t, "number of attributes", n, len(want))
}

func compareAttribute(t *testing.T, name string, got lift.Attribute, want events.DynamoDBAttributeValue) {
	t.Helper()
	switch want.DataType() {
	case events.DataTypeString:
		equal(t, name, got.Text(), want.String())
	case events.DataTypeNumber:
		equal(t, name, got.Text(), want.Number())
	case events.DataTypeBinary:
		equal(t, name, string(got.Bytes()), string(want.Binary()))
	case events.DataTypeBoolean:
		equal(t, name, got.Bool(), want.Boolean())
	case events.DataTypeMap:
		compareItem(t, got.Map(), want.Map())
	case events.DataTypeList:
		list := got.List()
		equal(t, name, len(list), len(want.List()))
		for i, element := range want.List() {
			compareAttribute(t, name, list[i], element)
		}
	case events.DataTypeStringSet:
		equal(t, name, strings.Join(got.Set(), " "), strings.Join(want.StringSet(), " "))
	case events.DataTypeNumberSet:
		equal(t, name, strings.Join(got.Set(), " "), strings.Join(want.NumberSet(), " "))
	case events.DataTypeBinarySet:
		for i, text := range got.Set() {
			data, err := base64.StdEncoding.DecodeString(text)
			if err != nil || !bytes.Equal(data, want.BinarySet()[i]) {
				t.Errorf("%s[%d] is %q", name, i, text)
			}
		}
	case events.DataTypeNull:
		equal(t, name, got.Type, "NULL")
	}
}

func compareKinesis(t *testing.T, payload []byte, seen []*lift.Event) {
	want := decode[events.KinesisEvent](t, payload).Records
	equal(t, "number of records", len(seen), len(want))
	for i, w := range want {
		e := seen[i]
		equal(t, "id", e.ID, w.EventID)
		equal(t, "data", string(e.Body), string(w.Kinesis.Data))
		equal(t, "key", e.Kinesis.PartitionKey, w.Kinesis.PartitionKey)
		equal(t, "number", e.Kinesis.SequenceNumber, w.Kinesis.SequenceNumber)
		equal(t, "stream", "arn:aws:kinesis:us-east-1:123456789012:stream/"+e.Kinesis.Stream, w.EventSourceArn)
		// aws-lambda-go cuts what a float64 has below the millisecond.
		equal(t, "time", e.Time.Truncate(10*time.Millisecond), w.Kinesis.ApproximateArrivalTimestamp.UTC().Truncate(10*time.Millisecond))
	}
}

func compareSQS(t *testing.T, payload []byte, seen []*lift.Event) {
	want := decode[events.SQSEvent](t, payload).Records
	equal(t, "number of records", len(seen), len(want))
	for i, w := range want {
		e := seen[i]
		equal(t, "id", e.ID, w.MessageId)
		equal(t, "body", string(e.Body), w.Body)
		equal(t, "handle", e.SQS.ReceiptHandle, w.ReceiptHandle)
		equal(t, "receives", strconv.Itoa(e.SQS.Receives), w.Attributes["ApproximateReceiveCount"])
		equal(t, "time", strconv.FormatInt(e.Time.UnixMilli(), 10), w.Attributes["SentTimestamp"])
		equal(t, "trace", e.SQS.TraceHeader, w.Attributes["AWSTraceHeader"])
		equal(t, "queue", strings.HasSuffix(w.EventSourceARN, ":"+e.SQS.Queue), true)
		n := 0
		for name, a := range e.SQS.Attributes.All() {
			n++
			equal(t, "type of "+name, a.Type, w.MessageAttributes[name].DataType)
			if text := w.MessageAttributes[name].StringValue; text != nil {
				equal(t, "value of "+name, a.Value, *text)
			} else {
				equal(t, "value of "+name, string(a.Bytes()), string(w.MessageAttributes[name].BinaryValue))
			}
		}
		equal(t, "number of attributes", n, len(w.MessageAttributes))
	}
}

func compareSNS(t *testing.T, payload []byte, seen []*lift.Event) {
	want := decode[events.SNSEvent](t, payload).Records
	equal(t, "number of records", len(seen), len(want))
	for i, w := range want {
		e := seen[i]
		equal(t, "id", e.ID, w.SNS.MessageID)
		equal(t, "message", string(e.Body), w.SNS.Message)
		equal(t, "subject", e.SNS.Subject, w.SNS.Subject)
		equal(t, "topic", e.SNS.TopicARN, w.SNS.TopicArn)
		equal(t, "time", e.Time, w.SNS.Timestamp)
		for name, attribute := range w.SNS.MessageAttributes {
			fields := attribute.(map[string]any)
			equal(t, "attribute "+name, e.SNS.Attributes.Get(name), lift.MessageAttribute{Type: fields["Type"].(string), Value: fields["Value"].(string)})
		}
	}
}

func compareS3(t *testing.T, payload []byte, seen []*lift.Event) {
	want := decode[events.S3Event](t, payload).Records
	equal(t, "number of records", len(seen), len(want))
	for i, w := range want {
		o := seen[i].S3
		equal(t, "name", o.Event, w.EventName)
		equal(t, "bucket", o.Bucket, w.S3.Bucket.Name)
		equal(t, "key", o.Key, w.S3.Object.URLDecodedKey)
		equal(t, "size", o.Size, w.S3.Object.Size)
		equal(t, "version", o.VersionID, w.S3.Object.VersionID)
		equal(t, "tag", o.ETag, w.S3.Object.ETag)
		equal(t, "sequencer", o.Sequencer, w.S3.Object.Sequencer)
		equal(t, "time", seen[i].Time, w.EventTime)
	}
}

func compareEventBridge(t *testing.T, payload []byte, seen []*lift.Event) {
	e, want := seen[0], decode[events.EventBridgeEvent](t, payload)
	equal(t, "id", e.ID, want.ID)
	equal(t, "source", e.EventBridge.Source, want.Source)
	equal(t, "detail type", e.EventBridge.DetailType, want.DetailType)
	equal(t, "account", e.EventBridge.Account, want.AccountID)
	equal(t, "region", e.EventBridge.Region, want.Region)
	equal(t, "time", e.Time, want.Time)
	equal(t, "detail", string(e.Body), string(want.Detail))
	if !slices.Equal(e.EventBridge.Resources, want.Resources) {
		t.Errorf("resources %q, want %q", e.EventBridge.Resources, want.Resources)
	}
}
