package wire_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/pay-theory/streamer/wire"
)

func TestBadFrames(t *testing.T) {
	t.Parallel()
	for _, input := range []string{
		``, `[]`, `"pong"`, `{`, `{}`, `{"type":""}`, `{"type":7}`,
		`{"type":"error","request_id":"r-1"}`, `{"type":"error","error":null}`, `{"type":"error","error":"text"}`,
		`{"type":"request"}`, `{"type":"request","request":[]}`,
		`{"type":"pong","timestamp":"yesterday"}`, `{"type":"progress","rev":1.5}`, `{"type":"progress","rev":9223372036854775808}`,
	} {
		if f, err := wire.DecodeFrame([]byte(input)); err == nil {
			t.Errorf("%s decodes to %+v", input, f)
		}
	}
}

func TestFramesOfOtherServers(t *testing.T) {
	t.Parallel()
	f, err := wire.DecodeFrame([]byte(`{"rev":3,"new_field":{"a":[1]},"type":"complete","success":true,"result": {"n":1} ,` +
		`"request_id":"r-1"}`))
	if err != nil {
		t.Fatal(err)
	}
	if f.Type != wire.TypeComplete || f.RequestID != "r-1" || f.Rev != 3 || string(f.Result) != `{"n":1}` {
		t.Errorf("decoded %+v", f)
	}
}

func TestTimesAreSentInUTC(t *testing.T) {
	t.Parallel()
	f := wire.Frame{Type: wire.TypePong, Timestamp: at.In(time.FixedZone("somewhere", 2*3600))}
	if got, want := string(f.Append(nil)), `{"type":"pong","timestamp":"2026-01-02T03:04:05.678Z"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAPercentageThatIsNoNumberStillMakesAFrame(t *testing.T) {
	t.Parallel()
	raw := wire.Frame{Type: wire.TypeProgress, Percentage: math.NaN(), Timestamp: at}.Append(nil)
	if !json.Valid(raw) {
		t.Errorf("%s is not valid JSON", raw)
	}
}

func TestOnlyTheThreeLastStatesAreFinal(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]bool{wire.StateQueued: false, wire.StateRunning: false,
		wire.StateSucceeded: true, wire.StateFailed: true, wire.StateCancelled: true} {
		t.Run(state, func(t *testing.T) {
			if got := (wire.Snapshot{State: state}).Final(); got != want {
				t.Errorf("%s: final is %v", state, got)
			}
		})
	}
}
