package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// A stream of frames must end in messages that keep the limits or in an error,
// never in a panic, and what gobwas/ws/wsutil makes of it is the second opinion.
func FuzzFrames(f *testing.F) {
	masked := func(frames ...ws.Frame) []byte {
		var b bytes.Buffer
		for _, frame := range frames {
			ws.WriteFrame(&b, ws.MaskFrame(frame))
		}
		return b.Bytes()
	}
	f.Add(masked(ws.NewTextFrame([]byte(`{"action":"join"}`)), ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "bye"))))
	f.Add(masked(ws.NewFrame(ws.OpText, false, []byte("a\xc3")), ws.NewPingFrame([]byte("x")),
		ws.NewFrame(ws.OpContinuation, true, []byte("\xa9"))))
	f.Add(masked(ws.NewBinaryFrame([]byte{1})))
	f.Add([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
	f.Add([]byte{0xf1, 0x80})
	f.Fuzz(func(t *testing.T, stream []byte) {
		limits := Limits{Frame: 64, Message: 200}
		frames := newFrameReader(bytes.NewReader(stream), limits)
		var got, second []string
		for {
			op, payload, err := frames.next()
			if err != nil {
				if _, ok := errors.AsType[*violation](err); !ok && err != io.EOF && err != io.ErrUnexpectedEOF {
					t.Fatalf("error %v", err)
				}
				break
			}
			switch {
			case op == ws.OpText && (len(payload) > limits.Message || !utf8.Valid(payload)),
				op.IsControl() && len(payload) > 125, op == ws.OpBinary, op == ws.OpContinuation:
				t.Fatalf("opcode %x with %q", op, payload)
			case op == ws.OpClose:
				if code, reason, err := parseClose(payload); err == nil && (code < 1000 || len(reason) > 123) {
					t.Fatalf("close frame %d %q", code, reason)
				}
			case op == ws.OpText:
				got = append(got, string(payload))
			}
		}

		r := &wsutil.Reader{Source: bytes.NewReader(stream), State: ws.StateServerSide}
		r.OnIntermediate = func(_ ws.Header, payload io.Reader) error {
			_, err := io.Copy(io.Discard, payload)
			return err
		}
		for len(second) < len(got) {
			h, err := r.NextFrame()
			if err != nil {
				break
			}
			message, err := io.ReadAll(r)
			if err != nil {
				break
			}
			if h.OpCode == ws.OpText {
				second = append(second, string(message))
			}
		}
		if len(got) > 0 && fmt.Sprint(got) != fmt.Sprint(second) {
			t.Errorf("messages %q, wsutil reads %q", got, second)
		}
	})
}

// What is appended must be read back, whatever the sizes.
func FuzzOutboundFrames(f *testing.F) {
	f.Add([]byte("hello"), 2)
	f.Add([]byte{}, 1)
	f.Add(bytes.Repeat([]byte("x"), 70_000), 66_000)
	f.Fuzz(func(t *testing.T, message []byte, limit int) {
		if limit < 1 || len(message)/limit > 1000 {
			t.Skip()
		}
		r := bytes.NewReader(appendMessage(nil, message, limit))
		var got []byte
		for i := 0; ; i++ {
			h, err := ws.ReadHeader(r)
			if err != nil || h.Length > int64(limit) || (h.OpCode == ws.OpText) != (i == 0) || h.Masked {
				t.Fatalf("frame %d: %+v, %v", i, h, err)
			}
			part := make([]byte, h.Length)
			if _, err := io.ReadFull(r, part); err != nil {
				t.Fatal(err)
			}
			if got = append(got, part...); h.Fin {
				break
			}
		}
		if r.Len() != 0 || !bytes.Equal(got, message) {
			t.Errorf("%d bytes left, message %q", r.Len(), got)
		}
	})
}

func FuzzSelection(f *testing.F) {
	f.Add("$request.body.action", []byte(`{"action":"join"}`))
	f.Add("${request.body.a.b}", []byte(`{"a":{"b":1e3}}`))
	f.Add("$request.body.a", []byte(`{"a":"$connect"}`))
	f.Fuzz(func(t *testing.T, expression string, message []byte) {
		s, err := parseSelection(expression)
		if err != nil {
			return
		}
		s.key(message)
		g := &Gateway{selection: s, cfg: Config{Routes: map[string]Route{RouteConnect: {}, RouteDisconnect: {}, "join": {}}}}
		if key, _, ok := g.route(message); ok && key != "join" || !ok && key != RouteDefault {
			t.Errorf("%s of %q leads to %q", expression, message, key)
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"statusCode":200,"headers":{"a":1},"multiValueHeaders":{"b":["c"]},"cookies":["d"],"body":"e","isBase64Encoded":false}`))
	f.Add([]byte(`{"StatusCode":200}`))
	f.Add([]byte(`"text"`))
	f.Fuzz(func(t *testing.T, response []byte) {
		if p, ok := parseProxyResponse(response); ok && (p.Status < 200 || p.Status > 599) {
			t.Errorf("status %d", p.Status)
		}
		if p, ok := parseHTTPResponse(response); ok && (p.Status < 200 || p.Status > 599) {
			t.Errorf("status %d", p.Status)
		}
	})
}

// The second opinion on wildcards is a regular expression.
func FuzzWildcard(f *testing.F) {
	f.Add("a*c?", "abbcd")
	f.Add("*", "")
	f.Add("arn:aws:execute-api:*:*:a/*", "arn:aws:execute-api:r:1:a/dev/$connect")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !isASCII(pattern) || !isASCII(text) {
			t.Skip()
		}
		plain := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		if want := regexp.MustCompile(`^(?s:` + plain + `)$`).MatchString(text); wildcard(pattern, text) != want {
			t.Errorf("%q matches %q: want %v", pattern, text, want)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
