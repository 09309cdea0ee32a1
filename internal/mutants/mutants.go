package main

// A mutant is a fault that a change could bring: old in the file becomes new.
type mutant struct {
	what, file string
	old, new   string
	test       string // that should notice
}

func (m mutant) String() string { return m.file + ": " + m.what }

// A room is a part of the code whose mutants a test notices: one of the package that is
// broken, or of the TypeScript client the file in clients/typescript/test.
type room struct {
	name    string
	mutants []mutant
}

// Those that the prover notices are in proved.
var rooms = []room{
	{"functions", inFunctions}, {"lift", inLift}, {"lift/middleware", inMiddleware}, {"lift/auth", inAuth}, {"client", inClient},
	{"cmd/cli", inCLI}, {"clients/typescript", inTypeScript}, {"emulator, stack", inEmulator}, {"store, aws", inAdapters},
}

const (
	overSQLite   = "TestMixOverSQLite"
	overDynamo   = "TestMixOverDynamoDB"
	overFamilies = "TestFamilies/SQLite"
	overQuiet    = "TestNoTenantWaitsForAnother/SQLite"
)

// proved are the mutants that the prover notices.
var proved = []mutant{
	{"neither the fence nor the last write is checked", "request/effect.go",
		"	case AttrFence:\n" +
			"		return r.Fence == g.Value\n" +
			"	case AttrDueAt:\n" +
			"		return !r.DueAt.After(g.Value.(time.Time))\n" +
			"	case AttrLook:\n" +
			"		if g.Kind == Within {\n" +
			"			return !r.Look.At.IsZero() && !r.Look.At.After(g.Value.(time.Time))\n" +
			"		}\n" +
			"		return r.Look.At.UnixMilli() == g.Value.(time.Time).UnixMilli()\n" +
			"	case AttrUpdatedAt:\n" +
			"		return !r.UpdatedAt.After(g.Value.(time.Time))\n",
		"	case AttrFence:\n" +
			"		return r.Fence >= g.Value.(int64)\n" +
			"	case AttrDueAt:\n" +
			"		return !r.DueAt.After(g.Value.(time.Time))\n" +
			"	case AttrLook:\n" +
			"		if g.Kind == Within {\n" +
			"			return !r.Look.At.IsZero() && !r.Look.At.After(g.Value.(time.Time))\n" +
			"		}\n" +
			"		return r.Look.At.UnixMilli() == g.Value.(time.Time).UnixMilli()\n" +
			"	case AttrUpdatedAt:\n" +
			"		return true\n", overSQLite},
	{"a retry has no due time", "request/transition.go",
		"Set: queued(at, at.Add(wait), Effects{AddRev: 1, AddAttempt: 1,",
		"Set: queued(at, time.Time{}, Effects{AddRev: 1, AddAttempt: 1,", overSQLite},
	{"a subscription answers with what was read before it", "control.go",
		"	r, err := s.change(ctx, caller, id, request.Subscribe(caller.Connection))\n",
		"	r, err := s.load(ctx, caller, id)\n" +
			"	if err == nil {\n" +
			"		_, err = s.change(ctx, caller, id, request.Subscribe(caller.Connection))\n" +
			"	}\n", overSQLite},
	{"a subscription does not subscribe", "control.go",
		"request.Subscribe(caller.Connection))\n", "request.Change{})\n", overSQLite},
	{"the end does not release permits", "save.go",
		"c.Set.Release = request.Releasable(w.r.Permits, c.Set.State)", "_ = request.Releasable", overSQLite},
	{"the sweep does not release permits", "sweep.go",
		"change.Set.Release = request.Releasable(r.Permits, change.Set.State)", "_ = request.Releasable", overSQLite},
	{"a step is stored without the fence", "save.go",
		"	c.Brief = true // the job has the payload\n	return c.LeaveLook(w.r).ByWorker(w.r.Fence)\n}", "	if c.Set.Step != nil {\n" +
			"		c.If.UnchangedSince = time.Time{}\n" +
			"		return c\n" +
			"	}\n" +
			"	return c.LeaveLook(w.r).ByWorker(w.r.Fence)\n" +
			"}", overSQLite},
	{"subscribers are not notified of the end again after a crash", "request/transition.go",
		"Look: Look{LookNotify, at.Add(notifyAgainAfter)}, AddRev: 1, Clear: []Attribute{AttrDueAt, AttrAwait, AttrThrottledBy}}}",
		"AddRev: 1, Clear: []Attribute{AttrDueAt, AttrLook, AttrAwait, AttrThrottledBy}}}", overSQLite},
	{"a heartbeat does not extend the lease", "request/transition.go",
		"Set: Effects{UpdatedAt: at, DueAt: at.Add(lease), Look: Look{LookLease, at.Add(lease)}}}",
		"Set: Effects{UpdatedAt: at}}", overSQLite},
	{"a lost dispatch is not swept", "sweep_queued.go",
		"		dispatches.add(r)\n", "", overSQLite},
	{"a lost dispatch hides behind another tenant's backlog", "sweep_queued.go",
		"	if s.met[r.Tenant] <= redispatched {\n", "	if s.met[r.Tenant] < 0 {\n", overQuiet},
	{"a sweep looks at the first page alone", "sweep.go",
		"		if q.Cursor = cursor; cursor == \"\" || ctx.Err() != nil {\n", "		if q.Cursor = cursor; true {\n", overQuiet},
	{"neither the offset of output nor the last write is checked", "request/effect.go",
		"	case AttrUpdatedAt:\n" +
			"		return !r.UpdatedAt.After(g.Value.(time.Time))\n" +
			"	case AttrAwait:\n" +
			"		return r.Await.Token == g.Value\n" +
			"	case AttrThrottledBy:\n" +
			"		return r.ThrottledBy == g.Value\n" +
			"	case AttrSteps:\n" +
			"		if g.Kind == Counts {\n" +
			"			return len(r.Steps) == g.Value\n" +
			"		}\n" +
			"		return r.Steps[g.Member] == nil\n" +
			"	case AttrSubscribers:\n" +
			"		return len(r.Subscribers) < g.Value.(int) || slices.Contains(r.Subscribers, g.Member)\n" +
			"	case AttrOutput:\n" +
			"		return r.Output == g.Value\n",
		"	case AttrUpdatedAt:\n" +
			"		return true\n" +
			"	case AttrAwait:\n" +
			"		return r.Await.Token == g.Value\n" +
			"	case AttrThrottledBy:\n" +
			"		return r.ThrottledBy == g.Value\n" +
			"	case AttrSteps:\n" +
			"		if g.Kind == Counts {\n" +
			"			return len(r.Steps) == g.Value\n" +
			"		}\n" +
			"		return r.Steps[g.Member] == nil\n" +
			"	case AttrSubscribers:\n" +
			"		return len(r.Subscribers) < g.Value.(int) || slices.Contains(r.Subscribers, g.Member)\n" +
			"	case AttrOutput:\n" +
			"		return true\n", overSQLite},
	{"a signal does not make the request due", "request/transition.go",
		"		Set: queued(at, at, Effects{AddRev: 1, Step: &signal, Clear: []Attribute{AttrAwait, AttrThrottledBy}}),",
		"		Set: Effects{Step: &signal},", overSQLite},
	{"a signal that comes first is not seen by the wait", "request/transition.go",
		"		If:  Guards{LacksStep: SignalStep(await.Token)},\n", "", overSQLite},
	{"a claim does not raise the fence", "request/transition.go",
		"			AddFence: 1, AddRev: 1, Worker: worker,", "			AddRev: 1, Worker: worker,", overSQLite},
	{"a checkpoint is not restored when it could not be stored", "save.go",
		"		w.job.fresh = true\n", "", overSQLite},
	{"an expired lease leaves no gap in rev", "request/transition.go",
		"const revGap = 1_000_000", "const revGap = 1", overSQLite},
	{"a late write undoes a newer one", "save.go",
		"	c.If.UnchangedSince = w.r.UpdatedAt\n", "", overSQLite},
	{"an expired lease does not join the history", "sweep.go",
		"	change.Set.History = request.EndAttempt(r, at, wire.LeaseLost, s.causeOf(errLeaseExpired))\n", "", overSQLite},
	{"an attempt that failed has no cause", "outcome.go",
		"w.p.causeOf(cause))\n", "wire.Cause{})\n", overSQLite},
	{"the output of a finished step does not count", "step.go",
		"	j.emitted = max(j.emitted, j.stepOutput[name])\n", "", overSQLite},
	{"an attempt begins with its first slice", "request/history.go",
		"cmp.Or(r.ClaimedAt, r.StartedAt)", "cmp.Or(r.StartedAt, r.ClaimedAt)", overSQLite},
	{"a tick that comes again starts a request of another id", "schedule_start.go",
		"	id := one.requestID(at)\n", "	id := request.NewID()\n", overSQLite},
	{"a schedule's time is noted before its request is started", "schedule_start.go",
		"	created, err := requests.startScheduled(ctx, one, one.message(id, at), id)\n",
		"	noted := at.After(state.Fired)\n" +
			"	var err error\n" +
			"	if state, err = saveSchedule(ctx, s.Store, state, func(state *request.ScheduleState) bool {\n" +
			"		state.Fired = at\n" +
			"		return noted\n" +
			"	}); err != nil {\n" +
			"		return err\n" +
			"	}\n" +
			"	created, err := requests.startScheduled(ctx, one, one.message(id, at), id)\n", overSQLite},
	{"a scheduled request acquires no permit", "schedule.go",
		"	if s.Overlap {\n		return nil\n", "	if true {\n		return nil\n", overSQLite},
	{"the last child does not make its parent due", "aftermath.go",
		"	case open == 0 || decides && parent.Children.First:\n",
		"	case child.State != request.Succeeded && parent.Children.First:\n", overFamilies},
	{"a parent is not notified again after a crash", "aftermath.go",
		"	family = a.notifyParent(bounded, r) && children\n",
		"	a.notifyParent(bounded, r)\n	family = children\n", overFamilies},
	{"a child that ends before its parent waits is not noted", "aftermath.go",
		"		return change, decides && parent.Steps[change.Set.Step.Name] == nil\n", "		return change, false\n", overFamilies},
	{"the end of a parent leaves its children", "aftermath.go",
		"	children := a.cancelChildren(bounded, r)\n", "	children := true\n", overFamilies},
	{"a redrive keeps the children that were cancelled", "children.go",
		"	return r.State.Final() && r.State != request.Succeeded && redrives < f.parent.Redrives\n",
		"	return r.State == request.Failed && redrives < f.parent.Redrives\n", overFamilies},
	{"a run that is played again names a child that it cancelled", "children.go",
		"a.State == request.Cancelled && b.State == request.Failed, ", "", overFamilies},
	{"neither the fence nor the last write is checked", "store/dynamo/update.go",
		"	name := u.name(g.Attribute)\n	var condition string\n",
		"	if g.Attribute == request.AttrFence || g.Attribute == request.AttrUpdatedAt {\n" +
			"		return nil\n" +
			"	}\n" +
			"	name := u.name(g.Attribute)\n" +
			"	var condition string\n", overDynamo},
}
