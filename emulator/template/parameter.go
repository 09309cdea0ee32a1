package template

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A parameter is what a template says of one:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
type parameter struct {
	kind          string
	byDefault     *string
	allowed       []string
	pattern       *regexp.Regexp
	length, value bounds
}

type bounds struct{ least, most *float64 }

func (b bounds) hold(n float64) bool {
	return (b.least == nil || n >= *b.least) && (b.most == nil || n <= *b.most)
}

func readParameter(m map[string]any) (p parameter, err error) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		v, number := m[name], new(float64)
		switch name {
		case "MinLength", "MaxLength", "MinValue", "MaxValue":
			if *number, err = strconv.ParseFloat(text(v), 64); err != nil {
				return p, fmt.Errorf("%s of %q is not a number", name, text(v))
			}
		}
		switch name {
		case "Type":
			p.kind = text(v)
		case "Default":
			byDefault := text(v)
			p.byDefault = &byDefault
		case "AllowedValues":
			list, ok := v.([]any)
			if !ok {
				return p, errors.New("AllowedValues is not a list")
			}
			for _, value := range list {
				p.allowed = append(p.allowed, text(value))
			}
		case "AllowedPattern":
			if p.pattern, err = regexp.Compile("^(?:" + text(v) + ")$"); err != nil {
				return p, fmt.Errorf("AllowedPattern: %w", err)
			}
		case "MinLength":
			p.length.least = number
		case "MaxLength":
			p.length.most = number
		case "MinValue":
			p.value.least = number
		case "MaxValue":
			p.value.most = number
		case "Description", "ConstraintDescription", "NoEcho":
		default:
			return p, fmt.Errorf("%s is not known here", name)
		}
	}
	switch p.kind {
	case "String", "Number", "CommaDelimitedList", "List<Number>":
		return p, nil
	}
	return p, fmt.Errorf("the type %q is not known here: String, Number, CommaDelimitedList and List<Number> are", p.kind)
}

// read checks a value and returns what Ref yields for it.
func (p parameter) read(value string) (any, error) {
	values := []string{value}
	if p.kind == "CommaDelimitedList" || p.kind == "List<Number>" {
		values = strings.Split(value, ",")
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
	}
	read := make([]any, len(values))
	for i, value := range values {
		var err error
		if read[i], err = p.one(value); err != nil {
			return nil, err
		}
	}
	if p.kind == "String" || p.kind == "Number" {
		return read[0], nil
	}
	return read, nil
}

func (p parameter) one(value string) (any, error) {
	switch {
	case len(p.allowed) > 0 && !slices.Contains(p.allowed, value):
		return nil, fmt.Errorf("it must be one of %s", strings.Join(p.allowed, ", "))
	case p.pattern != nil && !p.pattern.MatchString(value):
		return nil, fmt.Errorf("it must match %s", strings.TrimSuffix(strings.TrimPrefix(p.pattern.String(), "^(?:"), ")$"))
	case !p.length.hold(float64(utf8.RuneCountInString(value))):
		return nil, errors.New("it is too short or too long")
	case p.kind != "Number" && p.kind != "List<Number>":
		return value, nil
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is not a number", value)
	}
	if !p.value.hold(number) {
		return nil, errors.New("it is too small or too large")
	}
	if whole, err := strconv.Atoi(value); err == nil {
		return whole, nil
	}
	return number, nil
}

// values returns what the parameters are, and every fault of those given.
func (t *Template) values(given map[string]string) (map[string]any, error) {
	values := map[string]any{}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(t.parameters)) {
		p := t.parameters[name]
		value, ok := given[name]
		if !ok {
			if p.byDefault == nil {
				faults = append(faults, fmt.Errorf("parameter %s: it has no default and no value", name))
				continue
			}
			value = *p.byDefault
		}
		read, err := p.read(value)
		if err != nil {
			faults = append(faults, fmt.Errorf("parameter %s: %w", name, err))
		}
		values[name] = read
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !t.HasParameter(name) {
			faults = append(faults, fmt.Errorf("parameter %s: the template has none of this name; it has %s", name,
				strings.Join(slices.Sorted(maps.Keys(t.parameters)), ", ")))
		}
	}
	return values, errors.Join(faults...)
}
