package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/measure/bench/result"
	"github.com/pay-theory/streamer/stack"
)

const devStack = "dev"

// stagingOf names the staging stack of a side.
func stagingOf(side string) string { return "staging, " + side }

// A profile is how large a load is.
type profile struct {
	connections int
	active      int // of them, which send
	messages    int // that each active one sends
	requests    int // that are queued, one for each of the first connections
	storm       int // handshakes at the same moment; 0: none
	parallel    int // at a time, where not all are; 0: no bound
}

var (
	devProfile     = profile{connections: 10_000, active: 1_000, messages: 5, requests: 1_000, storm: 1_000}
	stagingProfile = profile{connections: 100, active: 20, messages: 10, requests: 20, parallel: 20}
)

func (c profile) scaled(by int) profile {
	c.connections, c.active, c.requests, c.storm = c.connections/by, c.active/by, c.requests/by, c.storm/by
	return c
}

// connectRate is a little below the quota of 500 new connections a second.
const connectRate = 450

// loadLimit bounds a whole load test.
const loadLimit = 4 * time.Minute

func newLoad() *cobra.Command {
	var root string
	var quick bool
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Put the stacks under load, and print what that gives",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loads, err := measureLoads(cmd.Context(), root, quick)
			if err != nil {
				return err
			}
			text, err := json.MarshalIndent(loads, "", "\t")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), string(text))
			return err
		},
	}
	rootFlag(cmd, &root)
	quickFlag(cmd, &quick)
	return cmd
}

func measureLoads(ctx context.Context, root string, quick bool) ([]result.Load, error) {
	dev, staging := devProfile, stagingProfile
	if quick {
		dev, staging = dev.scaled(20), staging.scaled(10)
	}
	folder, err := os.MkdirTemp("", "streamer-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	var all []result.Load
	// A stack that gives way is a finding and not the end of the run.
	add := func(stack string, loads []result.Load, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			progress("load on %s: %v", stack, err)
			loads = append(loads, result.Load{Stack: stack, Name: "the test itself", Requests: 1, Errors: 1,
				Note: "did not end; what the run printed says why"})
		}
		all = append(all, loads...)
		return nil
	}
	loads, err := loadDev(ctx, root, folder, dev)
	if err := add(devStack, loads, err); err != nil {
		return nil, err
	}
	for _, s := range sides {
		if s.name == result.Floor {
			continue
		}
		loads, err := loadStaging(ctx, root, s, staging)
		if err := add(stagingOf(s.name), loads, err); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// loadStaging starts the staging stack with a side's functions and puts it under
// load.
func loadStaging(ctx context.Context, root string, s side, c profile) (loads []result.Load, err error) {
	ctx, cancel := context.WithTimeout(ctx, loadLimit)
	defer cancel()
	progress("load on staging: %s, %d connections", s.name, c.connections)
	cloudWatch := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	}))
	defer cloudWatch.Close()
	xray, err := net.ListenPacket("udp", "127.0.0.1:0") // it is never read; the system drops what is too much
	if err != nil {
		return nil, err
	}
	defer xray.Close()
	staging, err := stack.StartStaging(ctx, stack.StagingConfig{
		Source: filepath.Join(root, s.module), Template: filepath.Join(root, "deploy", "template.yaml"), Cache: cacheOf(root),
		Logger: slog.New(slog.DiscardHandler), SweepEvery: time.Hour,
		Env: []string{"AWS_ENDPOINT_URL_CLOUDWATCH=" + cloudWatch.URL, "AWS_XRAY_DAEMON_ADDRESS=" + xray.LocalAddr().String()},
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		err = errors.Join(err, staging.Close(closing))
	}()
	token, err := staging.Sign(stack.Grant{Tenant: tenant, Subject: subject, TTL: time.Hour}, nil, time.Now())
	if err != nil {
		return nil, err
	}
	l := &load{stack: stagingOf(s.name), url: staging.WebSocketURL(), token: token, profile: c}
	defer l.close()
	err = l.run(ctx)
	return l.results, err
}

// A load is a load test on one stack.
type load struct {
	stack, url, token string
	profile           profile
	memory            func() (int64, error) // of the server; nil: not of one process

	sockets []*socket
	results []result.Load
}

func (l *load) close() {
	for _, s := range l.sockets {
		s.close()
	}
}

// run connects all clients, lets the active ones talk and queues the requests.
func (l *load) run(ctx context.Context) error {
	if err := l.connect(ctx); err != nil {
		return err
	}
	c := l.profile
	pace := time.Second // between an active one's messages
	note := fmt.Sprintf("%d of %d connections send one a second", c.active, c.connections)
	if c.parallel > 0 {
		pace, note = 0, fmt.Sprintf("%d of %d connections, one after another", c.active, c.connections)
	}
	l.measure("echo", c.active, c.messages, pace, note, func(s *socket, id string) (time.Duration, error) {
		return s.do(ctx, id, "echo", `"hello"`)
	})
	l.measure("queued requests", c.requests, 1, 0, "all at once, from sending to the result",
		func(s *socket, id string) (time.Duration, error) {
			return s.do(ctx, id, "echo_async", `{"step_ms":1}`)
		})
	return ctx.Err()
}

