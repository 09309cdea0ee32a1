package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// A riverEngine is a program with River inside: it inserts jobs and works them.
type riverEngine struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	stop   func()

	mu      sync.Mutex
	waiting map[int64]chan rivertype.JobRow // those that Run waits for
	ended   map[int64]rivertype.JobRow      // those that ended before Run did
}

// riverArgs are a job's.
type riverArgs struct {
	ID string `json:"id" river:"unique"`
}

// Kind implements [river.JobArgs].
func (riverArgs) Kind() string { return "five" }

type riverWorker struct {
	river.WorkerDefaults[riverArgs]
	pool *pgxpool.Pool
}

// Work implements [river.Worker]. Each step is recorded when it ends, as
// ResumableSetStepTx does it; without that they are recorded when the attempt ends.
func (w riverWorker) Work(ctx context.Context, job *river.Job[riverArgs]) error {
	for n := range jobSteps {
		river.ResumableStep(ctx, stepName(n), nil, func(ctx context.Context) error {
			if _, err := step(job.Args.ID, n); err != nil {
				return err
			}
			tx, err := w.pool.Begin(ctx)
			if err != nil {
				return err
			}
			defer func() { _ = tx.Rollback(ctx) }() // it is committed
			if _, err := river.ResumableSetStepTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
				return err
			}
			return tx.Commit(ctx)
		})
	}
	return river.RecordOutput(ctx, jobSteps)
}

func newRiver(ctx context.Context, url string) (engine, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	driver := riverpgxv5.New(pool)
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: logger})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, riverWorker{pool: pool})
	c, err := river.NewClient(driver, &river.Config{Logger: logger, Workers: workers,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 100}}})
	if err != nil {
		return nil, err
	}
	e := &riverEngine{pool: pool, client: c, waiting: map[int64]chan rivertype.JobRow{}, ended: map[int64]rivertype.JobRow{}}
	events, unsubscribe := c.SubscribeConfig(&river.SubscribeConfig{ChanSize: 10_000,
		Kinds: []river.EventKind{river.EventKindJobCompleted, river.EventKindJobFailed}})
	e.stop = unsubscribe
	go e.listen(events)
	return e, c.Start(ctx)
}

func (e *riverEngine) listen(events <-chan *river.Event) {
	for event := range events {
		e.mu.Lock()
		if waits := e.waiting[event.Job.ID]; waits != nil {
			waits <- *event.Job
		} else {
			e.ended[event.Job.ID] = *event.Job
		}
		e.mu.Unlock()
	}
}

// Run implements [engine].
func (e *riverEngine) Run(ctx context.Context, id string) (int, error) {
	inserted, err := e.client.Insert(ctx, riverArgs{ID: id}, nil)
	if err != nil {
		return 0, err
	}
	key := inserted.Job.ID
	end := make(chan rivertype.JobRow, 1)
	e.mu.Lock()
	if row, over := e.ended[key]; over {
		end <- row
	}
	e.waiting[key] = end
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		delete(e.waiting, key)
		delete(e.ended, key)
		e.mu.Unlock()
	}()
	select {
	case row := <-end:
		return outputOf(&row)
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

func outputOf(row *rivertype.JobRow) (n int, err error) {
	if row.State != rivertype.JobStateCompleted {
		return 0, fmt.Errorf("the job is %s", row.State)
	}
	err = json.Unmarshal(row.Output(), &n)
	return n, err
}

// Await implements [engine]. It looks at the job's row until that has ended.
func (e *riverEngine) Await(ctx context.Context, id string) (int, error) {
	params := river.NewJobListParams().Kinds("five").First(1).
		OrderBy(river.JobListOrderByID, river.SortOrderDesc)
	for {
		page, err := e.client.JobList(ctx, params)
		if err != nil {
			return 0, err
		}
		if len(page.Jobs) == 0 {
			return 0, fmt.Errorf("there is no job %s", id)
		}
		if page.Jobs[0].State == rivertype.JobStateCompleted {
			return outputOf(page.Jobs[0])
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return 0, fmt.Errorf("the job is %s still", page.Jobs[0].State)
		}
	}
}

// Close implements [engine].
func (e *riverEngine) Close() {
	_ = e.client.StopAndCancel(context.Background()) // the process ends
	e.stop()
	e.pool.Close()
}
