package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A contender is a row of the tables.
type contender struct {
	name     string
	series   int  // jobs one after another, in each round
	burst    int  // jobs at once, in each round
	postgres bool // it needs a database
	temporal bool // it needs the program of Temporal's server
	start    func(ctx context.Context, place place) (*running, error)
}

// A place is where a contender runs.
type place struct {
	folder   string // its own
	url      string // of a database, where it asks for one
	temporal string // the program of Temporal's server
}

// A running is a contender's processes. The first one has the engine.
type running struct {
	engine   *process
	services []*process // those that it needs beside it

	// again starts what kill -9 has ended, in the same place.
	again func(ctx context.Context) (*running, error)
	// survives says that the process with the engine is a mere client, and is not killed.
	survives bool
}

func (r *running) stop() {
	if r.engine != nil {
		r.engine.stop()
	}
	for _, p := range r.services {
		p.stop()
	}
}

// contenders are the rows, in the order of the tables.
var contenders = []contender{
	{name: "`streamer dev`, SQLite", series: 300, burst: 1000, start: startStreamer},
	{name: "Temporal, file, local activities", series: 30, burst: 300, temporal: true, start: temporalOn("temporal.db", true)},
	{name: "Temporal, file, activities", series: 10, burst: 100, temporal: true, start: temporalOn("temporal.db", false)},
	{name: "Temporal, memory, local activities", series: 30, burst: 300, temporal: true, start: temporalOn("", true)},
	{name: "Temporal, memory, activities", series: 10, burst: 100, temporal: true, start: temporalOn("", false)},
	{name: "DBOS, SQLite", series: 300, burst: 1000, start: dbosOn(func(p place) dbosDatabase {
		return dbosDatabase{url: "sqlite:" + filepath.Join(p.folder, "dbos.db")}
	})},
	{name: "DBOS, SQLite, synchronous FULL", series: 300, burst: 1000, start: dbosOn(func(p place) dbosDatabase {
		return dbosDatabase{full: filepath.Join(p.folder, "dbos.db")}
	})},
	{name: "DBOS, PostgreSQL", series: 200, burst: 1000, postgres: true, start: dbosOn(func(p place) dbosDatabase {
		return dbosDatabase{url: p.url}
	})},
	{name: "River, PostgreSQL", series: 20, burst: 1000, postgres: true, start: startRiver},
}

// up starts a process with an engine and waits until it is ready.
func up(ctx context.Context, folder, name string, args ...string) (*process, error) {
	p, err := child(folder, name, args...)
	if err != nil {
		return nil, err
	}
	if _, err := p.ask(ctx, order{}); err != nil {
		p.kill()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// startStreamer starts a project's `streamer dev`, as its user does, and a client.
func startStreamer(ctx context.Context, at place) (*running, error) {
	data, address := filepath.Join(at.folder, "data"), fmt.Sprintf("127.0.0.1:%d", freePort())
	server, err := streamerDev(at.folder, data, address)
	if err != nil {
		return nil, err
	}
	r := &running{services: []*process{server}, survives: true}
	if r.engine, err = up(ctx, at.folder, "client", "streamer", "ws://"+address+"/dev", data); err != nil {
		r.stop()
		return nil, err
	}
	r.again = func(context.Context) (*running, error) {
		server, err := streamerDev(at.folder, data, address)
		return &running{engine: r.engine, services: []*process{server}}, err
	}
	return r, nil
}

// streamerDev starts the server and waits until it listens.
func streamerDev(folder, data, address string, more ...string) (*process, error) {
	server, err := child(folder, "streamer", append([]string{"streamer-dev", "--data", data, "--listen", address}, more...)...)
	if err != nil {
		return nil, err
	}
	return server, server.listens(address)
}

func temporalOn(file string, local bool) func(context.Context, place) (*running, error) {
	return func(ctx context.Context, at place) (*running, error) {
		path, address := file, fmt.Sprintf("127.0.0.1:%d", freePort())
		if file != "" {
			path = filepath.Join(at.folder, file)
		}
		var begin func(ctx context.Context) (*running, error)
		begin = func(ctx context.Context) (*running, error) {
			server, err := start(at.folder, "temporal", exec.Command(at.temporal, "-file", path, "-address", address))
			if err != nil {
				return nil, err
			}
			r := &running{services: []*process{server}, again: begin}
			where, err := server.line()
			if err != nil {
				r.stop()
				return nil, err
			}
			listens, namespace, _ := strings.Cut(where, " ")
			if r.engine, err = up(ctx, at.folder, "worker", "temporal", listens, namespace, strconv.FormatBool(local)); err != nil {
				r.stop()
				return nil, err
			}
			return r, nil
		}
		return begin(ctx)
	}
}

func dbosOn(database func(place) dbosDatabase) func(context.Context, place) (*running, error) {
	return func(ctx context.Context, at place) (*running, error) {
		d := database(at)
		return alone(ctx, at, "dbos", d.url, d.full)
	}
}

func startRiver(ctx context.Context, at place) (*running, error) {
	return alone(ctx, at, "river", at.url)
}

// alone starts a contender that is one process.
func alone(ctx context.Context, at place, args ...string) (*running, error) {
	p, err := up(ctx, at.folder, args[0], args...)
	if err != nil {
		return nil, err
	}
	return &running{engine: p, again: func(ctx context.Context) (*running, error) { return alone(ctx, at, args...) }}, nil
}

// runChild is this program as one of a peer's processes.
func runChild(ctx context.Context, args []string) error {
	var e engine
	var err error
	switch name, args := args[0], args[1:]; name {
	case "streamer-dev":
		os.Args = append(os.Args[:1], args...)
		streamerServer() // which does not return
	case "streamer":
		e, err = newStreamerClient(ctx, args[0], args[1])
	case "temporal":
		e, err = newTemporal(args[0], args[1], args[2] == "true")
	case "dbos":
		e, err = newDBOS(ctx, dbosDatabase{url: args[0], full: args[1]})
	case "river":
		e, err = newRiver(ctx, args[0])
	default:
		err = fmt.Errorf("there is no peer %q", name)
	}
	if err != nil {
		return err
	}
	return obey(ctx, e)
}
