package wire_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/pay-theory/streamer/wire"
)

func TestCodesWalkThroughTextAndBack(t *testing.T) {
	t.Parallel()
	seen := map[wire.Code]bool{}
	for _, code := range wire.Codes() {
		back, err := wire.ParseCode(string(code))
		if err != nil || back != code {
			t.Errorf("%s comes back as %s, %v", code, back, err)
		}
		if seen[code] {
			t.Errorf("%s is there twice", code)
		}
		seen[code] = true
		if code.Advice() == "" {
			t.Errorf("%s has no advice", code)
		}
		if s := code.HTTPStatus(); s < 400 || s > 599 {
			t.Errorf("%s has the HTTP status %d", code, s)
		}
	}
}

func TestUnknownCode(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "validation_error", "BREWING_TEA"} {
		if code, err := wire.ParseCode(s); err == nil {
			t.Errorf("%q parses to %q", s, code)
		}
		if c := wire.Code(s); c.Retryable() || c.HTTPStatus() != 500 || c.Advice() != "" {
			t.Errorf("%q: retryable %v, status %d, advice %q", s, c.Retryable(), c.HTTPStatus(), c.Advice())
		}
	}
}

// The table in docs/protocol.md is what client authors read.
func TestDocumentedCodes(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| ([A-Z_]+) \| (yes|no) \| (\d+) \|`).FindAllStringSubmatch(string(doc), -1)
	var got, want []string
	for _, row := range rows {
		got = append(got, fmt.Sprint(row[1:]))
	}
	for _, code := range wire.Codes() {
		again := map[bool]string{true: "yes", false: "no"}[code.Retryable()]
		want = append(want, fmt.Sprint([]string{string(code), again, fmt.Sprint(code.HTTPStatus())}))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("docs/protocol.md says\n %v\nwire says\n %v", got, want)
	}
}
