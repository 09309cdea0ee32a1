package lift

import (
	"fmt"
	"strings"
)

// An SNSMessage is the view of one message of an SNS topic. The message itself
// is [Event.Body], its id [Event.ID], the topic's name [Event.Route].
type SNSMessage struct {
	TopicARN   string
	Subject    string
	Attributes MessageAttributes
}

// SNS registers the handler for messages of SNS topics. SNS invokes a function
// asynchronously, with one message an event: an error fails the invocation, and
// Lambda tries again as the function's asynchronous settings say.
func (a *App) SNS(h Handler, mw ...Middleware) { a.addRecords("App.SNS", snsBatch, "", h, mw) }

// SNSFrom registers the handler for messages of the topic with the name. Those
// of topics without a handler of their own go to that of [App.SNS]; where there is
// none, the invocation fails.
func (a *App) SNSFrom(topic string, h Handler, mw ...Middleware) {
	a.addRecords("App.SNSFrom", snsBatch, named("App.SNSFrom", "topic", topic), h, mw)
}

var snsBatch = batch{form: formSNS, trigger: TriggerSNS, noun: "topic", decode: decodeSNSMessage, failures: together}

// decodeSNSMessage reads a message:
// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
func decodeSNSMessage(text string, e *Event) (id string, err error) {
	e.Trigger = TriggerSNS
	view := new(SNSMessage)
	e.SNS = view
	var at string
	s := scanner{text: text}
	err = s.members(member{"Sns", []member{
		{"MessageId", &id},
		{"TopicArn", &view.TopicARN},
		{"Subject", &view.Subject},
		{"Message", &e.Body},
		{"Timestamp", &at},
		{"MessageAttributes", (*raw)(&view.Attributes.text)},
	}})
	if err == nil {
		e.Time, err = timestamp(at)
	}
	if err != nil {
		return id, fmt.Errorf("read SNS message: %w", err)
	}
	if id != "" {
		e.ID = id
	}
	e.Route = view.TopicARN[strings.LastIndexByte(view.TopicARN, ':')+1:]
	return id, nil
}
