package lift_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// invokeFor returns the one event that an app with every handler sees.
func invokeFor(t *testing.T, event lifttest.Event) *lift.Event {
	t.Helper()
	var seen []*lift.Event
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	registerAll(app, lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		seen = append(seen, e)
		return nil, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, event)
	if answer.Err != nil || answer.Failed != nil || len(seen) != 1 {
		t.Fatalf("answer %+v, %d events", answer, len(seen))
	}
	return seen[0]
}

func TestKinesisRecord(t *testing.T) {
	t.Parallel()
	e := invokeFor(t, lifttest.Kinesis{Stream: "clicks", Records: []lifttest.KinesisRecord{{Key: "ada", SequenceNumber: "495", Data: []byte{0xff, 0}}}})
	if *e.Kinesis != (lift.KinesisRecord{Stream: "clicks", ShardID: "shardId-000000000006", PartitionKey: "ada", SequenceNumber: "495"}) {
		t.Errorf("view %+v", e.Kinesis)
	}
	if !bytes.Equal(e.Body, []byte{0xff, 0}) || e.Route != "clicks" || !e.Time.Equal(lifttest.When) || e.ID != "shardId-000000000006:495" || !bytes.Contains(e.Raw, []byte(`"partitionKey"`)) {
		t.Errorf("event %+v", e)
	}
}

func TestSQSMessage(t *testing.T) {
	t.Parallel()
	e := invokeFor(t, lifttest.SQS{Queue: "orders.fifo", Messages: []lifttest.SQSMessage{{
		ID: "m1", Body: "a\n\u00e9", Group: "ada", Receives: 3, Attributes: map[string]any{"kind": "new", "n": 7, "data": []byte{0xff}},
	}}})
	m := e.SQS
	if m.Queue != "orders.fifo" || m.GroupID != "ada" || m.DeduplicationID != "1" || m.Receives != 3 || m.ReceiptHandle == "" || m.SenderID == "" || m.FirstReceived.Sub(e.Time) != 20*time.Millisecond {
		t.Errorf("view %+v", m)
	}
	if string(e.Body) != "a\n\u00e9" || e.Route != "orders.fifo" || !e.Time.Equal(lifttest.When) || e.ID != "m1" || e.CorrelationID != "m1" {
		t.Errorf("event %+v", e)
	}
	if m.Attributes.Text("kind") != "new" || m.Attributes.Get("n") != (lift.MessageAttribute{Type: "Number", Value: "7"}) || !bytes.Equal(m.Attributes.Get("data").Bytes(), []byte{0xff}) {
		t.Errorf("attributes %v", m.Attributes)
	}
	names := []string{}
	for name := range m.Attributes.All() {
		names = append(names, name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"data", "kind", "n"}) {
		t.Errorf("names %q", names)
	}
	for range m.Attributes.All() {
		break
	}
	if got := m.Attributes.Get("none"); got != (lift.MessageAttribute{}) || (lift.MessageAttributes{}).Text("x") != "" || string(m.Attributes.Get("kind").Bytes()) != "new" {
		t.Errorf("a missing attribute is %+v", got)
	}
	if (lift.MessageAttribute{Type: "Binary", Value: "*"}).Bytes() != nil {
		t.Error("bytes of no base64")
	}
}

func TestOddMessageAttributes(t *testing.T) {
	t.Parallel()
	e := invokeFor(t, lifttest.Raw(`{"Records":[{"eventSource":"aws:sqs","messageId":"1","messageAttributes":{"a":7,"b":{"dataType":7,"stringValue":null},"c":{"dataType":"String","stringValue":"x"}}}]}`))
	if a := e.SQS.Attributes; a.Text("a") != "" || a.Get("b") != (lift.MessageAttribute{}) || a.Text("c") != "x" {
		t.Errorf("attributes %+v", a)
	}
}

func TestSNSMessage(t *testing.T) {
	t.Parallel()
	e := invokeFor(t, lifttest.SNS{Topic: "alarms", ID: "s1", Subject: "Now", Message: `{"a":1}`, Attributes: map[string]any{"kind": "new"}})
	if e.SNS.TopicARN != "arn:aws:sns:us-east-1:123456789012:alarms" || e.SNS.Subject != "Now" || e.SNS.Attributes.Text("kind") != "new" {
		t.Errorf("view %+v", e.SNS)
	}
	if string(e.Body) != `{"a":1}` || e.Route != "alarms" || e.ID != "s1" || !e.Time.Equal(lifttest.When) {
		t.Errorf("event %+v", e)
	}
}

