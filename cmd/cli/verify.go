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
)

const verifyHelp = `Checks a stage from the outside, as a client sees it: handshake, errors, short
and long requests, resuming, cancelling, isolation, limits. The example actions
must be deployed there. The exit code is 0 when every check passed or was skipped,
1 when one failed, and 3 when there is no connection.

On a stack of this machine it signs its own tokens, invalid ones too. Elsewhere
the checks that need more than --token, --other-token, --operator-token and
--sign-key are skipped. streamer staging --once sets the variables for three of them.`

const verifyExample = `  streamer verify
  streamer verify --url wss://abc.execute-api.eu-west-1.amazonaws.com/prod \
      --http-url https://def.execute-api.eu-west-1.amazonaws.com --token "$TOKEN"`

func newVerify(env *environment) *cobra.Command {
	var flags clientFlags
	var other, operator, signKey string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "Check a stage from the outside",
		Long:    verifyHelp,
		Example: verifyExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.open(cmd.Context(), env) // without a connection every check would fail
			if err != nil {
				return err
			}
			c.Close()
			target, err := verifyTarget(env, flags, firstOf(other, env.getenv("STREAMER_OTHER_TOKEN")),
				firstOf(signKey, env.getenv("STREAMER_SIGN_KEY")))
			if err != nil {
				return err
			}
			target.OperatorToken = operator
			return runVerify(cmd.Context(), env, target, asJSON)
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&other, "other-token", "", "token of another tenant, for the checks of isolation (default $STREAMER_OTHER_TOKEN)")
	cmd.Flags().StringVar(&operator, "operator-token", "",
		"token of the same tenant with the scope streamer:operator (default: one made with the key, if there is one)")
	cmd.Flags().StringVar(&signKey, "sign-key", "", "PEM file with the Ed25519 key that signs the stage's tokens, for the checks of "+
		"invalid tokens (default $STREAMER_SIGN_KEY)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a check")
	return cmd
}

func verifyTarget(env *environment, flags clientFlags, other, signKey string) (*verify.Target, error) {
	token, err := flags.bearer(env)
	if err != nil {
		return nil, err
	}
	target := &verify.Target{WebSocketURL: flags.webSocketURL(env), HTTPURL: flags.httpRoot(env), Token: token, OtherToken: other}
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

// jwt matches a token in an error that names a URL.
var jwt = regexp.MustCompile(`eyJ[\w-]*\.[\w-]*\.[\w-]*`)

func runVerify(ctx context.Context, env *environment, target *verify.Target, asJSON bool) error {
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
			outcome, detail = "FAIL", jwt.ReplaceAllString(r.Err.Error(), "TOKEN")
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
	verify.Run(ctx, target, report)
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
