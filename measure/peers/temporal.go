package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const temporalQueue = "five"

// A temporalEngine is a program with a worker and a client of a Temporal server.
type temporalEngine struct {
	client   client.Client
	worker   worker.Worker
	workflow any
}

func newTemporal(address, namespace string, local bool) (engine, error) {
	logger := log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	c, err := client.Dial(client.Options{HostPort: address, Namespace: namespace, Logger: logger})
	if err != nil {
		return nil, err
	}
	w := worker.New(c, temporalQueue, worker.Options{})
	w.RegisterWorkflow(fiveActivities)
	w.RegisterWorkflow(fiveLocalActivities)
	w.RegisterActivity(stepActivity)
	if err := w.Start(); err != nil {
		return nil, err
	}
	e := &temporalEngine{client: c, worker: w, workflow: fiveActivities}
	if local {
		e.workflow = fiveLocalActivities
	}
	return e, nil
}

func stepActivity(_ context.Context, id string, n int) (int, error) { return step(id, n) }

// activityTime is how long an activity may take, which there is no default for.
const activityTime = 5 * time.Second

func fiveActivities(ctx workflow.Context, id string) (int, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: activityTime})
	for n := range jobSteps {
		if err := workflow.ExecuteActivity(ctx, stepActivity, id, n).Get(ctx, nil); err != nil {
			return 0, err
		}
	}
	return jobSteps, nil
}

func fiveLocalActivities(ctx workflow.Context, id string) (int, error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: activityTime})
	for n := range jobSteps {
		if err := workflow.ExecuteLocalActivity(ctx, stepActivity, id, n).Get(ctx, nil); err != nil {
			return 0, err
		}
	}
	return jobSteps, nil
}

// Run implements [engine].
func (e *temporalEngine) Run(ctx context.Context, id string) (n int, err error) {
	run, err := e.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: temporalQueue}, e.workflow, id)
	if err != nil {
		return 0, err
	}
	err = run.Get(ctx, &n)
	return n, err
}

// Await implements [engine].
func (e *temporalEngine) Await(ctx context.Context, id string) (n int, err error) {
	err = e.client.GetWorkflow(ctx, id, "").Get(ctx, &n)
	return n, err
}

// Close implements [engine].
func (e *temporalEngine) Close() {
	e.worker.Stop()
	e.client.Close()
}
