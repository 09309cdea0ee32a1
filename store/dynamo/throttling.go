package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
)

// kindThrottling is the kind under which the index of what is due has the counters
// of limits that requests wait for: a mark, which is the time of the counter's
// due, made before a request waits, and removed some time after none does.
const kindThrottling = 9 // far from those of package request

const (
	// markAgain is how old a mark is made anew, so that those who throttle many
	// requests read it more often than they write it.
	markAgain = 30 * time.Second
	// markKept is how old a mark must be to be removed. What was throttled by a mark
	// that was young enough to stay is in its wait queue by then.
	markKept = 2 * time.Minute
)

// markThrottling has ThrottlingLimits list the limit.
func (s *Store) markThrottling(ctx context.Context, limit string) error {
	key := permitKey(limit)
	out, err := s.call(ctx, opGet, s.requests, input{Key: key, ConsistentRead: true})
	if err != nil {
		return fmt.Errorf("mark limit: %w", err)
	}
	marked := (&reader{item: out.Item}).time(request.AttrLook)
	if time.Since(marked) < markAgain {
		return nil
	}
	_, err = s.call(ctx, opUpdate, s.requests, input{
		Key:              key,
		UpdateExpression: "SET #due = :now, #shard = :shard, #taken = if_not_exists(#taken, :none)",
		ExpressionAttributeNames: map[string]string{"#due": request.AttrLook, "#shard": attrShard,
			"#taken": "taken"},
		ExpressionAttributeValues: item{":now": millis(time.Now()), ":none": number(0),
			":shard": number(kindThrottling*maxShards + s.shard(limit))},
	})
	if err != nil {
		return fmt.Errorf("mark limit: %w", err)
	}
	return nil
}

// ThrottlingLimits implements [request.PermitLister]: one call for each shard, at
// the same time, and one or two for each limit that nothing has begun to wait for
// in the last two minutes.
func (s *Store) ThrottlingLimits(ctx context.Context, n int, cursor string) ([]string, string, error) {
	entries, next, err := s.due(ctx, s.requests, kindThrottling, time.Now().Add(time.Hour), n, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("dynamo: list throttling limits: %w", err)
	}
	var names []string
	for _, e := range entries {
		name, marked := limitOf(e), (&reader{item: e}).time(request.AttrLook)
		if time.Since(marked) > markKept {
			over, err := s.unmark(ctx, name, marked)
			if err != nil {
				return nil, "", fmt.Errorf("dynamo: list throttling limits: %w", err)
			}
			if over {
				continue
			}
		}
		names = append(names, name)
	}
	return names, next, nil
}

// unmark removes the mark of a limit that no request waits for, unless it is a
// newer one than was seen. It reports whether no request waits.
func (s *Store) unmark(ctx context.Context, limit string, marked time.Time) (over bool, err error) {
	waiting, err := s.waitQueue(ctx, limit, 1)
	if err != nil || len(waiting) > 0 {
		return false, err
	}
	_, err = s.call(ctx, opUpdate, s.requests, input{
		Key: permitKey(limit), UpdateExpression: "REMOVE #due, #shard", ConditionExpression: "#due = :marked",
		ExpressionAttributeNames:  map[string]string{"#due": request.AttrLook, "#shard": attrShard},
		ExpressionAttributeValues: item{":marked": millis(marked)},
	})
	if call.HasCode(err, codeCondition) {
		return false, nil
	}
	return err == nil, err
}

var unescape = strings.NewReplacer("%25", "%", "%23", "#")

// limitOf is the name of the limit whose counter an entry is of.
func limitOf(entry item) string {
	name, _ := strings.CutPrefix((&reader{item: entry}).text("pk"), limitPrefix)
	return unescape.Replace(name)
}
