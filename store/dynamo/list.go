package dynamo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// The indexes of the tables. Of connections there are by_tenant and due.
const (
	indexByTenant  = "by_tenant"
	indexBySubject = "by_subject"
	indexDue       = "due"
	indexBlocked   = "blocked"
)

const (
	maxQueries = 10   // calls of a list with a filter that few entries pass
	maxFetched = 1000 // rows that a list by a state reads that the indexes do not tell
	mostKeys   = 100  // of one BatchGetItem
)

// ListRequests implements [request.Lister]. It reads an index, which is
// eventually consistent, in one call or, where few of many requests have the
// action or have failed or been cancelled, in up to ten, which look at 10,000 requests; then
// the rows as they are, in one call for each hundred. Which are QUEUED, RUNNING and SUCCEEDED
// the rows alone tell, of which it reads about 1,000 at the most.
func (s *Store) ListRequests(ctx context.Context, q request.Query) ([]*request.Request, string, error) {
	in, err := listed(q)
	if err != nil {
		return nil, "", err
	}
	if in.KeyConditionExpression == "" {
		return nil, "", nil
	}
	var filters []string
	filter := func(name string, wanted ...string) {
		var values []string
		for n, want := range wanted {
			value := fmt.Sprintf(":%s%d", name, n)
			in.ExpressionAttributeValues[value] = text(want)
			values = append(values, value)
		}
		filters = append(filters, "#"+name+" IN ("+strings.Join(values, ", ")+")")
		in.ExpressionAttributeNames["#"+name] = name
		in.Limit = max(in.Limit, 1000) // it counts what the filter drops
	}
	states := []string{string(q.State)}
	if index, now := stateNow(q.State); now != "" || index == request.Queued { // which the indexes do not tell apart
		states = []string{string(request.Queued), string(request.Running), string(request.Succeeded)}
	}
	if q.State != "" {
		filter(request.AttrState, states...)
	}
	if q.Action != "" {
		filter(request.AttrAction, q.Action)
	}
	in.FilterExpression = strings.Join(filters, " AND ")

	page, next, err := s.list(ctx, q, in, len(states) > 1)
	if q.Cursor != "" && call.HasCode(err, codeValidation) {
		return nil, "", errCursor() // of another query, outside the bounds of this one
	}
	if err != nil {
		err = fmt.Errorf("dynamo: list requests: %w", err)
	}
	return page, next, err
}

// listed reads the index that a list is in from the query's cursor on, newest first,
// whatever state and action are asked for; it has no condition where the bounds leave nothing.
func listed(q request.Query) (input, error) {
	backwards := false
	in := input{
		IndexName: indexByTenant, ScanIndexForward: &backwards,
		KeyConditionExpression:    "#of = :of AND #order BETWEEN :from AND :until",
		ExpressionAttributeNames:  map[string]string{"#of": "tenant", "#order": attrOrder},
		ExpressionAttributeValues: item{":of": text(q.Tenant)},
		Limit:                     q.Limit + 1,
	}
	if q.Subject != "" {
		in.IndexName = indexBySubject
		in.ExpressionAttributeNames["#of"], in.ExpressionAttributeValues[":of"] = "pk", text(partition(q.Tenant, q.Subject))
	}
	from, until := moment(ceil(q.From)), ":" // which is after every digit
	if !q.Until.IsZero() {
		until = moment(ceil(q.Until))
	}
	if from >= until {
		return input{}, nil
	}
	// No sort key ends where a moment does, so that until itself is left out.
	in.ExpressionAttributeValues[":from"], in.ExpressionAttributeValues[":until"] = text(from), text(until)
	if q.Cursor != "" {
		c, err := parseCursor(q.Cursor, q)
		if err != nil {
			return input{}, err
		}
		in.ExclusiveStartKey = c.key(q)
	}
	return in, nil
}

