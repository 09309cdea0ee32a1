package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// check checks the flags of a filter, before anything is asked.
func (c *changeCommand) check() error {
	if err := c.period.into(&c.query, time.Now()); err != nil {
		return &exitError{exitUsage, err}
	}
	if c.state == "" {
		return nil
	}
	state := strings.ToUpper(c.state)
	if !slices.Contains(c.states, state) {
		return &exitError{exitUsage, fmt.Errorf("--state %s is not one whose requests can be %s: set %s", c.state, c.past,
			listed(c.states, "or"))}
	}
	c.states = []string{state}
	return nil
}

// found changes the requests that the filter finds, after a question.
func (c *changeCommand) found(ctx context.Context, api *client.Client) error {
	all, err := c.find(ctx, api)
	switch {
	case err != nil:
		return err
	case len(all) == 0:
		c.env.sayf("no requests\n")
		return &exitError{exitUnchanged, nil}
	case c.dryRun:
		return c.list(all)
	}
	if err := c.flags.ask(ctx, c.env, c.sure, fmt.Sprintf("%s %s of %s", c.verb, count(len(all), "request"), c.flags.whose())); err != nil {
		return err
	}
	if c.out.name == "" {
		c.out.name = formatText
	}
	return c.changeAll(ctx, api, all)
}

// errEnough ends a list of as many as --limit says.
var errEnough = errors.New("there are enough")

// find lists what the filter says, the newest first.
func (c *changeCommand) find(ctx context.Context, api *client.Client) ([]wire.Snapshot, error) {
	var all []wire.Snapshot
	for _, state := range c.states {
		query := c.query
		query.State, query.Limit = state, pageSize
		err := eachPage(ctx, api, query, func(page wire.List) error {
			before := len(all)
			found, err := c.failed.keep(ctx, api, page.Requests)
			if err != nil {
				return err
			}
			for _, r := range found {
				if r.Cancelling {
					continue
				}
				all = append(all, r)
				if c.most > 0 && len(all) == c.most {
					return errEnough
				}
			}
			if before/1000 < len(all)/1000 {
				c.env.sayf("%d found so far\n", len(all))
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// list prints what would be changed.
func (c *changeCommand) list(all []wire.Snapshot) error {
	out := c.out
	if out.name == "" || out.name == formatText {
		out.name = formatTable
	}
	page := wire.List{Requests: all}
	if err := requestTable(all, time.Now()).print(c.env, out, page, all); err != nil {
		return err
	}
	c.env.sayf("%s would be %s\n", count(len(all), "request"), c.past)
	return nil
}

// count is a number of things, of which there is more than one but for 1.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// ask asks the person at the terminal whether to do what a text says, unless that is sure.
// Where there is no terminal, --yes must be set.
func (f *clientFlags) ask(ctx context.Context, env *environment, sure bool, text string) error {
	if sure {
		return nil
	}
	where, err := f.target(env)
	if err != nil {
		return err
	}
	text += " at " + where.url
	if !env.terminal(env.stdin) {
		return &exitError{exitUsage, fmt.Errorf("there is no terminal to ask at whether to %s: set --yes to do it, or "+
			"--dry-run to list them", text)}
	}
	env.sayf("%s%s? [y/N] ", strings.ToUpper(text[:1]), text[1:])
	answered := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(env.stdin).ReadString('\n')
		if err != nil {
			line = "" // as if nothing was typed
		}
		answered <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case answer := <-answered:
		if answer == "y" || answer == "yes" {
			return nil
		}
		env.sayf("nothing was done\n")
		return &exitError{exitUnchanged, nil}
	case <-ctx.Done():
		env.sayf("\nnothing was done\n")
		return context.Cause(ctx)
	}
}

// whose says of which subject the requests are.
func (f *clientFlags) whose() string {
	switch f.subject {
	case "":
		return "your own"
	case wire.AllSubjects:
		return "all subjects"
	}
	return f.subject
}

// changesAtOnce is how many requests are changed at a time.
const changesAtOnce = 8

// changeAll changes requests, some at a time. The first Ctrl-C stops behind those that are
// under way, the second leaves at once.
func (c *changeCommand) changeAll(ctx context.Context, api *client.Client, all []wire.Snapshot) error {
	stopping, stop := context.WithCancel(ctx)
	defer stop()
	c.env.interrupt(func() {
		c.env.interrupt(nil)
		stop()
		c.env.sayf("\nstopping behind the requests that are under way; press Ctrl-C again to leave at once\n")
	})
	defer c.env.interrupt(nil)
	type result struct {
		of, s wire.Snapshot
		err   error
	}
	next, results := make(chan wire.Snapshot), make(chan result)
	go func() {
		defer close(next)
		for _, r := range all {
			if stopping.Err() != nil { // a select alone might as well go on
				return
			}
			select {
			case next <- r:
			case <-stopping.Done():
				return
			}
		}
	}()
	var workers sync.WaitGroup
	for range changesAtOnce {
		workers.Go(func() {
			for r := range next {
				done := result{of: r}
				done.err = again(ctx, func() (err error) {
					on := api
					if r.Subject != "" {
						on = api.OnBehalfOf(r.Subject)
					}
					done.s, err = c.change(ctx, on, r.ID)
					return err
				})
				results <- done
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()

	var done outcomes
	var unwritten error
	progress := c.progress(len(all))
	for r := range results {
		if r.err != nil && ctx.Err() != nil {
			continue // left at once: it may be done or not
		}
		if err := c.report(&done, r.of, r.s, r.err); err != nil && unwritten == nil {
			unwritten = err
			stop()
		}
		progress(done)
	}
	progress(outcomes{})
	summary := done.summary(c.past)
	if rest := len(all) - done.changed - done.unchanged - done.failed; rest > 0 {
		c.env.sayf("%s; %s left\n", summary, count(rest, "request"))
		if unwritten != nil {
			return unwritten
		}
		return &exitError{exitInterrupt, nil}
	}
	c.env.sayf("%s\n", summary)
	return done.exit()
}

// progress returns what shows on a terminal how many of the requests are done, unless the
// lines on stdout are there to see; without outcomes it ends.
func (c *changeCommand) progress(total int) func(outcomes) {
	if !c.env.terminal(c.env.stderr) || c.env.terminal(c.env.stdout) {
		return func(outcomes) {}
	}
	b := newBar(c.env)
	return func(o outcomes) {
		n := o.changed + o.unchanged + o.failed
		if n == 0 {
			b.done(true)
			return
		}
		b.show(client.Progress{Percentage: 100 * float64(n) / float64(total), Message: fmt.Sprintf("%d of %d", n, total)})
	}
}

// againMost is how often a call is made that the server asks to make again.
const againMost = 5

// again makes a call once more after what helps to wait for, as long as the server says.
func again(ctx context.Context, call func() error) error {
	for try := 1; ; try++ {
		err := call()
		if err == nil || try == againMost || !transient(err) {
			return err
		}
		wait := time.Duration(try) * 250 * time.Millisecond
		var answer *client.Error
		if errors.As(err, &answer) {
			wait = max(wait, answer.RetryAfter)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}
