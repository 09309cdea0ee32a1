package dynamo

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// writesKept is how many write tokens an item remembers.
const writesKept = 16

var escape = strings.NewReplacer("%", "%25", "#", "%23")

// tenantPrefix is what the partition keys of a tenant begin with, and no other's.
func tenantPrefix(tenant string) string { return escape.Replace(tenant) + "#" }

func partition(tenant, subject string) string { return tenantPrefix(tenant) + escape.Replace(subject) }

func keyOf(k streamer.Key) item {
	return item{"pk": text(partition(k.Tenant, k.Subject)), "id": text(k.ID)}
}

// moment is a time as the sort key order begins with it. Times before 1970 are
// taken for it.
func moment(t time.Time) string { return fmt.Sprintf("%015d", max(t.UnixMilli(), 0)) }

// orderOf sorts a list: by when the request was created, then by its id.
func orderOf(r *streamer.Request) string { return moment(r.CreatedAt) + "#" + r.ID }

func (s *Store) shardOf(k streamer.Key) int {
	h := fnv.New32a()
	h.Write([]byte(partition(k.Tenant, k.Subject) + "#" + k.ID)) // never fails
	return int(h.Sum32() % uint32(s.shards))
}

// row is the item of a request whose first write has the given token.
func (s *Store) row(r *streamer.Request, token string) item {
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

func progressValue(p streamer.Progress) value {
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

// request reads a row.
func (i item) request() (*streamer.Request, error) {
	in := &reader{item: i}
	r := &streamer.Request{
		Key:    streamer.Key{Tenant: in.text("tenant"), Subject: in.text("subject"), ID: in.text("id")},
		Action: in.text("action"), Payload: in.binary("payload"), CorrelationID: in.text("correlation"),
		State: streamer.State(in.text("state")), Rev: in.number("rev"), Fence: in.number("fence"), DueAt: in.time("due"),
		Attempt: int(in.number("attempt")), Slices: int(in.number("slices")), Lost: int(in.number("lost")),
		Ran: time.Duration(in.number("ran")), Worker: in.text("worker"), CancelRequested: in.boolean("cancel"),
		Checkpoint: in.binary("checkpoint"), Result: in.binary("result"),
		CreatedAt: in.time("created"), UpdatedAt: in.time("updated"), StartedAt: in.time("started"),
		FinishedAt: in.time("finished"), ExpiresAt: in.time("expires"),
	}
	progress := &reader{item: in.members("progress")}
	r.Progress = streamer.Progress{Percentage: progress.decimal("percentage"), Message: progress.text("message"), Metadata: progress.binary("metadata")}
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
	for _, part := range []*reader{in, progress, failure} {
		if part.err != nil {
			return nil, fmt.Errorf("decode row: %w", part.err)
		}
	}
	return r, nil
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
