package lift

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A Code says what kind of error callers are told of. Codes are stable; their
// messages are not.
type Code uint8

// The codes. The zero Code is CodeInternal.
const (
	CodeInternal         Code = iota // a fault of the function; 500
	CodeInvalid                      // the input is not what the handler takes; 400
	CodeUnauthorized                 // no valid credentials; 401
	CodeForbidden                    // the caller may not do this; 403
	CodeNotFound                     // there is no such thing; 404
	CodeMethodNotAllowed             // the path knows other methods; 405
	CodeConflict                     // the state does not allow it; 409
	CodeTooLarge                     // the input is too large; 413
	CodeUnsupported                  // the input's media type is not taken; 415
	CodeRateLimited                  // too often; 429
	CodeUnhandled                    // no handler is registered for the event; 501
	CodeUnavailable                  // something the function needs is away; 503
	CodeTimeout                      // the time was not enough; 504
)

var codes = [...]struct {
	name   string
	status int
	title  string
	retry  bool
}{
	CodeInternal:         {"internal", http.StatusInternalServerError, "Internal Server Error", false},
	CodeInvalid:          {"invalid", http.StatusBadRequest, "Bad Request", false},
	CodeUnauthorized:     {"unauthorized", http.StatusUnauthorized, "Unauthorized", false},
	CodeForbidden:        {"forbidden", http.StatusForbidden, "Forbidden", false},
	CodeNotFound:         {"not_found", http.StatusNotFound, "Not Found", false},
	CodeMethodNotAllowed: {"method_not_allowed", http.StatusMethodNotAllowed, "Method Not Allowed", false},
	CodeConflict:         {"conflict", http.StatusConflict, "Conflict", false},
	CodeTooLarge:         {"too_large", http.StatusRequestEntityTooLarge, "Content Too Large", false},
	CodeUnsupported:      {"unsupported", http.StatusUnsupportedMediaType, "Unsupported Media Type", false},
	CodeRateLimited:      {"rate_limited", http.StatusTooManyRequests, "Too Many Requests", true},
	CodeUnhandled:        {"unhandled", http.StatusNotImplemented, "Not Implemented", false},
	CodeUnavailable:      {"unavailable", http.StatusServiceUnavailable, "Service Unavailable", true},
	CodeTimeout:          {"timeout", http.StatusGatewayTimeout, "Gateway Timeout", true},
}

// String returns the code's text, as in "not_found".
func (c Code) String() string {
	if int(c) >= len(codes) {
		return fmt.Sprintf("code_%d", uint8(c))
	}
	return codes[c].name
}

// HTTPStatus returns the code's HTTP status, 500 for a code that is none.
func (c Code) HTTPStatus() int {
	if int(c) >= len(codes) {
		return http.StatusInternalServerError
	}
	return codes[c].status
}

// Retryable reports whether the same call may succeed later without any change
// by the caller.
func (c Code) Retryable() bool { return int(c) < len(codes) && codes[c].retry }

func (c Code) title() string {
	if int(c) >= len(codes) {
		return codes[CodeInternal].title
	}
	return codes[c].title
}

// CodeOf returns the code of an HTTP status: the code with that very status, or
// the plainest of its class, CodeInvalid or CodeInternal.
func CodeOf(status int) Code {
	for c := range codes {
		if codes[c].status == status {
			return Code(c)
		}
	}
	if status >= 400 && status < 500 {
		return CodeInvalid
	}
	return CodeInternal
}

// MarshalText returns the code's text.
func (c Code) MarshalText() ([]byte, error) {
	if int(c) >= len(codes) {
		return nil, fmt.Errorf("lift: %d is no code", uint8(c))
	}
	return []byte(codes[c].name), nil
}

// UnmarshalText reads what MarshalText wrote.
func (c *Code) UnmarshalText(text []byte) error {
	for i := range codes {
		if codes[i].name == string(text) {
			*c = Code(i)
			return nil
		}
	}
	return fmt.Errorf("lift: %q is no code", text)
}

// An Error is a failure that its author declared: code, message and details are
// shown to the caller as they are. Any other error is shown as CodeInternal.
type Error struct {
	Code    Code
	Message string // one sentence for the caller
	Details any    // what else the caller may know, marshalled to JSON; nil for nothing

	// RetryAfter is how long the caller should wait before the next try, in
	// whole seconds on the wire, rounded up. 0 gives no time; whether a retry
	// helps at all then follows from the code.
	RetryAfter time.Duration

	// Cause is for the log and for errors.Is and errors.As alone.
	Cause error
}

// Errorf declares an error. Its text is shown to the caller: a cause does not
// belong into it, but into the field of an Error written out.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns code, message and cause: for the log, not for callers.
func (e *Error) Error() string {
	text := e.Code.String()
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Retryable reports whether the same call may succeed later.
func (e *Error) Retryable() bool { return e.RetryAfter > 0 || e.Code.Retryable() }

func (e *Error) retryAfterSeconds() int64 {
	return int64((e.RetryAfter + time.Second - 1) / time.Second)
}

// Declared returns the Error in err's tree. For an err without one it returns a
// CodeInternal Error that has err as its cause and none of its text, and false.
func Declared(err error) (*Error, bool) {
	var declared *Error
	if errors.As(err, &declared) {
		return declared, true
	}
	return &Error{Code: CodeInternal, Message: "internal error", Cause: err}, false
}
