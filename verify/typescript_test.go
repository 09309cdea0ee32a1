package verify_test

import (
	"path/filepath"
	"testing"

	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// The TypeScript client against the real stack.
func TestTypeScriptClient(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	target := targetOf(t, startStack(t, &log))
	nodetest.Run(t, filepath.Join("..", "clients", "typescript"), []string{
		"STREAMER_E2E_URL=" + target.WebSocketURL, "STREAMER_E2E_HTTP_URL=" + target.HTTPURL, "STREAMER_E2E_TOKEN=" + target.Token,
	}, "scripts/test.mjs", "e2e")
}

// 500 TypeScript clients of a server that is killed and started again.
func TestTypeScriptClientsAfterARestart(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a process with 500 clients")
	}
	program, data := buildCLI(t), t.TempDir()
	flags := []string{"--data", data, "--lease", "5s", "--sweep-every", "1s", "--log", "json"}
	server := startDev(t, program, append(flags, "--listen", "127.0.0.1:0")...)
	flags = append(flags, "--listen", server.listen)
	target := server.target(t, data)
	remote := remoteControl(t, program, &server, flags)
	nodetest.Run(t, filepath.Join("..", "clients", "typescript"), []string{
		"STREAMER_E2E_URL=" + target.WebSocketURL, "STREAMER_E2E_TOKEN=" + target.Token, "STREAMER_E2E_CONTROL=" + remote,
	}, "scripts/test.mjs", "restart")
}
