package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/pay-theory/streamer/measure/bench/function"
	"github.com/pay-theory/streamer/measure/bench/result"
	"github.com/pay-theory/streamer/stack"
)

// loadDev starts the stack in one process, as users do, and puts it under load.
func loadDev(ctx context.Context, root, folder string, c profile) ([]result.Load, error) {
	ctx, cancel := context.WithTimeout(ctx, loadLimit)
	defer cancel()
	progress("load on dev: %d connections", c.connections)
	binary, data := filepath.Join(folder, "streamer"), filepath.Join(folder, "data")
	if _, err := output(goCommand(ctx, root, "build", "-o", binary, "./cmd/streamer")); err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "dev", "--data", data, "--listen", "127.0.0.1:0", "--log", "json")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ids := make(chan string, 2*c.connections+c.storm)
	urls := make(chan string, 1)
	var reader sync.WaitGroup
	reader.Go(func() { readLog(stderr, urls, ids) })
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		reader.Wait()
		_ = cmd.Wait() // its status says nothing of the load
	}()
	var url string
	select {
	case url = <-urls:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if url == "" {
		return nil, errors.New("streamer dev does not start")
	}
	key, err := stack.OpenKey(data)
	if err != nil {
		return nil, err
	}
	token, err := key.Sign(stack.Grant{Tenant: tenant, Subject: subject, TTL: time.Hour}, time.Now())
	if err != nil {
		return nil, err
	}
	l := &load{stack: devStack, url: url, token: token, profile: c, memory: func() (int64, error) {
		usage, err := function.UsageOf(cmd.Process.Pid)
		return usage.Resident, err
	}}
	defer l.close()
	for _, step := range []func(context.Context) error{l.run, func(ctx context.Context) error { return l.fanOut(ctx, ids) }, l.stormOf} {
		if err := step(ctx); err != nil {
			return l.results, err
		}
	}
	return l.results, nil
}

var webSocketURL = regexp.MustCompile(`ws://\S+`)

// readLog reads what the stack prints: the URL, which is empty when it has ended,
// and the ids of connections that are let in.
func readLog(text io.Reader, urls, ids chan<- string) {
	defer close(urls)
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		if url := webSocketURL.FindString(lines.Text()); url != "" {
			select {
			case urls <- url:
			default: // it is known
			}
		}
		var line struct {
			Trigger      string `json:"trigger"`
			ConnectionID string `json:"connection_id"`
			Status       int    `json:"status"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Trigger == "websocket_connect" && line.Status == http.StatusOK {
			select {
			case ids <- line.ConnectionID:
			default: // more than are asked for
			}
		}
	}
	_, _ = io.Copy(io.Discard, text) // a line was too long
}
