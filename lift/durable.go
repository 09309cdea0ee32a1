package lift

import (
	"context"
	"errors"
	"strings"
)

// A DurableExecution is the view of an invocation of a durable function. Lambda
// invokes the function several times for one execution, and each time the code
// between the steps runs again from its beginning.
type DurableExecution struct {
	ARN    string
	Name   string // given when it was started; its id, which Lambda makes, is [Event.ID]
	Replay bool   // there are checkpoints of earlier invocations

	// Status is what the handler answered, once it has: SUCCEEDED, FAILED, or
	// PENDING for an execution that waits and will be invoked again.
	Status string

	answer []byte
}

// Pending reports whether the execution waits for something and has not ended.
func (d *DurableExecution) Pending() bool { return d != nil && d.Status == "PENDING" }

// An ExecutionError is the error that a durable execution ended with: the answer
// of its invocation has the status FAILED. Middlewares see it as the handler's
// error; Lambda gets the answer.
type ExecutionError struct {
	Type    string // the class that the SDK names
	Message string
}

// Error returns type and message.
func (e *ExecutionError) Error() string { return e.Type + ": " + e.Message }

// Durable registers the handler of a durable function's invocations, which is
// what an SDK for durable functions makes of one's own, such as that of
// durable.Wrap in AWS's for Go. It gets the event byte for byte, and Lambda gets
// its answer as it is. [EventFrom] has the event with the execution as its view.
//
// All invocations of an execution have one correlation id, the execution's. One
// that is answered FAILED has failed with an [ExecutionError]. An error of run fails the
// invocation, which Lambda tries again; one that is not public keeps its type's
// name as errorType, and its text, since Lambda alone gets to see it.
//
// https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
func (a *App) Durable(run func(ctx context.Context, event []byte) ([]byte, error), mw ...Middleware) {
	if run == nil {
		panic("lift: App.Durable has no handler")
	}
	h := HandlerFunc(func(ctx context.Context, e *Event) (*Response, error) {
		answer, err := run(ctx, e.Raw)
		if err != nil {
			return nil, &verbatim{err}
		}
		return nil, e.Durable.answered(answer)
	})
	a.only(formDurable, "App.Durable", &durableFamily{a.build("App.Durable", TriggerDurable, h, mw)})
}

type durableFamily struct {
	handler Handler
}

func (f *durableFamily) invoke(ctx context.Context, a *App, env *envelope) ([]byte, error) {
	// arn:aws:lambda:region:account:function:NAME:VERSION/durable-execution/EXECUTION/ID
	_, execution, _ := strings.Cut(env.executionARN, "/durable-execution/")
	name, id, _ := strings.Cut(execution, "/")
	e := a.newEvent(ctx, TriggerDurable, id)
	e.Raw, e.Body = env.payload, env.payload
	e.Durable = &DurableExecution{ARN: env.executionARN, Name: name, Replay: replays(env.text)}
	_, err := f.handler.Handle(NewContext(ctx, e), e)
	if _, ended := errors.AsType[*ExecutionError](err); err == nil || ended {
		if err != nil {
			e.LogFailure(ctx, err)
		}
		return e.Durable.answer, nil
	}
	shown := a.report(ctx, e, err)
	if v, ok := errors.AsType[*verbatim](err); ok { // which a middleware may have made a timeout of
		if own := asIs(v); own != nil {
			return nil, own
		}
	}
	return nil, failure(e, shown)
}

// answered reads what the handler answered: https://docs.aws.amazon.com/lambda/latest/api/API_ErrorObject.html
// has the members of the error.
func (d *DurableExecution) answered(answer []byte) error {
	var failed ExecutionError
	s := scanner{text: string(answer)}
	err := s.members(
		member{"Status", (*loose)(&d.Status)},
		member{"Error", []member{{"ErrorType", (*loose)(&failed.Type)}, {"ErrorMessage", (*loose)(&failed.Message)}}},
	)
	if err == nil {
		err = s.end()
	}
	if err != nil || d.Status == "" {
		return errors.New("the durable handler's answer is not a JSON object with a Status: wrap the handler with the SDK for durable functions")
	}
	d.answer = answer
	if d.Status == "FAILED" {
		return &failed
	}
	return nil
}

// replays reports whether an event has checkpoints of earlier invocations. The
// first operation is the execution itself; what does not fit in the event is
// behind the marker.
func replays(text string) bool {
	operations := 0
	var marker string
	s := scanner{text: text}
	err := s.object(func(key string) error {
		if key != "InitialExecutionState" {
			return s.skip()
		}
		return s.object(func(key string) error {
			switch key {
			case "Operations":
				return s.array(func() error {
					operations++
					return s.skip()
				})
			case "NextMarker":
				return s.value((*loose)(&marker))
			}
			return s.skip()
		})
	})
	return err == nil && (operations > 1 || marker != "")
}
