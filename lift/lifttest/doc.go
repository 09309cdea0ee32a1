// Package lifttest builds the events of AWS and sends them through a Lift app
// in the process, encoded both ways, as Lambda would. The payloads follow those
// that AWS sends; a field left at its zero value gets a plausible one.
//
//	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/hello/ada"})
//	if answer.Status != 200 { … }
package lifttest
