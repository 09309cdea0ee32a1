package call

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// An Error is a call that AWS refused, or did not answer.
type Error struct {
	Service   string
	Operation string // may be empty
	Status    int    // of the HTTP answer; 0: there was none
	Code      string // the exception's name, such as ThrottlingException; "": the answer does not say
	Message   string // what the answer says, at most 1 KiB
	RequestID string // by which AWS finds the call; may be empty
	Attempts  int    // how often it was made
	Body      []byte // the answer's, where it is an error
	Cause     error  // why there was no answer, or none that could be read

	final bool // another attempt would fail in the same way
}

// Error names the service and the operation, what the answer says, and how often
// the call was made. It holds nothing of the request.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Service)
	if e.Operation != "" {
		b.WriteString(" " + e.Operation)
	}
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	} else if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	fmt.Fprintf(&b, " (attempts %d", e.Attempts)
	if e.RequestID != "" {
		b.WriteString(", request " + e.RequestID)
	}
	b.WriteByte(')')
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Unreadable reports whether there was no answer, or none that says what became
// of the call: it may have been carried out.
func (e *Error) Unreadable() bool { return e.Code == "" && e.Cause != nil }

// HasCode reports whether err is an [*Error] with the code.
func HasCode(err error, code string) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && failure.Code == code
}

// transientCodes name failures that pass by themselves whatever their status is
// (AWS SDKs and Tools Reference Guide, "Retry behavior"; Amazon DynamoDB Developer
// Guide, "Error handling with DynamoDB").
var transientCodes = map[string]bool{
	"InternalServerError":                    true,
	"ProvisionedThroughputExceededException": true,
	"ReplicatedWriteConflictException":       true,
	"RequestLimitExceeded":                   true,
	"RequestThrottled":                       true,
	"ServiceUnavailable":                     true,
	"Throttling":                             true,
	"ThrottlingException":                    true,
	"TooManyRequestsException":               true,
	"TransactionConflictException":           true,
	"TransactionInProgressException":         true,
}

// Transient reports whether the same call may succeed when it is made again: it was
// throttled, it failed on the server's side, or it got no readable answer.
func Transient(e *Error) bool {
	return transientCodes[e.Code] || e.Unreadable() || e.Status == http.StatusTooManyRequests || e.Status >= 500
}

// read takes what an error's answer says: the exception's name from the header or
// from the body of an AWS JSON service, which may set a name space before it or a
// URL behind it (Smithy, "AWS JSON 1.0 protocol", operation error serialization).
func (e *Error) read(header string, body []byte) {
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	e.Body = body
	jsonBody := json.Unmarshal(body, &said)
	e.Code, _, _ = strings.Cut(header, ":")
	if said.Type != "" {
		e.Code, _, _ = strings.Cut(said.Type, ":")
	}
	e.Code = e.Code[strings.LastIndexByte(e.Code, '#')+1:]
	e.Message = said.Message
	if jsonBody != nil || said.Message == "" && said.Type == "" {
		e.Message = beginning(body)
	}
	if e.Code == "" && jsonBody != nil && len(body) > 0 {
		e.Cause = fmt.Errorf("the answer is not JSON: %w", jsonBody)
	}
}

// beginning is a body's first KiB as text.
func beginning(body []byte) string {
	const most = 1 << 10
	text := body[:min(len(body), most)]
	for len(text) > 0 && !utf8.Valid(text) {
		text = text[:len(text)-1]
	}
	return string(text)
}
