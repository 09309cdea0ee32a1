package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const callHelp = `Asks for an action, shows its progress and prints its result. The payload is JSON:
an argument, @FILE, or - for standard input.

The first Ctrl-C prints how to follow the request later, the second leaves: the
request keeps running. With --cancel-on-interrupt the first Ctrl-C cancels it.
A request with an --id that exists is that request: calling again is safe.

With --at or --in a long action starts later, at most 365 days ahead, and call waits
for that too, unless --no-wait is set. A request that is called again under its --id must
have the same --at.`

const callExample = `  streamer call echo '{"hello":"world"}'
  streamer call profile_csv '{"file":"sales.csv"}'
  streamer call profile_csv @payload.json --no-wait
  streamer call profile_csv @payload.json --in 8h --no-wait
  streamer call profile_csv @payload.json --at 2026-12-24T18:00:00Z --id eve`

func newCall(env *environment) *cobra.Command {
	var flags clientFlags
	var id, startAt string
	var startIn time.Duration
	var noWait, cancelOnInterrupt bool
	var metadata []string
	cmd := &cobra.Command{
		Use:     "call ACTION [PAYLOAD]",
		Short:   "Ask for an action and wait for its result",
		Long:    callHelp,
		Example: callExample,
		Args:    takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			message := client.Request{Action: args[0], ID: id}
			var err error
			if message.Metadata, err = readPairs("metadata", metadata); err != nil {
				return &exitError{exitUsage, err}
			}
			if len(args) == 2 {
				payload, err := readPayload(env, args[1])
				if err != nil {
					return &exitError{exitUsage, err}
				}
				message.Payload = payload
			}
			if message.ID == "" {
				message.ID = request.NewID() // it is printed when the answer is lost
			}
			message.NotBefore, err = readStart(startAt, startIn, time.Now())
			if err != nil {
				return &exitError{exitUsage, err}
			}
			f := following{id: message.ID, notBefore: message.NotBefore, noWait: noWait, onInterrupt: tell,
				begin: func(ctx context.Context, c *client.Client) (*client.Handle, error) { return c.Start(ctx, message) }}
			if cancelOnInterrupt {
				f.onInterrupt = cancel
			}
			return f.run(cmd.Context(), env, &flags)
		},
	}
	flags.registerHTTP(env, cmd)
	cmd.ValidArgsFunction = flags.completeAction(env)
	idFlag(cmd.Flags(), &id, "id", "the request's id, its idempotency key (default: a new one)")
	cmd.Flags().BoolVar(&noWait, "no-wait", false,
		"print the id as soon as the request is stored, and leave; a short action prints its result")
	cmd.Flags().BoolVar(&cancelOnInterrupt, "cancel-on-interrupt", false, "cancel the request at the first Ctrl-C")
	cmd.Flags().StringVar(&startAt, "at", "", "when to start: RFC 3339, or 2026-12-24 18:00 in this machine's time zone")
	cmd.Flags().DurationVar(&startIn, "in", 0, "start after this time, such as 90s or 8h")
	cmd.MarkFlagsMutuallyExclusive("at", "in")
	cmd.Flags().StringArrayVar(&metadata, "metadata", nil, "name=value that travels with the request; repeat for more")
	return cmd
}

