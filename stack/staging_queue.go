package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/emulator/queue"
	"github.com/pay-theory/streamer/emulator/template"
)

// A queuePlan is a queue of the template.
type queuePlan struct {
	queue.Config
	deadLetters string // ARN; "": none
}

func (p *plan) queue(r template.Resource) error {
	var in struct {
		VisibilityTimeout, DelaySeconds, MaximumMessageSize int
		MessageRetentionPeriod                              int
		ReceiveMessageWaitTimeSeconds                       int // of those who ask for none, which no mapping does
		RedrivePolicy                                       struct {
			Target      string `json:"deadLetterTargetArn"`
			MaxReceives int    `json:"maxReceiveCount"`
		}
	}
	if err := read(r, &in); err != nil {
		return err
	}
	name := nameOf(r, "QueueName")
	p.queues[arn("sqs", name)] = queuePlan{deadLetters: in.RedrivePolicy.Target,
		Config: queue.Config{Name: name, ARN: arn("sqs", name), Visibility: time.Duration(in.VisibilityTimeout) * time.Second,
			Delay: time.Duration(in.DelaySeconds) * time.Second, Retention: time.Duration(in.MessageRetentionPeriod) * time.Second,
			MaxMessage: in.MaximumMessageSize, MaxReceives: in.RedrivePolicy.MaxReceives}}
	return nil
}

// makeQueues makes the template's queues, those of dead letters before the others. A
// queue that is a dead-letter queue has none itself.
func (p *plan) makeQueues() (map[string]*queue.Queue, error) {
	made := map[string]*queue.Queue{}
	for _, pass := range []bool{false, true} {
		for _, name := range slices.Sorted(maps.Keys(p.queues)) {
			planned := p.queues[name]
			if (planned.deadLetters != "") != pass {
				continue
			}
			config := planned.Config
			if pass {
				if config.DeadLetters = made[planned.deadLetters]; config.DeadLetters == nil {
					return nil, fmt.Errorf("%s: its dead letters %s are not a queue of the template without a RedrivePolicy of its own",
						config.Name, planned.deadLetters)
				}
			}
			q, err := queue.New(config)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", config.Name, err)
			}
			made[name] = q
		}
	}
	return made, nil
}

// A Message is what was not taken: by a function, or five times by its queue's.
type Message struct {
	Queue string // its name
	Body  string
}

// Queue returns a queue of the template by its logical name, nil for one that is not
// there. Its messages may be received and sent as by anybody.
func (s *Staging) Queue(logical string) *queue.Queue {
	return s.queues[arn("sqs", s.config.Name+"-"+logical)]
}

// Messages are what the stack's dead-letter queues hold: what was given up.
func (s *Staging) Messages() []Message {
	var all []Message
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if s.plan.queues[name].deadLetters != "" {
			continue
		}
		for _, m := range s.queues[name].Messages() {
			all = append(all, Message{Queue: s.queues[name].Name(), Body: m.Body})
		}
	}
	return all
}

// giveUp puts the record of an asynchronous event into a queue, if the template names
// one.
func (s *Staging) giveUp(to string, record invocationRecord) {
	q := s.queues[to]
	if q == nil {
		return
	}
	body, err := json.Marshal(record)
	if err == nil {
		_, err = q.Send(queue.Entry{Body: string(body)})
	}
	if err != nil {
		s.config.Logger.Error("invocation record is lost", "queue", q.Name(), "error", err.Error())
		return
	}
	s.config.Logger.Warn("message in a queue", "queue", q.Name(), "body", string(body))
}

// An invocationRecord is the body of such a message:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
type invocationRecord struct {
	Version   string           `json:"version"`
	Timestamp string           `json:"timestamp"`
	Request   requestContext   `json:"requestContext"`
	Payload   json.RawMessage  `json:"requestPayload,omitempty"`
	Response  *responseContext `json:"responseContext,omitempty"`
	Answer    json.RawMessage  `json:"responsePayload,omitempty"`
}

type requestContext struct {
	RequestID   string `json:"requestId,omitempty"`
	FunctionARN string `json:"functionArn"`
	Condition   string `json:"condition"`
	Invocations int    `json:"approximateInvokeCount"`
}

type responseContext struct {
	StatusCode int    `json:"statusCode"`
	Version    string `json:"executedVersion"`
	Error      string `json:"functionError,omitempty"`
}

// ofEvent is the record of an asynchronous event that was given up.
func ofEvent(f lambda.Failure, function string, now time.Time) invocationRecord {
	r := invocationRecord{Version: "1.0", Timestamp: now.UTC().Format("2006-01-02T15:04:05.000Z"), Payload: f.Payload, Answer: f.Response,
		Request: requestContext{RequestID: f.RequestID, FunctionARN: function + ":$LATEST", Condition: f.Condition, Invocations: f.Invocations}}
	if f.Invocations > 0 {
		r.Response = &responseContext{StatusCode: 200, Version: "$LATEST", Error: "Unhandled"}
	}
	return r
}
