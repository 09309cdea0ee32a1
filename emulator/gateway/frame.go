package gateway

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// A violation is what a client did that ends its connection, with the close
// frame that says so.
type violation struct {
	code   ws.StatusCode
	reason string
}

func (v *violation) Error() string { return fmt.Sprintf("%d %s", v.code, v.reason) }

var (
	errTooBig   = &violation{ws.StatusMessageTooBig, "Message too big"}
	errBinary   = &violation{ws.StatusUnsupportedData, "Unsupported data"}
	errNoUTF8   = &violation{ws.StatusInvalidFramePayloadData, "Invalid payload data"}
	errProtocol = &violation{ws.StatusProtocolError, "Protocol error"}
)

// A frameReader reads what a client sends. It holds no buffer between messages.
type frameReader struct {
	r              io.Reader
	frame, message int // limits
	state          ws.State
	partial        []byte // of a message whose last frame is still to come
	header         [ws.MaxHeaderSize]byte
}

func newFrameReader(r io.Reader, l Limits) *frameReader {
	return &frameReader{r: r, frame: l.Frame, message: l.Message, state: ws.StateServerSide}
}

// next returns the next text message, whole, or control frame. A *violation
// leaves the stream unreadable, as any other error does.
func (fr *frameReader) next() (ws.OpCode, []byte, error) {
	for {
		h, err := ws.ReadHeaderBuffer(fr.r, fr.header[:])
		if err != nil {
			if err == ws.ErrHeaderLengthMSB {
				err = errProtocol
			}
			return 0, nil, err
		}
		if ws.CheckHeader(h, fr.state) != nil {
			return 0, nil, errProtocol
		}
		switch {
		case h.OpCode.IsControl():
			data, err := fr.read(nil, h)
			return h.OpCode, data, err
		case h.OpCode == ws.OpBinary:
			return 0, nil, errBinary
		case h.Length > int64(fr.frame), h.Length > int64(fr.message-len(fr.partial)):
			return 0, nil, errTooBig
		}
		data, err := fr.read(fr.partial, h)
		if err != nil {
			return 0, nil, err
		}
		if !h.Fin {
			fr.partial, fr.state = data, fr.state.Set(ws.StateFragmented)
			continue
		}
		fr.partial, fr.state = nil, fr.state.Clear(ws.StateFragmented)
		if !utf8.Valid(data) {
			return 0, nil, errNoUTF8
		}
		return ws.OpText, data, nil
	}
}

// read appends a frame's payload to data. Memory follows the bytes that come,
// not the length that the header claims.
func (fr *frameReader) read(data []byte, h ws.Header) ([]byte, error) {
	const step = 32 << 10
	start := len(data)
	for left := h.Length; left > 0; {
		n := int(min(left, step))
		data = slices.Grow(data, n)
		part := data[len(data) : len(data)+n]
		if _, err := io.ReadFull(fr.r, part); err != nil {
			return nil, err
		}
		data = data[:len(data)+n]
		left -= int64(n)
	}
	ws.Cipher(data[start:], h.Mask, 0)
	return data, nil
}

// appendMessage appends a text message, in frames of at most limit bytes.
func appendMessage(b, message []byte, limit int) []byte {
	op := ws.OpText
	for {
		part := message[:min(len(message), limit)]
		message = message[len(part):]
		b = appendFrame(b, op, len(message) == 0, part)
		if len(message) == 0 {
			return b
		}
		op = ws.OpContinuation
	}
}

func appendFrame(b []byte, op ws.OpCode, fin bool, payload []byte) []byte {
	first := byte(op)
	if fin {
		first |= 0x80
	}
	switch n := len(payload); {
	case n <= 125:
		b = append(b, first, byte(n))
	case n <= 1<<16-1:
		b = binary.BigEndian.AppendUint16(append(b, first, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, first, 127), uint64(n))
	}
	return append(b, payload...)
}

// closeFrame encodes a close frame; a status of 1005 stands for none.
func closeFrame(code ws.StatusCode, reason string) []byte {
	if code == ws.StatusNoStatusRcvd {
		return appendFrame(nil, ws.OpClose, true, nil)
	}
	return appendFrame(nil, ws.OpClose, true, ws.NewCloseFrameBody(code, reason))
}

// parseClose reads a client's close frame.
func parseClose(payload []byte) (ws.StatusCode, string, error) {
	if len(payload) == 0 {
		return ws.StatusNoStatusRcvd, "Client-side close frame status not set", nil
	}
	if len(payload) == 1 {
		return 0, "", errProtocol
	}
	code, reason := ws.StatusCode(binary.BigEndian.Uint16(payload)), string(payload[2:])
	switch {
	case !mayBeSent(code):
		return 0, "", errProtocol
	case !utf8.ValidString(reason):
		return 0, "", errNoUTF8
	}
	return code, reason, nil
}

// mayBeSent reports whether a close frame may have the code: those of RFC 6455,
// 7.4.1, and of the registry that it opens (1012 to 1014), except the three that
// stand for what no frame said, and the ranges of libraries and applications
// (7.4.2): https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
func mayBeSent(code ws.StatusCode) bool {
	return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
}
