package request

import (
	"strconv"
	"strings"
)

// A Permit is one of those that a limit gives out: at most Limit requests hold a
// permit of one name at a time. The store counts them in the same write in which a
// request acquires or releases its own.
type Permit struct {
	Name  string
	Limit int
}

// What the names of permits begin with.
const (
	openPrefix   = "open:"
	childPrefix  = "children:"
	tenantPrefix = "tenant:"
	actionPrefix = "action:"
)

// OpenPermit bounds how many requests of the key's principal are not final. It is
// held from a request's creation to its end.
func OpenPermit(key Key, limit int) Permit {
	return Permit{Name: openPrefix + strconv.Itoa(len(key.Tenant)) + ":" + key.Tenant + "/" + key.Subject, Limit: limit}
}

// TenantPermit bounds how many requests of a tenant run.
func TenantPermit(tenant string, limit int) Permit {
	return Permit{Name: tenantPrefix + tenant, Limit: limit}
}

// ActionPermit bounds how many requests of an action run.
func ActionPermit(action string, limit int) Permit {
	return Permit{Name: actionPrefix + action, Limit: limit}
}

// ChildPermit is held by each child of the request from its creation to its end: how
// many are held says how many children are open.
func ChildPermit(parent Key) Permit {
	return Permit{Name: childPrefix + strconv.Itoa(len(parent.Tenant)) + ":" + parent.Tenant + "/" + strconv.Itoa(len(parent.Subject)) + ":" +
		parent.Subject + "/" + parent.ID, Limit: MaxChildren}
}

// CountsChildren reports whether a permit is a child's: its counter serves one request
// and may go with it.
func CountsChildren(name string) bool { return strings.HasPrefix(name, childPrefix) }

// Throttles reports whether requests wait for permits of the name. One that has no
// permit of another is refused when it is made.
func Throttles(name string) bool {
	return !strings.HasPrefix(name, openPrefix) && !CountsChildren(name)
}

// Releasable are those of the permits held that a request releases when it goes
// from RUNNING to the state, or from QUEUED to a final one.
func Releasable(held []string, to State) []string {
	if to.Final() {
		return held
	}
	var release []string
	for _, name := range held {
		if Throttles(name) {
			release = append(release, name)
		}
	}
	return release
}

// PermitNames are the names of permits.
func PermitNames(permits []Permit) []string {
	var names []string
	for _, permit := range permits {
		names = append(names, permit.Name)
	}
	return names
}

// LimitedBy is the tenant or the action whose running requests the limit of a name
// bounds; neither for another name.
func LimitedBy(name string) (tenant, action string) {
	if tenant, ok := strings.CutPrefix(name, tenantPrefix); ok {
		return tenant, ""
	}
	if action, ok := strings.CutPrefix(name, actionPrefix); ok {
		return "", action
	}
	return "", ""
}
