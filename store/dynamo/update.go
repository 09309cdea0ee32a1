package dynamo

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// An update is a Change in DynamoDB's expressions: each guard is a condition and
// each effect a SET or a REMOVE. It comes to the same row as Change.Apply.
type update struct {
	key                       request.Key
	shardOf                   func(request.Key, request.LookKind) int
	sets, removes, conditions []string
	names                     map[string]string
	values                    item
}

// newUpdate is a change of whatever row meets its guards, with a token of its own
// in writes. It refuses a guard or an effect that it does not know.
func (s *Store) newUpdate(key request.Key, c request.Change, token string) (*update, error) {
	u, err := s.effects(key, c, token)
	if err != nil {
		return nil, err
	}
	u.conditions = append(u.conditions, "attribute_exists("+u.name("pk")+")", "NOT contains("+u.name(attrWrites)+", :token)")
	for guard := range c.Guards {
		if err := u.guard(guard); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// updateOf is a change of the row whose last write has the token seen, after
// which it holds the permits.
func (s *Store) updateOf(key request.Key, seen string, c request.Change, permits []string, token string) (*update, error) {
	u, err := s.effects(key, c, token)
	if err != nil {
		return nil, err
	}
	u.set(request.AttrPermits, permitsValue(permits))
	u.conditions = append(u.conditions, u.name(attrWrites)+"[0] = "+u.value("seen", text(seen)))
	return u, nil
}

func (s *Store) effects(key request.Key, c request.Change, token string) (*update, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	u := &update{key: key, shardOf: s.shardOf, names: map[string]string{}, values: item{":token": text(token)}}
	for effect := range c.Effects {
		if err := u.effect(effect); err != nil {
			return nil, err
		}
	}
	dueAtChanges := !c.Set.DueAt.IsZero() || slices.Contains(c.Set.Clear, request.AttrDueAt)
	if lookChanges := !c.Set.Look.At.IsZero() || slices.Contains(c.Set.Clear, request.AttrLook); lookChanges && !dueAtChanges {
		u.keepDueAt()
	}
	// The tokens move on by one; every right side is the item as it was.
	writes := u.name(attrWrites)
	for n := writesKept - 1; n > 0; n-- {
		u.sets = append(u.sets, fmt.Sprintf("%s[%d] = %s[%d]", writes, n, writes, n-1))
	}
	u.sets = append(u.sets, writes+"[0] = :token")
	return u, nil
}

func (u *update) guard(g request.Guard) error {
	name := u.name(g.Attribute)
	var condition string
	switch g.Kind {
	case request.OneOf:
		condition = u.isOneOf(g.Value.([]request.State))
	case request.Equals:
		want, _, err := valueOf(g.Value)
		if err != nil {
			return err
		}
		if g.Member != "" {
			name += "." + u.alias("is_member", g.Member)
		}
		condition = name + " = " + u.value("is_"+g.Attribute, want)
	case request.Absent:
		condition = "attribute_not_exists(" + name + ")"
	case request.NotAfter:
		latest := " <= " + u.value("by_"+g.Attribute, millis(g.Value.(time.Time)))
		holds := func(name string) string { return "(attribute_not_exists(" + name + ") OR " + name + latest + ")" }
		condition = holds(name)
		if g.Attribute == request.AttrDueAt {
			condition = u.orBefore(name+latest, holds(u.name(request.AttrLook)))
		}
	case request.Within:
		condition = name + " <= " + u.value("within", millis(g.Value.(time.Time)))
	case request.LacksMember:
		condition = "attribute_not_exists(" + name + "." + u.alias("lacks", g.Member) + ")"
	case request.HasRoom:
		most := u.value("most", number(g.Value.(int)))
		condition = "(attribute_exists(" + name + "." + u.alias("joins", g.Member) + ") OR size(" + name + ") < " + most + ")"
	case request.Counts:
		condition = "size(" + name + ") = " + u.value("count", number(g.Value.(int)))
	default:
		return fmt.Errorf("guard of kind %d on %q: %w", g.Kind, g.Attribute, errors.ErrUnsupported)
	}
	u.conditions = append(u.conditions, condition)
	return nil
}

// isOneOf is a condition on the state as stateNow stores it, or a version before did.
func (u *update) isOneOf(wanted []request.State) string {
	var states, now []string
	for n, state := range wanted {
		value := u.value("from"+strconv.Itoa(n), text(string(state)))
		states = append(states, value)
		if _, is := stateNow(state); is != "" {
			now = append(now, value)
		}
	}
	moved := u.name(request.AttrState) + " = " + u.value("queued", text(string(request.Queued))) + " AND "
	condition := u.name(request.AttrState) + " IN (" + strings.Join(states, ", ") + ") AND NOT (" + moved +
		"attribute_exists(" + u.name(attrNow) + "))"
	if len(now) > 0 {
		condition += " OR " + moved + u.name(attrNow) + " IN (" + strings.Join(now, ", ") + ")"
	}
	return "(" + condition + ")"
}

// orBefore is a condition on DueAt, or in a row of a version that wrote it as the
// time of the look, on that.
func (u *update) orBefore(condition, before string) string {
	return "(" + condition + " OR attribute_not_exists(" + u.name(request.AttrDueAt) + ") AND " + before + ")"
}

// look sets when the row is looked at. The index of what is due has only rows with
// the time in it.
func (u *update) look(look request.Look) {
	if look.At.IsZero() {
		u.remove(request.AttrLook)
		return
	}
	u.set(request.AttrLook, millis(look.At))
	u.set(attrShard, number(u.shardOf(u.key, look.Kind)))
}

// state sets the state as item.setState does.
func (u *update) state(to request.State) {
	inIndex, now := stateNow(to)
	u.set(request.AttrState, text(string(inIndex)))
	if now == "" {
		u.remove(attrNow)
		return
	}
	u.set(attrNow, text(string(now)))
}

// result sets the result, or the id of its item.
func (u *update) result(result json.RawMessage) {
	if len(result) > maxInline {
		u.set(attrResultID, text(bodyPlaces[1].id(*u.values[":token"].S)))
		u.remove(request.AttrResult)
		return
	}
	u.set(request.AttrResult, binary(result))
	u.remove(attrResultID)
}

// keepDueAt has a row keep its DueAt that a version wrote as the time of the look,
// which changes now.
func (u *update) keepDueAt() {
	dueAt, look := u.name(request.AttrDueAt), u.name(request.AttrLook)
	u.sets = append(u.sets, dueAt+" = if_not_exists("+dueAt+", if_not_exists("+look+", "+u.value("none", number(0))+"))")
}

func (u *update) effect(e request.Effect) error {
	switch e.Kind {
	case request.Assign, request.AssignOnce:
		if look, ok := e.Value.(request.Look); ok {
			u.look(look)
			return nil
		}
		if e.Attribute == request.AttrResult {
			u.result(e.Value.(json.RawMessage))
			return nil
		}
		if state, ok := e.Value.(request.State); ok {
			u.state(state)
			return nil
		}
		if e.Attribute == request.AttrDueAt {
			u.set(e.Attribute, dueAtValue(e.Value.(time.Time)))
			return nil
		}
		v, present, err := valueOf(e.Value)
		switch {
		case err != nil:
			return err
		case !present:
			u.remove(e.Attribute)
		case e.Kind == request.AssignOnce:
			name := u.name(e.Attribute)
			u.sets = append(u.sets, name+" = if_not_exists("+name+", "+u.value(e.Attribute, v)+")")
		default:
			u.set(e.Attribute, v)
		}
		if at, ok := e.Value.(time.Time); ok && e.Attribute == request.AttrExpiresAt {
			u.expire(at)
		}
	case request.Increase:
		u.add(e.Attribute, e.Value.(int64))
	case request.Append:
		u.add(e.Attribute, int64(len(e.Value.([]json.RawMessage)))) // the chunks are items of their own
	case request.PutMember:
		v := boolean(true)
		switch put := e.Value.(type) {
		case request.Step:
			v = binary(put.Result)
			u.step(put)
		case wire.AuditEntry:
			v = entryValue(put)
		}
		member := u.name(e.Attribute) + "." + u.alias("put_"+e.Attribute, e.Member)
		u.sets = append(u.sets, member+" = "+u.value("put_"+e.Attribute, v))
	case request.DropMember:
		alias := u.alias("d"+strconv.Itoa(len(u.removes)), e.Member) // short: an expression may have 4 KB
		u.removes = append(u.removes, u.name(e.Attribute)+"."+alias)
		if e.Attribute == request.AttrSteps {
			u.step(request.Step{Name: e.Member})
		}
	case request.Acquire, request.Release:
		// A transaction counts them, and updateOf sets what the row then holds.
	default:
		return fmt.Errorf("effect of kind %d on %q: %w", e.Kind, e.Attribute, errors.ErrUnsupported)
	}
	return nil
}

// step sets when a step was stored, and the output behind it. One without has none of one
// before it.
func (u *update) step(step request.Step) {
	remove := func(attribute string) {
		u.removes = append(u.removes, u.alias("d"+strconv.Itoa(len(u.removes)), attribute))
	}
	if step.At.IsZero() {
		remove(stepAt(step.Name))
	} else {
		u.sets = append(u.sets, u.alias("at", stepAt(step.Name))+" = "+u.value("at", millis(step.At)))
	}
	if step.Output == 0 {
		remove(stepOutput(step.Name))
	} else {
		u.sets = append(u.sets, u.alias("out", stepOutput(step.Name))+" = "+u.value("out", number(step.Output)))
	}
}

// expire sets when DynamoDB itself may delete the row.
func (u *update) expire(at time.Time) {
	if at.IsZero() {
		u.remove(attrTTL)
		return
	}
	u.set(attrTTL, ttl(at))
}

// valueOf is a value of a Request's field as an attribute. It reports false for
// one that leaves the row without the attribute.
func valueOf(v any) (_ value, present bool, err error) {
	switch v := v.(type) {
	case string:
		return text(v), v != "", nil
	case int:
		return number(v), true, nil
	case int64:
		return number(v), true, nil
	case time.Duration:
		return number(v), true, nil
	case bool:
		return boolean(v), true, nil
	case time.Time:
		return millis(v), !v.IsZero(), nil
	case json.RawMessage:
		return binary(v), v != nil, nil
	case request.Progress:
		return progressValue(v), true, nil
	case request.Await:
		return awaitValue(v), v != request.Await{}, nil
	case request.Children:
		return childrenValue(v), v != request.Children{}, nil
	case *wire.Error:
		if v == nil {
			return value{}, false, nil
		}
		return errorValue(v), true, nil
	case []wire.Attempt:
		return text(historyText(v)), len(v) > 0, nil
	case request.Audit:
		return auditValue(v), len(v) > 0, nil
	case []string:
		return members(set(v...)), true, nil
	}
	return value{}, false, fmt.Errorf("a value of type %T: %w", v, errors.ErrUnsupported)
}

func (u *update) set(attribute request.Attribute, v value) {
	u.sets = append(u.sets, u.name(attribute)+" = "+u.value(attribute, v))
}

func (u *update) remove(attribute request.Attribute) {
	u.removes = append(u.removes, u.name(attribute))
}

func (u *update) add(attribute request.Attribute, n int64) {
	name := u.name(attribute)
	u.sets = append(u.sets, name+" = "+name+" + "+u.value("add_"+attribute, number(n)))
}

// name is how an expression spells an attribute, whose own name may be one of
// DynamoDB's reserved words.
func (u *update) name(attribute request.Attribute) string {
	return u.alias(attribute, attribute)
}

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
