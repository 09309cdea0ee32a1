// Package template evaluates CloudFormation templates: what a stack's resources would
// be made of, for given parameters. It makes nothing.
//
// It knows Ref, Fn::GetAtt, Fn::Sub, Fn::If, Fn::Join, Fn::Select, Fn::Split, the
// condition functions, rules with Fn::Contains, AWS::NoValue and the pseudo
// parameters, in their long forms and as YAML tags:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
//
// What it does not know is an error, with the logical name and the path.
package template

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Template is one that was read. It is safe for concurrent use.
type Template struct {
	parameters map[string]parameter
	rules      map[string]rule
	conditions map[string]any
	resources  map[string]resource
	outputs    map[string]output
}

type resource struct {
	kind, condition          string
	properties, updatePolicy any
	dependsOn                []string
	deletion, updateReplace  string
}

type output struct {
	condition string
	value     any
}

// Parse reads a template, which is YAML or JSON. Anchors, aliases and merge keys
// are refused, as by CloudFormation.
func Parse(text []byte) (*Template, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if len(node.Content) == 0 {
		return nil, errors.New("template: the template is empty")
	}
	v, err := plain(node.Content[0])
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	t := &Template{parameters: map[string]parameter{}, rules: map[string]rule{}, conditions: map[string]any{},
		resources: map[string]resource{}, outputs: map[string]output{}}
	if err := t.read(v); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return t, nil
}

// HasParameter reports whether the template has a parameter of the name.
func (t *Template) HasParameter(name string) bool {
	_, ok := t.parameters[name]
	return ok
}

// plain turns YAML into maps, slices and scalars, and tags into the long forms of
// intrinsic functions.
func plain(n *yaml.Node) (any, error) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return nil, fmt.Errorf("line %d: templates must not have anchors or aliases", n.Line)
	}
	v, err := untagged(n)
	if err != nil || !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return v, err
	}
	switch n.Tag {
	case "!Ref", "!Condition":
		return map[string]any{n.Tag[1:]: v}, nil
	case "!GetAtt":
		if text, ok := v.(string); ok {
			name, attribute, _ := strings.Cut(text, ".")
			v = []any{name, attribute}
		}
	}
	return map[string]any{"Fn::" + n.Tag[1:]: v}, nil
}

func untagged(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
				return nil, fmt.Errorf("line %d: a key is not a text", key.Line)
			}
			if _, twice := m[key.Value]; twice {
				return nil, fmt.Errorf("line %d: %s is there twice", key.Line, key.Value)
			}
			v, err := plain(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[key.Value] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := plain(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return scalar(n)
}

func scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, fmt.Errorf("line %d: templates must not have null: leave the key out", n.Line)
	case "!!int", "!!float", "!!bool":
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		if f, ok := v.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
			return n.Value, nil // no number of JSON
		}
		return v, nil
	case "!!str", "!!timestamp": // a date such as a policy's version is a text
		return n.Value, nil
	}
	if !strings.HasPrefix(n.Tag, "!!") {
		return n.Value, nil
	}
	return nil, fmt.Errorf("line %d: templates must not have %s", n.Line, n.Tag)
}

// read takes the sections apart.
func (t *Template) read(v any) error {
	root, ok := v.(map[string]any)
	if !ok {
		return errors.New("the template is not an object")
	}
	for _, name := range slices.Sorted(maps.Keys(root)) {
		switch name {
		case "AWSTemplateFormatVersion", "Description", "Metadata":
			continue
		case "Parameters", "Rules", "Conditions", "Resources", "Outputs":
		default:
			return fmt.Errorf("the section %s is not known here", name)
		}
		section, ok := root[name].(map[string]any)
		if !ok {
			return fmt.Errorf("%s is not an object", name)
		}
		for _, member := range slices.Sorted(maps.Keys(section)) {
			if err := t.member(name, member, section[member]); err != nil {
				return fmt.Errorf("%s.%s: %w", name, member, err)
			}
		}
	}
	if len(t.resources) == 0 {
		return errors.New("the template has no resources")
	}
	return t.check()
}

func (t *Template) member(section, name string, v any) (err error) {
	if section == "Conditions" {
		t.conditions[name] = v
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return errors.New("it is not an object")
	}
	switch section {
	case "Parameters":
		t.parameters[name], err = readParameter(m)
		return err
	case "Rules":
		t.rules[name], err = readRule(m)
		return err
	}
	condition, ok := m["Condition"].(string)
	if m["Condition"] != nil && !ok {
		return errors.New("its Condition is not the name of one")
	}
	if section == "Outputs" {
		if m["Value"] == nil {
			return errors.New("it has no Value")
		}
		t.outputs[name] = output{condition: condition, value: m["Value"]}
		return nil
	}
	t.resources[name], err = readResource(m)
	return err
}

// readResource reads a resource with its attributes:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-resource-attributes.html
func readResource(m map[string]any) (r resource, err error) {
	r.properties = map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		v := m[name]
		s, isText := v.(string)
		switch name {
		case "Properties":
			r.properties = v
			continue
		case "UpdatePolicy":
			r.updatePolicy = v
			continue
		case "Metadata", "CreationPolicy":
			continue
		case "DependsOn":
			if r.dependsOn, err = namesOf(v); err != nil {
				return r, err
			}
			continue
		}
		if !isText {
			return r, fmt.Errorf("its %s is not a text", name)
		}
		switch name {
		case "Type":
			r.kind = s
		case "Condition":
			r.condition = s
		case "DeletionPolicy":
			r.deletion = s
		case "UpdateReplacePolicy":
			r.updateReplace = s
		default:
			return r, fmt.Errorf("the attribute %s is not known here", name)
		}
	}
	if r.kind == "" {
		return r, errors.New("it has no Type")
	}
	return r, nil
}

// namesOf reads DependsOn, which is a name or a list of names.
func namesOf(v any) (names []string, err error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, name := range list {
		text, ok := name.(string)
		if !ok {
			return nil, errors.New("its DependsOn is not a name or a list of names")
		}
		names = append(names, text)
	}
	return names, nil
}

// check sees to it that conditions and dependencies are there.
func (t *Template) check() error {
	for _, name := range slices.Sorted(maps.Keys(t.resources)) {
		if err := t.hasCondition(t.resources[name].condition); err != nil {
			return fmt.Errorf("resource %s: %w", name, err)
		}
		for _, other := range t.resources[name].dependsOn {
			if t.resources[other].kind == "" {
				return fmt.Errorf("resource %s: DependsOn has %s, which is not a resource of the template", name, other)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.outputs)) {
		if err := t.hasCondition(t.outputs[name].condition); err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
	}
	return nil
}

func (t *Template) hasCondition(name string) error {
	if _, ok := t.conditions[name]; name != "" && !ok {
		return fmt.Errorf("the condition %s is not there", name)
	}
	return nil
}
