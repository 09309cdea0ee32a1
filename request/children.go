package request

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// What one request may have of children.
const (
	MaxChildren  = 1000 // by name, those of all its waits together
	MaxDepth     = 4    // requests above a child
	MaxChildName = 64   // bytes of a child's name
)

// ChildrenToken stands in Await.Token for the wait for children. No signal has it.
const ChildrenToken = wire.ReservedPrefix + "children"

// childrenMark is the step that notifies a running request that children have ended since
// it was claimed, so that it does not wait for them.
var childrenMark = SignalStep(ChildrenToken)

// A Parent is the request that started another one, of the same tenant and subject.
type Parent struct {
	ID      string `json:"id,omitempty"`
	Depth   int    `json:"depth,omitempty"`   // how many requests are above the child, at least 1
	Reports bool   `json:"reports,omitempty"` // the child's end moves the parent's progress
}

// Children are those that a request started last.
type Children struct {
	Total int  `json:"total,omitempty"`
	Ended int  `json:"ended,omitempty"` // as far as is stored
	First bool `json:"first,omitempty"` // the wait is over with the first that fails
}

// WaitsForChildren reports whether a queued request waits for its children.
func (r *Request) WaitsForChildren() bool { return r.State == Queued && r.Await.Token == ChildrenToken }

// ParentKey is the key of the request that started this one.
func (r *Request) ParentKey() Key { return Key{Tenant: r.Tenant, Subject: r.Subject, ID: r.Parent.ID} }

// ChildIDs is what the ids of a request's children, and of no other's, begin with: they
// lie side by side in a store that sorts by id.
func ChildIDs(parent string) string {
	hash := sha256.Sum256([]byte(parent))
	return "child_" + base64.RawURLEncoding.EncodeToString(hash[:15]) + ":"
}

// ChildKey is the key of the child with the name that a request starts after so many
// redrives.
func ChildKey(parent Key, name string, redrives int) Key {
	key := Key{Tenant: parent.Tenant, Subject: parent.Subject, ID: ChildIDs(parent.ID) + name}
	if redrives > 0 {
		key.ID += ":" + strconv.Itoa(redrives)
	}
	return key
}

// ChildName is the name of a child, and after how many redrives of its parent it was
// started.
func (r *Request) ChildName() (name string, redrives int) {
	name, number, _ := strings.Cut(strings.TrimPrefix(r.ID, ChildIDs(r.Parent.ID)), ":")
	redrives, _ = strconv.Atoi(number) // none: 0
	return name, redrives
}

// CheckChildName says what is wrong with a child's name; "": nothing.
func CheckChildName(name string) string {
	if len(name) <= MaxChildName && !strings.Contains(name, ":") && wire.CheckID(name) == "" {
		return ""
	}
	return fmt.Sprintf("want 1 to %d characters of A-Z a-z 0-9 _ . -", MaxChildName)
}

// WaitForChildren queues a request until its children have ended, unless some have
// since it was claimed; then the row has the step that [GoOnWithChildren] removes. At
// until it is due in any case.
func WaitForChildren(at, until time.Time, children Children) Change {
	c := Wait(at, Await{Token: ChildrenToken, Until: until})
	c.Set.Children = children
	return c
}

// GoOnWithChildren queues a request at once that was to wait for children of which some
// have ended meanwhile.
func GoOnWithChildren(at time.Time) Change {
	c := Continue(at, 0)
	c.Set.DropStep = childrenMark
	return c
}

// ResumeParent makes a request due that waits for its children, of which so many have
// ended.
func ResumeParent(at time.Time, children Children) Change {
	return Change{
		Brief: true,
		If:    Guards{States: []State{Queued}, Awaits: ChildrenToken},
		Set: queued(at, at, Effects{AddRev: 1, Children: children, Progress: children.progress(),
			Clear: []Attribute{AttrAwait, AttrThrottledBy}}),
	}
}

// NotifyParent notes at a running request that children have ended since it was claimed.
func NotifyParent(at time.Time) Change {
	c := StoreStep(at, Step{Name: childrenMark, Result: json.RawMessage("null")})
	c.Brief, c.If.States = true, []State{Running}
	return c
}

// ReportChildren moves the progress of r, which waits for its children and is as it was
// seen.
func ReportChildren(r *Request, at time.Time, children Children) Change {
	return Change{
		Brief: true,
		If:    Guards{States: []State{Queued}, Awaits: ChildrenToken, Rev: r.Rev},
		Set:   Effects{UpdatedAt: at, AddRev: 1, Children: children, Progress: children.progress()},
	}
}

// KeepChild has a final request and its result live longer.
func KeepChild(r *Request, until time.Time) Change {
	return Change{Brief: true, If: Guards{States: []State{r.State}, Fence: r.Fence}, Set: Effects{ExpiresAt: until, Result: r.Result}}
}

// WithOpen is what is known of children of which so many are open.
func (c Children) WithOpen(open int) Children {
	c.Ended = min(max(c.Ended, c.Total-open), c.Total)
	return c
}

// progress is that of a request whose children have ended so far.
func (c Children) progress() *Progress {
	return &Progress{Percentage: 100 * float64(c.Ended) / float64(max(c.Total, 1)),
		Message: fmt.Sprintf("%d of %d children have ended", c.Ended, c.Total)}
}

// A ChildMode says how long a request waits for its children.
type ChildMode int

// The modes.
const (
	UntilAllEnd   ChildMode = iota // whatever becomes of each
	UntilOneFails                  // or all have succeeded
)

// A ChildLister reads the children of a request.
type ChildLister interface {
	// ListChildren returns a page of a request's children in brief, with their results
	// where q says so, by ascending ID, and a cursor for the next page, which is empty
	// on the last. A page may have fewer than Limit, or none, and a cursor nevertheless.
	// The read is strongly consistent. Rows that do not decode are left out, and an
	// [*UndecodableError] beside the page and its cursor names them. A cursor that this
	// store did not make for the request is an [*Error] with VALIDATION_ERROR.
	ListChildren(ctx context.Context, q ChildQuery) (page []*Request, cursor string, err error)
}

// A ChildQuery selects the children of a request.
type ChildQuery struct {
	Parent  Key
	Results bool   // with results
	Limit   int    // of the page, 1 to 1000; required
	Cursor  string // from the page before; empty: the first page
}
