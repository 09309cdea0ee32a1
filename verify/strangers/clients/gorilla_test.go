package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// patience is how long a frame may take on a machine that does other things too.
const patience = time.Minute

// gorillaDial opens a connection that offers compression and sends messages in pieces of 64 bytes.
func gorillaDial(t *testing.T, s server, token string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"streamer.v1", "bearer." + token}, EnableCompression: true, WriteBufferSize: 64}
	conn, res, err := dialer.DialContext(t.Context(), s.WebSocketURL(), nil)
	if res != nil {
		res.Body.Close()
	}
	if err != nil {
		return nil, res, err
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn, res, nil
}

// A received is a frame of the protocol, as far as these tests look at it.
type received struct {
	Type    string `json:"type"`
	ID      string `json:"request_id"`
	Data    any    `json:"data"`
	Error   struct{ Code string }
	Result  struct{ Echo json.RawMessage }
	Request struct{ State string }
}

// await reads until a frame of a type comes that concerns a request.
func await(t *testing.T, conn *websocket.Conn, kind, id string) received {
	t.Helper()
	for {
		var got received
		if err := conn.ReadJSON(&got); err != nil {
			t.Fatalf("wait for %s of %s: %v", kind, id, err)
		}
		if got.Type == kind && got.ID == id {
			return got
		}
	}
}

func TestGorilla(t *testing.T) {
	t.Parallel()
	s := start(t)
	conn, res, err := gorillaDial(t, s, s.token)
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Header.Get("Sec-WebSocket-Extensions"); conn.Subprotocol() != "streamer.v1" || got != "" {
		t.Errorf("got the subprotocol %q and extensions %q, want streamer.v1 and none", conn.Subprotocol(), got)
	}

	t.Run("a long request", func(t *testing.T) {
		send(t, conn, `{"id": "long", "action": "echo_async", "payload": {"message": "größer", "step_ms": 1}}`)
		await(t, conn, "progress", "long")
		if got := await(t, conn, "complete", "long").Result.Echo; string(got) != `{"message": "größer", "step_ms": 1}` {
			t.Errorf("got %s, want the payload byte for byte", got)
		}
	})
	t.Run("a cancel", func(t *testing.T) {
		send(t, conn, `{"id": "stopped", "action": "echo_async", "payload": {"step_ms": 60000}}`)
		await(t, conn, "acknowledgment", "stopped")
		send(t, conn, `{"id": "stop", "action": "streamer.cancel", "payload": {"request_id": "stopped"}}`)
		if got := await(t, conn, "error", "stopped").Error.Code; got != "CANCELLED" {
			t.Errorf("got the error %q, want CANCELLED", got)
		}
	})
	t.Run("a message in many frames, with pings between", func(t *testing.T) {
		text := strings.Repeat("ä€😀", 1000)
		var pongs []string
		conn.SetPongHandler(func(payload string) error {
			pongs = append(pongs, payload)
			return nil
		})
		w, err := conn.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		longest := strings.Repeat("p", 125) // as a control frame may have at most
		message := fmt.Sprintf(`{"id": "parts", "action": "echo", "payload": %q}`, text)
		_, first := io.WriteString(w, message[:1000])
		ping := conn.WriteControl(websocket.PingMessage, []byte(longest), time.Now().Add(patience))
		_, second := io.WriteString(w, message[1000:])
		if err := errors.Join(first, ping, second, w.Close()); err != nil {
			t.Fatal(err)
		}
		if got := await(t, conn, "response", "parts").Data; got != text || len(pongs) != 1 || pongs[0] != longest {
			t.Errorf("got %v and the pongs %q, want the text and one pong of 125 bytes", got, pongs)
		}
	})
	t.Run("an operator closes", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.HTTPURL()+"/connections?subject=ada", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.operator)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		_, _, err = conn.ReadMessage()
		if !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("got %v, want the close code 1000", err)
		}
		again, _, err := gorillaDial(t, s, s.token)
		if err != nil {
			t.Fatal(err)
		}
		send(t, again, `{"id": "again", "action": "streamer.get", "payload": {"request_id": "long"}}`)
		if got := await(t, again, "request", "again").Request.State; got != "SUCCEEDED" {
			t.Errorf("the request is %s, want SUCCEEDED", got)
		}
	})
	t.Run("a wrong token", func(t *testing.T) {
		if _, res, err := gorillaDial(t, s, "e30.e30.e30"); !errors.Is(err, websocket.ErrBadHandshake) || res.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %v, want the handshake refused with 401", err)
		}
	})
}

// Close codes that a client may send come back, and those that it may not are 1002.
func TestGorillaCloses(t *testing.T) {
	t.Parallel()
	s := start(t)
	for sent, want := range map[int]int{1000: 1000, 1001: 1001, 1012: 1012, 1013: 1013, 3000: 3000, 4999: 4999, 1016: 1002, 2999: 1002, 5000: 1002} {
		t.Run(fmt.Sprint(sent), func(t *testing.T) {
			t.Parallel()
			conn, _, err := gorillaDial(t, s, s.token)
			if err != nil {
				t.Fatal(err)
			}
			if err := conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(sent, "bye"), time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, want) {
				t.Errorf("got %v, want the close code %d", err, want)
			}
		})
	}
}

func send(t *testing.T, conn *websocket.Conn, message string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		t.Fatal(err)
	}
}
