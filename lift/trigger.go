package lift

import "strings"

// A Trigger is the kind of event that a handler is called for.
type Trigger uint8

// The triggers. TriggerHTTP stands for every source that speaks HTTP; the
// events of a WebSocket's life are three, since no guard fits all of them.
const (
	TriggerHTTP        Trigger = iota + 1 // an HTTP request
	TriggerConnect                        // a WebSocket that wants to open
	TriggerDisconnect                     // a WebSocket that has closed
	TriggerMessage                        // a message from a WebSocket's client
	TriggerDynamoDB                       // one record of a DynamoDB stream
	TriggerKinesis                        // one record of a Kinesis data stream
	TriggerSQS                            // one message of an SQS queue
	TriggerSNS                            // one message of an SNS topic
	TriggerS3                             // one change of an object in an S3 bucket
	TriggerEventBridge                    // an event from an EventBridge bus
	TriggerSchedule                       // a tick of EventBridge or EventBridge Scheduler
	TriggerDirect                         // an invocation by a caller's own payload
	TriggerDurable                        // an invocation of a durable function
)

var triggerNames = [...]string{
	TriggerHTTP:        "http",
	TriggerConnect:     "websocket_connect",
	TriggerDisconnect:  "websocket_disconnect",
	TriggerMessage:     "websocket_message",
	TriggerDynamoDB:    "dynamodb",
	TriggerKinesis:     "kinesis",
	TriggerSQS:         "sqs",
	TriggerSNS:         "sns",
	TriggerS3:          "s3",
	TriggerEventBridge: "eventbridge",
	TriggerSchedule:    "schedule",
	TriggerDirect:      "direct",
	TriggerDurable:     "durable",
}

// String returns the trigger's name as it stands in logs and metrics.
func (t Trigger) String() string {
	if t == 0 || int(t) >= len(triggerNames) {
		return "unknown"
	}
	return triggerNames[t]
}

func joinTriggers(triggers []Trigger) string {
	names := make([]string, len(triggers))
	for i, t := range triggers {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}
