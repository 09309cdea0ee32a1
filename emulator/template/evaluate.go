package template

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// An evaluator evaluates one template for one config. Resources are evaluated in
// the order in which they need each other.
type evaluator struct {
	*Template
	config  Config
	values  map[string]any // of parameters
	holding map[string]bool
	asking  map[string]bool // conditions and resources that are being evaluated
	done    map[string]Resource
	failed  map[string]error
	ruling  bool // rules are being evaluated, which have a function of their own
	decided bool // all conditions are, so there are resources
}

// none is AWS::NoValue: what has it is left out.
type none struct{}

// followed is a fault of a resource that is another's too, since it refers to it.
type followed struct{ error }

// fault is an error at a path.
func fault(path, format string, args ...any) error {
	return fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...))
}

// resource evaluates a resource that is there.
func (e *evaluator) resource(name string) (Resource, error) {
	if r, ok := e.done[name]; ok {
		return r, nil
	}
	if err := e.failed[name]; err != nil {
		return Resource{}, err
	}
	if e.asking["resource "+name] {
		return Resource{}, fmt.Errorf("%s needs itself", name)
	}
	e.asking["resource "+name] = true
	defer delete(e.asking, "resource "+name)
	r, err := e.evaluate(name, e.resources[name])
	if err != nil {
		e.failed[name] = err
		return Resource{}, err
	}
	e.done[name] = r
	return r, nil
}

func (e *evaluator) evaluate(name string, of resource) (Resource, error) {
	r := Resource{Name: name, Type: of.kind, Stack: e.config.StackName, Condition: of.condition, DependsOn: of.dependsOn,
		DeletionPolicy: of.deletion, UpdateReplacePolicy: of.updateReplace}
	// "If a resource with a condition isn't created, any resources that depend on that
	// resource aren't created either":
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-condition.html
	for _, other := range of.dependsOn {
		condition := e.resources[other].condition
		if there, err := e.holds(condition); err != nil || !there {
			return r, fault(name+".DependsOn", "%s is not there, since %s does not hold, so CloudFormation does not make %s either",
				other, condition, name)
		}
	}
	path := name + ".Properties"
	properties, err := e.value(path, of.properties)
	if err != nil {
		return r, err
	}
	var ok bool
	if r.Properties, ok = properties.(map[string]any); !ok {
		return r, fault(path, "it is not an object")
	}
	if of.updatePolicy == nil {
		return r, nil
	}
	path = name + ".UpdatePolicy"
	policy, err := e.value(path, of.updatePolicy)
	if err != nil {
		return r, err
	}
	if r.UpdatePolicy, ok = policy.(map[string]any); !ok {
		return r, fault(path, "it is not an object")
	}
	return r, nil
}

// value evaluates what is in a template.
func (e *evaluator) value(path string, v any) (any, error) {
	switch v := v.(type) {
	case []any:
		list := make([]any, 0, len(v))
		for i, item := range v {
			item, err := e.value(fmt.Sprintf("%s[%d]", path, i), item)
			if err != nil {
				return nil, err
			}
			if item != (any)(none{}) {
				list = append(list, item)
			}
		}
		return list, nil
	case map[string]any:
		for name, argument := range v {
			if name != "Ref" && !strings.HasPrefix(name, "Fn::") {
				continue
			}
			if len(v) > 1 {
				return nil, fault(path, "%s is not alone", name)
			}
			return e.call(path, name, argument)
		}
		m := make(map[string]any, len(v))
		for name, member := range v {
			member, err := e.value(path+"."+name, member)
			if err != nil {
				return nil, err
			}
			if member != (any)(none{}) {
				m[name] = member
			}
		}
		return m, nil
	}
	return v, nil
}

// call evaluates an intrinsic function.
func (e *evaluator) call(path, name string, argument any) (any, error) {
	list, isList := argument.([]any)
	wrong := func(want string) error { return fault(path, "%s needs %s", name, want) }
	switch name {
	case "Ref":
		ref, ok := argument.(string)
		if !ok {
			return nil, wrong("a name")
		}
		return e.named(path, ref, "")
	case "Fn::GetAtt":
		if dotted, ok := argument.(string); ok {
			of, attribute, _ := strings.Cut(dotted, ".")
			list = []any{of, attribute}
		}
		if len(list) != 2 {
			return nil, wrong("a resource and an attribute")
		}
		of, ok := list[0].(string)
		attribute, err := e.text(path, list[1])
		if err != nil {
			return nil, err
		}
		if !ok || attribute == "" {
			return nil, wrong("a resource and an attribute")
		}
		return e.named(path, of, attribute)
	case "Fn::Sub":
		return e.sub(path, argument)
	case "Fn::If":
		if !isList || len(list) != 3 {
			return nil, wrong("a condition and two values")
		}
		condition, _ := list[0].(string)
		if condition == "" {
			return nil, wrong("a condition and two values")
		}
		holds, err := e.holds(condition)
		if err != nil {
			return nil, fault(path, "Fn::If: %w", err)
		}
		if holds {
			return e.value(path, list[1])
		}
		return e.value(path, list[2])
	case "Fn::Join", "Fn::Select", "Fn::Split":
		if !isList || len(list) != 2 {
			return nil, wrong("two arguments")
		}
		return e.ofList(path, name, list)
	case "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or":
		return nil, fault(path, "%s is for conditions", name)
	}
	return nil, fault(path, "%s is not known here", name)
}

