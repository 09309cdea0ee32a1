package lift

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An SQSMessage is the view of one message of an SQS queue. Its body is
// [Event.Body], its id [Event.ID], its queue [Event.Route].
type SQSMessage struct {
	Queue           string
	ReceiptHandle   string
	GroupID         string // of messages to FIFO queues, and of others that were given one
	DeduplicationID string // FIFO queues only
	SenderID        string
	Receives        int       // how often the message was received, this time included, roughly
	FirstReceived   time.Time // roughly
	TraceHeader     string    // of X-Ray, AWSTraceHeader: where in its trace the sender was; "" when it sent none
	Attributes      MessageAttributes
}

// SQS registers the handler for messages of SQS queues, standard and FIFO. It
// is called for one message at a time, or for up to [Config].Parallel.
//
// Every message is tried, and those that failed come again; after as many
// receives as the queue's redrive policy says they go to its dead-letter queue.
// In a FIFO queue the messages of one group are handled in order, and after one
// that failed those behind it in the group come again untouched, while other
// groups go on. When the time is up, what was not begun comes again.
//
// The event source mapping must have FunctionResponseTypes set to
// ReportBatchItemFailures; without it AWS deletes the messages that failed.
// Messages come at least once.
func (a *App) SQS(h Handler, mw ...Middleware) { a.addRecords("App.SQS", sqsBatch, "", h, mw) }

// SQSFrom registers the handler for messages of the queue with the name. Those
// of queues without a handler of their own go to that of [App.SQS]; where there is
// none, the invocation fails.
func (a *App) SQSFrom(queue string, h Handler, mw ...Middleware) {
	a.addRecords("App.SQSFrom", sqsBatch, named("App.SQSFrom", "queue", queue), h, mw)
}

var sqsBatch = batch{form: formSQS, trigger: TriggerSQS, noun: "queue", decode: decodeSQSMessage, partition: messageGroup, failures: each}

// messageGroup is the group of a message to a FIFO queue, whose name ends in
// .fifo. Messages to standard queues may have one too, which says nothing of
// their order:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
func messageGroup(e *Event) string {
	if !strings.HasSuffix(e.SQS.Queue, ".fifo") {
		return ""
	}
	return "group " + e.SQS.GroupID
}

// decodeSQSMessage reads a message:
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
func decodeSQSMessage(text string, e *Event) (string, error) {
	e.Trigger = TriggerSQS
	view := new(SQSMessage)
	e.SQS = view
	var arn, receives, sent, received string
	e.ID = ""
	s := scanner{text: text}
	err := s.members(
		member{"messageId", &e.ID},
		member{"receiptHandle", &view.ReceiptHandle},
		member{"body", &e.Body},
		member{"attributes", []member{
			{"ApproximateReceiveCount", &receives},
			{"SentTimestamp", &sent},
			{"SenderId", &view.SenderID},
			{"ApproximateFirstReceiveTimestamp", &received},
			{"MessageGroupId", &view.GroupID},
			{"MessageDeduplicationId", &view.DeduplicationID},
			{"AWSTraceHeader", &view.TraceHeader},
		}},
		member{"messageAttributes", (*raw)(&view.Attributes.text)},
		member{"eventSourceARN", &arn},
	)
	view.Queue = arn[strings.LastIndexByte(arn, ':')+1:]
	e.Route = view.Queue
	if err != nil {
		return e.ID, fmt.Errorf("read SQS message: %w", err)
	}
	var numbers [3]int64
	for i, attribute := range [...]struct{ name, text string }{
		{"SentTimestamp", sent}, {"ApproximateFirstReceiveTimestamp", received}, {"ApproximateReceiveCount", receives}} {
		if attribute.text == "" {
			continue
		}
		numbers[i], err = strconv.ParseInt(attribute.text, 10, 64)
		if err != nil {
			return e.ID, fmt.Errorf("read SQS message: its attribute %s is %q, want a whole number", attribute.name, attribute.text)
		}
	}
	e.Time = millis(numbers[0])
	view.FirstReceived = millis(numbers[1])
	view.Receives = int(numbers[2])
	return e.ID, nil
}
