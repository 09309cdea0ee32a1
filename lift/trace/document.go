package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
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
	packet := s.appendDocument(append(make([]byte, 0, 768), preface...), end, err, s.metadata)
	if len(packet) > maxDocument {
		packet = s.appendDocument(packet[:len(preface)], end, err, nil)
	}
	return redact.Tokens(packet)
}

// appendDocument appends a segment document:
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
func (s *Segment) appendDocument(dst []byte, end time.Time, err error, metadata []value) []byte {
	dst = append(dst, `{"trace_id":"`...)
	dst = append(dst, s.link.TraceID...)
	dst = append(dst, `","id":"`...)
	dst = append(dst, s.link.Parent...)
	if s.parent != "" {
		dst = append(dst, `","parent_id":"`...)
		dst = append(dst, s.parent...)
	}
	if s.sub {
		dst = append(dst, `","type":"subsegment`...)
	}
	dst = append(dst, `","name":`...)
	dst = jsontext.AppendString(dst, segmentName(s.name))
	dst = append(dst, `,"start_time":`...)
	dst = appendTime(dst, s.start)
	dst = append(dst, `,"end_time":`...)
	dst = appendTime(dst, end)
	dst = s.appendCall(dst)
	dst = appendOutcome(dst, err, s.http.status)
	dst = appendAnnotations(dst, s.annotations)
	dst = appendMetadata(dst, metadata)
	return append(dst, '}')
}

func (s *Segment) appendCall(dst []byte) []byte {
	if s.aws.operation != "" {
		dst = append(dst, `,"namespace":"aws","aws":{"operation":`...)
		dst = jsontext.AppendString(dst, clip(s.aws.operation))
		if s.aws.requestID != "" {
			dst = append(dst, `,"request_id":`...)
			dst = jsontext.AppendString(dst, clip(s.aws.requestID))
		}
		dst = append(dst, '}')
	} else if s.sub && s.http.method != "" {
		dst = append(dst, `,"namespace":"remote"`...)
	}
	if s.http.method == "" {
		return dst
	}
	dst = append(dst, `,"http":{"request":{"method":`...)
	dst = jsontext.AppendString(dst, clip(s.http.method))
	dst = append(dst, `,"url":`...)
	dst = jsontext.AppendString(dst, clip(s.http.url))
	dst = append(dst, '}')
	if s.http.status != 0 {
		dst = append(dst, `,"response":{"status":`...)
		dst = strconv.AppendInt(dst, int64(s.http.status), 10)
		if s.http.length > 0 {
			dst = append(dst, `,"content_length":`...)
			dst = strconv.AppendInt(dst, s.http.length, 10)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendOutcome appends the flags of an error, or of a status that is one.
func appendOutcome(dst []byte, err error, status int) []byte {
	if err != nil {
		declared, _ := lift.Declared(err)
		status = declared.Code.HTTPStatus()
	}
	switch {
	case status == http.StatusTooManyRequests:
		dst = append(dst, `,"error":true,"throttle":true`...)
	case status >= 500:
		dst = append(dst, `,"fault":true`...)
	case status >= 400:
		dst = append(dst, `,"error":true`...)
	}
	if err == nil {
		return dst
	}
	dst = append(dst, `,"cause":{"exceptions":[{"id":"`...)
	dst = append(dst, newID()...)
	dst = append(dst, `","type":`...)
	dst = jsontext.AppendString(dst, clip(fmt.Sprintf("%T", err)))
	dst = append(dst, `,"message":`...)
	dst = jsontext.AppendString(dst, clip(err.Error()))
	return append(dst, `}]}`...)
}

func appendAnnotations(dst []byte, annotations []value) []byte {
	open := false
	for _, a := range annotations {
		if !isKey(a.key) {
			continue
		}
		text, err := json.Marshal(a.data)
		if s, ok := a.data.(string); ok {
			text = jsontext.AppendString(nil, clip(s))
		} else if err != nil {
			continue
		}
		dst = appendMember(dst, `,"annotations":{`, a.key, text, &open)
	}
	return closeObject(dst, open)
}

func appendMetadata(dst []byte, metadata []value) []byte {
	open := false
	for _, m := range metadata {
		if text, err := json.Marshal(m.data); err == nil && !strings.HasPrefix(m.key, "AWS.") {
			dst = appendMember(dst, `,"metadata":{"default":{`, m.key, text, &open)
		}
	}
	if open {
		dst = append(dst, '}')
	}
	return closeObject(dst, open)
}

func appendMember(dst []byte, begin, key string, text []byte, open *bool) []byte {
	if *open {
		dst = append(dst, ',')
	} else {
		dst = append(dst, begin...)
		*open = true
	}
	dst = jsontext.AppendString(dst, key)
	dst = append(dst, ':')
	return append(dst, text...)
}

func closeObject(dst []byte, open bool) []byte {
	if open {
		dst = append(dst, '}')
	}
	return dst
}

// appendTime appends seconds of the epoch, down to microseconds.
func appendTime(dst []byte, t time.Time) []byte {
	us := t.UnixMicro()
	dst = strconv.AppendInt(dst, us/1e6, 10)
	dst = append(dst, '.')
	fraction := us % 1e6
	for digit := int64(1e5); digit > 0; digit /= 10 {
		dst = append(dst, byte('0'+fraction/digit%10))
	}
	return dst
}

// maxText is the length of X-Ray's texts in characters, maxName that of names.
const maxText, maxName = 250, 200

// clip cuts a text to X-Ray's length. Whole characters are kept.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
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
