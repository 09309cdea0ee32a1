package request

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pay-theory/streamer/wire"
)

// An Audit tells who cancelled, redrove and signalled a request, by keys that sort in the
// order of the calls.
type Audit map[string]wire.AuditEntry

// Entries are the newest wire.MaxAudit, oldest first.
func (a Audit) Entries() []wire.AuditEntry {
	var entries []wire.AuditEntry
	for _, key := range slices.Sorted(maps.Keys(a)) {
		entries = append(entries, a[key])
	}
	return entries[max(len(entries)-wire.MaxAudit, 0):]
}

// Audited makes of a change of r one that notes who made it. Those that are made at a time
// hold up each other for the first entry alone: the next joins by a key of its own. It
// takes the place of the oldest where r has wire.MaxAudit.
func (c Change) Audited(r *Request, entry wire.AuditEntry) Change {
	if entry.Tenant == r.Tenant {
		entry.Tenant = ""
	}
	keys, before := slices.Sorted(maps.Keys(r.Audit)), 0
	if len(keys) > 0 {
		number, _, _ := strings.Cut(keys[len(keys)-1], "-")
		before, _ = strconv.Atoi(number) // of a key that this made
	}
	key := fmt.Sprintf("%09d-%s", before+1, rand.Text()[:8])
	c.If.Unaudited, c.Set.Audit = len(keys) == 0, Audit{key: entry}
	c.Set.DropAudit = keys[:max(len(keys)+1-wire.MaxAudit, 0)]
	return c
}
