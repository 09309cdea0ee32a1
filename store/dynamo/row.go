package dynamo

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// writesKept is how many write tokens an item remembers.
const writesKept = 16

var escape = strings.NewReplacer("%", "%25", "#", "%23")

// tenantPrefix is what the partition keys of a tenant begin with, and no other's;
// and what the places of a subject's connections begin with.
func tenantPrefix(tenant string) string { return escape.Replace(tenant) + "#" }

func partition(tenant, subject string) string { return tenantPrefix(tenant) + escape.Replace(subject) }

func keyOf(k request.Key) item {
	return item{"pk": text(partition(k.Tenant, k.Subject)), "id": text(k.ID)}
}

// moment is a time as the sort key order begins with it. Times before 1970 are
// taken for it.
func moment(t time.Time) string { return fmt.Sprintf("%015d", max(t.UnixMilli(), 0)) }

// orderOf sorts a list: by when the request was created, then by its id.
func orderOf(r *request.Request) string { return moment(r.CreatedAt) + "#" + r.ID }

// lineOf sorts those who wait for a slot: by priority, then by when the request
// was created, then by its id.
func lineOf(r *request.Request) string {
	rank := 5 - min(max(int(r.Priority), -4), 4)
	return strconv.Itoa(rank) + "#" + orderOf(r)
}