// named is a parameter's value, or what a resource yields.
func (e *evaluator) named(path, name, attribute string) (any, error) {
	if attribute == "" {
		switch name {
		case "AWS::NoValue":
			return none{}, nil
		case "AWS::Region":
			return e.config.Region, nil
		case "AWS::AccountId":
			return e.config.AccountID, nil
		case "AWS::StackName":
			return e.config.StackName, nil
		case "AWS::Partition":
			return e.config.Partition, nil
		case "AWS::URLSuffix":
			return e.config.URLSuffix, nil
		}
		if value, ok := e.values[name]; ok {
			return value, nil
		}
	}
	r, known := e.resources[name]
	switch {
	case !known:
		return nil, fault(path, "%q is neither a parameter nor a resource", name)
	case !e.decided:
		return nil, fault(path, "a condition cannot refer to the resource %s", name)
	}
	if there, err := e.holds(r.condition); err != nil || !there {
		return nil, fault(path, "%s is not there, since %s does not hold", name, r.condition)
	}
	of, err := e.resource(name)
	if err != nil && e.failed[name] != nil {
		return nil, &followed{err}
	}
	if err != nil {
		return nil, fault(path, "%w", err)
	}
	v, err := e.config.Value(of, attribute)
	if err != nil {
		return nil, fault(path, "%s: %w", name, err)
	}
	return v, nil
}

// text evaluates to a text.
func (e *evaluator) text(path string, v any) (string, error) {
	v, err := e.value(path, v)
	if err != nil {
		return "", err
	}
	switch v.(type) {
	case map[string]any, []any, none:
		return "", fault(path, "%v is not a text", v)
	}
	return text(v), nil
}

// text is a scalar as CloudFormation writes it.
func text(v any) string { return fmt.Sprint(v) }

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub evaluates Fn::Sub, which is a text, or a list of one and of variables.
func (e *evaluator) sub(path string, argument any) (any, error) {
	form, ok := argument.(string)
	variables := map[string]any{}
	if list, isList := argument.([]any); isList && len(list) == 2 {
		form, ok = list[0].(string)
		own, isMap := list[1].(map[string]any)
		variables, ok = own, ok && isMap
	}
	if !ok {
		return nil, fault(path, "Fn::Sub needs a text, or a list of a text and an object")
	}
	var faults []error
	out := variable.ReplaceAllStringFunc(form, func(found string) string {
		name := found[2 : len(found)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		var v any
		if own, ok := variables[name]; ok {
			v = own
		} else if of, attribute, dotted := strings.Cut(name, "."); dotted {
			v = map[string]any{"Fn::GetAtt": []any{of, attribute}}
		} else {
			v = map[string]any{"Ref": name}
		}
		value, err := e.text(path, v)
		if err != nil {
			faults = append(faults, err)
		}
		return value
	})
	return out, errors.Join(faults...)
}

// ofList evaluates the functions that take a list apart or make a text of one.
func (e *evaluator) ofList(path, name string, args []any) (any, error) {
	first, err := e.text(path, args[0])
	if err != nil {
		return nil, err
	}
	if name == "Fn::Split" {
		whole, err := e.text(path, args[1])
		if err != nil {
			return nil, err
		}
		if first == "" {
			return nil, fault(path, "Fn::Split needs a delimiter")
		}
		var list []any
		for part := range strings.SplitSeq(whole, first) {
			list = append(list, part)
		}
		return list, nil
	}
	v, err := e.value(path, args[1])
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fault(path, "%s needs a list", name)
	}
	if name == "Fn::Select" {
		index, err := strconv.Atoi(first)
		if err != nil || index < 0 || index >= len(list) {
			return nil, fault(path, "Fn::Select: %q is not an index of a list of %d", first, len(list))
		}
		return list[index], nil
	}
	parts := make([]string, len(list))
	for i, item := range list {
		if parts[i], err = e.text(path, item); err != nil {
			return nil, err
		}
	}
	return strings.Join(parts, first), nil
}
