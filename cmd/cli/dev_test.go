package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The settings of the deployed functions can be tried on one machine.
func TestLimitsOnDev(t *testing.T) {
	t.Parallel()
	metrics := filepath.Join(t.TempDir(), "metrics.jsonl")
	s := startServer(t, "--limit-tenant-running", "1", "--limit-principal-open", "2", "--retention", "1h", "--metrics", metrics)
	for _, id := range []string{"r1", "r2"} {
		if code, _, stderr := s.do(t, "", "call", "echo_async", `{"step_ms":60000}`, "--id", id, "--no-wait"); code != exitDone {
			t.Fatalf("call %s exited with %d: %s", id, code, stderr)
		}
	}
	for {
		var waiting, running int
		for _, id := range []string{"r1", "r2"} {
			if _, stdout, _ := s.do(t, "", "why", id); strings.Contains(stdout, "tenant:dev") && strings.Contains(stdout, "1 of its requests is running") {
				waiting++
			} else if strings.Contains(stdout, ": it runs") {
				running++
			}
		}
		if running == 2 {
			t.Fatal("both requests run, want one to wait for the tenant's limit")
		}
		if waiting == 1 {
			break
		}
	}
	if code, _, stderr := s.do(t, "", "call", "echo_async", "1", "--id", "r3"); code != exitFailed || !strings.Contains(stderr, "RATE_LIMITED") {
		t.Errorf("a third open request: exited with %d, %s, want %d and RATE_LIMITED", code, stderr, exitFailed)
	}
	lines, err := os.ReadFile(metrics)
	if err != nil || !strings.Contains(string(lines), `"FunctionName":"router"`) {
		t.Errorf("got the metrics %s, %v, want lines of the router", lines, err)
	}
	for _, id := range []string{"r1", "r2"} {
		if code, _, stderr := s.do(t, "", "cancel", id); code != exitDone {
			t.Errorf("cancel %s exited with %d: %s", id, code, stderr)
		}
	}
}

func TestDevRefusesSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ flag, value, want string }{
		"a metrics folder": {"--metrics", t.TempDir(), "choose another file with --metrics"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term := start(t, t.Context(), nil, "", "dev", "--listen", "127.0.0.1:0", "--data", t.TempDir(), tt.flag, tt.value)
			if code := <-term.exit; code == exitDone || !strings.Contains(term.err.String(), tt.want) {
				t.Errorf("exited with %d, %s, want a failure with %q", code, term.err, tt.want)
			}
		})
	}
}
