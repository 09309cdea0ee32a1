package lift_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The build tag leaves out what sets GOMAXPROCS.
func TestTagAgainstGOMAXPROCS(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string]bool{"": true, "lift.nogomaxprocs": false} {
		t.Run("tags "+tags, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tags, module+"/lift").CombinedOutput()
			if err != nil {
				t.Fatalf("go list: %v\n%s", err, out)
			}
			if got := strings.Contains(string(out), module+"/lift/internal/oneproc"); got != want {
				t.Errorf("oneproc is linked: got %t, want %t", got, want)
			}
		})
	}
}
