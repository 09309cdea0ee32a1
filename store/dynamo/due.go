package dynamo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/pay-theory/streamer/request"
)

// DueRequests implements [request.DueLister]: one call for each shard, at the
// same time, and one for each hundred requests that are due.
func (s *Store) DueRequests(ctx context.Context, q request.DueQuery) ([]*request.Request, string, error) {
	entries, next, err := s.due(ctx, s.requests, int(q.Kind), q.Until, q.Limit, q.Cursor)
	var page []*request.Request
	if err == nil {
		page, err = s.fetch(ctx, entries)
	}
	if err != nil {
		err = fmt.Errorf("dynamo: list due requests: %w", err)
	}
	// The index may be older than the rows.
	page = slices.DeleteFunc(page, func(r *request.Request) bool {
		return r.Look.Kind != q.Kind || r.Look.At.IsZero() || r.Look.At.After(q.Until)
	})
	slices.SortStableFunc(page, func(a, b *request.Request) int { return a.Look.At.Compare(b.Look.At) })
	return page, next, err
}

// due reads up to limit entries of a kind of a table's index of what is due, the
// longest due first, and a cursor for those behind them.
func (s *Store) due(ctx context.Context, table string, kind int, until time.Time, limit int, cursor string) ([]item, string, error) {
	from, err := s.parseDueCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	type answer struct {
		shard   int
		entries []item
		more    bool
		err     error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan answer, s.shards)
	for shard := range s.shards {
		go func() {
			hash := number(kind*maxShards + shard)
			entries, next, err := s.query(ctx, table, input{
				IndexName:                 indexDue,
				KeyConditionExpression:    "#shard = :shard AND #due <= :until",
				ExpressionAttributeNames:  map[string]string{"#shard": attrShard, "#due": request.AttrLook},
				ExpressionAttributeValues: item{":shard": hash, ":until": millis(until)},
				ExclusiveStartKey:         from[shard].key(hash),
				Limit:                     limit,
			}, limit, 0)
			answers <- answer{shard, entries, next != nil, err}
		}()
	}
	type entry struct {
		shard int
		item  item
		at    duePosition
	}
	var all []entry
	more := false
	for range s.shards {
		a := <-answers
		if a.err != nil {
			return nil, "", a.err
		}
		for _, e := range a.entries {
			all = append(all, entry{a.shard, e, positionOf(e)})
		}
		more = more || a.more
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at.Due < all[j].at.Due }) // stable: a shard's own order is the cursor's
	more = more || len(all) > limit
	var entries []item
	for _, e := range all[:min(limit, len(all))] {
		entries = append(entries, e.item)
		from[e.shard] = e.at
	}
	if !more {
		return entries, "", nil
	}
	return entries, from.String(), nil
}

// A dueCursor is, for each shard, the last entry that was read; none at first.
type dueCursor []duePosition

// A duePosition is the key of an entry in one shard of an index of what is due.
type duePosition struct {
	Partition string `json:"p,omitempty"` // of a request or a counter; a connection's key has none
	ID        string `json:"i,omitempty"`
	Due       int64  `json:"d,omitempty"`
}

func positionOf(entry item) duePosition {
	in := &reader{item: entry}
	return duePosition{Partition: in.optional("pk"), ID: in.text("id"), Due: in.number(request.AttrLook)}
}

// key is nil where the shard is read from its beginning.
func (p duePosition) key(shard value) item {
	if p.ID == "" {
		return nil
	}
	key := item{"id": text(p.ID), attrShard: shard, request.AttrLook: number(p.Due)}
	key.setText("pk", p.Partition)
	return key
}

func (c dueCursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // a slice of strings and numbers always encodes
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// parseDueCursor refuses a cursor of another number of shards.
func (s *Store) parseDueCursor(text string) (dueCursor, error) {
	if text == "" {
		return make(dueCursor, s.shards), nil
	}
	var c dueCursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || len(c) != s.shards {
		return nil, errCursor()
	}
	return c, nil
}
