package dynamo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
)

// An update is a Change in DynamoDB's expressions, but for what needs a
// transaction. It comes to the same row as Change.Apply, with a token of its own
// in writes.
type update struct {
	sets, removes, conditions []string
	names                     map[string]string
	values                    item
}

// newUpdate is a change of whatever row meets its guards.
func newUpdate(c request.Change, token string) *update {
	u := effects(c, token)
	u.conditions = append(u.conditions, "attribute_exists("+u.name("pk")+")", "NOT contains("+u.name("writes")+", :token)")
	u.guard(c)
	return u
}

// updateOf is a change of the row whose last write has the token seen, after
// which it holds the slots.
func updateOf(seen string, c request.Change, slots []string, token string) *update {
	u := effects(c, token)
	u.set("slots", slotsValue(slots))
	u.conditions = append(u.conditions, u.name("writes")+"[0] = "+u.value("seen", text(seen)))
	return u
}

func effects(c request.Change, token string) *update {
	u := &update{names: map[string]string{}, values: item{":token": text(token)}}
	u.effect(c)

	// The tokens move on by one place; every right side is the item as it was.
	writes := u.name("writes")
	for n := writesKept - 1; n > 0; n-- {
		u.sets = append(u.sets, fmt.Sprintf("%s[%d] = %s[%d]", writes, n, writes, n-1))
	}
	u.sets = append(u.sets, writes+"[0] = :token")
	return u
}

func (u *update) guard(c request.Change) {
	if len(c.From) > 0 {
		var states []string
		for n, state := range c.From {
			states = append(states, u.value("from"+strconv.Itoa(n), text(string(state))))
		}
		u.conditions = append(u.conditions, u.name("state")+" IN ("+strings.Join(states, ", ")+")")
	}
	if c.Fence != 0 {
		u.conditions = append(u.conditions, u.name("fence")+" = "+u.value("fence", number(c.Fence)))
	}
	if !c.DueBy.IsZero() {
		due := u.name("due")
		u.conditions = append(u.conditions, "(attribute_not_exists("+due+") OR "+due+" <= "+u.value("dueBy", millis(c.DueBy))+")")
	}
	if !c.UnchangedSince.IsZero() {
		u.conditions = append(u.conditions, u.name("updated")+" <= "+u.value("unchangedSince", millis(c.UnchangedSince)))
	}
	if c.Await != "" {
		u.conditions = append(u.conditions, u.name("await")+"."+u.name("token")+" = "+u.value("awaited", text(c.Await)))
	}
	if c.Lacks != "" {
		u.conditions = append(u.conditions, "attribute_not_exists("+u.name("steps")+"."+u.alias("lacks", c.Lacks)+")")
	}
	if c.Block != "" {
		u.conditions = append(u.conditions, u.name("blocked")+" = "+u.value("block", text(c.Block)))
	}
	if c.Subscribe != "" {
		subscribers := u.name("subscribers")
		u.conditions = append(u.conditions, "(attribute_exists("+subscribers+"."+u.alias("subscribe", c.Subscribe)+
			") OR size("+subscribers+") < "+u.value("limit", number(request.MaxSubscribers))+")")
	}
}

