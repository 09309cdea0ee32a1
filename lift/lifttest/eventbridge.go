package lifttest

import (
	"cmp"
	"time"
)

// EventBridge is an event from a bus.
type EventBridge struct {
	ID         string
	Source     string // default com.example
	DetailType string // default Example
	Resources  []string
	Detail     any // default an object without members
}

// Payload returns the event.
func (e EventBridge) Payload() []byte {
	event := map[string]any{
		"version": "0", "id": cmp.Or(e.ID, "17793124-05d4-b198-2fde-7ededc63b103"),
		"source": cmp.Or(e.Source, "com.example"), "detail-type": cmp.Or(e.DetailType, "Example"),
		"account": "123456789012", "region": "us-east-1", "time": When.Format(time.RFC3339),
		"resources": e.Resources, "detail": e.Detail,
	}
	if e.Resources == nil {
		event["resources"] = []string{}
	}
	if e.Detail == nil {
		event["detail"] = struct{}{}
	}
	return encode(event)
}
