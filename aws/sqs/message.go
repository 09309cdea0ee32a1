package sqs

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/pay-theory/streamer/request"
)

// An entry is a message as the operations that send have it:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
type entry struct {
	Body   string               `json:"MessageBody"`
	Group  string               `json:"MessageGroupId"`
	Delay  delay                `json:"DelaySeconds"`
	System map[string]attribute `json:"MessageSystemAttributes,omitempty"`
}

type attribute struct{ DataType, StringValue string }

// A delay is how many seconds a message stays hidden. It is counted when it is
// encoded, so that an attempt made later sends a shorter one.
type delay struct {
	until time.Time
	now   func() time.Time
}

// MarshalJSON rounds up, so that nothing arrives early for want of a fraction.
func (d delay) MarshalJSON() ([]byte, error) {
	left := min(max(d.until.Sub(d.now()), 0), request.MaxDelay)
	return strconv.AppendInt(nil, int64((left+time.Second-1)/time.Second), 10), nil
}

// group is the message group of a tenant, whose name may be longer and of more than
// the 128 signs of ASCII that SQS takes.
func group(tenant string) string {
	sum := sha256.Sum256([]byte(tenant))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// body is what the processor takes, as a message and as a direct invocation alike:
// {"run": {"tenant", "subject", "id"}, "due": milliseconds}. It is ASCII, since SQS
// refuses some characters that a name may have.
func body(key request.Key, due time.Time) string {
	in := struct {
		Run request.Key `json:"run"`
		Due int64       `json:"due,omitempty"`
	}{Run: key}
	if !due.IsZero() {
		in.Due = due.UnixMilli()
	}
	text, _ := json.Marshal(in) // texts and a number encode
	return ascii(text)
}

func ascii(text []byte) string {
	dst := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r < utf8.RuneSelf:
			dst = append(dst, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
	}
	return string(dst)
}
