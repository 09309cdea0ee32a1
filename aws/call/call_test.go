package call_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/lift/sigv4"
)

// An answer is what a service says to one attempt.
type answer func(r *http.Request) (*http.Response, error)

// answers is a transport that gives each attempt the next answer, the last one to
// all that follow.
type answers struct {
	all  []answer
	made []*http.Request
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	next := a.all[min(len(a.made), len(a.all)-1)]
	a.made = append(a.made, r)
	return next(r)
}

func says(status int, body string, header ...string) answer {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func lost(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }

// hangs answers nothing until the attempt's time is up.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

var credentials = sigv4.Static(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "session"})

func client(t *testing.T, transport *answers, edit func(*call.Config)) *call.Client {
	t.Helper()
	config := call.Config{Service: "sqs", Region: "eu-west-1", Credentials: credentials, Transport: transport}
	if edit != nil {
		edit(&config)
	}
	c, err := call.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []answer
		made    int
		want    string // of the error; "": success
	}{
		"success":               {[]answer{says(200, "{}")}, 1, ""},
		"throttled, then well":  {[]answer{says(429, ""), says(200, "{}")}, 2, ""},
		"down, then well":       {[]answer{says(503, ""), says(503, ""), says(200, "{}")}, 3, ""},
		"lost, then well":       {[]answer{lost, says(200, "{}")}, 2, ""},
		"throttled by its code": {[]answer{says(400, `{"__type":"com.amazonaws.sqs#RequestThrottled"}`), says(200, "{}")}, 2, ""},
		"unreadable, then well": {[]answer{says(200, `{"MessageId":`), says(200, "{}")}, 2, ""},
		"wrong checksum": {[]answer{says(200, "{}", "X-Amz-Crc32", "1"),
			says(200, "{}", "X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE([]byte("{}"))))}, 2, ""},
		"throttled to the end": {[]answer{says(429, "")}, 3, "sqs Send: status 429 (attempts 3)"},
		"lost to the end":      {[]answer{lost}, 3, "sqs Send: connection reset (attempts 3)"},
		"refused": {[]answer{says(403, `{"__type":"AccessDenied","message":"no"}`, "X-Amzn-Requestid", "R1")}, 1,
			"sqs Send: AccessDenied: no (attempts 1, request R1)"},
		"refused by the header": {[]answer{says(410, "", "X-Amzn-Errortype", "GoneException:http://x")}, 1,
			"sqs Send: GoneException (attempts 1)"},
		"refused in another way": {[]answer{says(400, "<html>no</html>", "X-Amzn-Errortype", "Bad")}, 1,
			"sqs Send: Bad: <html>no</html> (attempts 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := &answers{all: tt.answers}
				_, err := call.JSON[struct{ MessageID string }](t.Context(), client(t, a, nil), "AmazonSQS.Send", struct{}{}, 0)
				got := ""
				if err != nil {
					got = err.Error()
				}
				if got != tt.want {
					t.Errorf("got error %q, want %q", got, tt.want)
				}
				if len(a.made) != tt.made {
					t.Errorf("got %d attempts, want %d", len(a.made), tt.made)
				}
			})
		})
	}
}

// A first answer that is cut in its middle leaves nothing in the second's output.
func TestAnOutputIsOfOneAnswer(t *testing.T) {
	t.Parallel()
	a := &answers{all: []answer{says(200, `{"Items":["old"],"Next":"page 2"`), says(200, `{"Items":["new"]}`)}}
	got, err := call.JSON[struct {
		Items []string
		Next  string
	}](t.Context(), client(t, a, nil), "DynamoDB_20120810.Query", struct{}{}, 0)
	if err != nil || got.Next != "" || len(got.Items) != 1 || got.Items[0] != "new" {
		t.Errorf("got %+v, %v; want the second answer alone", got, err)
	}
}

