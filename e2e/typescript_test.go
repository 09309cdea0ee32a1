package e2e_test

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