// readStart is when a request is to start; zero for at once.
func readStart(at string, in time.Duration, now time.Time) (time.Time, error) {
	switch {
	case in < 0:
		return time.Time{}, fmt.Errorf("--in %v is not a time ahead: leave it out to start at once", in)
	case in > 0:
		return now.Add(in), nil
	case at == "":
		return time.Time{}, nil
	}
	if t, ok := parseTime(at); ok {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("--at %q is not a time: write RFC 3339, such as 2026-12-24T18:00:00Z, or 2026-12-24 18:00 in this "+
		"machine's time zone", at)
}

func readPayload(env *environment, arg string) (json.RawMessage, error) {
	var data []byte
	var err error
	switch {
	case arg == "-":
		data, err = io.ReadAll(env.stdin)
	case strings.HasPrefix(arg, "@"):
		data, err = os.ReadFile(arg[1:])
	default:
		data = []byte(arg)
	}
	if err != nil {
		return nil, fmt.Errorf("read payload: %w", err)
	}
	given := data
	data = bytes.TrimSpace(bytes.TrimPrefix(data, byteOrderMark))
	if json.Valid(data) {
		return data, nil
	}
	from := "the payload"
	switch {
	case arg == "-":
		from = "the payload from standard input"
	case strings.HasPrefix(arg, "@"):
		from = "the payload file " + printable(arg[1:])
	}
	switch {
	case len(data) == 0:
		return nil, fmt.Errorf("%s is not valid JSON: it is empty; write a value, such as {} or null", from)
	case bytes.HasPrefix(given, []byte("\xff\xfe")) || bytes.HasPrefix(given, []byte("\xfe\xff")) || bytes.IndexByte(given, 0) >= 0:
		return nil, fmt.Errorf("%s is not valid JSON: it is UTF-16: save it as UTF-8", from)
	case strings.HasPrefix(wire.CheckJSON(data), "is nested"):
		return nil, fmt.Errorf("%s %s", from, wire.CheckJSON(data))
	case from != "the payload":
		return nil, fmt.Errorf("%s is not valid JSON: %w; it begins with %s", from, json.Unmarshal(data, new(any)), excerpt(data))
	}
	return nil, fmt.Errorf("the payload %s is not valid JSON: quote it for the shell, as in '{\"hello\":\"world\"}'", excerpt(data))
}

// byteOrderMark is what some editors put before UTF-8.
var byteOrderMark = []byte("\ufeff")

// An interruption is what the first Ctrl-C does while a request runs.
type interruption int

const (
	leave  interruption = iota // it leaves, and prints how to follow the request again
	tell                       // it prints that, and the second one leaves
	cancel                     // it cancels the request, and the second one leaves
)

// A following begins a call and sees it to its end: progress on stderr, the result
// on stdout.
type following struct {
	id          string
	begin       func(context.Context, *client.Client) (*client.Handle, error)
	notBefore   time.Time // when the request starts; zero: at once
	noWait      bool
	onInterrupt interruption
}

func (f *following) run(ctx context.Context, env *environment, flags *clientFlags) error {
	c, err := flags.open(ctx, env)
	if err != nil {
		return err
	}
	defer c.Close()
	defer env.interrupt(nil)
	if f.onInterrupt == cancel {
		env.interrupt(func() { f.cancel(ctx, env, c) })
	}
	call, err := f.begin(ctx, c)
	if err != nil {
		if ctx.Err() != nil {
			env.sayf("the server may have the request; look with: %s get %s\n", program(), f.id+flags.where())
		}
		return flags.explain(env, err)
	}
	if now := time.Now(); f.notBefore.After(now) {
		env.sayf("it starts %s; look with: %s why %s\n", until(&f.notBefore, now), program(), call.ID()+flags.where())
	}
	if f.noWait && call.Stored() { // else its result is here already, and nowhere else
		return env.print("%s\n", call.ID())
	}
	var once sync.Once
	goesOn := func() {
		once.Do(func() {
			env.sayf("the request keeps running; follow it again with: %s watch %s\n", program(), call.ID()+flags.where())
		})
	}
	if f.onInterrupt == tell {
		env.interrupt(func() {
			env.interrupt(nil)
			env.sayf("\n")
			goesOn()
			env.sayf("press Ctrl-C again to leave\n")
		})
	}

	bar := newBar(env)
	result, err := call.Wait(bar.show)
	bar.done(err == nil)
	switch {
	case err == nil:
		return printJSON(env, result)
	case !isAnswer(err):
		goesOn()
	case isInternal(err):
		if s, err := c.Why(ctx, call.ID()); err == nil { // else it was a short action
			flags.sayCause(env, s)
		}
	}
	return flags.explain(env, err)
}

// cancel cancels the request, whose end the call then has.
func (f *following) cancel(ctx context.Context, env *environment, c *client.Client) {
	env.interrupt(nil)
	env.sayf("\ncancelling the request; press Ctrl-C again to leave at once\n")
	go func() {
		if _, err := c.Cancel(ctx, f.id); err != nil && ctx.Err() == nil {
			env.sayf("the cancel failed: %v\n", err)
		}
	}()
}

// isAnswer reports whether an error is the outcome of the request, not of the connection.
func isAnswer(err error) bool {
	var answer *client.Error
	return errors.As(err, &answer) && answer.Code != wire.Unauthorized
}