// list reads a page. Where the state is known only when the rows are fetched, it goes
// on until the page is full, or so many rows were.
func (s *Store) list(ctx context.Context, q request.Query, in input, fetches bool) (page []*request.Request, next string, err error) {
	limit := q.Limit + 1
	if fetches {
		limit = max(limit, mostKeys)
		in.Limit = limit // most entries pass the filter
	}
	var undecodable []*request.RowError
	for fetched := 0; ; {
		entries, read, err := s.query(ctx, s.requests, in, limit, maxQueries)
		if err != nil {
			return nil, "", err
		}
		if !fetches && len(entries) > q.Limit {
			entries, read = entries[:q.Limit], entries[q.Limit-1]
		}
		found, err := s.fetch(ctx, entries)
		if left, ok := errors.AsType[*request.UndecodableError](err); ok {
			undecodable = append(undecodable, left.Rows...)
		} else if err != nil {
			return nil, "", err
		}
		for _, r := range found {
			if q.State == "" || r.State == q.State {
				page = append(page, r)
			}
		}
		fetched += len(entries)
		switch {
		case len(page) > q.Limit:
			page = page[:q.Limit]
			last := page[q.Limit-1]
			next = cursor{Partition: partition(last.Tenant, last.Subject), ID: last.ID, Order: orderOf(last)}.String()
		case read == nil:
		case fetches && fetched < maxFetched:
			in.ExclusiveStartKey = positionIn(read).key(q)
			continue
		default:
			next = positionIn(read).String()
		}
		if len(undecodable) > 0 {
			return page, next, &request.UndecodableError{Rows: undecodable}
		}
		return page, next, nil
	}
}

// query reads up to limit entries of a table's index, in at most so many calls; 0: in as
// many as it takes. Where there may be more, next is where it has read to, which is behind
// the last entry where calls were the limit.
func (s *Store) query(ctx context.Context, table string, in input, limit, calls int) (entries []item, next item, err error) {
	for made := 1; ; made++ {
		out, err := s.call(ctx, opQuery, table, in)
		if err != nil {
			return nil, nil, err
		}
		entries, next = append(entries, out.Items...), out.LastEvaluatedKey
		switch {
		case len(entries) > limit:
			return entries[:limit], entries[limit-1], nil
		case len(next) == 0:
			return entries, nil, nil
		case len(entries) == limit, made == calls:
			return entries, next, nil
		}
		in.ExclusiveStartKey = next
	}
}

// briefAttributes are those of a row in brief.
var briefAttributes = []string{"pk", request.AttrTenant, request.AttrSubject, request.AttrID, attrOrder, attrShard, attrNow,
	request.AttrState, request.AttrRev, request.AttrFence, request.AttrDueAt, request.AttrLook, request.AttrUpdatedAt,
	request.AttrStartedAt, request.AttrClaimedAt, request.AttrFinishedAt, request.AttrExpiresAt, request.AttrAttempt,
	request.AttrSlices, request.AttrLeaseExpirations, request.AttrRan, request.AttrWorker, request.AttrCancelRequested,
	request.AttrProgress, request.AttrOutput, request.AttrOutputMark, request.AttrError, request.AttrAwait,
	request.AttrThrottledBy, request.AttrPermits, request.AttrHistory, request.AttrAudit, request.AttrSubscribers, request.AttrAction,
	request.AttrMetadata, request.AttrCorrelationID, request.AttrPriority, request.AttrCreatedAt, request.AttrNotBefore,
	request.AttrParent, request.AttrChildren, request.AttrRedrives}

// projected is a batch, still without keys, that asks for the attributes; nil: for all.
func projected(attributes []string) keys {
	batch := keys{ConsistentRead: true}
	var aliases []string
	for n, name := range attributes {
		if batch.ExpressionAttributeNames == nil {
			batch.ExpressionAttributeNames = make(map[string]string, len(attributes))
		}
		alias := fmt.Sprintf("#%d", n)
		aliases, batch.ExpressionAttributeNames[alias] = append(aliases, alias), name
	}
	batch.ProjectionExpression = strings.Join(aliases, ",")
	return batch
}

// fetch reads the requests of an index's entries in brief, strongly consistent and in
// their order. What has gone since, or was created anew in another place of the
// list, is left out. So is what does not decode, which an *request.UndecodableError
// beside the rest names.
func (s *Store) fetch(ctx context.Context, entries []item) ([]*request.Request, error) {
	rows, err := s.load(ctx, s.requests, entries, briefAttributes)
	if err != nil {
		return nil, err
	}
	found, undecodable := decoded(rows)
	if undecodable != nil {
		return found, undecodable
	}
	return found, nil
}

// decoded are the requests of rows. What does not decode is left out, and an error
// beside the rest names it.
func decoded(rows []item) ([]*request.Request, *request.UndecodableError) {
	var found []*request.Request
	var undecodable []*request.RowError
	for _, row := range rows {
		r, err := row.request()
		if err != nil {
			undecodable = append(undecodable, rowError(row, err))
			continue
		}
		found = append(found, r)
	}
	if len(undecodable) > 0 {
		return found, &request.UndecodableError{Rows: undecodable}
	}
	return found, nil
}

