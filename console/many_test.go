package console_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

var (
	requests    = flag.Int("console.requests", 3000, "how many requests the console has to show in TestManyRequests")
	thorough    = flag.Bool("console.thorough", false, "whether TestManyRequests looks at each view in every way")
	firstFigure = flag.Duration("console.first", time.Minute, "how soon TestManyRequests wants the first figure at 50 ms a call")
	screenshots = flag.String("console.screenshots", "", "folder that TestManyRequests writes a screenshot of each view to")
)

// The console over a shop's day: its figures are the store's, and no view takes more
// memory or time for it.
func TestManyRequests(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	chromium := nodetest.Chromium(t)
	h := &harness{t: t, data: t.TempDir(), release: make(chan struct{})}
	counted, err := json.Marshal(seed(t, h.data, *requests))
	if err != nil {
		t.Fatal(err)
	}
	h.start("127.0.0.1:0")
	if t.Failed() {
		return
	}
	defer h.stop()
	sign := func(ttl time.Duration, scopes ...string) string {
		token, err := h.stack.Sign(stack.Grant{Tenant: manyTenant, Subject: "boss", Scopes: scopes, TTL: ttl}, nil, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	folder := *screenshots
	if folder != "" {
		if folder, err = filepath.Abs(folder); err != nil {
			t.Fatal(err)
		}
	}
	nodetest.Run(t, filepath.Join("..", "verify", "node"), []string{
		chromium, "SITE=http://" + h.stack.Addr(), "CENSUS=" + string(counted), "SCREENSHOTS=" + folder,
		"THOROUGH=" + map[bool]string{true: "yes"}[*thorough], fmt.Sprintf("FIRST_FIGURE=%d", firstFigure.Milliseconds()),
		"OPERATOR=" + sign(time.Hour, request.OperatorScope), "FRESH=" + sign(2*time.Hour, request.OperatorScope),
		"OWNER=" + sign(time.Hour, request.OperatorScope, request.OwnerScope),
	}, "console-many.mjs")
}
