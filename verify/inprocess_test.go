package verify_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
)

// startStack runs everything in this process on a free port.
func startStack(t *testing.T, log *lifttest.Log, more ...streamer.Action) *stack.Dev {
	t.Helper()
	running, err := stack.StartDev(t.Context(), stack.DevConfig{
		Data: t.TempDir(), Listen: "127.0.0.1:0", SweepEvery: time.Second,
		Parts: functions.Parts{Logger: log.Logger(), Lease: 4 * time.Second,
			Actions: func(requests request.Lister) ([]streamer.Action, error) {
				all, err := actions.All(requests)
				return append(all, more...), err
			}},
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, running)
	return running
}

func closeAtEnd(t *testing.T, running stack.Stack) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := running.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// targetOf is a stack as the suite sees it.
func targetOf(t *testing.T, running stack.Stack) *verify.Target {
	t.Helper()
	sign := func(tenant string, claims map[string]any) string {
		token, err := running.Sign(stack.Grant{Tenant: tenant, Subject: "ada", TTL: time.Hour}, claims, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	return &verify.Target{
		WebSocketURL: running.WebSocketURL(), HTTPURL: running.HTTPURL(),
		Token: sign("acme", nil), OtherToken: sign("globex", nil),
		Sign: func(claims map[string]any) (string, error) { return sign("acme", claims), nil },
	}
}

func runCheck(t *testing.T, target *verify.Target, check verify.Check) {
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
	for _, check := range verify.Checks() {
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
