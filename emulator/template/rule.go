package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A rule says what parameters must be together:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
type rule struct {
	condition  any // nil: it always applies
	assertions []assertion
}

type assertion struct {
	assert      any
	description string
}

func readRule(m map[string]any) (r rule, err error) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch name {
		case "RuleCondition":
			r.condition = m[name]
		case "Assertions":
			list, _ := m[name].([]any)
			for _, one := range list {
				a, _ := one.(map[string]any)
				description, _ := a["AssertDescription"].(string)
				if a["Assert"] == nil {
					return r, errors.New("an assertion has no Assert")
				}
				r.assertions = append(r.assertions, assertion{a["Assert"], description})
			}
		default:
			return r, fmt.Errorf("%s is not known here", name)
		}
	}
	if len(r.assertions) == 0 {
		return r, errors.New("it has no Assertions")
	}
	return r, nil
}

// assert holds the parameters against the rules, and returns everything that is
// wrong.
func (e *evaluator) assert() error {
	e.ruling = true
	defer func() { e.ruling = false }()
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(e.rules)) {
		if err := e.assertRule(e.rules[name]); err != nil {
			faults = append(faults, fmt.Errorf("template: Rules.%s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

func (e *evaluator) assertRule(r rule) error {
	if r.condition != nil {
		applies, err := e.condition(r.condition)
		if err != nil || !applies {
			return err
		}
	}
	var faults []error
	for _, a := range r.assertions {
		holds, err := e.condition(a.assert)
		if err == nil && !holds {
			err = errors.New(a.description)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// contains reports whether a list, or a parameter that is one, has a value, compared as
// by equal.
func (e *evaluator) contains(list, of any) (bool, error) {
	list, err := e.value("Fn::Contains", list)
	if err != nil {
		return false, err
	}
	values, ok := list.([]any)
	if !ok {
		return false, errors.New("Fn::Contains needs a list and a value")
	}
	for _, v := range values {
		if same, err := e.equal(v, of); same || err != nil {
			return same, err
		}
	}
	return false, nil
}
