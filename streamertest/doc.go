// Package streamertest runs an action in a unit test, with nothing around it: no
// server, no client, no waiting.
//
//	func TestShip(t *testing.T) {
//		job := streamertest.New(t, app.Ship, app.Order{Lines: 2})
//		job.Signal("approval", app.Approval{By: "grace"})
//		job.Run()
//		if got := streamertest.Result[app.Receipt](job); got.Parcels != 2 {
//			t.Errorf("got %+v, want 2 parcels", got)
//		}
//	}
//
// [Job.Run] plays a long action to its end as the processor does, by the same code over
// a store in memory: it goes on in another slice, retries, snoozes and waits for signals,
// and the clock skips each wait. [Job.RunOnce] plays one run, so that a test can look at
// what is stored in between.
//
// [New] takes the actions of children too, or stand-ins of the same names: they run to their
// ends, one after the other, while their parent waits for them.
//
// What a test cannot bring about by the payload, it does from within the action: in a
// fake of what the action calls, or in [Job.OnReport]. There it may call [Job.Crash],
// [Job.EndSlice], [Job.Cancel] and [Job.Signal].
//
//	job.OnReport = func(r streamer.Report) {
//		if r.Step == "charge" {
//			job.Crash() // the next run must not charge again
//		}
//	}
//
// An action that sleeps or sets timers of its own does so in no time inside a
// testing/synctest bubble, which must then hold the New too. One that reads the clock can be
// given [Job.Now].
package streamertest
