package functions

import "github.com/pay-theory/streamer"

// Requests are the use cases of principals and their requests, as the router function has
// them: for a program of the server's own that starts requests for users. Package deployed
// makes them from the environment, and stack.Dev has its own. They need Requests, Actions,
// Push and Dispatch. In a handler of Lift's they dispatch after the answer: see
// [github.com/pay-theory/streamer/lift.After].
func Requests(parts Parts) (*streamer.Requests, error) {
	err := parts.check("Requests", need{"Requests", parts.Requests != nil}, need{"Actions", parts.Actions != nil},
		need{"Push", parts.Push != nil}, need{"Dispatch", parts.Dispatch != nil})
	if err != nil {
		return nil, err
	}
	actions, schedules, err := parts.registry()
	if err != nil {
		return nil, err
	}
	return &streamer.Requests{Store: parts.Requests, Actions: actions, Push: parts.Push, Dispatch: afterAnswer{counted{parts.Dispatch}},
		Limits: parts.Limits, Schedules: schedules, Schema: schema, Retention: parts.Retention, SweepEvery: parts.SweepEvery, Now: parts.Now,
		Logger: parts.Logger}, nil
}
