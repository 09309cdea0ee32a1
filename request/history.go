package request

import (
	"cmp"
	"slices"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// EndAttempt is the request's history with its last claim as one more ended attempt, and
// without the oldest where it would be too long.
func EndAttempt(r *Request, at time.Time, code wire.Code) []wire.Attempt {
	began := cmp.Or(r.ClaimedAt, r.StartedAt) // a version before this one claimed without ClaimedAt
	ended := append(slices.Clone(r.History), wire.Attempt{Number: r.Attempt, StartedAt: began, EndedAt: at, Code: code, Worker: r.Worker})
	return ended[max(len(ended)-MaxHistory, 0):]
}
