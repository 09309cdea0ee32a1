package lifttest

import (
	"cmp"
	"time"
)

// Schedule is a tick of EventBridge Scheduler, or of an EventBridge rule.
type Schedule struct {
	Name   string    // default every-minute
	Rule   bool      // a rule's tick
	Time   time.Time // default When
	Detail string    // JSON; default {}
}

// Payload returns the event.
func (s Schedule) Payload() []byte {
	at := s.Time
	if at.IsZero() {
		at = When
	}
	event := map[string]any{
		"version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
		"account": "123456789012", "region": "us-east-1", "time": at.UTC().Format(time.RFC3339),
	}
	name, detail := cmp.Or(s.Name, "every-minute"), cmp.Or(s.Detail, "{}")
	if s.Rule {
		event["source"] = "aws.events"
		event["resources"] = []string{"arn:aws:events:us-east-1:123456789012:rule/" + name}
		event["detail"] = rawJSON(detail)
	} else {
		event["source"] = "aws.scheduler"
		event["resources"] = []string{"arn:aws:scheduler:us-east-1:123456789012:schedule/default/" + name}
		event["detail"] = detail
	}
	return encode(event)
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }
