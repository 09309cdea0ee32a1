package dynamo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
)

// counting is what one page may read.
type counting struct {
	entries int // of an index of lists
	rows    int
	open    int // entries of the indexes of what may be open
}

var defaultCounting = counting{entries: 10_000, rows: 1_000, open: 20_000}

// maxSteps is how many parts of the indexes of what may be open a page reads.
const maxSteps = 20

// CountRequests implements [request.StatsReader]. It reads the index of a list, which tells
// what has FAILED or was CANCELLED, and what of the rest may be open; the others have
// SUCCEEDED. What may be open it looks up, in one call for each hundred. It pays no attention to
// q.Kept: when retention ends the rows alone tell, so that a request counts until DynamoDB's
// time to live has deleted it.
func (s *Store) CountRequests(ctx context.Context, q request.Query) ([]request.Count, string, error) {
	found, err := s.walk(ctx, q, min(q.Limit, s.counting.entries), s.counting.rows, countedAttributes)
	if err != nil {
		return nil, "", fmt.Errorf("dynamo: count requests: %w", err)
	}
	var counts tally
	for _, entry := range found.ended {
		in := &reader{item: entry}
		counts.add(q, in, subjectIn(in.text("pk")), in.created())
	}
	for _, row := range found.rows {
		in := &reader{item: row}
		counts.add(q, in, in.text(request.AttrSubject), in.time(request.AttrCreatedAt))
	}
	if len(counts.undecodable) > 0 {
		err = &request.UndecodableError{Rows: counts.undecodable}
	}
	return counts.all, found.next, err
}

// countedAttributes are those of a row that is counted.
var countedAttributes = []string{"pk", request.AttrID, attrOrder, request.AttrTenant, request.AttrSubject, request.AttrAction,
	request.AttrState, attrNow, request.AttrCreatedAt}

// A tally is what a page counts.
type tally struct {
	all         []request.Count
	at          map[request.Count]int // in all, by what is counted
	undecodable []*request.RowError
}

// add counts a request that the query asks for.
func (c *tally) add(q request.Query, in *reader, subject string, created time.Time) {
	of := request.Count{Subject: subject, Action: in.text(request.AttrAction), State: in.state()}
	switch {
	case in.err != nil:
		c.undecodable = append(c.undecodable, rowError(in.item, in.err))
		return
	case q.Action != "" && q.Action != of.Action, q.State != "" && q.State != of.State:
		return
	}
	i, known := c.at[of]
	if !known {
		if c.at == nil {
			c.at = map[request.Count]int{}
		}
		i, c.at[of] = len(c.all), len(c.all)
		of.Oldest = created
		c.all = append(c.all, of)
	}
	c.all[i].Requests++
	if created.Before(c.all[i].Oldest) {
		c.all[i].Oldest = created
	}
}

// OpenRequests implements [request.StatsReader]. A tenant's it finds as CountRequests does;
// those of every tenant in the indexes of what is due for a look and of what is throttled,
// and then looks them up.
func (s *Store) OpenRequests(ctx context.Context, q request.Query) ([]*request.Request, string, error) {
	find := s.openOfTenant
	if q.Tenant == "" {
		find = s.openOfAll
	}
	page, next, err := find(ctx, q)
	if err != nil {
		err = fmt.Errorf("dynamo: list open requests: %w", err)
	}
	return slices.DeleteFunc(page, func(r *request.Request) bool { return r.State.Final() || !q.Selects(r) }), next, err
}

func (s *Store) openOfTenant(ctx context.Context, q request.Query) ([]*request.Request, string, error) {
	found, err := s.walk(ctx, q, s.counting.entries, min(q.Limit, s.counting.rows), briefAttributes)
	if err != nil {
		return nil, "", err
	}
	page, undecodable := decoded(found.rows)
	if undecodable != nil {
		return page, found.next, undecodable
	}
	return page, found.next, nil
}

func (s *Store) openOfAll(ctx context.Context, q request.Query) (page []*request.Request, next string, err error) {
	at, err := parseOpenCursor(q.Cursor)
	if err != nil {
		return nil, "", err
	}
	var undecodable []*request.RowError
	for steps := 0; !at.over() && len(page) < q.Limit && steps < maxSteps; steps++ {
		from := at
		entries, err := s.openEntries(ctx, "", &at, q.Limit-len(page))
		if q.Cursor != "" && call.HasCode(err, codeValidation) {
			return nil, "", errCursor()
		}
		if err != nil {
			return nil, "", err
		}
		found, err := s.fetch(ctx, entries)
		if left, ok := errors.AsType[*request.UndecodableError](err); ok {
			undecodable = append(undecodable, left.Rows...)
		} else if err != nil {
			return nil, "", err
		}
		// What has moved in the meantime is found where it is now.
		page = append(page, slices.DeleteFunc(found, func(r *request.Request) bool { return !from.finds(r) })...)
	}
	if !at.over() {
		next = at.String()
	}
	if len(undecodable) > 0 {
		err = &request.UndecodableError{Rows: undecodable}
	}
	return page, next, err
}

// A walk is a part of the list of a tenant or subject.
type walk struct {
	ended []item // entries of requests that have ended, with their states
	rows  []item // of the others, strongly consistent
	next  string // the cursor of the part behind it; empty: there is none
}

// walk reads up to so many entries of the list that the query asks for, whatever the state,
// and up to so many rows of those that may be open. Where too many of the stage are open to
// tell which those are, it reads the rows of all that have not FAILED and were not CANCELLED.
func (s *Store) walk(ctx context.Context, q request.Query, entries, rows int, attributes []string) (found walk, err error) {
	in, err := listed(q)
	if err != nil || in.KeyConditionExpression == "" {
		return walk{}, err
	}
	in.Limit = entries
	list, read, err := s.query(ctx, s.requests, in, entries, maxQueries)
	switch {
	case q.Cursor != "" && call.HasCode(err, codeValidation):
		return walk{}, errCursor()
	case err != nil:
		return walk{}, err
	case read != nil:
		found.next = positionIn(read).String()
	}
	list = slices.DeleteFunc(list, func(e item) bool {
		return q.Action != "" && (&reader{item: e}).optional(request.AttrAction) != q.Action
	})
	mayBeOpen := func(e item) bool { return (&reader{item: e}).optional(request.AttrState) == string(request.Queued) }
	var open map[string]bool
	all := true
	if slices.ContainsFunc(list, mayBeOpen) {
		if open, all, err = s.openKeys(ctx, q.Tenant); err != nil {
			return walk{}, err
		}
	}
	var wanted []item
	for n, e := range list {
		switch {
		case !mayBeOpen(e):
			found.ended = append(found.ended, e)
		case all && !open[keyText(e)]:
			e.setState(request.Succeeded)
			found.ended = append(found.ended, e)
		case len(wanted) < rows:
			wanted = append(wanted, e)
		default:
			found.next = positionIn(list[n-1]).String()
			found.rows, err = s.load(ctx, s.requests, wanted, attributes)
			return found, err
		}
	}
	found.rows, err = s.load(ctx, s.requests, wanted, attributes)
	return found, err
}

// openKeys are the keys of requests that may be open: of the tenant all of them, unless there
// are too many in the stage.
func (s *Store) openKeys(ctx context.Context, tenant string) (keys map[string]bool, all bool, err error) {
	keys = map[string]bool{}
	at, read := firstOpen, 0
	for steps := 0; !at.over() && read < s.counting.open && steps < maxSteps; steps++ {
		entries, err := s.openEntries(ctx, tenant, &at, s.counting.open)
		if err != nil {
			return nil, false, err
		}
		read += len(entries)
		for _, e := range entries {
			if key := keyText(e); strings.HasPrefix(key, tenantPrefix(tenant)) {
				keys[key] = true
			}
		}
	}
	return keys, at.over(), nil
}

// keyText names the request of an entry.
func keyText(e item) string {
	in := &reader{item: e}
	return in.optional("pk") + " " + in.optional("id")
}

