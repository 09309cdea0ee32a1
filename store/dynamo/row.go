package dynamo

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// The attributes of a request's item beside those of package request.
const (
	attrOrder  = "order"  // the sort key of lists
	attrShard  = "shard"  // of the index of what is due
	attrTTL    = "ttl"    // when DynamoDB may delete the item, in seconds of the epoch
	attrLog    = "log"    // names the output of this request, apart from that of one before it with its key
	attrLine   = "line"   // the sort key of wait queues
	attrKept   = "kept"   // until when the payload's item is kept
	attrNow    = "now"    // RUNNING or SUCCEEDED where that is the request's state, whose attribute is QUEUED then
	attrWrites = "writes" // the tokens of the last writes, the newest first
)

// Where a payload and a result are that are apart from the row: the ids of their items.
const (
	attrPayloadID = "payload_id"
	attrResultID  = "result_id"
)

// stepAt is the attribute of the time of a step. It is not in a map, which an update
// cannot make and add to at once: rows of earlier versions have none.
func stepAt(name string) string { return "at:" + name }

// stepOutput is the attribute of how much output there was behind a step that emitted some.
func stepOutput(name string) string { return "out:" + name }

// writesKept is how many write tokens an item remembers.
const writesKept = 16

var escape = strings.NewReplacer("%", "%25", "#", "%23")

// tenantPrefix is what the partition keys of a tenant begin with, and no other's;
// and what the sort keys of a subject's connections begin with.
func tenantPrefix(tenant string) string { return escape.Replace(tenant) + "#" }

func partition(tenant, subject string) string { return tenantPrefix(tenant) + escape.Replace(subject) }

func keyOf(k request.Key) item {
	return item{"pk": text(partition(k.Tenant, k.Subject)), "id": text(k.ID)}
}

// moment is a time as the sort key order begins with it. Times before 1970 are
// taken for it.
func moment(t time.Time) string { return fmt.Sprintf("%015d", max(t.UnixMilli(), 0)) }

// isMoment reports whether moment gives such a text.
func isMoment(text string) bool {
	return len(text) == 15 && strings.Trim(text, "0123456789") == ""
}

// maxSortKey is how many bytes a sort key may have (Amazon DynamoDB Developer Guide,
// "Constraints in Amazon DynamoDB", sort key length).
const maxSortKey = 1024

// orderOf sorts a list: by when the request was created, then by its id.
func orderOf(r *request.Request) string { return moment(r.CreatedAt) + "#" + r.ID }

// queueOrder sorts the wait queue of a limit: by priority, then by when the request
// was created, then by its id.
func queueOrder(r *request.Request) string {
	rank := 5 - min(max(int(r.Priority), -4), 4)
	return strconv.Itoa(rank) + "#" + orderOf(r)
}

// maxShards is the distance between the shards of one kind and those of the next
// in the index of what is due, so that their number may be raised.
const maxShards = 1000

// shardOf is where the index of what is due has a request with a look of the kind.
func (s *Store) shardOf(k request.Key, kind request.LookKind) int {
	return int(kind)*maxShards + s.shard(partition(k.Tenant, k.Subject)+"#"+k.ID)
}

// shard spreads what is due over the partitions of an index.
func (s *Store) shard(name string) int {
	h := fnv.New32a()
	h.Write([]byte(name)) // never fails
	return int(h.Sum32() % uint32(s.shards))
}

