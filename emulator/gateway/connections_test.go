package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/gateway"
	"github.com/pay-theory/streamer/emulator/iam"
	"github.com/pay-theory/streamer/lift/sigv4"
)

func TestConnectionsAPI(t *testing.T) {
	t.Parallel()
	connect, gone := newRecorder(ok), newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(connect, gone, nil)})
	c, id := s.open(t, connect)
	url := s.url + "/dev/@connections/" + strings.ReplaceAll(id, "=", "%3D")

	t.Run("POST", func(t *testing.T) {
		res, body := request(t, "POST", url, `{"n": 1}`, nil)
		if res.StatusCode != 200 || body != "" || res.Header.Get("x-amzn-ErrorType") != "" {
			t.Errorf("%d %q", res.StatusCode, body)
		}
		if got := c.receive(t); got != `{"n": 1}` {
			t.Errorf("the client got %s", got)
		}
		// The SDKs escape the @ and the =, others neither.
		for _, path := range []string{"/dev/%40connections/" + strings.TrimSuffix(id, "=") + "%3D", "/dev/@connections/" + id} {
			if res, _ := request(t, "POST", s.url+path, "x", nil); res.StatusCode != 200 || c.receive(t) != "x" {
				t.Errorf("%s: %d", path, res.StatusCode)
			}
		}
	})
	t.Run("GET", func(t *testing.T) {
		s.clock.advance(time.Minute)
		if err := s.Post(t.Context(), id, []byte("x")); err != nil {
			t.Fatal(err)
		}
		c.receive(t)
		s.clock.advance(time.Minute)
		res, body := request(t, "GET", url, "", nil)
		want := `{"connectedAt":"2024-02-19T07:11:42.789Z","identity":{"sourceIp":"127.0.0.1","userAgent":"Go-http-client/1.1"},` +
			`"lastActiveAt":"2024-02-19T07:12:42.789Z"}`
		if res.StatusCode != 200 || body != want || res.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%d %s", res.StatusCode, body)
		}
	})
	t.Run("413", func(t *testing.T) {
		largest := strings.Repeat("x", 131_072)
		if res, _ := request(t, "POST", url, largest, nil); res.StatusCode != 200 || c.receive(t) != largest {
			t.Errorf("the largest: %s", res.Status)
		}
		res, _ := request(t, "POST", url, largest+"x", nil)
		wantRefusal(t, res, 413, "PayloadTooLargeException")
	})
	t.Run("other methods", func(t *testing.T) {
		res, body := request(t, "PUT", url, "", nil)
		wantRefusal(t, res, 403, "MissingAuthenticationTokenException")
		if body != `{"message":"Missing Authentication Token"}` {
			t.Error(body)
		}
	})
	t.Run("malformed id", func(t *testing.T) {
		for _, id := range []string{"x", "AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAA/=", "a/b"} {
			for _, method := range []string{"POST", "GET", "DELETE"} {
				res, body := request(t, method, s.url+"/dev/@connections/"+id, "", nil)
				wantRefusal(t, res, 400, "BadRequestException")
				if body != `{"message":"Invalid connectionId: `+id+`"}` {
					t.Error(body)
				}
			}
		}
	})
	t.Run("never was", func(t *testing.T) {
		for _, method := range []string{"POST", "GET", "DELETE"} {
			res, body := request(t, method, s.url+"/dev/@connections/AAAAAAAAAAAAAAA=", "", nil)
			wantRefusal(t, res, 410, "GoneException")
			if body != "" {
				t.Error(body)
			}
		}
	})
	t.Run("no stage", func(t *testing.T) {
		for _, path := range []string{"/@connections/", "/prod/@connections/"} {
			res, body := request(t, "POST", s.url+path+id, "x", nil)
			wantRefusal(t, res, 403, "ForbiddenException")
			if body != `{"message":"Forbidden"}` {
				t.Error(body)
			}
		}
	})
	t.Run("DELETE", func(t *testing.T) {
		if err := s.Post(t.Context(), id, []byte("last")); err != nil {
			t.Fatal(err)
		}
		res, body := request(t, "DELETE", url, "", nil)
		if res.StatusCode != 204 || body != "" {
			t.Errorf("%d %q", res.StatusCode, body)
		}
		for _, method := range []string{"POST", "GET", "DELETE"} {
			res, _ := request(t, method, url, "", nil)
			wantRefusal(t, res, 410, "GoneException")
		}
		if got := c.receive(t); got != "last" {
			t.Errorf("the client got %s", got)
		}
		if end := c.closed(t); end.Code != 1000 || end.Reason != "Connection Closed Normally" {
			t.Errorf("closed with %v", end)
		}
		e := gone.next(t).RequestContext
		if e.ConnectionID != id || e.DisconnectStatusCode != 1000 || e.DisconnectReason != "Connection Closed Normally" {
			t.Errorf("$disconnect got %+v", e)
		}
	})
}

func wantRefusal(t *testing.T, res *http.Response, status int, kind string) {
	t.Helper()
	if res.StatusCode != status || res.Header.Get("x-amzn-ErrorType") != kind {
		t.Errorf("answered %d %s, want %d %s", res.StatusCode, res.Header.Get("x-amzn-ErrorType"), status, kind)
	}
}

