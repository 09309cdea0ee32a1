package cli

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
	"github.com/pay-theory/streamer/wire"
)

const verifyHelp = `Checks a stage from the outside, as a client sees it: handshake, errors, short
and long requests, resuming, cancelling, isolation, limits. The exit code is 0 when
every check passed or was skipped, 1 when one failed, and 3 when there is no
connection.

A check that needs an example action is skipped where the stage does not have it.
--call checks an action of your own, short or long, and prints its progress and
its result; --expect says what the result must contain: of an object the fields
given, of an array every element.

--only and --skip take a group, a check's name or group/name, with * for any
characters; --list shows them. On a stack of this machine verify signs its own
tokens, invalid ones too. Elsewhere the checks that need more than --token,
--other-token, --operator-token and --sign-key are skipped. streamer staging --once
sets the variables for three of them.`

const verifyExample = `  streamer verify
  streamer verify --skip operators --skip '*413'
  streamer verify --only call --call price --payload '{"sku":"A1"}' --expect '{"currency":"EUR"}'
  streamer verify --url wss://abc.execute-api.eu-west-1.amazonaws.com/prod \
      --http-url https://def.execute-api.eu-west-1.amazonaws.com --token "$TOKEN"`

// verifyFlags are those of verify beside a client's.
type verifyFlags struct {
	other, operator, signKey string
	only, skip               []string
	call, payload, expect    string
	timeout                  time.Duration
	list, json               bool
}

func newVerify(env *environment) *cobra.Command {
	var flags clientFlags
	var own verifyFlags
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "Check a stage from the outside",
		Long:    verifyHelp,
		Example: verifyExample,
		Args:    takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			checks, err := own.checks(env)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			if own.list {
				return own.print(env, checks)
			}
			c, err := flags.open(cmd.Context(), env) // without a connection every check would fail
			if err != nil {
				return err
			}
			c.Close()
			target, err := verifyTarget(cmd.Context(), env, flags, firstOf(own.other, env.getenv("STREAMER_OTHER_TOKEN")),
				firstOf(own.signKey, env.getenv("STREAMER_SIGN_KEY")))
			if err != nil {
				return err
			}
			target.OperatorToken = own.operator
			target.Timeout = own.timeout
			return runVerify(cmd.Context(), env, target, checks, own.json)
		},
	}
	flags.register(env, cmd)
	own.register(cmd)
	return cmd
}

func (f *verifyFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.other, "other-token", "", "token of another tenant, for the checks of isolation (default $STREAMER_OTHER_TOKEN)")
	flags.StringVar(&f.operator, "operator-token", "",
		"token of the same tenant with the scope streamer:operator (default: one made with the key, if there is one)")
	flags.StringVar(&f.signKey, "sign-key", "", "PEM file with the Ed25519 key that signs the stage's tokens, for the checks of "+
		"invalid tokens (default $STREAMER_SIGN_KEY)")
	flags.StringArrayVar(&f.only, "only", nil, "run only the checks that match; repeat for more")
	flags.StringArrayVar(&f.skip, "skip", nil, "leave out the checks that match; repeat for more")
	flags.StringVar(&f.call, "call", "", "an action of your own to check too")
	flags.StringVar(&f.payload, "payload", "", "payload of --call: JSON, @FILE, or - for standard input")
	flags.StringVar(&f.expect, "expect", "", "what the result of --call must contain: JSON or @FILE")
	spanFlag(flags, &f.timeout, "timeout", verify.DefaultTimeout, "how long each check may take")
	flags.BoolVar(&f.list, "list", false, "print the checks that would run, and run none")
	flags.BoolVar(&f.json, "json", false, "print one JSON object a check")
}

// checks returns what the flags select.
func (f *verifyFlags) checks(env *environment) ([]verify.Check, error) {
	checks := verify.Checks()
	switch {
	case f.timeout <= 0:
		return nil, fmt.Errorf("--timeout %v is not a time that a check could take: give one such as 10s", f.timeout)
	case f.call == "" && f.payload+f.expect != "":
		return nil, errors.New("--payload and --expect are for --call: name the action with it")
	case f.call != "":
		call := verify.Call{Action: f.call, Observe: env.observe(f.call)}
		for _, part := range []struct {
			flag, given string
			into        *json.RawMessage
		}{{"--payload", f.payload, &call.Payload}, {"--expect", f.expect, &call.Expect}} {
			if part.given == "" {
				continue
			}
			var err error
			if *part.into, err = readPayload(env, part.given); err != nil {
				return nil, fmt.Errorf("%s: %w", part.flag, err)
			}
		}
		checks = append(checks, call.Check())
	}
	checks, err := verify.Select(checks, f.only, f.skip)
	if err != nil {
		return nil, fmt.Errorf("%w; --list shows all", err)
	}
	if len(checks) == 0 {
		return nil, errors.New("--skip leaves no check to run")
	}
	return checks, nil
}

