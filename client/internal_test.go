package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/wire"
)

func TestBackoffIsFullJitter(t *testing.T) {
	t.Parallel()
	b := Backoff{Min: 100 * time.Millisecond, Max: time.Second}
	for failures, ceiling := range map[int]time.Duration{
		0: 100 * time.Millisecond, 1: 200 * time.Millisecond, 3: 800 * time.Millisecond, 4: time.Second, 1 << 40: time.Second,
	} {
		t.Run(strconv.Itoa(failures)+" failures", func(t *testing.T) {
			low, high := ceiling, time.Duration(0)
			for range 1000 {
				d := b.delay(failures)
				low, high = min(low, d), max(high, d)
			}
			if low < 0 || low > ceiling/10 || high > ceiling || high < ceiling*9/10 {
				t.Errorf("got %v to %v, want 0 to %v", low, high, ceiling)
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	encode := base64.RawURLEncoding.EncodeToString
	for token, want := range map[string]int64{
		"e30." + encode([]byte(`{"exp":1767225600}`)) + ".s":   1767225600,
		"e30." + encode([]byte(`{"exp":1767225600.9}`)) + ".s": 1767225600,
		"e30." + encode([]byte(`{"exp":"soon"}`)) + ".s":       0,
		"e30." + encode([]byte(`{"exp":1e300}`)) + ".s":        0,
		"e30." + encode([]byte(`{"exp":-1}`)) + ".s":           0,
		"e30." + encode([]byte(`{}`)) + ".s":                   0,
		"e30.???.s":                                            0,
		"opaque":                                               0,
		"":                                                     0,
	} {
		t.Run(token, func(t *testing.T) {
			got := expiry(token)
			if want == 0 && !got.IsZero() || want != 0 && got.Unix() != want {
				t.Errorf("got %v, want %d", got, want)
			}
		})
	}
}

func TestRenewalComesBeforeExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for left, want := range map[time.Duration]time.Duration{
			time.Hour: 59 * time.Minute, time.Minute: 48 * time.Second, 500 * time.Millisecond: 0, -time.Hour: 0,
		} {
			got, ok := renewal(time.Now().Add(left))
			if got != want || ok != (want != 0) {
				t.Errorf("with %v left: in %v, %v, want %v", left, got, ok, want)
			}
		}
		if _, ok := renewal(time.Time{}); ok {
			t.Error("a token without expiry is renewed")
		}
	})
}

func FuzzExpiry(f *testing.F) {
	f.Add("e30.eyJleHAiOjE3NjcyMjU2MDB9.s")
	f.Add("a.b")
	f.Fuzz(func(t *testing.T, token string) {
		if exp := expiry(token); !exp.IsZero() && exp.Unix() < 0 {
			t.Errorf("%q expires %v", token, exp)
		}
	})
}

func FuzzProblem(f *testing.F) {
	f.Add(429, []byte(`{"code":"RATE_LIMITED","detail":"d","retry":{"retryable":true,"after":1e300},"details":{"correlation_id":"c"}}`))
	f.Add(502, []byte(`{"message":"Bad Gateway"}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if e := problem(&http.Response{StatusCode: status}, body); e.Code == "" || e.RetryAfter < 0 || e.RetryAfter > 24*time.Hour {
			t.Errorf("%d %q: %+v", status, body, e)
		}
	})
}

// A message that waits for the writer when its call is dropped is not sent.
func TestADroppedMessageThatStillWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &session{out: make(chan []byte), lost: make(chan struct{}), asks: map[string]ask{}}
		call := newCall("", "r-1", &wire.Message{})
		time.AfterFunc(time.Second, func() { close(call.dropped) })
		if _, err := s.ask(t.Context(), "r-1", []byte("{}"), call); !errors.Is(err, errDropped) {
			t.Errorf("got %v, want errDropped", err)
		}
	})
}

// The answer and the loss may both be there when the caller looks: what was
// answered must not be sent again.
func TestAnAnswerWinsOverALossAtTheSameTime(t *testing.T) {
	t.Parallel()
	for range 200 {
		s := &session{out: make(chan []byte), lost: make(chan struct{}), asks: map[string]ask{}}
		go func() {
			<-s.out
			s.answer(wire.Frame{Type: wire.TypeResponse, RequestID: "r-1", Data: json.RawMessage(`1`)})
			close(s.lost)
		}()
		f, err := s.ask(t.Context(), "r-1", []byte("{}"), nil)
		if err != nil || string(f.Data) != `1` {
			t.Fatalf("got %s, %v, want the answer 1", f.Data, err)
		}
	}
}
