package lift

import (
	"context"
	"fmt"
)

// AnyDetailType registers the handler of the detail types that have none of
// their own.
const AnyDetailType = "*"

// A BusEvent is the view of an event from an EventBridge bus. Its detail is
// [Event.Body], its id [Event.ID].
type BusEvent struct {
	Source     string // as in aws.ec2 or com.example.orders
	DetailType string
	Account    string
	Region     string
	Resources  []string // ARNs
}

// EventBridge registers a handler for events of a detail type, or of
// [AnyDetailType]. EventBridge invokes a function asynchronously and at least
// once: an error fails the invocation, and Lambda tries again as the function's
// asynchronous settings say. So does a detail type that has no handler.
//
// Ticks of schedules are for [App.Schedule]. An event is recognised by its
// source, detail-type and detail; a rule whose target changes them makes it a
// direct invocation.
func (a *App) EventBridge(detailType string, h Handler, mw ...Middleware) {
	if detailType == "" {
		panic("lift: App.EventBridge without a detail type")
	}
	f, _ := a.families[formEventBridge].(*eventBridgeFamily)
	if f == nil {
		f = &eventBridgeFamily{handlers: make(map[string]Handler)}
		a.families[formEventBridge] = f
	}
	if f.handlers[detailType] != nil {
		panic("lift: EventBridge detail type " + detailType + " has a handler already")
	}
	f.handlers[detailType] = a.build("App.EventBridge "+detailType, TriggerEventBridge, h, mw)
}

type eventBridgeFamily struct {
	handlers map[string]Handler
}

func (env *envelope) isFromBus() bool {
	return env.source != "" && env.detailType != "" && env.detail != "" && env.detail[0] == '{'
}

func (f *eventBridgeFamily) invoke(ctx context.Context, a *App, env *envelope) ([]byte, error) {
	e, err := f.decode(ctx, a, env)
	if err != nil {
		return nil, a.refuse(ctx, &Error{Code: CodeInvalid, Message: "the EventBridge event is malformed", Cause: err})
	}
	e.Route = env.detailType
	h, ok := f.handlers[e.Route]
	if !ok {
		e.Route = AnyDetailType
		h, ok = f.handlers[e.Route]
	}
	if !ok {
		return nil, a.refuse(ctx, Errorf(CodeUnhandled, "this function has no handler for the detail type %s of %s", env.detailType, env.source))
	}
	if _, err := h.Handle(NewContext(ctx, e), e); err != nil {
		return nil, a.fail(ctx, e, err)
	}
	return []byte("null"), nil
}

// decode reads an event:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
func (f *eventBridgeFamily) decode(ctx context.Context, a *App, env *envelope) (*Event, error) {
	e := a.newEvent(ctx, TriggerEventBridge, env.id)
	e.Raw = env.payload
	e.Body = []byte(env.detail)
	view := &BusEvent{Source: env.source, DetailType: env.detailType}
	e.EventBridge = view
	s := scanner{text: env.text}
	err := s.members(member{"account", &view.Account}, member{"region", &view.Region}, member{"resources", &view.Resources})
	if err == nil {
		e.Time, err = timestamp(env.time)
	}
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	return e, nil
}
