package deployed_test

import (
	"strings"
	"testing"
)

// What a deployed function has its own of, and an application sets nevertheless, is
// refused and not passed over.
func TestWhatTheStackAddsIsRefused(t *testing.T) {
	t.Parallel()
	wrong := parts
	wrong.Worker = "mine"
	for name, build := range builders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := build(t.Context(), wrong, options(environment(t)))
			if want := "Parts.Worker is set, of which the stack has its own"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}
