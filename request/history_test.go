package request_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// However much the causes say, and whatever JSON makes of it, a history stays small: the
// newest causes are kept.
func TestTheCausesOfAHistoryAreBounded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message string
		kept    int
	}{
		"short ones":              {"connection refused", request.MaxHistory},
		"long ones":               {strings.Repeat("x", wire.MaxCause), 7},
		"those that JSON escapes": {strings.Repeat("\x01", wire.MaxCause), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &request.Request{}
			for range request.MaxHistory + 5 {
				r.History = request.EndAttempt(r, time.Unix(1, 0), wire.InternalError, wire.Cause{Message: tt.message})
			}
			kept, size := 0, 0
			for n, a := range r.History {
				raw, err := json.Marshal(a.Cause)
				if err != nil {
					t.Fatal(err)
				}
				if a.Cause != (wire.Cause{}) {
					kept, size = kept+1, size+len(raw)
				} else if kept > 0 {
					t.Errorf("attempt %d has no cause, and an older one has", n)
				}
			}
			if len(r.History) != request.MaxHistory || kept != tt.kept || size > request.MaxCauses {
				t.Errorf("got %d attempts with %d causes of %d bytes, want %d with %d of at most %d", len(r.History), kept, size,
					request.MaxHistory, tt.kept, request.MaxCauses)
			}
		})
	}
}
