package lift_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// The events of a source go to the handler of that source, or else to the one
// for all.
func TestHandlersOfASource(t *testing.T) {
	t.Parallel()
	type from = func(app *lift.App, name string, h lift.Handler, mw ...lift.Middleware)
	type all = func(app *lift.App, h lift.Handler, mw ...lift.Middleware)
	for name, tt := range map[string]struct {
		all    all
		from   from
		event  func(source string) lifttest.Event
		method string
	}{
		"queues": {(*lift.App).SQS, (*lift.App).SQSFrom, func(source string) lifttest.Event {
			return lifttest.SQS{Queue: source, Messages: []lifttest.SQSMessage{{Body: "x"}}}
		}, "App.SQSFrom"},
		"topics": {(*lift.App).SNS, (*lift.App).SNSFrom, func(source string) lifttest.Event {
			return lifttest.SNS{Topic: source, Message: "x"}
		}, "App.SNSFrom"},
		"buckets": {(*lift.App).S3, (*lift.App).S3From, func(source string) lifttest.Event {
			return lifttest.S3{Bucket: source, Objects: []lifttest.S3Object{{Key: "a"}}}
		}, "App.S3From"},
		"tables": {(*lift.App).DynamoDB, (*lift.App).DynamoDBFrom, func(source string) lifttest.Event {
			return lifttest.Stream{Table: source, Records: []lifttest.Record{{SequenceNumber: "1"}}}
		}, "App.DynamoDBFrom"},
		"streams": {(*lift.App).Kinesis, (*lift.App).KinesisFrom, func(source string) lifttest.Event {
			return lifttest.Kinesis{Stream: source, Records: []lifttest.KinesisRecord{{SequenceNumber: "1"}}}
		}, "App.KinesisFrom"},
		"schedules": {(*lift.App).Schedule, (*lift.App).ScheduleFrom, func(source string) lifttest.Event {
			return lifttest.Schedule{Name: source}
		}, "App.ScheduleFrom"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			handler := func(name string) lift.Handler {
				return lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
					got = append(got, name+" "+e.Route)
					return nil, nil
				})
			}
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			app.Use(trail(&got, "stack"))
			tt.from(app, "orders", handler("own"), trail(&got, "route"))
			send := func(source string) (string, error) {
				got = nil
				answer := lifttest.Invoke(t.Context(), t, app, tt.event(source))
				return strings.Join(got, " "), answer.Err
			}
			if got, err := send("orders"); got != "stack> route> own orders <route <stack" || err != nil {
				t.Errorf("orders: got %q, %v", got, err)
			}
			var unhandled *lift.Error
			if got, err := send("refunds"); got != "" || !errors.As(err, &unhandled) || unhandled.Code != lift.CodeUnhandled || !strings.Contains(err.Error(), " refunds (") {
				t.Errorf("refunds without a handler: got %q, %v", got, err)
			}
			tt.all(app, handler("all"))
			if got, err := send("refunds"); got != "stack> all refunds <stack" || err != nil {
				t.Errorf("refunds: got %q, %v", got, err)
			}
			if got, _ := send("orders"); got != "stack> route> own orders <route <stack" {
				t.Errorf("orders beside all: got %q", got)
			}
			mustPanic(t, tt.method+" orders has a handler already", func() { tt.from(app, "orders", handler("again")) })
			mustPanic(t, tt.method+" without the name of a ", func() { tt.from(app, "", handler("no name")) })
		})
	}
}

// A record that does not decode fails alone, also where its queue is not known.
func TestRecordsThatDoNotDecodeOfASource(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	handled := 0
	app.SQSFrom("orders", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		handled++
		return nil, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{"Records":[
		{"eventSource":"aws:sqs","messageId":"1","receiptHandle":7,"eventSourceARN":"arn:aws:sqs:r:1:orders"},
		{"eventSource":"aws:sqs","messageId":"2","body":"x","eventSourceARN":"arn:aws:sqs:r:1:orders"}]}`))
	if answer.Err != nil || strings.Join(answer.Failed, " ") != "1" || handled != 1 {
		t.Errorf("got %+v, %d handled; want the first message to fail and one handled", answer, handled)
	}
}

// What Lift has no family for reaches App.Direct as it came.
func TestEventsOfOthersReachDirect(t *testing.T) {
	t.Parallel()
	for name, payload := range map[string]string{
		"SES": `{"Records":[{"eventSource":"aws:ses","eventVersion":"1.0","ses":{"mail":{"messageId":"m-1","source":"ada@example.com",
			"destination":["orders@example.com"],"headersTruncated":false},"receipt":{"recipients":["orders@example.com"],"spamVerdict":{"status":"PASS"}}}}]}`,
		"CodeCommit": `{"Records":[{"awsRegion":"us-east-1","codecommit":{"references":[{"commit":"5c4ef1049f1d27deadbeeff313e0730018be182b",
			"ref":"refs/heads/main"}]},"eventId":"5a824061-17ca-46a9-bbf9-114edeadbeef","eventName":"TriggerEventTest",
			"eventSource":"aws:codecommit","eventSourceARN":"arn:aws:codecommit:us-east-1:123456789012:shop","eventVersion":"1.0"}]}`,
		"an object store other than S3": `{"EventName":"s3:ObjectCreated:Put","Key":"images/a.png","Records":[{"eventVersion":"2.0",
			"eventSource":"minio:s3","awsRegion":"","eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"images"},"object":{"key":"a.png"}}}]}`,
		"records of one's own":         `{"Records":[{"id":1},{"id":2}]}`,
		"records that are no objects":  `{"Records":["a",{"eventSource":"aws:sqs"}]}`,
		"records that are no list":     `{"Records":{"eventSource":"aws:sqs"}}`,
		"a source that is no text":     `{"Records":[{"eventSource":{"name":"aws:sqs"}}]}`,
		"Config":                       `{"invokingEvent":"{}","ruleParameters":"{}","resultToken":"t","version":"1.0"}`,
		"a user pool's trigger":        `{"version":"1","triggerSource":"PreSignUp_SignUp","userPoolId":"p","request":{},"response":{}}`,
		"a state machine's task":       `{"source":"orders","detail-type":"Paid"}`,
		"a log subscription":           `{"awslogs":{"data":"H4sIAAAAAAAA"}}`,
		"a connection of one's own":    `{"requestContext":{"connectionId":"c"}}`,
		"a resolver of AppSync":        `{"info":{"fieldName":"order"},"arguments":{"id":"1"},"request":{"headers":{}}}`,
		"a path without a gateway":     `{"path":"/x","httpMethod":"GET"}`,
		"a transformation of Firehose": `{"invocationId":"i","deliveryStreamArn":"arn","records":[{"recordId":"1","data":"YQ=="}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			registered := handle(nil, errors.New("the event went elsewhere"))
			app.HTTP("/", registered)
			app.S3(registered)
			app.SQS(registered)
			app.EventBridge(lift.AnyDetailType, registered)
			app.Direct(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
				return &lift.Response{Body: e.Body}, nil
			}))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload))
			if answer.Err != nil || string(answer.Payload) != payload {
				t.Errorf("got %s, %v; want the event back from App.Direct", answer.Payload, answer.Err)
			}
		})
	}
}
