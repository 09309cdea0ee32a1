package config_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// A secret is fetched again when it is not fresh any more, and serves on while
// that fails.
func TestRotating(t *testing.T) {
	t.Parallel()
	var fetches, away atomic.Int64
	extension := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if away.Load() == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = fmt.Fprintf(w, `{"SecretString":"{\"password\":\"p%d\"}"}`, fetches.Add(1))
	}))
	t.Cleanup(extension.Close)
	now := lifttest.When
	var cfg struct {
		Password config.Rotating `env:"PASSWORD,required"`
		Fixed    config.Rotating `env:"FIXED"`
		Unset    config.Rotating `env:"UNSET"`
	}
	env := map[string]string{"PASSWORD": "secretsmanager:db#password", "FIXED": "text"}
	err := config.Load(t.Context(), &cfg, config.Options{
		Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }, Extension: extension.URL,
		Fresh: time.Minute, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Password.Within(time.Minute)
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	var got string
	app.Direct(lift.HandlerFunc(func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
		got = cfg.Password.Current(ctx).Reveal()
		return nil, nil
	}))
	for _, step := range []struct {
		after time.Duration
		away  int64
		want  string
		lines int
	}{
		{0, 0, "p1", 0},
		{59 * time.Second, 0, "p1", 0},
		{time.Second, 0, "p2", 0},
		{time.Minute, 1, "p2", 1},      // it cannot be fetched, and serves on
		{29 * time.Second, 1, "p2", 1}, // that is not tried again yet
		{time.Second, 0, "p3", 1},
	} {
		now = now.Add(step.after)
		away.Store(step.away)
		lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: 1})
		if lines := log.Lines(t, "a secret could not be fetched again"); got != step.want || len(lines) != step.lines {
			t.Errorf("after %s: got %s and %d lines, want %s and %d", step.after, got, len(lines), step.want, step.lines)
		}
	}
	if strings.Contains(log.String(), "p2") {
		t.Errorf("the secret is in the log:\n%s", &log)
	}
	if fixed, unset := cfg.Fixed.Current(t.Context()).Reveal(), cfg.Unset.Current(t.Context()).Reveal(); fixed != "text" || unset != "" {
		t.Errorf("got %q and %q, want text and nothing", fixed, unset)
	}
	var group sync.WaitGroup
	now = now.Add(time.Hour)
	for range 16 {
		group.Go(func() { cfg.Password.Current(context.Background()) })
	}
	group.Wait()
	if n := fetches.Load(); n != 4 {
		t.Errorf("many at once fetch %d times together, want 4", n)
	}
}
