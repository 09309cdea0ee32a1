package dynamo

import (
	"encoding/json"
	"slices"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

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

func auditValue(audit request.Audit) value {
	entries := item{}
	for key, entry := range audit {
		entries[key] = entryValue(entry)
	}
	return members(entries)
}

func entryValue(e wire.AuditEntry) value {
	m := item{"event": text(e.Event), "by": text(e.By), "at": millis(e.At)}
	m.setText("tenant", e.Tenant)
	return members(m)
}

// audit is nil where the attribute is absent.
func (r *reader) audit() request.Audit {
	if _, present := r.item[request.AttrAudit]; !present {
		return nil
	}
	audit := request.Audit{}
	entries := &reader{item: r.members(request.AttrAudit)}
	for key := range entries.item {
		entry := &reader{item: entries.members(key)}
		audit[key] = wire.AuditEntry{Event: entry.text("event"), By: entry.text("by"), Tenant: entry.optional("tenant"), At: entry.time("at")}
		if entry.err != nil {
			entries.err = entry.err
		}
	}
	if r.err == nil {
		r.err = entries.err
	}
	return audit
}