// row is the item of a request whose first write has the given token.
func (s *Store) row(r *request.Request, token string) item {
	i := keyOf(r.Key)
	i[request.AttrTenant], i[request.AttrSubject] = text(r.Tenant), text(r.Subject)
	i[attrOrder], i[attrShard] = text(orderOf(r)), number(s.shardOf(r.Key, r.Look.Kind))
	i[request.AttrAction], i[request.AttrCorrelationID] = text(r.Action), text(r.CorrelationID)
	i[request.AttrWorker] = text(r.Worker)
	i.setState(r.State)
	i[request.AttrRev], i[request.AttrFence], i[request.AttrRan] = number(r.Rev), number(r.Fence), number(r.Ran)
	i[request.AttrAttempt], i[request.AttrSlices] = number(r.Attempt), number(r.Slices)
	i[request.AttrLeaseExpirations] = number(r.LeaseExpirations)
	i[request.AttrCancelRequested], i[request.AttrProgress] = boolean(r.CancelRequested), progressValue(r.Progress)
	i[request.AttrCreatedAt], i[request.AttrUpdatedAt] = millis(r.CreatedAt), millis(r.UpdatedAt)
	i.setBinary(request.AttrCheckpoint, r.Checkpoint)
	for _, p := range bodyPlaces {
		if data := *p.of(r); len(data) > maxInline {
			i[p.apart] = text(p.id(token))
		} else {
			i.setBinary(p.inline, data)
		}
	}
	i[request.AttrDueAt] = dueAtValue(r.DueAt)
	i.setTime(request.AttrLook, r.Look.At)
	i.setTime(request.AttrStartedAt, r.StartedAt)
	i.setTime(request.AttrClaimedAt, r.ClaimedAt)
	i.setTime(request.AttrFinishedAt, r.FinishedAt)
	i.setTime(request.AttrExpiresAt, r.ExpiresAt)
	i.setTime(request.AttrNotBefore, r.NotBefore)
	if !r.ExpiresAt.IsZero() {
		i[attrTTL] = ttl(r.ExpiresAt)
	}
	if r.Error != nil {
		i[request.AttrError] = errorValue(r.Error)
	}
	if len(r.Metadata) > 0 {
		i[request.AttrMetadata] = text(metadataText(r.Metadata))
	}
	i[request.AttrSubscribers] = members(set(r.Subscribers...))
	steps := item{}
	for name, result := range r.Steps {
		steps[name] = binary(result)
		i.setTime(stepAt(name), r.StepTimes[name])
		if n := r.StepOutput[name]; n > 0 {
			i[stepOutput(name)] = number(n)
		}
	}
	i[request.AttrSteps] = members(steps)
	if r.Await != (request.Await{}) {
		i[request.AttrAwait] = awaitValue(r.Await)
	}
	if len(r.History) > 0 {
		i[request.AttrHistory] = text(historyText(r.History))
	}
	if len(r.Audit) > 0 {
		i[request.AttrAudit] = auditValue(r.Audit)
	}
	i[request.AttrOutput], i[request.AttrOutputMark], i[attrLog] = number(r.Output), number(r.OutputMark), text(token)
	if r.Parent != (request.Parent{}) {
		i[request.AttrParent] = members(item{"id": text(r.Parent.ID), "depth": number(r.Parent.Depth), "reports": boolean(r.Parent.Reports)})
	}
	if r.Children != (request.Children{}) {
		i[request.AttrChildren] = childrenValue(r.Children)
	}
	if r.Redrives > 0 {
		i[request.AttrRedrives] = number(r.Redrives)
	}
	i[request.AttrPriority], i[attrLine], i[request.AttrPermits] = number(r.Priority), text(queueOrder(r)), permitsValue(r.Permits)
	if r.ThrottledBy != "" {
		i[request.AttrThrottledBy] = text(r.ThrottledBy)
	}
	writes := []value{text(token)}
	for len(writes) < writesKept {
		writes = append(writes, text(""))
	}
	i[attrWrites] = elements(writes...)
	return i
}

// stateNow is how a state is stored. Two indexes hold the attribute of the state, so that
// each change of it is two writes more, and one of the few that a tenant's part of an
// index takes. A request that goes well keeps it, and has its state in attrNow.
func stateNow(state request.State) (inIndex, now request.State) {
	if state == request.Running || state == request.Succeeded {
		return request.Queued, state
	}
	return state, ""
}

func (i item) setState(state request.State) {
	inIndex, now := stateNow(state)
	i[request.AttrState] = text(string(inIndex))
	i.setText(attrNow, string(now))
}

