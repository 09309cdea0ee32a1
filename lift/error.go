package lift

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A Code is the kind of an error that callers see. Codes are stable; their
// messages are not. An application may use codes of its own, such as
// "out_of_stock": those answer 422, unless their [Error] has a Status.
type Code string

// The codes that Lift knows. The zero Code stands for CodeInternal.
const (
	CodeInternal             Code = "internal"              // a fault of the function; 500
	CodeInvalid              Code = "invalid"               // the input is not what the handler takes; 400
	CodeUnauthorized         Code = "unauthorized"          // no valid credentials; 401
	CodePaymentRequired      Code = "payment_required"      // the caller has to pay first; 402
	CodeForbidden            Code = "forbidden"             // the caller may not do this; 403
	CodeNotFound             Code = "not_found"             // there is no such thing; 404
	CodeMethodNotAllowed     Code = "method_not_allowed"    // the path takes other methods; 405
	CodeConflict             Code = "conflict"              // the state does not allow it; 409
	CodeGone                 Code = "gone"                  // it existed and will not come back; 410
	CodePreconditionFailed   Code = "precondition_failed"   // the caller's condition does not hold; 412
	CodeTooLarge             Code = "too_large"             // the input is too large; 413
	CodeUnsupported          Code = "unsupported"           // the input's media type is not taken; 415
	CodeUnprocessable        Code = "unprocessable"         // the input is well formed and cannot be acted on; 422
	CodePreconditionRequired Code = "precondition_required" // the call needs a condition; 428
	CodeRateLimited          Code = "rate_limited"          // too often; 429
	CodeUnhandled            Code = "unhandled"             // no handler is registered for the event; 501
	CodeUnavailable          Code = "unavailable"           // something the function needs is away; 503
	CodeTimeout              Code = "timeout"               // the time was not enough; 504
)

// codes describes the codes that Lift knows, in the order of their statuses.
// The titles are those of RFC 9110, section 15; net/http has older ones. It is
// not a map, which would be made whenever a function starts.
var codes = [...]codeInfo{
	{CodeInvalid, http.StatusBadRequest, "Bad Request", false},
	{CodeUnauthorized, http.StatusUnauthorized, "Unauthorized", false},
	{CodePaymentRequired, http.StatusPaymentRequired, "Payment Required", false},
	{CodeForbidden, http.StatusForbidden, "Forbidden", false},
	{CodeNotFound, http.StatusNotFound, "Not Found", false},
	{CodeMethodNotAllowed, http.StatusMethodNotAllowed, "Method Not Allowed", false},
	{CodeConflict, http.StatusConflict, "Conflict", false},
	{CodeGone, http.StatusGone, "Gone", false},
	{CodePreconditionFailed, http.StatusPreconditionFailed, "Precondition Failed", false},
	{CodeTooLarge, http.StatusRequestEntityTooLarge, "Content Too Large", false},
	{CodeUnsupported, http.StatusUnsupportedMediaType, "Unsupported Media Type", false},
	{CodeUnprocessable, http.StatusUnprocessableEntity, "Unprocessable Content", false},
	{CodePreconditionRequired, http.StatusPreconditionRequired, "Precondition Required", false},
	{CodeRateLimited, http.StatusTooManyRequests, "Too Many Requests", true},
	{CodeInternal, http.StatusInternalServerError, "Internal Server Error", false},
	{CodeUnhandled, http.StatusNotImplemented, "Not Implemented", false},
	{CodeUnavailable, http.StatusServiceUnavailable, "Service Unavailable", true},
	{CodeTimeout, http.StatusGatewayTimeout, "Gateway Timeout", true},
}

type codeInfo struct {
	code   Code
	status int
	title  string
	retry  bool
}

// Codes returns the codes that Lift knows, in the order of their statuses.
func Codes() []Code {
	all := make([]Code, len(codes))
	for i := range codes {
		all[i] = codes[i].code
	}
	return all
}

// info describes the code; an application's own one as CodeUnprocessable.
func (c Code) info() codeInfo {
	c = cmp.Or(c, CodeInternal)
	for i := range codes {
		if codes[i].code == c {
			return codes[i]
		}
	}
	return codeInfo{c, http.StatusUnprocessableEntity, "Unprocessable Content", false}
}

// String returns the code's text, "internal" for the zero Code.
func (c Code) String() string { return string(cmp.Or(c, CodeInternal)) }

