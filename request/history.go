package request

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// MaxCauses is how many bytes of JSON the causes in one history have at the most. Each
// write of a request whose attempts failed writes them again.
const MaxCauses = 8 << 10

// EndAttempt is the request's history with its last claim as one more ended attempt, and
// without the oldest where it would be too long. The oldest causes are left out where
// all of them have more than MaxCauses.
func EndAttempt(r *Request, at time.Time, code wire.Code, cause wire.Cause) []wire.Attempt {
	began := cmp.Or(r.ClaimedAt, r.StartedAt) // a version before this one claimed without ClaimedAt
	ended := append(slices.Clone(r.History), wire.Attempt{Number: r.Attempt, StartedAt: began, EndedAt: at, Code: code, Worker: r.Worker,
		Cause: cause})
	ended = ended[max(len(ended)-MaxHistory, 0):]
	room := MaxCauses
	for n := range slices.Backward(ended) {
		if room -= causeSize(ended[n].Cause); room < 0 {
			ended[n].Cause = wire.Cause{}
		}
	}
	return ended
}

// causeSize is how many bytes of JSON a cause has.
func causeSize(c wire.Cause) int {
	if c == (wire.Cause{}) {
		return 0
	}
	raw, _ := json.Marshal(c) // three texts always encode
	return len(raw)
}

// withoutCauses is a history as it is shown to the request's owner.
func withoutCauses(history []wire.Attempt) []wire.Attempt {
	shown := slices.Clone(history)
	for n := range shown {
		shown[n].Cause = wire.Cause{}
	}
	return shown
}