// dueAtValue is 0 for the zero time, and not absent as other times are: where
// the attribute is absent, a version before it wrote the row.
func dueAtValue(at time.Time) value {
	if at.IsZero() {
		return number(0)
	}
	return millis(at)
}

// metadataText is a JSON object, because a map of DynamoDB's cannot have an empty
// name in it, and metadata can.
func metadataText(metadata map[string]string) string {
	raw, err := json.Marshal(metadata)
	if err != nil {
		return "{}" // a map of strings always encodes
	}
	return string(raw)
}

// set is a map that has the given members.
func set(names ...string) item {
	m := item{}
	for _, name := range names {
		m[name] = boolean(true)
	}
	return m
}

func progressValue(p request.Progress) value {
	m := item{"percentage": decimal(p.Percentage), "message": text(p.Message)}
	m.setBinary("metadata", p.Metadata)
	return members(m)
}

func errorValue(e *wire.Error) value {
	m := item{"code": text(string(e.Code)), "message": text(e.Message)}
	m.setBinary("details", e.Details)
	if e.Retry != nil {
		m["retryable"], m["after"] = boolean(e.Retry.Retryable), decimal(e.Retry.After)
	}
	return members(m)
}

func awaitValue(a request.Await) value {
	m := item{"token": text(a.Token)}
	m.setTime("until", a.Until)
	return members(m)
}

func childrenValue(c request.Children) value {
	return members(item{"total": number(c.Total), "ended": number(c.Ended), "first": boolean(c.First)})
}

func permitsValue(names []string) value {
	held := []value{}
	for _, name := range names {
		held = append(held, text(name))
	}
	return elements(held...)
}

