package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/e2e"
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
	e2e.Run(t.Context(), &e2e.Target{WebSocketURL: "ws" + strings.TrimPrefix(server.URL, "http")}, func(r e2e.Result) {
		if r.Group == "messages" && (r.Err == nil || strings.Contains(r.Err.Error(), "the server sent")) {
			t.Errorf("%s: %v", r.Name, r.Err)
		}
	})
}
