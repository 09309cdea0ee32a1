package cli

import (
	"strings"
	"testing"
)

func TestIdleSweepsAreNotShown(t *testing.T) {
	t.Parallel()
	screen := newConsole()
	logger, err := newLogger(&environment{stderr: screen, getenv: func(string) string { return "" }}, "text")
	if err != nil {
		t.Fatal(err)
	}
	logger = logger.With("invocation_id", "secret-to-machines")
	logger.Info("handled", "trigger", "schedule", "dispatched", 0, "lease_expirations", 0)
	logger.Info("handled", "trigger", "schedule", "dispatched", 1)
	logger.Error("failed", "trigger", "schedule")
	logger.Info("handled", "trigger", "http")
	if got := screen.String(); strings.Count(got, "\n") != 3 || strings.Contains(got, "rung=0") || strings.Contains(got, "machines") {
		t.Errorf("shown:\n%s", got)
	}
}
