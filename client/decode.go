package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pay-theory/streamer/wire"
)

// fail ends what waits for a frame that cannot be decoded, such as a result nested
// deeper than encoding/json reads: no other one comes.
func (t *socket) fail(s *session, data []byte, cause error) {
	kind, id := frameHead(data)
	f := wire.Frame{Type: wire.TypeError, RequestID: id, Error: &wire.Error{Code: wire.InternalError,
		Message: fmt.Sprintf("the client cannot decode the server's answer of %d bytes: %v", len(data), cause)}}
	if kind == wire.TypeComplete || kind == wire.TypeResponse {
		t.mu.Lock()
		calls := slices.Clone(t.calls[id])
		t.mu.Unlock()
		for _, call := range calls {
			call.offer(f)
		}
	}
	s.answer(f)
}

// frameHead returns the type and request id of a frame, as far as they come before
// anything that is nested.
func frameHead(data []byte) (kind wire.Type, id string) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return "", ""
	}
	for kind == "" || id == "" {
		name, err := decoder.Token()
		if err != nil {
			break
		}
		value, err := decoder.Token()
		if _, nested := value.(json.Delim); nested || err != nil {
			break
		}
		switch text, _ := value.(string); name {
		case "type":
			kind = wire.Type(text)
		case "request_id":
			id = text
		}
	}
	return kind, id
}

// isGatewayError reports whether a frame is API Gateway's own: of a function that
// failed or took too long, or of too many messages. It does not say of which
// message it is, and has no type.
func isGatewayError(data []byte) bool {
	var said struct {
		Type         string
		Message      string
		ConnectionID string
	}
	return json.Unmarshal(data, &said) == nil && said.Type == "" && said.Message != "" && said.ConnectionID != ""
}
