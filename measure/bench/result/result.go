// Package result is what a run of the measurements found, as it is kept and
// compared.
package result

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// The sides.
const (
	Baseline = "baseline" // by hand, without a framework
	Lift     = "lift"
	Floor    = "floor" // the runtime library alone
)

// Functions are the four that each side has.
var Functions = []string{"connect", "disconnect", "router", "processor"}

// Events are those that the functions are measured with.
var Events = []string{"connect", "disconnect", "echo", "enqueue", "job"}

// LongJob is a job whose five steps are long enough for each to be reported. It
// gives the calls of a job; its time is that of the steps.
const LongJob = "five-step job"

// The events of the floor, which does nothing: as it is, and on one thread as
// deploy/template.yaml has the functions.
const (
	Idle          = "nothing"
	IdleOneThread = "nothing, one thread"
)

// FunctionOf returns the function that gets an event.
func FunctionOf(event string) string {
	switch event {
	case "echo", "enqueue":
		return "router"
	case "job", LongJob:
		return "processor"
	case Idle, IdleOneThread:
		return Floor
	}
	return event
}

// A Condition is under which something was measured.
type Condition struct {
	Memory int  // MB, by which Lambda gives CPU; 0: no limit
	TLS    bool // to the services
	Delay  time.Duration
}

// Conditions in the order in which they are measured and shown.
var Conditions = []Condition{
	{},
	{TLS: true},
	{Delay: 5 * time.Millisecond},
	{TLS: true, Delay: 5 * time.Millisecond},
	Deployed,
	Small,
}

// Small is as a function of 128 MB works: a share of a CPU, TLS, and services
// that take their time.
var Small = Condition{Memory: 128, TLS: true, Delay: 5 * time.Millisecond}

// Deployed is as the functions work with the memory that deploy/template.yaml
// gives them.
var Deployed = Condition{Memory: 256, TLS: true, Delay: Small.Delay}

// String names a condition.
func (c Condition) String() string {
	speed, how := "full speed", "plain"
	if c.Memory > 0 {
		speed = fmt.Sprintf("CPU of %d MB", c.Memory)
	}
	if c.TLS {
		how = "TLS"
	}
	return speed + ", " + how + ", +" + c.Delay.String() + " a call"
}

// A Sample is one round of one event on one side.
type Sample struct {
	Round     int
	Condition Condition
	Side      string
	Event     string

	Starts []Start // from exec, each a process of its own
	Warm   Warm    // the last of them went on
	Peak   int64   // bytes of memory that it had at most
}

// A Start is a cold start.
type Start struct {
	Init     time.Duration // exec to the first question for an event
	InitCPU  time.Duration
	Resident int64         // bytes of memory then
	First    time.Duration // the first event
	FirstCPU time.Duration
	Faults   int // pages that were mapped from exec to the first event's answer
}

// Warm is what events after the first took.
type Warm struct {
	Events        int
	P50, P95, P99 time.Duration
	CPU           time.Duration  // an event
	Calls         float64        // an event
	Segments      float64        // datagrams to the X-Ray daemon, an event
	Lines         float64        // of the log, an event
	Metrics       float64        // of these lines, embedded metrics
	Made          map[string]int // calls of all events, by service and operation
	Errors        int
}

// A Binary is what a function is before it runs.
type Binary struct {
	Side, Function string
	Bytes, Zip     int64
	Packages       int
	InitAllocs     int           // before main, of all packages
	InitClock      time.Duration // the same
	ReflectMethod  int           // functions for which the linker keeps every exported method
}

// Source is the code of a part of a side.
type Source struct {
	Side, Part string
	Compared   bool // whether it is what a team writes for its functions
	Files      int
	Lines      int // that hold code
	Statements int // inside functions; 0 in runs from before they were counted
	Functions  int
	Complexity int // cyclomatic, of all functions
	Highest    int // of one function
}

// Coverage is how much of a side its tests run.
type Coverage struct {
	Side    string
	Percent float64
	How     string // the command
	Fault   string // of the tests; "": they pass
}

// A Load is what a load test found.
type Load struct {
	Stack    string // dev, or staging of a side
	Name     string
	Requests int           // connections, messages or requests, as the name says
	Errors   int           // of them
	Took     time.Duration // all of it
	P50, P95 time.Duration
	P99, Max time.Duration
	Memory   int64  // bytes that the server grew by, for each; 0: not measured
	Note     string // what the reader must know
}

// A Machine is where it was measured.
type Machine struct {
	CPU    string
	Cores  int
	Kernel string
	Go     string
	Limit  string // how the CPU was limited; "": it was not

	PageFault   time.Duration // what mapping one fresh page takes
	Authorities int           // certificates that functions trust
}

// A Run is everything.
type Run struct {
	Date     time.Time
	Took     time.Duration
	Commit   string
	Machine  Machine
	Rounds   int
	Samples  []Sample
	Binaries []Binary
	Sources  []Source
	Coverage []Coverage
	Loads    []Load
}

// Read reads a run.
func Read(path string) (*Run, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	run := new(Run)
	return run, json.Unmarshal(text, run)
}

// Write writes a run.
func (r *Run) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
