package lift_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
)

func TestCodesThroughTextAndBack(t *testing.T) {
	t.Parallel()
	n := 0
	for c := lift.Code(0); ; c++ {
		text, err := c.MarshalText()
		if err != nil {
			break
		}
		n++
		var back lift.Code
		if err := back.UnmarshalText(text); err != nil || back != c || c.String() != string(text) {
			t.Errorf("%s came back as %s, %v", text, back, err)
		}
		if http.StatusText(c.HTTPStatus()) == "" || c.HTTPStatus() < 400 || lift.CodeOf(c.HTTPStatus()) != c {
			t.Errorf("%s has status %d", c, c.HTTPStatus())
		}
	}
	if n != 13 {
		t.Errorf("%d codes", n)
	}
	var c lift.Code
	if err := json.Unmarshal([]byte(`"no_such"`), &c); err == nil {
		t.Error("a text that is no code passes")
	}
	if bad := lift.Code(200); bad.String() != "code_200" || bad.HTTPStatus() != 500 || bad.Retryable() {
		t.Errorf("code 200 is %s, %d", bad, bad.HTTPStatus())
	}
	if lift.CodeOf(418) != lift.CodeInvalid || lift.CodeOf(507) != lift.CodeInternal || lift.CodeOf(0) != lift.CodeInternal {
		t.Error("statuses without a code of their own")
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := &lift.Error{Code: lift.CodeNotFound, Message: "gone", Cause: cause}
	if err.Error() != "not_found: gone: cause" || !errors.Is(err, cause) || err.Retryable() {
		t.Errorf("error %q", err)
	}
	if got, ok := lift.Declared(fmt.Errorf("load: %w", err)); !ok || got != err {
		t.Error("a wrapped Error is not found")
	}
	if got, ok := lift.Declared(cause); ok || got.Code != lift.CodeInternal || got.Message != "internal error" || !errors.Is(got, cause) {
		t.Errorf("an undeclared error is shown as %v", got)
	}
	if !lift.Errorf(lift.CodeUnavailable, "x").Retryable() || !(&lift.Error{RetryAfter: time.Second}).Retryable() {
		t.Error("retryable errors are not")
	}
}
