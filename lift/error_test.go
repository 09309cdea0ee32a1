package lift_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// A domainError is a domain's own error type: it knows nothing of Lift.
type domainError struct {
	status  int
	code    string
	message string
	details any
	again   bool
	after   time.Duration
	cause   error
}

func (e *domainError) Error() string { return e.code + ": " + e.message + ": " + e.cause.Error() }
func (e *domainError) Unwrap() error { return e.cause }

func (e *domainError) HTTPStatus() int               { return e.status }
func (e *domainError) Public() (string, string, any) { return e.code, e.message, e.details }
func (e *domainError) Retry() (bool, time.Duration)  { return e.again, e.after }

var _ lift.PublicError = (*domainError)(nil)

// busy is a domain's error that fills every field.
func busy() *domainError {
	return &domainError{
		status: 429, code: "TOO_BUSY", message: "come back later", details: json.RawMessage(`{"limit":5}`),
		again: true, after: 1500 * time.Millisecond, cause: errors.New("sesame"),
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial")
	for name, tt := range map[string]struct {
		err  *lift.Error
		want string
	}{
		"code, message and cause": {&lift.Error{Code: lift.CodeNotFound, Message: "no such order", Cause: cause}, "not_found: no such order: dial"},
		"message alone":           {&lift.Error{Message: "it broke"}, "internal: it broke"},
		"a code of one's own":     {lift.Errorf("out_of_stock", "%d left", 0), "out_of_stock: 0 left"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := errors.Is(tt.err, cause); got != (tt.err.Cause != nil) {
				t.Errorf("errors.Is the cause: got %t", got)
			}
		})
	}
}

func TestErrorStatusAndRetry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    *lift.Error
		status int
		again  bool
		after  time.Duration
	}{
		"by the code":                   {&lift.Error{Code: lift.CodeUnavailable}, 503, true, 0},
		"a time makes it retryable":     {&lift.Error{Code: lift.CodeConflict, RetryAfter: time.Second}, 409, true, time.Second},
		"a code of one's own":           {&lift.Error{Code: "out_of_stock"}, 422, false, 0},
		"a status of one's own":         {&lift.Error{Code: "out_of_stock", Status: 409}, 409, false, 0},
		"a status that is not an error": {&lift.Error{Code: "out_of_stock", Status: 200}, 500, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.err.HTTPStatus(); got != tt.status {
				t.Errorf("status: got %d, want %d", got, tt.status)
			}
			if again, after := tt.err.Retry(); again != tt.again || after != tt.after {
				t.Errorf("retry: got %t, %s, want %t, %s", again, after, tt.again, tt.after)
			}
		})
	}
}

func TestAsError(t *testing.T) {
	t.Parallel()
	own := &lift.Error{Code: lift.CodeNotFound, Message: "no such order"}
	domain := busy()
	for name, tt := range map[string]struct {
		err    error
		public bool
		code   lift.Code
		status int
		text   string
	}{
		"an Error, wrapped":               {fmt.Errorf("load: %w", own), true, lift.CodeNotFound, 404, "not_found: no such order"},
		"an Error without a code":         {&lift.Error{Message: "it broke"}, true, lift.CodeInternal, 500, "internal: it broke"},
		"a domain's error, wrapped":       {fmt.Errorf("place: %w", domain), true, "TOO_BUSY", 429, "place: TOO_BUSY: come back later: sesame"},
		"the outermost counts":            {&lift.Error{Code: lift.CodeConflict, Cause: domain}, true, lift.CodeConflict, 409, "conflict: TOO_BUSY: come back later: sesame"},
		"a domain's error with no code":   {&domainError{status: 503, cause: own}, true, lift.CodeInternal, 503, ": : not_found: no such order"},
		"a domain's status of a success":  {&domainError{code: "ODD", status: 204, cause: own}, true, "ODD", 500, "ODD: : not_found: no such order"},
		"an internal error":               {errors.New("dial"), false, lift.CodeInternal, 500, "internal: internal error: dial"},
		"joined with an internal one":     {errors.Join(errors.New("dial"), own), true, lift.CodeNotFound, 404, "not_found: no such order"},
		"a domain's error without a wait": {&domainError{code: "LATER", status: 503, again: true, cause: own}, true, "LATER", 503, "LATER: : not_found: no such order"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, public := lift.AsError(tt.err)
			if public != tt.public || got.Code != tt.code || got.HTTPStatus() != tt.status || got.Error() != tt.text {
				t.Errorf("got %s %d %q public %t, want %s %d %q public %t",
					got.Code, got.HTTPStatus(), got.Error(), public, tt.code, tt.status, tt.text, tt.public)
			}
			if !errors.Is(got, got.Cause) && got.Cause != nil {
				t.Error("the cause is not in the tree")
			}
		})
	}
	t.Run("retry and details of a domain's error", func(t *testing.T) {
		t.Parallel()
		got, _ := lift.AsError(domain)
		if got.RetryAfter != domain.after || got.Message != domain.message {
			t.Errorf("got %q after %s, want %q after %s", got.Message, got.RetryAfter, domain.message, domain.after)
		}
		if diff := cmp.Diff(domain.details, got.Details); diff != "" {
			t.Errorf("details (-want +got):\n%s", diff)
		}
		quiet, _ := lift.AsError(&domainError{code: "unavailable", status: 503, details: json.RawMessage(nil), cause: domain})
		if again, _ := quiet.Retry(); again || quiet.Details != nil {
			t.Errorf("got retryable %t, details %v, want what the error says: false, nil", again, quiet.Details)
		}
		if origin, ok := errors.AsType[*domainError](got); !ok || origin != domain {
			t.Errorf("the domain's error: got %v, want it as the cause", origin)
		}
	})
}

// A domain's error is answered by every trigger as an Error with the same
// fields would be.
func TestPublicErrorOfADomain(t *testing.T) {
	t.Parallel()
	own := &lift.Error{
		Code: "TOO_BUSY", Status: 429, Message: "come back later", Details: map[string]int{"limit": 5}, RetryAfter: 1500 * time.Millisecond,
	}
	for _, tt := range everyTrigger {
		t.Run(tt.trigger.String()+" "+tt.route, func(t *testing.T) {
			t.Parallel()
			invoke := func(err error) lifttest.Answer {
				app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
				app.Use(func(next lift.Handler) lift.Handler {
					return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
						e.Correlate("c-1")
						return next.Handle(ctx, e)
					})
				})
				registerAll(app, handle(nil, err))
				return lifttest.Invoke(t.Context(), t, app, tt.event)
			}
			got, want := invoke(fmt.Errorf("place: %w", busy())), invoke(own)
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(lifttest.Answer{}, "Payload", "Err")); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(fmt.Sprint(want.Err), fmt.Sprint(got.Err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if text := string(got.Payload) + fmt.Sprint(got.Err); strings.Contains(text, "sesame") {
				t.Errorf("the answer shows the cause: %s", text)
			}
		})
	}
}

// Details that cannot be encoded must not cost the caller the error.
func TestDetailsThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	for name, details := range map[string]any{
		"a value without JSON": math.Inf(1),
		"broken raw JSON":      json.RawMessage(`{"a"`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger()})
			app.HTTP("GET /", handle(nil, &domainError{status: 400, code: "ODD", details: details, cause: errors.New("x")}))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Method: http.MethodGet, Path: "/"})
			var got problemBody
			answer.Decode(t, &got)
			if answer.Status != 400 || got.Code != "ODD" || got.Details != nil {
				t.Errorf("got %d %s, want 400 with code ODD and no details", answer.Status, answer.Body)
			}
			log.Line(t, "error details left out")
		})
	}
}