func TestTheTimeOfACall(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		request call.Request
		edit    func(*call.Config)
		want    time.Duration // until the first attempt is given up
	}{
		"the default":       {call.Request{}, nil, 2 * time.Second},
		"the client's":      {call.Request{}, func(c *call.Config) { c.Timeout = 5 * time.Second }, 5 * time.Second},
		"the request's own": {call.Request{Timeout: 10 * time.Second}, nil, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				c := client(t, &answers{all: []answer{hangs}}, func(c *call.Config) {
					c.Attempts = 1
					if tt.edit != nil {
						tt.edit(c)
					}
				})
				if err := c.Do(t.Context(), tt.request); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want a deadline that is exceeded", err)
				}
				if took := time.Since(began); took != tt.want {
					t.Errorf("got an attempt of %v, want %v", took, tt.want)
				}
			})
		})
	}
	t.Run("ends with the caller's", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a := &answers{all: []answer{hangs}}
			c := client(t, a, func(c *call.Config) { c.Attempts = 10 })
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if err := c.Do(ctx, call.Request{}); !errors.Is(err, context.DeadlineExceeded) || len(a.made) != 2 {
				t.Errorf("got %v after %d attempts, want the deadline after 2", err, len(a.made))
			}
		})
	})
}

func TestARequestIsSigned(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	a := &answers{all: []answer{says(200, "{}")}}
	c := client(t, a, func(c *call.Config) { c.Now = func() time.Time { return at } })
	if err := c.Do(t.Context(), call.Request{Method: http.MethodDelete, Path: "/a%2Fb",
		Header: http.Header{"X-Kind": {"Event"}}}); err != nil {
		t.Fatal(err)
	}
	r := a.made[0]
	for name, got := range map[string][2]string{
		"method": {r.Method, "DELETE"},
		"URL":    {r.URL.String(), "https://sqs.eu-west-1.amazonaws.com/a%2Fb"},
		"header": {r.Header.Get("X-Kind"), "Event"},
		"date":   {r.Header.Get("X-Amz-Date"), "20260506T070809Z"},
		"token":  {r.Header.Get("X-Amz-Security-Token"), "session"},
		"scope": {strings.SplitN(r.Header.Get("Authorization"), ",", 2)[0],
			"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260506/eu-west-1/sqs/aws4_request"},
	} {
		t.Run(name, func(t *testing.T) {
			if got[0] != got[1] {
				t.Errorf("%s: got %q, want %q", name, got[0], got[1])
			}
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for want, edit := range map[string]func(*call.Config){
		"Config.Service is empty":           func(c *call.Config) { c.Service = "" },
		"Config.Region is empty":            func(c *call.Config) { c.Region = "" },
		"Config.Credentials is nil":         func(c *call.Config) { c.Credentials = nil },
		"Attempts or Timeout is negative":   func(c *call.Config) { c.Attempts = -1 },
		`"localhost" is not a valid HTTP U`: func(c *call.Config) { c.Endpoint = "localhost" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			config := call.Config{Service: "sqs", Region: "eu-west-1", Credentials: credentials}
			edit(&config)
			if _, err := call.New(config); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want one with %q", err, want)
			}
		})
	}
}

// A body that depends on the time is made for each attempt, and one that cannot be
// made ends the call.
func TestABodyIsEncodedForEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		a := &answers{all: []answer{func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			sent = append(sent, string(body))
			if err != nil || len(sent) < 3 {
				return says(503, "")(r)
			}
			return says(200, "{}")(r)
		}}}
		n := 0
		if err := client(t, a, nil).Do(t.Context(), call.Request{Encode: func() ([]byte, error) {
			n++
			return fmt.Append(nil, n), nil
		}}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(sent, " "); got != "1 2 3" {
			t.Errorf("got bodies %s, want 1 2 3", got)
		}
		a.made = nil
		_, err := call.JSON[struct{}](t.Context(), client(t, a, nil), "AmazonSQS.Send", func() {}, 0)
		if err == nil || !strings.Contains(err.Error(), "sqs Send: encode the request: json: unsupported type") || len(a.made) != 0 {
			t.Errorf("got error %v after %d attempts, want one about the encoding and none", err, len(a.made))
		}
	})
}
