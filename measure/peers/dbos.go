package main

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite" // its embedded database
)

// A dbosEngine is a program with DBOS inside: it starts workflows and runs them.
type dbosEngine struct{ ctx dbos.Context }

// dbosDatabase is where DBOS keeps its tables.
type dbosDatabase struct {
	url  string // of PostgreSQL, or of a file as its documents write it
	full string // file to open with synchronous FULL; "": as url says
}

func newDBOS(ctx context.Context, database dbosDatabase) (engine, error) {
	config := dbos.Config{AppName: "peers", DatabaseURL: database.url, ApplicationVersion: "1",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if database.full != "" {
		file, err := sql.Open("sqlite", "file:"+filepath.ToSlash(database.full)+"?_txlock=immediate&_pragma=busy_timeout(5000)"+
			"&_pragma=foreign_keys(ON)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
		if err != nil {
			return nil, err
		}
		file.SetMaxOpenConns(8) // as DBOS itself opens a file
		file.SetMaxIdleConns(4)
		config.DatabaseURL, config.SQLiteSystemDB = "", file
	}
	d, err := dbos.NewContext(ctx, config)
	if err != nil {
		return nil, err
	}
	dbos.RegisterWorkflow(d, fiveOnDBOS)
	if err := dbos.Launch(d); err != nil {
		return nil, err
	}
	return dbosEngine{d}, nil
}

func fiveOnDBOS(ctx dbos.Context, id string) (int, error) {
	for n := range jobSteps {
		do := func(context.Context) (int, error) { return step(id, n) }
		if _, err := dbos.RunAsStep(ctx, do, dbos.WithStepName(stepName(n))); err != nil {
			return 0, err
		}
	}
	return jobSteps, nil
}

// Run implements [engine].
func (e dbosEngine) Run(_ context.Context, id string) (int, error) {
	handle, err := dbos.RunWorkflow(e.ctx, fiveOnDBOS, id, dbos.WithWorkflowID(id))
	if err != nil {
		return 0, err
	}
	return handle.GetResult()
}

// Await implements [engine].
func (e dbosEngine) Await(_ context.Context, id string) (int, error) {
	handle, err := dbos.RetrieveWorkflow[int](e.ctx, id)
	if err != nil {
		return 0, err
	}
	return handle.GetResult()
}

// Close implements [engine].
func (e dbosEngine) Close() { _ = dbos.Shutdown(e.ctx, time.Second) } // the process ends
