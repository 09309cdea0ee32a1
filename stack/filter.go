package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A filter is a pattern of an event source mapping: an object with the record's
// names, and at the ends lists of what a value may be. It knows values, null,
// prefix, suffix, equals-ignore-case, anything-but and exists:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
//
// It does not know numeric, since DynamoDB's numbers are texts in JSON, and $or.
type filter map[string]any // of filters and lists of rules

// A rule is one of what a value may be.
type rule func(value any, there bool) bool

func parseFilter(pattern string) (filter, error) {
	var v map[string]any
	if err := json.Unmarshal([]byte(pattern), &v); err != nil {
		return nil, fmt.Errorf("the filter %.100q is not a JSON object", pattern)
	}
	f, err := readFilter(v)
	if err != nil {
		return nil, fmt.Errorf("the filter %.100q: %w", pattern, err)
	}
	return f, nil
}

func readFilter(v map[string]any) (filter, error) {
	if len(v) == 0 {
		return nil, errors.New("an object is empty")
	}
	f := filter{}
	for name, member := range v {
		switch member := member.(type) {
		case map[string]any:
			below, err := readFilter(member)
			if err != nil {
				return nil, err
			}
			f[name] = below
		case []any:
			var rules []rule
			for _, one := range member {
				r, err := readRule(one)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				rules = append(rules, r)
			}
			if f[name] = rules; len(rules) == 0 || name == "$or" {
				return nil, fmt.Errorf("%s is empty or not known here", name)
			}
		default:
			return nil, fmt.Errorf("%s is neither an object nor a list", name)
		}
	}
	return f, nil
}

func readRule(v any) (rule, error) {
	object, ok := v.(map[string]any)
	if !ok {
		if _, list := v.([]any); list {
			return nil, errors.New("a list in a list")
		}
		return func(value any, there bool) bool { return there && value == v }, nil
	}
	if len(object) != 1 {
		return nil, errors.New("a rule has one name")
	}
	for name, argument := range object {
		text, isText := argument.(string)
		exists, isBool := argument.(bool)
		ofText := func(holds func(value string) bool) rule {
			return func(value any, there bool) bool {
				text, ok := value.(string)
				return there && ok && holds(text)
			}
		}
		switch {
		case name == "prefix" && isText:
			return ofText(func(value string) bool { return strings.HasPrefix(value, text) }), nil
		case name == "suffix" && isText:
			return ofText(func(value string) bool { return strings.HasSuffix(value, text) }), nil
		case name == "equals-ignore-case" && isText:
			return ofText(func(value string) bool { return strings.EqualFold(value, text) }), nil
		case name == "exists" && isBool:
			return func(_ any, there bool) bool { return there == exists }, nil
		case name == "anything-but":
			return readAnythingBut(argument)
		}
		return nil, fmt.Errorf("the rule %s is not known here", name)
	}
	return nil, nil
}

func readAnythingBut(argument any) (rule, error) {
	list, ok := argument.([]any)
	if !ok {
		list = []any{argument}
	}
	var but []rule
	for _, one := range list {
		r, err := readRule(one)
		if err != nil {
			return nil, err
		}
		but = append(but, r)
	}
	return func(value any, there bool) bool {
		for _, r := range but {
			if r(value, there) {
				return false
			}
		}
		return there
	}, nil
}

// wanted reports whether one of the filters matches a record, or there is none.
func wanted(filters []filter, body json.RawMessage) bool {
	if len(filters) == 0 {
		return true
	}
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		return false
	}
	for _, f := range filters {
		if f.matches(v) {
			return true
		}
	}
	return false
}

func (f filter) matches(v map[string]any) bool {
	for name, member := range f {
		value, there := v[name]
		switch member := member.(type) {
		case filter:
			below, _ := value.(map[string]any) // nil has nothing
			if !member.matches(below) {
				return false
			}
		case []rule:
			if !matchesOne(member, value, there) {
				return false
			}
		}
	}
	return true
}

// matchesOne reports whether a rule holds for a value, or for one of a list.
func matchesOne(rules []rule, value any, there bool) bool {
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	for _, value := range values {
		switch value.(type) {
		case map[string]any, []any:
			continue // rules are for what has nothing below it
		}
		for _, r := range rules {
			if r(value, there) {
				return true
			}
		}
	}
	return false
}