func rowError(row item, err error) *request.RowError {
	in := &reader{item: row}
	key := request.Key{Tenant: in.optional(request.AttrTenant), Subject: in.optional(request.AttrSubject), ID: in.optional(request.AttrID)}
	return &request.RowError{Key: key, Err: err}
}

// load reads the rows of an index's entries, strongly consistent and in their
// order, with the given attributes or all. What has gone since, or has another order now, is left out; what the
// index has twice, as it may while a row moves, comes once.
func (s *Store) load(ctx context.Context, table string, entries []item, attributes []string) ([]item, error) {
	type name struct{ pk, id string }
	nameOf := func(i item) name {
		in := &reader{item: i}
		return name{in.optional("pk"), in.text("id")}
	}
	rows, seen := make(map[name]item, len(entries)), make(map[name]bool, len(entries))
	entries = slices.DeleteFunc(slices.Clone(entries), func(e item) bool { // a BatchGetItem refuses a key that it has twice
		again := seen[nameOf(e)]
		seen[nameOf(e)] = true
		return again
	})
	for chunk := range slices.Chunk(entries, mostKeys) {
		wanted := projected(attributes)
		for _, e := range chunk {
			key := item{"id": e["id"]}
			if pk, ok := e["pk"]; ok {
				key["pk"] = pk
			}
			wanted.Keys = append(wanted.Keys, key)
		}
		for idle := 0; len(wanted.Keys) > 0; {
			out, err := s.api.call(ctx, opBatchGet, input{RequestItems: map[string]keys{table: wanted}})
			if err != nil {
				return nil, err
			}
			for _, row := range out.Responses[table] {
				rows[nameOf(row)] = row
			}
			wanted.Keys = out.UnprocessedKeys[table].Keys
			// What did not fit into one answer is asked for at once; an answer with
			// nothing at all is a throttle.
			if len(out.Responses[table]) > 0 {
				idle = 0
			} else if idle++; len(wanted.Keys) > 0 && (idle >= s.api.client.Attempts() || !call.Pause(ctx, idle)) {
				return nil, &call.Error{Service: "dynamodb", Operation: opBatchGet, Code: "ThrottlingException",
					Message: "no key was processed", Status: 200, Attempts: idle}
			}
		}
	}
	var found []item
	for _, e := range entries {
		row, ok := rows[nameOf(e)]
		if !ok {
			continue
		}
		if order, listed := e[attrOrder]; listed && (row[attrOrder].S == nil || *row[attrOrder].S != *order.S) {
			continue
		}
		found = append(found, row)
	}
	return found, nil
}

// ceil is the first whole millisecond that is not before t.
func ceil(t time.Time) time.Time { return t.Add(time.Millisecond - 1) }

// A cursor is the index's key of a page's last entry.
type cursor struct {
	Partition string `json:"p"`
	ID        string `json:"i"`
	Order     string `json:"o"`
}

func positionIn(entry item) cursor {
	in := &reader{item: entry}
	return cursor{Partition: in.text("pk"), ID: in.text("id"), Order: in.text(attrOrder)}
}

func (c cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // a struct of strings always encodes
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func decodeCursor(s string) (c cursor, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	return c, err
}

// parseCursor refuses a cursor that is not of the query's tenant or subject.
func parseCursor(s string, q request.Query) (cursor, error) {
	c, err := decodeCursor(s)
	at, id, _ := strings.Cut(c.Order, "#")
	if err != nil || c.ID == "" || id != c.ID || !isMoment(at) || len(c.Order) > maxSortKey ||
		!strings.HasPrefix(c.Partition, tenantPrefix(q.Tenant)) ||
		q.Subject != "" && c.Partition != partition(q.Tenant, q.Subject) {
		return c, errCursor()
	}
	return c, nil
}

func errCursor() *request.Error {
	return request.Errorf(wire.ValidationError, "the cursor is not one that this server made for this list")
}

func (c cursor) key(q request.Query) item {
	key := item{"pk": text(c.Partition), "id": text(c.ID), attrOrder: text(c.Order)}
	if q.Subject == "" {
		key["tenant"] = text(q.Tenant)
	}
	return key
}
