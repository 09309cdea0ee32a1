package trace

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/internal/jsontext"
	"github.com/pay-theory/streamer/lift/internal/redact"
)

var errPanic = errors.New("panic")

// preface stands before every document, on a line of its own:
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
const preface = `{"format": "json", "version": 1}` + "\n"

// packet returns the segment as the daemon takes it. One that does not fit goes
// without its metadata.
func (s *Segment) packet(end time.Time, err error) []byte {
	b := make(jsontext.Builder, 0, 768)
	s.appendDocument(&b, end, err, s.metadata)
	if len(b) > maxDocument {
		b = b[:0]
		s.appendDocument(&b, end, err, nil)
	}
	return redact.Text(b)
}

// appendDocument appends a segment document:
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
func (s *Segment) appendDocument(b *jsontext.Builder, end time.Time, err error, metadata []value) {
	b.Raw(preface)
	b.Raw(`{"trace_id":`)
	b.Text(s.link.TraceID)
	text(b, `,"id":`, s.link.Parent)
	text(b, `,"parent_id":`, s.parent)
	if s.sub {
		b.Raw(`,"type":"subsegment"`)
	}
	text(b, `,"name":`, segmentName(s.name))
	b.Raw(`,"start_time":`)
	appendTime(b, s.start)
	b.Raw(`,"end_time":`)
	appendTime(b, end)
	s.appendCall(b)
	appendOutcome(b, err, s.fault, cmp.Or(s.status, s.http.status))
	appendAnnotations(b, s.annotations)
	appendMetadata(b, metadata)
	b.Raw("}")
}

// text appends a member that is a text, unless it is empty.
func text(b *jsontext.Builder, name, s string) {
	if s != "" {
		b.Raw(name)
		b.Text(clip(s))
	}
}

func (s *Segment) appendCall(b *jsontext.Builder) {
	if s.aws.operation != "" {
		text(b, `,"namespace":"aws","aws":{"operation":`, s.aws.operation)
		text(b, `,"request_id":`, s.aws.requestID)
		b.Raw("}")
	} else if s.sub && s.http.method != "" {
		b.Raw(`,"namespace":"remote"`)
	}
	if s.http.method == "" {
		return
	}
	text(b, `,"http":{"request":{"method":`, s.http.method)
	text(b, `,"url":`, s.http.url)
	b.Raw("}")
	if s.http.status != 0 {
		b.Raw(`,"response":{"status":`)
		b.Int(int64(s.http.status))
		if s.http.length > 0 {
			b.Raw(`,"content_length":`)
			b.Int(s.http.length)
		}
		b.Raw("}")
	}
	b.Raw("}")
}

// appendOutcome appends the flags of an error, or of a status that is one.
func appendOutcome(b *jsontext.Builder, err error, fault bool, status int) {
	if err != nil {
		shown, _ := lift.AsError(err)
		status = shown.HTTPStatus()
	}
	switch {
	case fault:
		b.Raw(`,"fault":true`)
	case status == http.StatusTooManyRequests:
		b.Raw(`,"error":true,"throttle":true`)
	case status >= 500:
		b.Raw(`,"fault":true`)
	case status >= 400:
		b.Raw(`,"error":true`)
	}
	if err == nil {
		return
	}
	text(b, `,"cause":{"exceptions":[{"id":`, newID())
	text(b, `,"type":`, fmt.Sprintf("%T", err))
	text(b, `,"message":`, err.Error())
	b.Raw(`}]}`)
}

func appendAnnotations(b *jsontext.Builder, annotations []value) {
	n := 0
	for _, a := range annotations {
		if s, ok := a.data.(string); ok {
			a.data = clip(s)
		}
		if isKey(a.key) && appendMember(b, n, `,"annotations":{`, a) {
			n++
		}
	}
	if n > 0 {
		b.Raw("}")
	}
}

func appendMetadata(b *jsontext.Builder, metadata []value) {
	n := 0
	for _, m := range metadata {
		if !strings.HasPrefix(m.key, "AWS.") && appendMember(b, n, `,"metadata":{"default":{`, m) {
			n++
		}
	}
	if n > 0 {
		b.Raw("}}")
	}
}

// appendMember appends the n-th member of an object, and reports false for one
// that cannot be encoded.
func appendMember(b *jsontext.Builder, n int, open string, v value) bool {
	var encoded []byte
	s, isText := v.data.(string)
	if !isText {
		var err error
		encoded, err = json.Marshal(v.data)
		if err != nil {
			return false
		}
	}
	b.Next(n, open)
	b.Text(v.key)
	b.Raw(":")
	if isText {
		b.Text(s)
	} else {
		*b = append(*b, encoded...)
	}
	return true
}

// appendTime appends seconds of the epoch, down to microseconds.
func appendTime(b *jsontext.Builder, t time.Time) {
	us := t.UnixMicro()
	b.Int(us / 1e6)
	// Seven digits with a point in the place of the first, which is a 1.
	at := len(*b)
	b.Int(1e6 + us%1e6)
	(*b)[at] = '.'
}

// maxText is the length of X-Ray's texts in characters, maxName that of names.
const maxText, maxName = 250, 200

// clip cuts a text to X-Ray's length. Whole characters are kept, and secrets are
// left out before: half of one might not be known for it.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	s = lift.WithoutTokens(s)
	n := 0
	for i := range s {
		if n == maxText {
			return s[:i]
		}
		n++
	}
	return s
}

// segmentName makes a name of what X-Ray takes: letters, digits, spaces and a
// few signs. Anything else becomes an underscore.
func segmentName(name string) string {
	plain := true
	for i := range len(name) {
		plain = plain && isNameRune(rune(name[i])) && name[i] < 0x80
	}
	if !plain {
		name = strings.Map(func(r rune) rune {
			if isNameRune(r) {
				return r
			}
			return '_'
		}, name)
	}
	n := 0
	for i := range name {
		if n == maxName {
			return name[:i]
		}
		n++
	}
	if name == "" {
		return "_"
	}
	return name
}

func isNameRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == ' ' || r < 0x80 && strings.IndexByte(`_.:/%&#=+\-@`, byte(r)) >= 0
}

func isKey(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
		default:
			return false
		}
	}
	return s != ""
}