func (u *update) effect(c request.Change) {
	if !c.At.IsZero() {
		u.set("updated", millis(c.At))
	}
	if c.To != "" {
		u.set("state", text(string(c.To)))
	}
	switch {
	case c.Settled:
		u.remove("due")
	case !c.DueAt.IsZero():
		u.set("due", millis(c.DueAt))
	case c.To.Final():
		u.remove("due")
	}
	switch {
	case c.To.Final():
		u.setTime("finished", c.At)
	case c.To == request.Queued:
		u.remove("finished")
	}
	switch {
	case !c.ExpiresAt.IsZero():
		u.set("expires", millis(c.ExpiresAt))
		u.set("ttl", ttl(c.ExpiresAt))
	case c.To == request.Queued:
		u.remove("expires")
		u.remove("ttl")
	}
	if c.Start {
		u.setTime("claimed", c.At)
	}
	if c.Start && !c.At.IsZero() {
		started := u.name("started")
		u.sets = append(u.sets, started+" = if_not_exists("+started+", "+u.value("started", millis(c.At))+")")
	}
	u.add("fence", c.AddFence)
	u.add("rev", c.AddRev)
	u.count(c)
	if c.Checkpoint != nil {
		u.set("checkpoint", binary(c.Checkpoint))
		u.set("mark", number(c.OutputMark))
	}
	if c.Worker != "" {
		u.set("worker", text(c.Worker))
	}
	if c.Cancel || c.Redrive {
		u.set("cancel", boolean(c.Cancel))
	}
	if c.Step != nil {
		u.sets = append(u.sets, u.name("steps")+"."+u.alias("step", c.Step.Name)+" = "+u.value("step", binary(c.Step.Result)))
	}
	if c.To != "" {
		u.wait(c)
	}
	switch {
	case len(c.History) > 0:
		u.set("history", text(historyText(c.History)))
	case c.History != nil:
		u.remove("history")
	}
	u.add("output", int64(len(c.Output)))
	if c.Progress != nil {
		u.set("progress", progressValue(*c.Progress))
	}
	if c.Result != nil {
		u.set("result", binary(c.Result))
	}
	switch {
	case c.Error != nil:
		u.set("error", errorValue(c.Error))
	case c.To == request.Succeeded || c.Redrive:
		u.remove("error")
	}
	u.subscribers(c)
}

// count moves the counters of attempts, which a redrive begins anew.
func (u *update) count(c request.Change) {
	put := u.add
	if c.Redrive {
		put = func(attribute string, n int64) { u.set(attribute, number(n)) }
		c.AddAttempt++
	}
	put("attempt", int64(c.AddAttempt))
	put("slices", int64(c.AddSlice))
	put("ran", int64(c.AddRan))
	if c.Checkpoint != nil {
		u.set("lost", number(0))
	} else {
		put("lost", int64(c.AddLost))
	}
}

// wait sets what a request in its new state waits for.
func (u *update) wait(c request.Change) {
	if c.Blocked != "" {
		u.set("blocked", text(c.Blocked))
	} else {
		u.remove("blocked")
	}
	switch {
	case c.To == request.Running:
	case c.Park != (request.Await{}):
		u.set("await", awaitValue(c.Park))
	default:
		u.remove("await")
	}
}

func (u *update) subscribers(c request.Change) {
	joins := c.Subscribe != "" && !slices.Contains(c.Unsubscribe, c.Subscribe)
	if c.Settled {
		left := item{}
		if joins {
			left = set(c.Subscribe)
		}
		u.set("subscribers", members(left))
		return
	}
	path := func(alias, id string) string { return u.name("subscribers") + "." + u.alias(alias, id) }
	if joins {
		u.sets = append(u.sets, path("subscribe", c.Subscribe)+" = "+u.value("yes", boolean(true)))
	}
	for n, id := range slices.Compact(slices.Sorted(slices.Values(c.Unsubscribe))) {
		if id != "" { // nothing can be named so
			u.removes = append(u.removes, path("s"+strconv.Itoa(n), id)) // short: an expression may have 4 KB
		}
	}
}

func (u *update) set(attribute string, v value) {
	u.sets = append(u.sets, u.name(attribute)+" = "+u.value(attribute, v))
}

func (u *update) setTime(attribute string, t time.Time) {
	if t.IsZero() {
		u.remove(attribute)
		return
	}
	u.set(attribute, millis(t))
}

func (u *update) remove(attribute string) { u.removes = append(u.removes, u.name(attribute)) }

func (u *update) add(attribute string, n int64) {
	if n != 0 {
		name := u.name(attribute)
		u.sets = append(u.sets, name+" = "+name+" + "+u.value("add_"+attribute, number(n)))
	}
}

// name is how an expression spells an attribute, whose own name may be one of
// DynamoDB's reserved words.
func (u *update) name(attribute string) string { return u.alias(attribute, attribute) }

func (u *update) alias(alias, attribute string) string {
	u.names["#"+alias] = attribute
	return "#" + alias
}

func (u *update) value(name string, v value) string {
	u.values[":"+name] = v
	return ":" + name
}

func (u *update) expression() string {
	text := "SET " + strings.Join(u.sets, ", ")
	if len(u.removes) > 0 {
		text += " REMOVE " + strings.Join(u.removes, ", ")
	}
	return text
}

func (u *update) condition() string { return strings.Join(u.conditions, " AND ") }