func (s *Store) shardOf(k request.Key) int {
	return s.shard(partition(k.Tenant, k.Subject) + "#" + k.ID)
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
	i["tenant"], i["subject"] = text(r.Tenant), text(r.Subject)
	i["order"], i["shard"] = text(orderOf(r)), number(s.shardOf(r.Key))
	i["action"], i["correlation"], i["worker"], i["state"] = text(r.Action), text(r.CorrelationID), text(r.Worker), text(string(r.State))
	i["rev"], i["fence"], i["ran"] = number(r.Rev), number(r.Fence), number(r.Ran)
	i["attempt"], i["slices"], i["lost"] = number(r.Attempt), number(r.Slices), number(r.Lost)
	i["cancel"], i["progress"] = boolean(r.CancelRequested), progressValue(r.Progress)
	i["created"], i["updated"] = millis(r.CreatedAt), millis(r.UpdatedAt)
	i.setBinary("payload", r.Payload)
	i.setBinary("checkpoint", r.Checkpoint)
	i.setBinary("result", r.Result)
	i.setTime("due", r.DueAt)
	i.setTime("started", r.StartedAt)
	i.setTime("claimed", r.ClaimedAt)
	i.setTime("finished", r.FinishedAt)
	i.setTime("expires", r.ExpiresAt)
	if !r.ExpiresAt.IsZero() {
		i["ttl"] = ttl(r.ExpiresAt)
	}
	if r.Error != nil {
		i["error"] = errorValue(r.Error)
	}
	if len(r.Metadata) > 0 {
		i["metadata"] = text(metadataText(r.Metadata))
	}
	i["subscribers"] = members(set(r.Subscribers...))
	steps := item{}
	for name, result := range r.Steps {
		steps[name] = binary(result)
	}
	i["steps"] = members(steps)
	if r.Await != (request.Await{}) {
		i["await"] = awaitValue(r.Await)
	}
	if len(r.History) > 0 {
		i["history"] = text(historyText(r.History))
	}
	i["output"], i["mark"], i["log"] = number(r.Output), number(r.OutputMark), text(token)
	i["priority"], i["line"], i["slots"] = number(r.Priority), text(lineOf(r)), slotsValue(r.Slots)
	if r.Blocked != "" {
		i["blocked"] = text(r.Blocked)
	}
	writes := []value{text(token)}
	for len(writes) < writesKept {
		writes = append(writes, text(""))
	}
	i["writes"] = elements(writes...)
	return i
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

func slotsValue(names []string) value {
	held := []value{}
	for _, name := range names {
		held = append(held, text(name))
	}
	return elements(held...)
}

// historyText is a JSON array, its times to the millisecond.
func historyText(history []wire.Attempt) string {
	kept := slices.Clone(history)
	for i := range kept {
		a := &kept[i]
		a.StartedAt, a.EndedAt = atMillis(a.StartedAt), atMillis(a.EndedAt)
	}
	raw, err := json.Marshal(kept)
	if err != nil {
		return "[]" // a year beyond 9999, which no clock tells
	}
	return string(raw)
}

// atMillis is t as it is kept.
func atMillis(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// request reads a row.
func (i item) request() (*request.Request, error) {
	in := &reader{item: i}
	r := &request.Request{
		Key:    request.Key{Tenant: in.text("tenant"), Subject: in.text("subject"), ID: in.text("id")},
		Action: in.text("action"), Payload: in.binary("payload"), CorrelationID: in.text("correlation"),
		State: request.State(in.text("state")), Rev: in.number("rev"), Fence: in.number("fence"), DueAt: in.time("due"),
		Attempt: int(in.number("attempt")), Slices: int(in.number("slices")), Lost: int(in.number("lost")),
		Ran: time.Duration(in.number("ran")), Worker: in.text("worker"), CancelRequested: in.boolean("cancel"),
		Checkpoint: in.binary("checkpoint"), Result: in.binary("result"),
		CreatedAt: in.time("created"), UpdatedAt: in.time("updated"), StartedAt: in.time("started"), ClaimedAt: in.time("claimed"),
		FinishedAt: in.time("finished"), ExpiresAt: in.time("expires"),
		Output: in.number("output"), OutputMark: in.number("mark"), Priority: request.Priority(in.number("priority")),
	}
	progress := &reader{item: in.members("progress")}
	r.Progress = request.Progress{Percentage: progress.decimal("percentage"), Message: progress.text("message"), Metadata: progress.binary("metadata")}
	failure := &reader{}
	if _, failed := i["error"]; failed {
		failure.item = in.members("error")
		r.Error = &wire.Error{Code: wire.Code(failure.text("code")), Message: failure.text("message"), Details: failure.binary("details")}
		if _, says := failure.item["retryable"]; says {
			r.Error.Retry = &wire.Retry{Retryable: failure.boolean("retryable"), After: failure.decimal("after")}
		}
	}
	if _, present := i["metadata"]; present && json.Unmarshal([]byte(in.text("metadata")), &r.Metadata) != nil {
		in.fault("metadata", "JSON object of strings")
	}
	for id := range in.members("subscribers") {
		r.Subscribers = append(r.Subscribers, id)
	}
	steps := &reader{item: in.members("steps")}
	for name := range steps.item {
		if r.Steps == nil {
			r.Steps = make(map[string]json.RawMessage, len(steps.item))
		}
		r.Steps[name] = steps.binary(name)
	}
	await := &reader{}
	if _, waits := i["await"]; waits {
		await.item = in.members("await")
		r.Await = request.Await{Token: await.text("token"), Until: await.time("until")}
	}
	if _, present := i["history"]; present && json.Unmarshal([]byte(in.text("history")), &r.History) != nil {
		in.fault("history", "JSON array of attempts")
	}
	for _, slot := range in.elements("slots") {
		if slot.S == nil {
			in.fault("slots", "list of strings")
			break
		}
		r.Slots = append(r.Slots, *slot.S)
	}
	r.Blocked = in.optional("blocked")
	for _, part := range []*reader{in, progress, failure, steps, await} {
		if part.err != nil {
			return nil, fmt.Errorf("decode row: %w", part.err)
		}
	}
	return r, nil
}

// lastWrite is the token of the row's last write.
func (i item) lastWrite() string {
	if writes := (&reader{item: i}).elements("writes"); len(writes) > 0 && writes[0].S != nil {
		return *writes[0].S
	}
	return ""
}

// wrote reports whether the write with this token is among the row's last.
func (i item) wrote(token string) bool {
	for _, w := range (&reader{item: i}).elements("writes") {
		if w.S != nil && *w.S == token {
			return true
		}
	}
	return false
}
