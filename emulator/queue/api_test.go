package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/emulator/queue"
)

const queueURL = "https://sqs.eu-west-1.amazonaws.com/123456789012/work"

// AWS's client sends, receives, changes and deletes, and its checksums hold.
func TestSDK(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dead := newQueue(t, queue.Config{Name: "dead"})
		q := newQueue(t, queue.Config{ARN: "arn:aws:sqs:eu-west-1:123456789012:work",
			DeadLetters: dead, MaxReceives: 5, Visibility: 960 * time.Second})
		c, ctx := client(q, dead), t.Context()
		url, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("work")})
		if err != nil || *url.QueueUrl != "http://sqs.test/123456789012/work" {
			t.Fatalf("got %v and %v for the URL", url, err)
		}
		attributes := map[string]types.MessageAttributeValue{
			"kind": {DataType: aws.String("String"), StringValue: aws.String("retry")},
			"raw":  {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1}},
		}
		sent, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url.QueueUrl, MessageBody: aws.String("hello"),
			MessageGroupId: aws.String("tenant"), MessageAttributes: attributes,
			MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
				"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-2-3")}}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}})
		if err != nil || len(got.Messages) != 1 {
			t.Fatalf("got %+v and %v, want one message", got, err)
		}
		m, now := got.Messages[0], fmt.Sprint(time.Now().UnixMilli())
		if *m.MessageId != *sent.MessageId || *m.Body != "hello" || *m.MD5OfMessageAttributes != "a3cc4fb842be56a6b8e18bdb35068652" ||
			*sent.MD5OfMessageAttributes != *m.MD5OfMessageAttributes ||
			!bytes.Equal(m.MessageAttributes["raw"].BinaryValue, []byte{0, 1}) || *m.MessageAttributes["kind"].StringValue != "retry" {
			t.Errorf("got %+v, want what was sent", m)
		}
		if diff := cmp.Diff(map[string]string{"SenderId": "123456789012", "SentTimestamp": now, "ApproximateFirstReceiveTimestamp": now,
			"ApproximateReceiveCount": "1", "MessageGroupId": "tenant", "AWSTraceHeader": "Root=1-2-3"}, m.Attributes); diff != "" {
			t.Errorf("system attributes (-want +got):\n%s", diff)
		}
		about, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl,
			AttributeNames: []types.QueueAttributeName{
				"VisibilityTimeout", "ApproximateNumberOfMessagesNotVisible", "RedrivePolicy", "MaximumMessageSize"}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{
			"VisibilityTimeout": "960", "ApproximateNumberOfMessagesNotVisible": "1", "MaximumMessageSize": "1048576",
			"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":5}`,
		}, about.Attributes); diff != "" {
			t.Errorf("attributes of the queue (-want +got):\n%s", diff)
		}
		if _, err := c.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
			QueueUrl: url.QueueUrl, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0}); err != nil {
			t.Error(err)
		}
		again, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url.QueueUrl})
		if err != nil || len(again.Messages) != 1 || len(again.Messages[0].Attributes)+len(again.Messages[0].MessageAttributes) != 0 {
			t.Fatalf("got %+v and %v, want the message without attributes", again, err)
		}
		if _, err := c.DeleteMessage(ctx, &sqs.DeleteMessageInput{
			QueueUrl: url.QueueUrl, ReceiptHandle: again.Messages[0].ReceiptHandle}); err != nil {
			t.Error(err)
		}
		if d := q.Depth(); d != (queue.Depth{}) {
			t.Errorf("got depth %+v, want none", d)
		}
		list, err := c.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("d")})
		if err != nil || len(list.QueueUrls) != 1 {
			t.Errorf("got %+v and %v, want one queue", list, err)
		}
	})
}

// In a batch each entry fails for itself.
func TestSDKBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{})
		c, ctx := client(q), t.Context()
		entries := []types.SendMessageBatchRequestEntry{
			{Id: aws.String("a"), MessageBody: aws.String("1")},
			{Id: aws.String("b"), MessageBody: aws.String("2"), DelaySeconds: 901},
			{Id: aws.String("c"), MessageBody: aws.String("3"), MessageGroupId: aws.String("g")},
		}
		sent, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: aws.String(queueURL), Entries: entries})
		if err != nil || len(sent.Successful) != 2 || len(sent.Failed) != 1 || *sent.Failed[0].Id != "b" ||
			*sent.Failed[0].Code != "InvalidParameterValue" || !sent.Failed[0].SenderFault {
			t.Fatalf("got %+v and %v, want b refused", sent, err)
		}
		got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(queueURL), MaxNumberOfMessages: 10})
		if err != nil || len(got.Messages) != 2 {
			t.Fatalf("got %+v and %v, want two messages", got, err)
		}
		changed, err := c.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(queueURL),
			Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
				{Id: aws.String("a"), ReceiptHandle: got.Messages[0].ReceiptHandle, VisibilityTimeout: 60},
				{Id: aws.String("b"), ReceiptHandle: aws.String("made up"), VisibilityTimeout: 60},
			}})
		if err != nil || len(changed.Successful) != 1 || *changed.Failed[0].Code != "ReceiptHandleIsInvalid" {
			t.Errorf("got %+v and %v, want b refused", changed, err)
		}
		deleted, err := c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(queueURL),
			Entries: []types.DeleteMessageBatchRequestEntry{
				{Id: aws.String("a"), ReceiptHandle: got.Messages[0].ReceiptHandle},
				{Id: aws.String("b"), ReceiptHandle: got.Messages[1].ReceiptHandle},
			}})
		if d := q.Depth(); err != nil || len(deleted.Successful) != 2 || d != (queue.Depth{}) {
			t.Errorf("got %+v, %v and depth %+v, want both deleted", deleted, err, d)
		}
	})
}

// AWS's client makes the exceptions of the errors that it makes of SQS's own.
func TestSDKErrors(t *testing.T) {
	t.Parallel()
	url := aws.String(queueURL)
	entries := func(ids ...string) []types.SendMessageBatchRequestEntry {
		entries := []types.SendMessageBatchRequestEntry{}
		for _, id := range ids {
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String("x")})
		}
		return entries
	}
	sendBatch := func(ctx context.Context, c *sqs.Client, entries []types.SendMessageBatchRequestEntry) error {
		_, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: entries})
		return err
	}
	for want, call := range map[string]func(context.Context, *sqs.Client) error{
		"AWS.SimpleQueueService.NonExistentQueue": func(ctx context.Context, c *sqs.Client) error {
			_, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("other")})
			if _, ok := errors.AsType[*types.QueueDoesNotExist](err); !ok {
				return fmt.Errorf("%w is not a QueueDoesNotExist", err)
			}
			return err
		},
		"InvalidParameterValue": func(ctx context.Context, c *sqs.Client) error {
			_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x"), DelaySeconds: 901})
			return err
		},
		"InvalidMessageContents": func(ctx context.Context, c *sqs.Client) error {
			_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("\x00")})
			return err
		},
		"ReceiptHandleIsInvalid": func(ctx context.Context, c *sqs.Client) error {
			_, err := c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("x")})
			return err
		},
		"InvalidAttributeName": func(ctx context.Context, c *sqs.Client) error {
			_, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url,
				AttributeNames: []types.QueueAttributeName{"Colour"}})
			return err
		},
		"AWS.SimpleQueueService.UnsupportedOperation": func(ctx context.Context, c *sqs.Client) error {
			_, err := c.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url})
			return err
		},
		"AWS.SimpleQueueService.EmptyBatchRequest": func(ctx context.Context, c *sqs.Client) error {
			return sendBatch(ctx, c, entries())
		},
		"AWS.SimpleQueueService.TooManyEntriesInBatchRequest": func(ctx context.Context, c *sqs.Client) error {
			return sendBatch(ctx, c, entries("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"))
		},
		"AWS.SimpleQueueService.BatchEntryIdsNotDistinct": func(ctx context.Context, c *sqs.Client) error {
			return sendBatch(ctx, c, entries("a", "a"))
		},
		"AWS.SimpleQueueService.InvalidBatchEntryId": func(ctx context.Context, c *sqs.Client) error {
			return sendBatch(ctx, c, entries("a b"))
		},
		"AWS.SimpleQueueService.BatchRequestTooLong": func(ctx context.Context, c *sqs.Client) error {
			two := entries("a", "b")
			two[0].MessageBody = aws.String(strings.Repeat("x", 1<<20))
			return sendBatch(ctx, c, two)
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			err := call(t.Context(), client(newQueue(t, queue.Config{})))
			fault, ok := errors.AsType[smithy.APIError](err)
			if !ok || fault.ErrorCode() != want && !strings.HasSuffix(want, "."+fault.ErrorCode()) || fault.ErrorMessage() == "" {
				t.Errorf("got error %v, want %s", err, want)
			}
		})
	}
}

func TestNotThisProtocol(t *testing.T) {
	t.Parallel()
	api := direct{queue.API{"work": newQueue(t, queue.Config{})}}
	for name, tt := range map[string]struct{ method, target, body, want string }{
		"no operation":  {"POST", "", "Action=SendMessage", "com.amazonaws.sqs#UnsupportedOperation"},
		"GET":           {"GET", "AmazonSQS.SendMessage", "", "com.amazonaws.sqs#UnsupportedOperation"},
		"no JSON":       {"POST", "AmazonSQS.SendMessage", "{", "com.amazon.coral.service#InvalidParameterValueException"},
		"no queue":      {"POST", "AmazonSQS.SendMessage", "{}", "com.amazon.coral.service#MissingRequiredParameterException"},
		"another queue": {"POST", "AmazonSQS.SendMessage", `{"QueueUrl":"http://x/1/other"}`, "com.amazonaws.sqs#QueueDoesNotExist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), tt.method, "http://sqs.test/", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Amz-Target", tt.target)
			res, err := api.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var body bytes.Buffer
			body.ReadFrom(res.Body)
			if res.StatusCode != 400 || !strings.Contains(body.String(), `"__type":"`+tt.want+`"`) {
				t.Errorf("got %d %s, want 400 %s", res.StatusCode, body.String(), tt.want)
			}
		})
	}
}