// observe returns what prints the progress and the result of an action to stderr.
func (env *environment) observe(action string) func(wire.Frame) {
	return func(f wire.Frame) {
		switch f.Type {
		case wire.TypeAcknowledgment:
			env.sayf("%s: acknowledged\n", action)
		case wire.TypeProgress:
			env.sayf("%s: %.0f %% %s\n", action, f.Percentage, f.Message)
		case wire.TypeResponse:
			env.sayf("%s: %s\n", action, f.Data)
		case wire.TypeComplete:
			env.sayf("%s: %s\n", action, firstOf(string(f.Result), f.ResultRef))
		}
	}
}

// print writes the names of the checks.
func (f *verifyFlags) print(env *environment, checks []verify.Check) error {
	for _, c := range checks {
		line := fmt.Appendf(nil, "%-9s  %s", c.Group, c.Name)
		if f.json {
			var err error
			if line, err = json.Marshal(map[string]string{"group": c.Group, "name": c.Name}); err != nil {
				return err
			}
		}
		if err := env.print("%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

func verifyTarget(ctx context.Context, env *environment, flags clientFlags, other, signKey string) (*verify.Target, error) {
	token, err := flags.bearer(ctx, env)
	if err != nil {
		return nil, err
	}
	where, err := flags.target(env)
	if err != nil {
		return nil, err
	}
	target := &verify.Target{WebSocketURL: where.url, HTTPURL: where.httpURL, Token: token, OtherToken: other}
	if signKey != "" {
		if target.Sign, err = signLike(token, signKey); err != nil {
			return nil, &exitError{exitUsage, err}
		}
	}
	if key := flags.devKey(env); key != nil {
		target.Sign = func(claims map[string]any) (string, error) { return key.SignClaims(devGrant(), claims, time.Now()) }
		if target.OtherToken == "" {
			grant := devGrant()
			grant.Tenant = "verify-other"
			if target.OtherToken, err = key.Sign(grant, time.Now()); err != nil {
				return nil, &exitError{exitFailed, err}
			}
		}
	}
	return target, nil
}

// signLike returns a signer of a token's claims, with changes, by the key of a file.
func signLike(token, file string) (func(map[string]any) (string, error), error) {
	key, err := stack.ReadKey(file)
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	if err != nil {
		return nil, fmt.Errorf("the token is not a JWT whose claims --sign-key could change: %w; pass one with --token", err)
	}
	return func(changes map[string]any) (string, error) {
		changed := maps.Clone(claims)
		maps.Copy(changed, changes)
		return key.SignClaims(stack.Grant{}, changed, time.Now())
	}, nil
}

// tokenText matches a token in an error that names a URL.
var tokenText = regexp.MustCompile(`eyJ[\w-]*\.[\w-]*\.[\w-]*`)

func runVerify(ctx context.Context, env *environment, target *verify.Target, checks []verify.Check, asJSON bool) error {
	var passed, failed, skipped int
	var unwritten error
	report := func(r verify.Result) {
		outcome, detail := "ok", ""
		switch {
		case r.Err == nil:
			passed++
		case r.Skipped():
			skipped++
			outcome, detail = "skip", r.Err.Error()
		default:
			failed++
			outcome, detail = "FAIL", tokenText.ReplaceAllString(r.Err.Error(), "TOKEN")
		}
		if asJSON {
			line, err := json.Marshal(map[string]any{"group": r.Group, "name": r.Name, "outcome": outcome, "detail": detail,
				"ms": r.Took.Milliseconds()})
			unwritten = cmp.Or(unwritten, err, env.print("%s\n", line))
			return
		}
		line := fmt.Sprintf("%-4s  %-9s  %s (%d ms)\n", outcome, r.Group, r.Name, r.Took.Milliseconds())
		if detail != "" {
			line += "      " + detail + "\n"
		}
		unwritten = cmp.Or(unwritten, env.print("%s", line))
	}
	verify.Run(ctx, target, checks, report)
	env.sayf("%s: %d passed, %d failed, %d skipped\n", target.WebSocketURL, passed, failed, skipped)
	switch {
	case errors.Is(context.Cause(ctx), errInterrupted):
		return &exitError{exitInterrupt, errInterrupted}
	case ctx.Err() != nil:
		return &exitError{exitFailed, errors.New("interrupted")}
	case failed > 0:
		return &exitError{exitFailed, nil}
	}
	return unwritten
}
