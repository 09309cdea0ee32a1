package lift

import "context"

// Direct registers the handler for invocations by a caller's own payload, any
// JSON: by the Invoke API, by a state machine, by a schedule with an input of
// its own. It gets whatever has not the form of an event that Lift knows, Records
// of another source (SES, CodeCommit) included, and its Response's Body is the
// invocation's result.
func (a *App) Direct(h Handler, mw ...Middleware) {
	a.only(formDirect, "App.Direct", &directFamily{a.build("App.Direct", TriggerDirect, h, mw)})
}

type directFamily struct {
	handler Handler
}

func (f *directFamily) invoke(ctx context.Context, a *App, env *envelope) ([]byte, error) {
	e := a.newEvent(ctx, TriggerDirect, "")
	e.Raw = env.payload
	e.Body = env.payload
	res, err := f.handler.Handle(NewContext(ctx, e), e)
	if err != nil {
		return nil, a.fail(ctx, e, err)
	}
	if res == nil || len(res.Body) == 0 {
		return []byte("null"), nil
	}
	return res.Body, nil
}