func TestS3Object(t *testing.T) {
	t.Parallel()
	e := invokeFor(t, lifttest.S3{Bucket: "photos", Objects: []lifttest.S3Object{{Key: "in/a b+c%é.jpg", Size: 1 << 40}}})
	o := e.S3
	if o.Key != "in/a b+c%é.jpg" || o.Bucket != "photos" || o.Event != "ObjectCreated:Put" || o.Size != 1<<40 || o.ETag == "" || o.Sequencer == "" {
		t.Errorf("view %+v", o)
	}
	if e.Route != "photos" || !e.Time.Equal(lifttest.When) || !strings.Contains(string(e.Body), `"bucket"`) || e.ID == "" {
		t.Errorf("event %+v", e)
	}
	gone := invokeFor(t, lifttest.S3{Objects: []lifttest.S3Object{{Key: "a", Event: "ObjectRemoved:Delete"}}})
	if gone.S3.Event != "ObjectRemoved:Delete" || gone.S3.Size != 0 {
		t.Errorf("view %+v", gone.S3)
	}
}

// SNS and S3 know no failed records: all are tried, and one that fails brings
// the whole event again.
func TestAsynchronousRecordsFailTheInvocation(t *testing.T) {
	t.Parallel()
	var keys []string
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.S3(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		keys = append(keys, e.S3.Key)
		if e.S3.Key == "b" {
			return nil, errors.New("sesame")
		}
		return nil, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.S3{Objects: []lifttest.S3Object{{Key: "a"}, {Key: "b"}, {Key: "c"}}})
	var err *lift.Error
	if !errors.As(answer.Err, &err) || err.Code != lift.CodeInternal || !slices.Equal(keys, []string{"a", "b", "c"}) {
		t.Errorf("answer %v after %q", answer.Err, keys)
	}
	if len(log.Lines(t, "")) != 1 || log.Line(t, "failed")["error"] != "sesame" {
		t.Errorf("log:\n%s", log.String())
	}
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.S3{Objects: []lifttest.S3Object{{Key: "a"}}}); string(answer.Payload) != "null" {
		t.Errorf("success answers %s, %v", answer.Payload, answer.Err)
	}
}

func TestEventBridgeEvent(t *testing.T) {
	t.Parallel()
	e := invokeFor(t, lifttest.EventBridge{ID: "e1", Source: "com.example.orders", DetailType: "Example", Resources: []string{"arn:a", "arn:b"}, Detail: map[string]int{"n": 1}})
	b := e.EventBridge
	if b.Source != "com.example.orders" || b.DetailType != "Example" || b.Account != "123456789012" || b.Region != "us-east-1" || !slices.Equal(b.Resources, []string{"arn:a", "arn:b"}) {
		t.Errorf("view %+v", b)
	}
	if string(e.Body) != `{"n":1}` || e.Route != "Example" || e.ID != "e1" || !e.Time.Equal(lifttest.When) {
		t.Errorf("event %+v", e)
	}
	if other := invokeFor(t, lifttest.EventBridge{DetailType: "Else"}); other.Route != lift.AnyDetailType || other.EventBridge.DetailType != "Else" {
		t.Errorf("event %+v", other)
	}
}

func TestEventBridgeWithoutAHandlerForTheDetailType(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.EventBridge("Order Placed", handle(nil, lift.Errorf(lift.CodeUnavailable, "away")))
	for detailType, want := range map[string]lift.Code{"Order Placed": lift.CodeUnavailable, "Order Gone": lift.CodeUnhandled} {
		t.Run(detailType, func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.EventBridge{DetailType: detailType})
			var err *lift.Error
			if !errors.As(answer.Err, &err) || err.Code != want {
				t.Errorf("%s answers %+v", detailType, answer)
			}
		})
	}
	for _, payload := range []string{
		`{"source":"a","detail-type":"Order Placed","detail":{},"time":"noon"}`,
		`{"source":"a","detail-type":"Order Placed","detail":{},"account":7}`,
		`{"source":"a","detail-type":"Order Placed","detail":{},"resources":{}}`,
	} {
		t.Run(payload, func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload))
			var err *lift.Error
			if !errors.As(answer.Err, &err) || err.Code != lift.CodeInvalid {
				t.Errorf("%s answers %+v", payload, answer)
			}
		})
	}
}
