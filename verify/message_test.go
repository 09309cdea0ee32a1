package verify_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/verify"
)

// A check that was not answered says why, and shows no frame that never came.
func TestAnAnswerThatDoesNotCome(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			conn.CloseNow()
		}
	}))
	defer server.Close()
	target := &verify.Target{WebSocketURL: "ws" + strings.TrimPrefix(server.URL, "http")}
	verify.Run(t.Context(), target, verify.Checks(), func(r verify.Result) {
		if r.Group == "messages" && (r.Err == nil || strings.Contains(r.Err.Error(), "the server sent")) {
			t.Errorf("%s: %v", r.Name, r.Err)
		}
	})
}
