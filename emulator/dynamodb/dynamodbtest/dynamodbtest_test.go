package dynamodbtest

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestEndpointIsShared(t *testing.T) {
	t.Setenv(EndpointSetting, "")
	first, second := Endpoint(t), Endpoint(t)
	if first != second || !strings.HasPrefix(first, "http://127.0.0.1:") {
		t.Errorf("got %q and %q, want one server on this machine", first, second)
	}
	if own := Start(t); own == first {
		t.Errorf("got %q, want another than the shared one", own)
	}
}

func TestEndpointOfTheEnvironment(t *testing.T) {
	const want = "http://dynamodb.example:8000"
	t.Setenv(EndpointSetting, want)
	if got := Endpoint(t); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A recorder is a test that notes how it was ended.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper()                        {}
func (r *recorder) Skipf(format string, a ...any)  { r.skipped = fmt.Sprintf(format, a...) }
func (r *recorder) Errorf(format string, a ...any) { r.failed += fmt.Sprintf(format, a...) }
func (r *recorder) Fatalf(format string, a ...any) { r.failed += fmt.Sprintf(format, a...) }

// A test whose code sends what AWS refuses fails, whether the code notices or not.
func TestARefusedRequestFailsItsTest(t *testing.T) {
	r := &recorder{TB: t}
	body := strings.NewReader(`{"TableName": "none", "Limit": 0}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, Start(r), body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810.Scan")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusBadRequest || !strings.Contains(r.failed, "limit: ") {
		t.Errorf("got %s and the failure %q, want 400 and one that names the rule", res.Status, r.failed)
	}
}

func TestMissing(t *testing.T) {
	for name, tt := range map[string]struct {
		ci    string
		err   error
		skips bool
	}{
		"no binary for this system":       {"", fmt.Errorf("darwin/arm64: %w", errors.ErrUnsupported), true},
		"no npm":                          {"", &exec.Error{Name: "npm", Err: exec.ErrNotFound}, true},
		"npm fails":                       {"", errors.New("exit status 1"), false},
		"no binary for this system in CI": {"true", fmt.Errorf("darwin/arm64: %w", errors.ErrUnsupported), false},
		"no npm in CI":                    {"true", &exec.Error{Name: "npm", Err: exec.ErrNotFound}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CI", tt.ci)
			r := &recorder{}
			missing(r, tt.err)
			if tt.skips && !strings.Contains(r.skipped, EndpointSetting) {
				t.Errorf("got skipped %q, want a sentence that names %s", r.skipped, EndpointSetting)
			}
			if failed := r.failed != ""; failed == tt.skips {
				t.Errorf("got failed %q, want failed to be %v", r.failed, !tt.skips)
			}
		})
	}
}