// connect opens the connections at a rate that is let in.
func (l *load) connect(ctx context.Context) error {
	c := l.profile
	var before int64
	if l.memory != nil {
		var err error
		if before, err = l.memory(); err != nil {
			return err
		}
	}
	tick := time.NewTicker(time.Second / connectRate)
	defer tick.Stop()
	r := recorder{began: time.Now()}
	slots := make(chan struct{}, cmp.Or(c.parallel, connectRate))
	var all sync.WaitGroup
	for range c.connections {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			began := time.Now()
			s, err := dial(ctx, l.url, l.token)
			r.add(time.Since(began), err)
			if err == nil {
				r.mu.Lock()
				l.sockets = append(l.sockets, s)
				r.mu.Unlock()
			}
		})
	}
	all.Wait()
	found := r.result(l.stack, "connect", fmt.Sprintf("at most %d a second, as the quota is 500", connectRate))
	if l.memory != nil {
		after, err := l.memory()
		if err != nil {
			return err
		}
		found.Memory = (after - before) / int64(max(1, len(l.sockets)))
	}
	l.results = append(l.results, found)
	if len(l.sockets) < max(c.active, c.requests) {
		return fmt.Errorf("only %d of %d connections came to be: %v", len(l.sockets), c.connections,
			r.fault) //nolint:errorlint // there may be none
	}
	return ctx.Err()
}

// measure lets the first connections do something, each a few times.
func (l *load) measure(name string, sockets, times int, pace time.Duration, note string,
	do func(s *socket, id string) (time.Duration, error)) {
	progress("load on %s: %s", l.stack, name)
	r := recorder{began: time.Now()}
	var all sync.WaitGroup
	for n, s := range l.sockets[:sockets] {
		all.Go(func() {
			if pace > 0 { // they do not all send at the same moment
				time.Sleep(pace * time.Duration(n) / time.Duration(sockets))
			}
			for i := range times {
				began := time.Now()
				r.add(do(s, fmt.Sprintf("%s-%d-%d", strings.Fields(name)[0], n, i)))
				time.Sleep(max(0, pace-time.Since(began)))
			}
		})
	}
	all.Wait()
	l.results = append(l.results, r.result(l.stack, name, note))
}

// fanOut posts one message to every connection through the @connections API.
func (l *load) fanOut(ctx context.Context, ids <-chan string) error {
	progress("load on %s: fan-out", l.stack)
	r := recorder{}
	jobs := make(chan string, len(l.sockets))
	for range l.sockets {
		select {
		case id := <-ids:
			jobs <- id
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	close(jobs)
	root := strings.Replace(l.url, "ws://", "http://", 1) + "/@connections/"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	r.began = time.Now()
	var posting, receiving sync.WaitGroup
	for range 32 {
		posting.Go(func() {
			for id := range jobs {
				if err := post(ctx, client, root+strings.ReplaceAll(id, "=", "%3D")); err != nil {
					r.fail(err)
				}
			}
		})
	}
	waiting, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, s := range l.sockets {
		receiving.Go(func() {
			select {
			case at := <-s.noticed:
				r.add(at.Sub(r.began), nil)
			case <-waiting.Done():
				r.add(0, errors.New("a connection got no notice"))
			}
		})
	}
	posting.Wait()
	receiving.Wait()
	l.results = append(l.results, r.result(l.stack, "fan-out", "one message to each connection; latency from the first call"))
	return ctx.Err()
}

// post sends the notice, again when there were too many at once.
func post(ctx context.Context, client *http.Client, url string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(notice)))
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return err
		}
		switch res.StatusCode {
		case http.StatusOK:
			return nil
		case http.StatusTooManyRequests:
			time.Sleep(10 * time.Millisecond)
		default:
			return errors.New(res.Status)
		}
	}
}

// stormOf makes many handshakes at the same moment, beside the connections that
// there are.
func (l *load) stormOf(ctx context.Context) error {
	progress("load on %s: storm", l.stack)
	r := recorder{began: time.Now()}
	refused, before := 0, len(l.sockets)
	var all sync.WaitGroup
	for range l.profile.storm {
		all.Go(func() {
			began := time.Now()
			s, err := dial(ctx, l.url, l.token)
			if errors.Is(err, errRefused) { // which is right
				r.mu.Lock()
				refused++
				r.mu.Unlock()
				err = nil
			}
			r.add(time.Since(began), err)
			if s != nil {
				r.mu.Lock()
				l.sockets = append(l.sockets, s)
				r.mu.Unlock()
			}
		})
	}
	all.Wait()
	l.results = append(l.results, r.result(l.stack, "connect storm",
		fmt.Sprintf("all at the same moment; %d let in, %d refused with 429, as the quota wants", len(l.sockets)-before, refused)))
	return ctx.Err()
}