// atMillis is t as it is kept.
func atMillis(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// request reads a row.
func (i item) request() (*request.Request, error) {
	in := &reader{item: i}
	r := &request.Request{
		Key:    request.Key{Tenant: in.text(request.AttrTenant), Subject: in.text(request.AttrSubject), ID: in.text(request.AttrID)},
		Action: in.text(request.AttrAction), Payload: in.binary(request.AttrPayload), CorrelationID: in.text(request.AttrCorrelationID),
		State: in.state(), Rev: in.number(request.AttrRev), Fence: in.number(request.AttrFence),
		DueAt:   in.dueAt(),
		Look:    in.look(),
		Attempt: int(in.number(request.AttrAttempt)), Slices: int(in.number(request.AttrSlices)),
		LeaseExpirations: int(in.number(request.AttrLeaseExpirations)),
		Ran:              time.Duration(in.number(request.AttrRan)), Worker: in.text(request.AttrWorker),
		CancelRequested: in.boolean(request.AttrCancelRequested),
		Checkpoint:      in.binary(request.AttrCheckpoint), Result: in.binary(request.AttrResult),
		CreatedAt: in.time(request.AttrCreatedAt), UpdatedAt: in.time(request.AttrUpdatedAt), StartedAt: in.time(request.AttrStartedAt),
		ClaimedAt:  in.time(request.AttrClaimedAt),
		FinishedAt: in.time(request.AttrFinishedAt), ExpiresAt: in.time(request.AttrExpiresAt),
		NotBefore: in.time(request.AttrNotBefore),
		Output:    in.number(request.AttrOutput), OutputMark: in.number(request.AttrOutputMark),
		Priority: request.Priority(in.number(request.AttrPriority)),
	}
	progress := &reader{item: in.members(request.AttrProgress)}
	r.Progress = request.Progress{Percentage: progress.decimal("percentage"), Message: progress.text("message"),
		Metadata: progress.binary("metadata")}
	failure := &reader{}
	if _, failed := i[request.AttrError]; failed {
		failure.item = in.members(request.AttrError)
		r.Error = &wire.Error{Code: wire.Code(failure.text("code")), Message: failure.text("message"), Details: failure.binary("details")}
		if _, says := failure.item["retryable"]; says {
			r.Error.Retry = &wire.Retry{Retryable: failure.boolean("retryable"), After: failure.decimal("after")}
		}
	}
	if _, present := i[request.AttrMetadata]; present && json.Unmarshal([]byte(in.text(request.AttrMetadata)), &r.Metadata) != nil {
		in.fault(request.AttrMetadata, "JSON object of strings")
	}
	for id := range in.members(request.AttrSubscribers) {
		r.Subscribers = append(r.Subscribers, id)
	}
	steps := &reader{}
	if _, present := i[request.AttrSteps]; present { // a row in brief has none
		steps.item = in.members(request.AttrSteps)
	}
	for name := range steps.item {
		if r.Steps == nil {
			r.Steps = make(map[string]json.RawMessage, len(steps.item))
		}
		r.Steps[name] = steps.binary(name)
		if at := in.time(stepAt(name)); !at.IsZero() {
			if r.StepTimes == nil {
				r.StepTimes = make(map[string]time.Time, len(steps.item))
			}
			r.StepTimes[name] = at
		}
		if _, emitted := i[stepOutput(name)]; emitted {
			if r.StepOutput == nil {
				r.StepOutput = make(map[string]int64, 1)
			}
			r.StepOutput[name] = in.number(stepOutput(name))
		}
	}
	await := &reader{}
	if _, waits := i[request.AttrAwait]; waits {
		await.item = in.members(request.AttrAwait)
		r.Await = request.Await{Token: await.text("token"), Until: await.time("until")}
	}
	parent, children := &reader{}, &reader{}
	if _, is := i[request.AttrParent]; is {
		parent.item = in.members(request.AttrParent)
		r.Parent = request.Parent{ID: parent.text("id"), Depth: int(parent.number("depth")), Reports: parent.boolean("reports")}
	}
	if _, has := i[request.AttrChildren]; has {
		children.item = in.members(request.AttrChildren)
		r.Children = request.Children{Total: int(children.number("total")), Ended: int(children.number("ended")),
			First: children.boolean("first")}
	}
	if _, redriven := i[request.AttrRedrives]; redriven {
		r.Redrives = int(in.number(request.AttrRedrives))
	}
	if _, present := i[request.AttrHistory]; present && json.Unmarshal([]byte(in.text(request.AttrHistory)), &r.History) != nil {
		in.fault(request.AttrHistory, "JSON array of attempts")
	}
	r.Audit = in.audit()
	for _, permit := range in.elements(request.AttrPermits) {
		if permit.S == nil {
			in.fault(request.AttrPermits, "list of strings")
			break
		}
		r.Permits = append(r.Permits, *permit.S)
	}
	r.ThrottledBy = in.optional(request.AttrThrottledBy)
	for _, part := range []*reader{in, progress, failure, steps, await, parent, children} {
		if part.err != nil {
			return nil, fmt.Errorf("decode row: %w", part.err)
		}
	}
	return r, nil
}

// dueAt is DueAt, which a version before AttrDueAt wrote as the time of the look.
func (r *reader) dueAt() time.Time {
	if _, present := r.item[request.AttrDueAt]; !present {
		return r.time(request.AttrLook)
	}
	if r.number(request.AttrDueAt) == 0 {
		return time.Time{}
	}
	return r.time(request.AttrDueAt)
}

// state reads also what a version before attrNow wrote.
func (r *reader) state() request.State {
	state := request.State(r.text(request.AttrState))
	if now := r.optional(attrNow); now != "" && state == request.Queued {
		return request.State(now)
	}
	return state
}

func (r *reader) look() request.Look {
	at := r.time(request.AttrLook)
	if at.IsZero() {
		return request.Look{}
	}
	return request.Look{Kind: request.LookKind(r.number(attrShard) / maxShards), At: at}
}

// lastWrite is the token of the row's last write.
func (i item) lastWrite() string {
	if writes := (&reader{item: i}).elements(attrWrites); len(writes) > 0 && writes[0].S != nil {
		return *writes[0].S
	}
	return ""
}

// wrote reports whether the write with this token is among the row's last.
func (i item) wrote(token string) bool {
	for _, w := range (&reader{item: i}).elements(attrWrites) {
		if w.S != nil && *w.S == token {
			return true
		}
	}
	return false
}
