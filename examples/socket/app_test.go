package socket_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/examples/socket"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func TestSocket(t *testing.T) {
	t.Parallel()
	app := socket.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.Connect{}); answer.Status != 400 {
		t.Errorf("without a subprotocol: %+v", answer)
	}
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Connect{Header: http.Header{"Sec-WebSocket-Protocol": {"other, " + socket.Subprotocol}}})
	if answer.Status != 200 || answer.Header.Get("Sec-WebSocket-Protocol") != socket.Subprotocol {
		t.Errorf("connect: %+v", answer)
	}
	answer = lifttest.Invoke(t.Context(), t, app, lifttest.Message{Route: "echo", Body: `{"action":"echo","text":"hi"}`})
	if string(answer.Body) != `{"action":"echo","text":"hi"}` {
		t.Errorf("echo: %s", answer.Body)
	}
	answer = lifttest.Invoke(t.Context(), t, app, lifttest.Message{Body: `{"action":"other"}`})
	if !strings.Contains(string(answer.Body), `"invalid"`) {
		t.Errorf("other: %s", answer.Body)
	}
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.Disconnect{}); answer.Status != 200 {
		t.Errorf("disconnect: %+v", answer)
	}
}
