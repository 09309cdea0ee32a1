package functions_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/store/sqlite"
)

// What a stack adds is refused by its name in what an application brings, and nothing else is.
func TestCheckApplication(t *testing.T) {
	t.Parallel()
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for name, parts := range map[string]functions.Parts{
		"Connections": {Connections: store},
		"Requests":    {Requests: store},
		"Dispatch":    {Dispatch: streamer.QueueFunc(nil)},
		"SweepEvery":  {SweepEvery: time.Minute},
		"Paused":      {Paused: true},
		"Worker":      {Worker: "w"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := parts.CheckApplication(); err == nil || !strings.Contains(err.Error(), "Parts."+name+" is set, of which the stack has its own") {
				t.Errorf("got %v, want %s refused", err, name)
			}
		})
	}
	brought := functions.Parts{Limits: streamer.Limits{RunningPerTenant: 1}, Retention: time.Hour, Lease: time.Minute, Now: time.Now}
	if err := brought.CheckApplication(); err != nil {
		t.Errorf("what an application may bring: %v", err)
	}
}
