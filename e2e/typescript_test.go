package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pay-theory/streamer/lift/lifttest"
)

// The TypeScript client against the real stack. Its packages are installed by
// make typescript.
func TestTypeScriptClient(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "clients", "typescript")
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the client's packages are not installed: make typescript")
		}
		t.Skip("the client's packages are not installed: make typescript")
	}
	var log lifttest.Log
	target := targetOf(t, startStack(t, &log))
	command := exec.CommandContext(t.Context(), "node", "scripts/test.mjs", "e2e")
	command.Dir = folder
	command.Env = append(os.Environ(), "STREAMER_E2E_URL="+target.WebSocketURL, "STREAMER_E2E_HTTP_URL="+target.HTTPURL, "STREAMER_E2E_TOKEN="+target.Token)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
