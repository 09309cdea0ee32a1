package deploy_test

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A template is the CloudFormation template with intrinsic functions in their
// long form.
type template struct {
	t          testing.TB
	parameters map[string]any
	conditions map[string]any
	resources  map[string]any
	outputs    map[string]any
	values     map[string]any // of parameters and pseudo parameters
}

// given are the parameters that have no default.
var given = map[string]any{
	"CodeBucket": "code", "CodePrefix": "streamer/1.0.0/", "JwksUrl": "https://issuer.example/jwks.json",
	"JwtIssuer": "https://issuer.example", "JwtAudience": "streamer",
}

// load reads the template with the given parameters and those in changed.
func load(t testing.TB, changed map[string]any) *template {
	t.Helper()
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		t.Fatal(err)
	}
	root := plain(t, node.Content[0]).(map[string]any)
	tpl := &template{t: t, parameters: root["Parameters"].(map[string]any), conditions: root["Conditions"].(map[string]any),
		resources: root["Resources"].(map[string]any), outputs: root["Outputs"].(map[string]any), values: map[string]any{
			"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012",
			"AWS::StackName": "streamer", "AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": nil,
		}}
	for name, parameter := range tpl.parameters {
		if value, ok := parameter.(map[string]any)["Default"]; ok {
			tpl.values[name] = value
		}
	}
	maps.Copy(tpl.values, given)
	maps.Copy(tpl.values, changed)
	return tpl
}

// plain turns YAML into maps, slices and scalars.
func plain(t testing.TB, n *yaml.Node) any {
	t.Helper()
	var value any
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if _, twice := m[key]; twice {
				t.Fatalf("line %d: %s is there twice", n.Content[i].Line, key)
			}
			m[key] = plain(t, n.Content[i+1])
		}
		value = m
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			list = append(list, plain(t, c))
		}
		value = list
	default:
		if short(n.Tag) {
			value = n.Value
		} else if err := n.Decode(&value); err != nil {
			t.Fatalf("line %d: %v", n.Line, err)
		}
	}
	switch {
	case n.Tag == "!Ref":
		return map[string]any{"Ref": value}
	case n.Tag == "!GetAtt":
		name, attribute, _ := strings.Cut(value.(string), ".")
		return map[string]any{"Fn::GetAtt": []any{name, attribute}}
	case short(n.Tag):
		return map[string]any{"Fn::" + n.Tag[1:]: value}
	}
	return value
}

// short reports whether a tag is the short form of an intrinsic function.
func short(tag string) bool { return strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") }

var variable = regexp.MustCompile(`\$\{([^}]+)\}`)

// resolve replaces intrinsic functions. What a resource is asked for is its
// logical name, with the attribute behind a dot.
func (tpl *template) resolve(v any) any {
	tpl.t.Helper()
	switch v := v.(type) {
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			if item = tpl.resolve(item); item != nil {
				list = append(list, item)
			}
		}
		return list
	case map[string]any:
		if len(v) == 1 {
			for function, argument := range v {
				switch function {
				case "Ref":
					return tpl.named(argument.(string))
				case "Fn::GetAtt":
					of := argument.([]any)
					return tpl.named(fmt.Sprintf("%s.%s", of...))
				case "Fn::Sub":
					return variable.ReplaceAllStringFunc(argument.(string), func(ref string) string {
						return fmt.Sprint(tpl.named(ref[2 : len(ref)-1]))
					})
				case "Fn::If":
					branches := argument.([]any)
					if tpl.holds(tpl.conditions[branches[0].(string)]) {
						return tpl.resolve(branches[1])
					}
					return tpl.resolve(branches[2])
				}
			}
		}
		m := make(map[string]any, len(v))
		for key, value := range v {
			if value = tpl.resolve(value); value != nil {
				m[key] = value
			}
		}
		return m
	}
	return v
}

// named is a parameter's value, or the name of a resource that is there.
func (tpl *template) named(ref string) any {
	tpl.t.Helper()
	if value, ok := tpl.values[ref]; ok {
		return value
	}
	resource, _, _ := strings.Cut(ref, ".")
	if _, ok := tpl.resources[resource]; !ok {
		tpl.t.Errorf("%s is neither a parameter nor a resource", ref)
	}
	return ref
}

func (tpl *template) holds(condition any) bool {
	tpl.t.Helper()
	for function, argument := range condition.(map[string]any) {
		args := argument.([]any)
		switch function {
		case "Fn::Equals":
			return reflect.DeepEqual(tpl.resolve(args[0]), tpl.resolve(args[1]))
		case "Fn::Not":
			return !tpl.holds(args[0])
		}
	}
	tpl.t.Fatalf("the condition %v is not understood", condition)
	return false
}

// resource returns a resource's properties, resolved.
func (tpl *template) resource(name string) map[string]any {
	tpl.t.Helper()
	resource, ok := tpl.resources[name].(map[string]any)
	if !ok {
		tpl.t.Fatalf("the template has no %s", name)
	}
	return tpl.resolve(resource["Properties"]).(map[string]any)
}

// ofType returns the resources of a type, resolved, by name.
func (tpl *template) ofType(kind string) map[string]map[string]any {
	tpl.t.Helper()
	found := make(map[string]map[string]any)
	for name, resource := range tpl.resources {
		if resource.(map[string]any)["Type"] == kind {
			found[name] = tpl.resource(name)
		}
	}
	return found
}
