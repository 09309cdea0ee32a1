package clients

import (
	"strings"
	"testing"

	"github.com/pay-theory/streamer/internal/programtest"
)

// Python's websockets goes through the life that sockets.py tells.
func TestPythonWebsockets(t *testing.T) {
	t.Parallel()
	programtest.Long(t)
	python := programtest.Python(t, "websockets")
	s := start(t)
	got := programtest.Run(t, []string{"STREAMER_URL=" + s.WebSocketURL(), "STREAMER_HTTP_URL=" + s.HTTPURL(),
		"STREAMER_TOKEN=" + s.token, "STREAMER_OPERATOR=" + s.operator}, python, "sockets.py")
	t.Log(got.Stdout)
	if got.Code != 0 || !strings.HasSuffix(got.Stdout, "done\n") {
		t.Errorf("got status %d and\n%s%s\nwant 0 and done", got.Code, got.Stdout, got.Stderr)
	}
}
