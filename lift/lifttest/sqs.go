package lifttest

import (
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
)

// SQS is a batch of messages from a queue.
type SQS struct {
	Queue    string // default example; a name that ends in .fifo is that of a FIFO queue
	Messages []SQSMessage
}

// SQSMessage is one of them.
type SQSMessage struct {
	ID         string // default: message- and its place in the batch, from 1
	Body       string
	Group      string         // the message group; default for FIFO queues: group
	Receives   int            // default 1
	Attributes map[string]any // string, number or []byte

	TraceHeader string // the attribute AWSTraceHeader, X-Ray's of the sender; "": none
}

// Payload returns the event.
func (q SQS) Payload() []byte {
	queue := cmp.Or(q.Queue, "example")
	fifo := len(queue) > 5 && queue[len(queue)-5:] == ".fifo"
	records := make([]any, len(q.Messages))
	for i, m := range q.Messages {
		attributes := map[string]string{
			"ApproximateReceiveCount": strconv.Itoa(cmp.Or(m.Receives, 1)), "SenderId": "AROAIWPX5BD2BHG722MW4:sender",
			"SentTimestamp": strconv.FormatInt(When.UnixMilli(), 10), "ApproximateFirstReceiveTimestamp": strconv.FormatInt(When.UnixMilli()+20, 10),
		}
		if fifo {
			m.Group = cmp.Or(m.Group, "group")
			attributes["SequenceNumber"] = fmt.Sprintf("18849496460467696%03d", i)
			attributes["MessageDeduplicationId"] = strconv.Itoa(i + 1)
		}
		if m.Group != "" {
			attributes["MessageGroupId"] = m.Group
		}
		if m.TraceHeader != "" {
			attributes["AWSTraceHeader"] = m.TraceHeader
		}
		messageAttributes := map[string]any{}
		for name, value := range m.Attributes {
			attribute := map[string]any{"stringListValues": []string{}, "binaryListValues": []string{}}
			kind, text := attributeText(value)
			attribute["dataType"] = kind
			if kind == "Binary" {
				attribute["binaryValue"] = text
			} else {
				attribute["stringValue"] = text
			}
			messageAttributes[name] = attribute
		}
		sum := md5.Sum([]byte(m.Body))
		records[i] = map[string]any{
			"messageId": cmp.Or(m.ID, "message-"+strconv.Itoa(i+1)), "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
			"body": m.Body, "md5OfBody": hex.EncodeToString(sum[:]), "attributes": attributes, "messageAttributes": messageAttributes,
			"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:" + queue, "awsRegion": "us-east-1",
		}
	}
	return encode(map[string]any{"Records": records})
}

func attributeText(value any) (kind, text string) {
	switch v := value.(type) {
	case string:
		return "String", v
	case []byte:
		return "Binary", base64.StdEncoding.EncodeToString(v)
	case int, int64, uint64, float64:
		return "Number", fmt.Sprint(v)
	}
	panic(fmt.Sprintf("lifttest: no message attribute for a %T", value))
}
