package main

// A mutant is a fault that somebody could make: old in the file becomes new.
type mutant struct {
	what, file string
	old, new   string
	test       string // of package prove, that should notice
}

const (
	overSQLite = "TestMixOverSQLite"
	overDynamo = "TestMixOverDynamoDB"
)

var mutants = []mutant{
	{"neither the fence nor the last write is checked", "request/change.go",
		`c.Fence != 0 && c.Fence != r.Fence,
		!c.DueBy.IsZero() && r.DueAt.After(c.DueBy),
		!c.UnchangedSince.IsZero() && r.UpdatedAt.After(c.UnchangedSince),`,
		`c.Fence != 0 && c.Fence > r.Fence,
		!c.DueBy.IsZero() && r.DueAt.After(c.DueBy),`, overSQLite},
	{"a retry has no due time", "request/transition.go",
		"To: Queued, DueAt: at.Add(wait), AddRev: 1, AddAttempt: 1,", "To: Queued, AddRev: 1, AddAttempt: 1,", overSQLite},
	{"a subscription answers with what was read before it", "requests.go",
		"	r, err := s.change(ctx, who, id, request.Change{Subscribe: who.Connection})\n	var conflict",
		"	r, err := s.load(ctx, who, id)\n	if err == nil {\n		_, err = s.change(ctx, who, id, request.Change{Subscribe: who.Connection})\n	}\n	var conflict", overSQLite},
	{"a subscription does not subscribe", "requests.go",
		"request.Change{Subscribe: who.Connection})\n	var conflict", "request.Change{})\n	var conflict", overSQLite},
	{"the end does not give places back", "run.go",
		"c.Release = request.Releasable(w.r.Slots, c.To)", "_ = request.Releasable", overSQLite},
	{"the sweep does not give places back", "processor.go",
		"change.Release = request.Releasable(r.Slots, change.To)", "_ = request.Releasable", overSQLite},
	{"a step is recorded without the fence", "run.go",
		"	return c.ByWorker(w.r.Fence)\n}", "	if c.Step != nil {\n		c.UnchangedSince = time.Time{}\n		return c\n	}\n	return c.ByWorker(w.r.Fence)\n}", overSQLite},
	{"the end is not told again after a crash", "request/transition.go",
		"To: Succeeded, DueAt: at.Add(settleAfter), AddRev", "To: Succeeded, AddRev", overSQLite},
	{"a heartbeat does not extend the lease", "run.go",
		"change := w.carry(request.Change{At: at, DueAt: at.Add(w.p.Lease)}, at)\n	err := w.write", "change := w.carry(request.Change{At: at}, at)\n	err := w.write", overSQLite},
	{"a lost doorbell is not swept", "processor.go",
		"case !p.rungLately(r):", "case p == nil:", overSQLite},
	{"the offset of output is not guarded", "request/change.go",
		"len(c.Output) > 0 && c.OutputAt != r.Output,", "", overSQLite},
	{"a signal does not wake", "request/transition.go",
		"Lacks: signal.Name, At: at, To: Queued, DueAt: at, AddRev: 1, Step: &signal}", "Lacks: signal.Name, Step: &signal}", overSQLite},
	{"a signal that comes first is not seen by the wait", "request/transition.go",
		"Park: await, Lacks: SignalStep(await.Token)}", "Park: await}", overSQLite},
	{"a claim does not raise the fence", "request/transition.go",
		"Start: true, AddFence: 1, AddRev: 1,", "Start: true, AddRev: 1,", overSQLite},
	{"a checkpoint is not restored when it could not be stored", "run.go",
		"		w.job.fresh = true\n", "", overSQLite},
	{"a lost lease leaves no gap in rev", "request/transition.go",
		"const RevGap = 1_000_000", "const RevGap = 1", overSQLite},
	{"a late write undoes a newer one", "run.go",
		"	c.UnchangedSince = w.r.UpdatedAt\n", "", overSQLite},
	{"a lost lease does not join the history", "processor.go",
		"	change.History = request.EndAttempt(r, at, wire.LeaseLost)\n", "", overSQLite},
	{"an attempt begins with its first slice", "request/history.go",
		"cmp.Or(r.ClaimedAt, r.StartedAt)", "cmp.Or(r.StartedAt, r.ClaimedAt)", overSQLite},
	{"neither the fence nor the last write is checked", "store/dynamo/update.go",
		"func (u *update) guard(c request.Change) {\n", "func (u *update) guard(c request.Change) {\n	c.Fence, c.UnchangedSince = 0, time.Time{}\n", overDynamo},
}
