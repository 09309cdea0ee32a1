package cli

import (
	"strings"
	"testing"
)

// What Tab offers, as the shells' scripts ask for it.
func TestCompletion(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	if code, _, errs := s.do(t, "", "call", "echo_async", `{"step_ms":1}`, "--id", "r1"); code != 0 {
		t.Fatal(errs)
	}
	for _, tt := range []struct{ typed, want string }{
		{"get", "r1\techo_async SUCCEEDED\n:36\n"},
		{"why", "r1\techo_async SUCCEEDED\n:36\n"},
		{"call", "echo_async\n:36\n"},
		{"signal r1", ":36\n"},
		{"list --state", "QUEUED\nRUNNING\nSUCCEEDED\nFAILED\nCANCELLED\n:4\n"},
		{"dev --log", "json\ntext\n:4\n"},
		{"get --url ws://127.0.0.1:1/dev", ":36\n"}, // where no server answers
	} {
		t.Run(tt.typed, func(t *testing.T) {
			command, rest, _ := strings.Cut(tt.typed, " ")
			args := append([]string{"__complete", command, "--data", s.data}, strings.Fields(rest)...)
			term := start(t, t.Context(), s.env, "", append(args, "")...)
			if code := <-term.exit; code != exitDone || term.out.String() != tt.want {
				t.Errorf("exited with %d and %q, want %d and %q", code, term.out, exitDone, tt.want)
			}
		})
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			term := start(t, t.Context(), nil, "", "completion", shell)
			if code := <-term.exit; code != exitDone || !strings.Contains(term.out.String(), "__complete") {
				t.Errorf("exited with %d and %.80s, want %d and a script", code, term.out, exitDone)
			}
		})
	}
}
