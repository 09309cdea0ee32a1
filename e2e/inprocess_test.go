package e2e_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/e2e"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/local"
)

// startStack runs everything in this process on a free port.
func startStack(t *testing.T, log *lifttest.Log, more ...streamer.Action) *local.Stack {
	t.Helper()
	stack, err := local.Start(t.Context(), local.Config{
		Data: t.TempDir(), Listen: "127.0.0.1:0", Logger: log.Logger(), Lease: 4 * time.Second, SweepEvery: time.Second,
		Actions: func(requests streamer.RequestLister) ([]streamer.Action, error) {
			all, err := actions.All(requests)
			return append(all, more...), err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, stack)
	return stack
}

func closeAtEnd(t *testing.T, stack interface{ Close(context.Context) error }) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := stack.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// targetOf is the stack as the suite sees it.
func targetOf(t *testing.T, stack *local.Stack) *e2e.Target {
	t.Helper()
	return newTarget(t, stack, stack.Key().SignClaims)
}

func newTarget(t *testing.T, stack interface {
	WebSocketURL() string
	HTTPURL() string
},
	signer func(local.Grant, map[string]any, time.Time) (string, error)) *e2e.Target {
	t.Helper()
	sign := func(tenant string, claims map[string]any) string {
		token, err := signer(local.Grant{Tenant: tenant, Subject: "ada", TTL: time.Hour}, claims, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	return &e2e.Target{
		WebSocketURL: stack.WebSocketURL(), HTTPURL: stack.HTTPURL(),
		Token: sign("acme", nil), OtherToken: sign("globex", nil),
		Sign: func(claims map[string]any) (string, error) { return sign("acme", claims), nil },
	}
}

func runCheck(t *testing.T, target *e2e.Target, check e2e.Check) {
	t.Run(check.Group+"/"+check.Name, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := check.Run(ctx, target); err != nil {
			t.Error(err)
		}
	})
}

func TestInProcess(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	target := targetOf(t, startStack(t, &log))
	t.Logf("in process: %s and %s", target.WebSocketURL, target.HTTPURL)
	for _, check := range e2e.Checks() {
		runCheck(t, target, check)
	}
	for _, secret := range []string{target.Token, target.OtherToken} {
		if contains(log.String(), secret) {
			t.Error("a token is in the log")
		}
	}
	if t.Failed() {
		for _, line := range log.Lines(t, "") {
			if line[slog.LevelKey] != "INFO" && line[slog.LevelKey] != "DEBUG" {
				t.Log(line)
			}
		}
	}
}

func contains(text, part string) bool { return part != "" && strings.Contains(text, part) }
