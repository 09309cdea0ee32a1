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
func (a *App) SQS(h Handler, mw ...Middleware) {
	h = a.build("App.SQS", TriggerSQS, h, mw)
	a.only(formSQS, "App.SQS", batch{handler: h, decode: decodeSQSMessage, lane: messageGroup, failures: each})
}

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
	err := s.object(func(key string) (err error) {
		switch key {
		case "messageId":
			e.ID, err = s.string()
		case "receiptHandle":
			view.ReceiptHandle, err = s.string()
		case "body":
			e.Body, err = s.bytes()
		case "eventSourceARN":
			arn, err = s.string()
		case "messageAttributes":
			view.Attributes.text, err = s.raw()
		case "attributes":
			err = s.object(func(key string) (err error) {
				switch key {
				case "MessageGroupId":
					view.GroupID, err = s.string()
				case "MessageDeduplicationId":
					view.DeduplicationID, err = s.string()
				case "SenderId":
					view.SenderID, err = s.string()
				case "ApproximateReceiveCount":
					receives, err = s.string()
				case "SentTimestamp":
					sent, err = s.string()
				case "ApproximateFirstReceiveTimestamp":
					received, err = s.string()
				default:
					err = s.skip()
				}
				return err
			})
		default:
			err = s.skip()
		}
		return err
	})
	view.Queue = arn[strings.LastIndexByte(arn, ':')+1:]
	e.Route = view.Queue
	if err != nil {
		return e.ID, fmt.Errorf("read SQS message: %w", err)
	}
	var sentAt, receivedAt, count int64
	for _, number := range [...]struct {
		name, text string
		to         *int64
	}{
		{"SentTimestamp", sent, &sentAt},
		{"ApproximateFirstReceiveTimestamp", received, &receivedAt},
		{"ApproximateReceiveCount", receives, &count},
	} {
		if number.text == "" {
			continue
		}
		if *number.to, err = strconv.ParseInt(number.text, 10, 64); err != nil {
			return e.ID, fmt.Errorf("read SQS message: %s is no number", number.name)
		}
	}
	e.Time = millis(sentAt)
	view.FirstReceived = millis(receivedAt)
	view.Receives = int(count)
	return e.ID, nil
}
