package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A Config says what a template is evaluated for. Region, AccountID, StackName
// and Value are required.
type Config struct {
	Parameters map[string]string // those that have another value than their default

	Region, AccountID, StackName string
	Partition                    string // "": aws
	URLSuffix                    string // "": amazonaws.com

	// Value is what Ref yields for a resource, with an empty attribute, and
	// Fn::GetAtt. It is asked when the resource's properties are known.
	Value func(r Resource, attribute string) (any, error)
}

// A Resource is one whose intrinsic functions are evaluated.
type Resource struct {
	Name, Type string
	Stack      string         // the name of its stack
	Properties map[string]any // of maps, lists, texts, numbers and bools

	Condition                           string   // "": it is always there
	DependsOn                           []string // logical names
	DeletionPolicy, UpdateReplacePolicy string
	UpdatePolicy                        map[string]any // nil: none
}

// A Stack is a template for certain parameters. What has a condition that does
// not hold is not in it.
type Stack struct {
	Parameters map[string]any
	Conditions map[string]bool
	Resources  map[string]Resource
	Outputs    map[string]any
}

// OfType returns the resources of a type by their logical names.
func (s *Stack) OfType(kind string) map[string]Resource {
	found := map[string]Resource{}
	for name, r := range s.Resources {
		if r.Type == kind {
			found[name] = r
		}
	}
	return found
}

// Stack evaluates the template. The error joins what is wrong with each
// parameter, or with each resource and output.
func (t *Template) Stack(config Config) (*Stack, error) {
	if config.Partition == "" {
		config.Partition = "aws"
	}
	if config.URLSuffix == "" {
		config.URLSuffix = "amazonaws.com"
	}
	if config.Value == nil || config.Region == "" || config.AccountID == "" || config.StackName == "" {
		return nil, errors.New("template: Config.Region, AccountID, StackName or Value is missing")
	}
	values, err := t.values(config.Parameters)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	e := &evaluator{Template: t, config: config, values: values, holding: map[string]bool{}, asking: map[string]bool{},
		done: map[string]Resource{}, failed: map[string]error{}}
	if err := e.assert(); err != nil {
		return nil, err
	}
	stack := &Stack{Parameters: values, Conditions: e.holding, Resources: e.done, Outputs: map[string]any{}}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(t.conditions)) {
		if _, err := e.holds(name); err != nil {
			faults = append(faults, fmt.Errorf("template: Conditions.%s: %w", name, err))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	e.decided = true
	for _, name := range slices.Sorted(maps.Keys(t.resources)) {
		if there, _ := e.holds(t.resources[name].condition); there {
			_, err := e.resource(name)
			if _, reported := errors.AsType[*followed](err); err != nil && !reported {
				faults = append(faults, fmt.Errorf("template: %w", err))
			}
		}
	}
	if len(faults) > 0 { // outputs refer to resources
		return nil, errors.Join(faults...)
	}
	for _, name := range slices.Sorted(maps.Keys(t.outputs)) {
		if there, _ := e.holds(t.outputs[name].condition); there {
			path := "Outputs." + name + ".Value"
			v, err := e.value(path, t.outputs[name].value)
			if err != nil {
				faults = append(faults, fmt.Errorf("template: %w", err))
			}
			stack.Outputs[name] = v
		}
	}
	return stack, errors.Join(faults...)
}
