package lift

import (
	"context"
	"fmt"
	"strings"
)

// A Schedule is the view of a tick. The tick's detail is [Event.Body], its time
// [Event.Time], the schedule's name [Event.Route].
type Schedule struct {
	ARN    string // of the rule or the schedule
	Source string // "aws.events" for a rule, "aws.scheduler" for EventBridge Scheduler
}

// Schedule registers the handler for ticks of EventBridge rules and of
// EventBridge Scheduler. AWS may deliver a tick more than once; an error makes
// it try again, as the function's asynchronous settings say.
//
// A tick is recognised by its source and its detail-type "Scheduled Event",
// which both services send unless they are given an input of one's own. Such an
// input must carry the two fields, or it is a direct invocation:
//
//	{"source": "aws.scheduler", "detail-type": "Scheduled Event",
//	 "time": "<aws.scheduler.scheduled-time>", "resources": ["<aws.scheduler.schedule-arn>"],
//	 "detail": {"what": "sweep"}}
func (a *App) Schedule(h Handler, mw ...Middleware) { a.addSchedule("App.Schedule", "", h, mw) }

// ScheduleFrom registers the handler for ticks of the rule or schedule with the
// name. Those of schedules without a handler of their own go to that of
// [App.Schedule]; where there is none, the invocation fails.
func (a *App) ScheduleFrom(schedule string, h Handler, mw ...Middleware) {
	a.addSchedule("App.ScheduleFrom", named("App.ScheduleFrom", "schedule", schedule), h, mw)
}

func (a *App) addSchedule(method, name string, h Handler, mw []Middleware) {
	f, _ := a.families[formSchedule].(*scheduleFamily)
	if f == nil {
		f = &scheduleFamily{make(sources)}
		a.families[formSchedule] = f
	}
	f.sources.add(a, method, TriggerSchedule, name, h, mw)
}

type scheduleFamily struct{ sources sources }

func (env *envelope) isTick() bool {
	return env.detailType == "Scheduled Event" && (env.source == "aws.events" || env.source == "aws.scheduler")
}

func (f *scheduleFamily) invoke(ctx context.Context, a *App, env *envelope) ([]byte, error) {
	e, err := f.decode(ctx, a, env)
	if err != nil {
		return nil, a.refuse(ctx, &Error{Code: CodeInvalid, Message: "the schedule's event is malformed", Cause: err})
	}
	h := f.sources.of(e.Route)
	if h == nil {
		return nil, a.refuse(ctx, Errorf(CodeUnhandled, "this function has no handler for ticks of the schedule %s", e.Route))
	}
	if _, err := h.Handle(NewContext(ctx, e), e); err != nil {
		return nil, a.fail(ctx, e, err)
	}
	return []byte("null"), nil
}

// decode reads a tick:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
func (f *scheduleFamily) decode(ctx context.Context, a *App, env *envelope) (*Event, error) {
	e := a.newEvent(ctx, TriggerSchedule, env.id)
	e.Raw = env.payload
	e.Schedule = &Schedule{Source: env.source}
	var err error
	e.Time, err = timestamp(env.time)
	if err != nil {
		return nil, fmt.Errorf("read tick: %w", err)
	}
	if env.resources != "" {
		s := scanner{text: env.resources}
		err := s.array(func() error {
			arn, err := s.string()
			if e.Schedule.ARN == "" {
				e.Schedule.ARN = arn
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read resources: %w", err)
		}
	}
	e.Route = e.Schedule.ARN[strings.LastIndexByte(e.Schedule.ARN, '/')+1:]
	// Scheduler writes the detail as a string of JSON, rules as the JSON itself.
	if strings.HasPrefix(env.detail, `"`) {
		s := scanner{text: env.detail}
		detail, err := s.bytes()
		if err != nil {
			return nil, fmt.Errorf("read detail: %w", err)
		}
		e.Body = detail
	} else {
		e.Body = []byte(env.detail)
	}
	return e, nil
}
