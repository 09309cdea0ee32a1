package main

// What AWS allows by default, for an account and a Region where nothing else is said.
// docs/scale.md has the page of each.
const (
	gatewayRate    = 10_000 // requests, messages and callbacks a second
	gatewayBurst   = 5_000  // and at once
	gatewayConnect = 500    // new connections a second

	partitionWrites = 1_000  // write units a second of one partition, and so of one item
	tableWarm       = 4_000  // write units a second that a new table on demand takes at once
	tableWrites     = 40_000 // write units a second of a table on demand

	accountConcurrency = 1_000 // invocations at a time
	functionRamp       = 100.  // more environments a second, for each function

	mappingStart = 5           // invocations at a time when a mapping wakes
	mappingRamp  = 300. / 60   // more a second while messages are left
	mappingMost  = 1_000       // MaximumConcurrency at most
	pollerStart  = 10          // invocations at a time of one provisioned poller
	pollerRamp   = 1_000. / 60 // more a second
	pollerMost   = 20_000      // in all

	noisyShare    = 0.1 // of what is in flight, from which a group is served last
	noisyInFlight = 30  // with as many messages of its own
)

// The defaults of the template in deploy.
const (
	templateConcurrency = 100
	templateRunning     = 25
	templateOpen        = 200
	templateMessages    = 1_000 // a second, and at once
)

// What Streamer does, and how often. TestWhatARequestCosts and the key schemas in
// store/dynamo/tables.go hold these.
const (
	storeUnits   = 4 // write units of a request that is stored: the item and its indexes
	runUnits     = 4
	limitedStore = 7 // the same with both limits on: what changes a counter is a transaction
	limitedRun   = 12
	permitUnits  = 2 // of a counter in a transaction, which writes each item twice
	indexWrites  = 1 // writes of a request in the index by tenant: it is stored

	callbacks    = 6 // by @connections: progress and the result
	connectUnits = 3 // of a connection that opens, and as many of one that closes
	lifetime     = 2 * 60 * 60
	pingEvery    = 240 // seconds: the TypeScript client's, of a message each

	routerTime   = 0.030 // seconds of the router for a message
	throttleTime = 0.050 // of a run that finds no permit
)
