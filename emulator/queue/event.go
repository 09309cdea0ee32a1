package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// A record is a message in an event, its fields in the order in which AWS has them:
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type record struct {
	MessageID       string                     `json:"messageId"`
	ReceiptHandle   string                     `json:"receiptHandle"`
	Body            string                     `json:"body"`
	Attributes      map[string]string          `json:"attributes"`
	Own             map[string]recordAttribute `json:"messageAttributes"`
	MD5OfAttributes string                     `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody       string                     `json:"md5OfBody"`
	EventSource     string                     `json:"eventSource"`
	EventSourceARN  string                     `json:"eventSourceARN"`
	Region          string                     `json:"awsRegion"`
}

type recordAttribute struct {
	StringValue      string   `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues [][]byte `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

// event is what the function gets of a batch.
func (m *Mapping) event(batch []Message) []byte {
	records := make([]record, 0, len(batch))
	for _, message := range batch {
		own := make(map[string]recordAttribute, len(message.Attributes))
		for name, a := range message.Attributes {
			own[name] = recordAttribute{StringValue: a.StringValue, BinaryValue: a.BinaryValue, DataType: a.DataType,
				StringListValues: []string{}, BinaryListValues: [][]byte{}}
		}
		records = append(records, record{MessageID: message.ID, ReceiptHandle: message.Receipt, Body: message.Body,
			Attributes: message.system(m.queue.account()), Own: own, MD5OfAttributes: md5OfAttributes(message.Attributes),
			MD5OfBody: md5Of(message.Body), EventSource: "aws:sqs", EventSourceARN: m.queue.cfg.ARN, Region: m.queue.region()})
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(map[string]any{"Records": records}) // texts and maps of them encode
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// readFailures reads which messages the function's answer says that it did not
// take. An answer that cannot be read, or that names no message of the batch, fails
// all of them:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func readFailures(answer []byte, batch []Message) (map[string]bool, error) {
	var said struct {
		BatchItemFailures []struct {
			ItemIdentifier *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &said); err != nil {
			return nil, fmt.Errorf("the answer is not valid JSON with batchItemFailures: %w", err)
		}
	}
	known := map[string]bool{}
	for _, m := range batch {
		known[m.ID] = true
	}
	failed := map[string]bool{}
	for _, item := range said.BatchItemFailures {
		switch {
		case item.ItemIdentifier == nil || *item.ItemIdentifier == "":
			return nil, errors.New("an entry of batchItemFailures has no itemIdentifier")
		case !known[*item.ItemIdentifier]:
			return nil, fmt.Errorf("the itemIdentifier %q is not a message of the batch", *item.ItemIdentifier)
		}
		failed[*item.ItemIdentifier] = true
	}
	return failed, nil
}