func TestConnectionMethods(t *testing.T) {
	t.Parallel()
	connect := newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(connect, nil, nil)})
	c, id := s.open(t, connect)

	about, err := s.Get(t.Context(), id)
	if err != nil || about.Identity.SourceIP != "127.0.0.1" || !about.ConnectedAt.Equal(s.clock.Now()) {
		t.Errorf("%+v, %v", about, err)
	}
	if text, _ := json.Marshal(about); !strings.Contains(string(text), `"sourceIp":"127.0.0.1"`) {
		t.Errorf("encoded as %s", text)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, getErr := s.Get(cancelled, id)
	for _, err := range []error{s.Post(cancelled, id, nil), s.Delete(cancelled, id), getErr} {
		if err != context.Canceled {
			t.Errorf("error %v", err)
		}
	}
	wantError(t, s.Post(t.Context(), "x", nil), 400, "BadRequestException")
	wantError(t, s.Post(t.Context(), id, make([]byte, 131_073)), 413, "PayloadTooLargeException")
	if err := s.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	err = s.Delete(t.Context(), id)
	wantError(t, err, 410, "GoneException")
	if err.Error() != "410 GoneException" {
		t.Error(err)
	}
	c.closed(t)
}

func TestPostsArriveInOrder(t *testing.T) {
	t.Parallel()
	connect := newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(connect, nil, nil)})
	c, id := s.open(t, connect)
	const n = 2000
	go func() {
		for i := range n {
			s.Post(t.Context(), id, fmt.Appendf(nil, "%d%s", i, strings.Repeat(" ", i%500)))
		}
	}()
	for i := range n {
		if got := strings.TrimSpace(c.receive(t)); got != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, got)
		}
	}
}

// A client that does not read fills its buffer; others notice nothing.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	connect, gone := newRecorder(ok), newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(connect, gone, nil), Limits: gateway.Limits{
		SendBuffer: 256 << 10, RequestRate: gateway.Unlimited, Closing: time.Second,
	}})
	slow, slowID := s.open(t, connect)
	quick, quickID := s.open(t, connect)
	message := make([]byte, 100<<10)
	var err error
	sent := 0
	for range 1000 { // the kernel's buffers take some
		if err = s.Post(t.Context(), slowID, message); err != nil {
			break
		}
		sent++
	}
	wantError(t, err, 429, "LimitExceededException")
	if err := s.Post(t.Context(), quickID, []byte("x")); err != nil || quick.receive(t) != "x" {
		t.Errorf("the quick client waits: %v", err)
	}
	for range sent {
		slow.receive(t)
	}
	eventually(t, func() bool { return s.Post(t.Context(), slowID, message) == nil })

	// One that never reads again is cut off when it is closed.
	for s.Post(t.Context(), slowID, message) == nil {
	}
	if err := s.Delete(t.Context(), slowID); err != nil {
		t.Fatal(err)
	}
	if e := gone.next(t).RequestContext; e.ConnectionID != slowID || e.DisconnectStatusCode != 1000 {
		t.Errorf("$disconnect got %+v", e)
	}
}

// The buffer bounds what waits: one message may be longer, if nothing does.
func TestAMessageLongerThanTheBufferIsTaken(t *testing.T) {
	t.Parallel()
	connect := newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(connect, nil, nil), Limits: gateway.Limits{SendBuffer: 10}})
	c, id := s.open(t, connect)
	message := strings.Repeat("x", 100)
	if err := s.Post(t.Context(), id, []byte(message)); err != nil {
		t.Fatalf("got %v, want none", err)
	}
	if got := c.receive(t); got != message {
		t.Errorf("the client got %q, want %q", got, message)
	}
}

// A bucket that is not used is full, not fuller.
func TestABurstDoesNotGrow(t *testing.T) {
	t.Parallel()
	s := start(t, gateway.Config{Limits: gateway.Limits{RequestRate: 2, RequestBurst: 3}})
	const unknown = "AAAAAAAAAAAAAAA="
	for _, idle := range []time.Duration{0, time.Hour, 24 * time.Hour} {
		s.clock.advance(idle)
		for range 3 {
			wantError(t, s.Delete(t.Context(), unknown), 410, "GoneException")
		}
		wantError(t, s.Delete(t.Context(), unknown), 429, "LimitExceededException")
	}
	s.clock.advance(time.Second / 2)
	wantError(t, s.Delete(t.Context(), unknown), 410, "GoneException")
	wantError(t, s.Delete(t.Context(), unknown), 429, "LimitExceededException")
}

func TestCallers(t *testing.T) {
	t.Parallel()
	router := iam.Credentials{AccessKeyID: "ASIAROUTER", SecretAccessKey: "a secret", SessionToken: "a token"}
	s := start(t, gateway.Config{Callers: &iam.Callers{Region: "us-east-1", Known: []iam.Credentials{router}}})
	for _, c := range []struct {
		name, service string
		change        func(*iam.Credentials)
		status        int
		want          string
	}{
		{"signed", "execute-api", func(*iam.Credentials) {}, 410, "GoneException"},
		{"for another service", "lambda", func(*iam.Credentials) {}, 403, "InvalidSignatureException"},
		{"with another secret", "execute-api", func(c *iam.Credentials) { c.SecretAccessKey = "x" }, 403, "InvalidSignatureException"},
		{"without the session token", "execute-api", func(c *iam.Credentials) { c.SessionToken = "" }, 403, "UnrecognizedClientException"},
		{"not signed", "", func(*iam.Credentials) {}, 403, "MissingAuthenticationTokenException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/dev/@connections/AAAAAAAAAAAAAAA%3D", strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			if c.service != "" {
				who := router
				c.change(&who)
				signer := sigv4.Signer{Service: c.service, Region: "us-east-1", Credentials: sigv4.Static(sigv4.Credentials(who))}
				if err := signer.Sign(r, []byte("x"), time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if got := res.Header.Get("x-amzn-ErrorType"); res.StatusCode != c.status || got != c.want {
				t.Errorf("got %d %s, want %d %s", res.StatusCode, got, c.status, c.want)
			}
		})
	}
}
