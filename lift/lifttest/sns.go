package lifttest

import (
	"cmp"
	"time"
)

// SNS is a message of a topic.
type SNS struct {
	Topic      string // default example
	ID         string
	Subject    string
	Message    string
	Attributes map[string]any // string, number or []byte
}

// Payload returns the event.
func (n SNS) Payload() []byte {
	topic := "arn:aws:sns:us-east-1:123456789012:" + cmp.Or(n.Topic, "example")
	attributes := map[string]any{}
	for name, value := range n.Attributes {
		kind, text := attributeText(value)
		attributes[name] = map[string]string{"Type": kind, "Value": text}
	}
	message := map[string]any{
		"Type": "Notification", "MessageId": cmp.Or(n.ID, "95df01b4-ee98-5cb9-9903-4c221d41eb5e"), "TopicArn": topic,
		"Subject": nil, "Message": n.Message, "MessageAttributes": attributes,
		"Timestamp":        When.Format(time.RFC3339Nano),
		"SignatureVersion": "1", "Signature": "EXAMPLE", "SigningCertUrl": "EXAMPLE", "UnsubscribeUrl": "EXAMPLE",
	}
	if n.Subject != "" {
		message["Subject"] = n.Subject
	}
	return encode(map[string]any{"Records": []any{map[string]any{
		"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": topic + ":2bcfbf39-05c3-41de-beaa-fcfcc21c8f55", "Sns": message,
	}}})
}
