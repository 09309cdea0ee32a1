package template

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// holds reports whether a condition holds; one without a name does.
func (e *evaluator) holds(name string) (bool, error) {
	if name == "" {
		return true, nil
	}
	if holds, ok := e.holding[name]; ok {
		return holds, nil
	}
	condition, ok := e.conditions[name]
	switch {
	case !ok:
		return false, e.hasCondition(name)
	case e.asking["condition "+name]:
		return false, fmt.Errorf("the condition %s needs itself", name)
	}
	e.asking["condition "+name] = true
	defer delete(e.asking, "condition "+name)
	holds, err := e.condition(condition)
	if err == nil {
		e.holding[name] = holds
	}
	return holds, err
}

func (e *evaluator) condition(v any) (bool, error) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return false, errors.New("it is not a condition function")
	}
	for name, argument := range m {
		if name == "Condition" {
			other, _ := argument.(string)
			if err := e.hasCondition(other); err != nil || other == "" {
				return false, errors.Join(errors.New("the function Condition needs a name"), err)
			}
			return e.holds(other)
		}
		args, _ := argument.([]any)
		least, most := 2, 10
		switch name {
		case "Fn::Not":
			least, most = 1, 1
		case "Fn::Equals", "Fn::Contains":
			most = 2
		case "Fn::And", "Fn::Or":
		default:
			return false, fmt.Errorf("%s is not a condition function", name)
		}
		if name == "Fn::Contains" && !e.ruling {
			return false, errors.New("Fn::Contains is for rules alone")
		}
		if len(args) < least || len(args) > most {
			return false, fmt.Errorf("%s has %d arguments", name, len(args))
		}
		switch name {
		case "Fn::Equals":
			return e.equal(args[0], args[1])
		case "Fn::Contains":
			return e.contains(args[0], args[1])
		}
		var held []bool
		for _, arg := range args {
			holds, err := e.condition(arg)
			if err != nil {
				return false, err
			}
			held = append(held, holds)
		}
		switch name {
		case "Fn::Not":
			return !held[0], nil
		case "Fn::And":
			return !slices.Contains(held, false), nil
		}
		return slices.Contains(held, true), nil
	}
	return false, nil
}

// equal compares values, and scalars as texts: a parameter's number equals the
// template's.
func (e *evaluator) equal(a, b any) (bool, error) {
	var sides [2]any
	for i, v := range []any{a, b} {
		v, err := e.value("Fn::Equals", v)
		if err != nil {
			return false, err
		}
		sides[i] = texts(v)
	}
	return reflect.DeepEqual(sides[0], sides[1]), nil
}

func texts(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = texts(v[i])
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for name := range v {
			m[name] = texts(v[name])
		}
		return m
	}
	return text(v)
}