// openKinds are the looks of requests that may be open.
var openKinds = []request.LookKind{request.LookDispatch, request.LookLease, request.LookTimer}

// An openCursor is how far what may be open was read: kind by kind of what is due for a look,
// then limit by limit, by name, of what is throttled.
type openCursor struct {
	Part  int          `json:"k"`           // from 1: of openKinds, then the limits; 0: all was read
	Due   string       `json:"d,omitempty"` // where in a kind
	Limit string       `json:"l,omitempty"` // the limit; empty: before the first
	From  *duePosition `json:"f,omitempty"` // where in the limit's wait queue; nil: behind it
	Line  string       `json:"q,omitempty"` // From's sort key
}

var firstOpen = openCursor{Part: 1}

func (c openCursor) over() bool { return c.Part == 0 }

func (c openCursor) limits() bool { return c.Part > len(openKinds) }

// finds reports whether a request is where the cursor reads.
func (c openCursor) finds(r *request.Request) bool {
	due := !r.Look.At.IsZero() && slices.Contains(openKinds, r.Look.Kind)
	if c.limits() {
		return r.ThrottledBy != "" && !due
	}
	return due && r.Look.Kind == openKinds[c.Part-1]
}

// openEntries reads the next part of what may be open, up to limit entries of it, and moves the
// cursor on. Of what is throttled it leaves out limits of other tenants than the one named.
func (s *Store) openEntries(ctx context.Context, tenant string, at *openCursor, limit int) (entries []item, err error) {
	if !at.limits() {
		entries, at.Due, err = s.due(ctx, s.requests, int(openKinds[at.Part-1]), distantFuture, limit, at.Due)
		if err == nil && at.Due == "" {
			at.Part++
		}
		return entries, err
	}
	if at.From == nil {
		if at.Limit, err = s.limitAfter(ctx, tenant, at.Limit); err != nil || at.Limit == "" {
			at.Part = 0
			return nil, err
		}
	}
	in := waiting(at.Limit, limit)
	if at.From != nil {
		in.ExclusiveStartKey = item{"pk": text(at.From.Partition), "id": text(at.From.ID), request.AttrThrottledBy: text(at.Limit),
			attrLine: text(at.Line)}
	}
	entries, next, err := s.query(ctx, s.requests, in, limit, maxQueries)
	at.From, at.Line = nil, ""
	if next != nil {
		last := &reader{item: next}
		at.From, at.Line = &duePosition{Partition: last.text("pk"), ID: last.text("id")}, last.text(attrLine)
	}
	return entries, err
}

// distantFuture is later than every look.
var distantFuture = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)

// limitAfter is the first limit, by name, behind the one of the given name that requests of the
// tenant may wait for; of every tenant where it is empty. It returns an empty name behind the last.
func (s *Store) limitAfter(ctx context.Context, tenant, name string) (next string, err error) {
	marks, _, err := s.due(ctx, s.requests, kindThrottling, distantFuture, s.counting.open, "")
	for _, mark := range marks {
		limit := limitOf(mark)
		of, _ := request.LimitedBy(limit)
		if limit > name && (next == "" || limit < next) && (tenant == "" || of == "" || of == tenant) {
			next = limit
		}
	}
	return next, err
}

func (c openCursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // a struct of strings and numbers always encodes
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parseOpenCursor(text string) (openCursor, error) {
	if text == "" {
		return firstOpen, nil
	}
	var c openCursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || c.Part < 1 || c.Part > len(openKinds)+1 || c.From != nil && (c.Limit == "" || c.From.ID == "" || c.Line == "") {
		return openCursor{}, errCursor()
	}
	return c, nil
}

// created is when the request of an entry of a list was created.
func (r *reader) created() time.Time {
	at, _, _ := strings.Cut(r.text(attrOrder), "#")
	millis, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		r.fault(attrOrder, "time and id")
	}
	return time.UnixMilli(millis).UTC()
}

// subjectIn is the subject of a request's partition key.
func subjectIn(partition string) string {
	_, subject, _ := strings.Cut(partition, "#")
	return unescape.Replace(subject)
}