// HTTPStatus returns the status that the code is answered with: 422 for a code
// that Lift does not know.
func (c Code) HTTPStatus() int { return c.info().status }

// Retryable reports whether the same call may succeed later without any change
// by the caller.
func (c Code) Retryable() bool { return c.info().retry }

// title returns the text of a status.
func title(status int) string {
	for i := range codes {
		if codes[i].status == status {
			return codes[i].title
		}
	}
	return http.StatusText(status)
}

// A PublicError is an error that callers may see. Lift looks for the
// outermost one in an error's tree, and answers, logs, counts and traces the
// event by it; an error without one is an internal error, whose text goes to
// the log alone.
//
// [Error] is Lift's own. The methods have types of the standard library only,
// so that the error type of a domain can implement them without Lift, and needs
// no translation on its way out.
type PublicError interface {
	error

	// HTTPStatus is the status that the error is answered with. One outside 400
	// to 599 is answered as 500. From 500 on the error counts as the function's
	// fault, below as the caller's.
	HTTPStatus() int

	// Public returns what the caller sees: a stable code, a sentence, and
	// details that are encoded as JSON, nil for none.
	Public() (code, message string, details any)

	// Retry reports whether the same call may succeed later, and how long to
	// wait first; 0 leaves the time to the caller.
	Retry() (retryable bool, after time.Duration)
}

// An Error is the [PublicError] of Lift and of handlers written for it.
type Error struct {
	Code    Code
	Message string // one sentence for the caller
	Details any    // what else the caller may know, marshalled to JSON; nil for nothing
	Status  int    // HTTP status from 400 to 599; 0 means the code's own

	// RetryAfter is how long the caller should wait before the next try, in
	// whole seconds on the wire, rounded up. 0 gives no time; whether a retry
	// helps at all then follows from the code.
	RetryAfter time.Duration

	// Cause is for the log and for errors.Is and errors.As alone.
	Cause error

	origin PublicError // what AsError made it of; nil for an Error written by hand
}

// Errorf returns an Error. Its text is shown to the caller: a cause does not
// belong into it, but into the field of an Error written out.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns code, message and cause: for the log, not for callers.
func (e *Error) Error() string {
	if e.origin != nil {
		return e.Cause.Error()
	}
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

// HTTPStatus returns Status, or the code's own.
func (e *Error) HTTPStatus() int {
	switch {
	case e.Status == 0:
		return e.Code.HTTPStatus()
	case e.Status < 400 || e.Status > 599:
		return http.StatusInternalServerError
	}
	return e.Status
}

// Public returns code, message and details.
func (e *Error) Public() (code, message string, details any) {
	return e.Code.String(), e.Message, e.Details
}

// Retry reports whether the same call may succeed later: when there is a
// RetryAfter, or when the code says so.
func (e *Error) Retry() (retryable bool, after time.Duration) {
	switch {
	case e.RetryAfter > 0:
		return true, e.RetryAfter
	case e.origin != nil:
		return e.origin.Retry()
	}
	return e.Code.Retryable(), 0
}

func (e *Error) retryable() bool {
	retryable, _ := e.Retry()
	return retryable
}

func (e *Error) retryAfterSeconds() int64 {
	return int64((e.RetryAfter + time.Second - 1) / time.Second)
}

// AsError returns what callers see of err: the outermost [PublicError] of
// its tree, as an Error whose Code is never empty. One of another type becomes
// an Error with err as its Cause. For an err without a PublicError it returns a
// CodeInternal Error that has err as its Cause and none of its text, and false.
func AsError(err error) (shown *Error, public bool) {
	origin, ok := errors.AsType[PublicError](err)
	if !ok {
		return &Error{Code: CodeInternal, Message: "internal error", Cause: err}, false
	}
	if own, ok := origin.(*Error); ok {
		if own.Code != "" {
			return own, true
		}
		named := *own
		named.Code = CodeInternal
		return &named, true
	}
	code, message, details := origin.Public()
	if raw, ok := details.(json.RawMessage); ok && len(raw) == 0 {
		details = nil
	}
	shown = &Error{Code: cmp.Or(Code(code), CodeInternal), Message: message, Details: details, Cause: err, origin: origin}
	shown.Status = origin.HTTPStatus()
	if retryable, after := origin.Retry(); retryable {
		shown.RetryAfter = after
	}
	return shown, true
}
