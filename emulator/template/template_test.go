package template_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/emulator/template"
)

// config has resources yield their name, and the attribute behind a dot.
func config(parameters map[string]string) template.Config {
	return template.Config{Parameters: parameters, Region: "eu-west-1", AccountID: "123456789012", StackName: "shop",
		Value: func(r template.Resource, attribute string) (any, error) {
			switch attribute {
			case "":
				return r.Name, nil
			case "Size":
				return r.Properties["Size"], nil
			case "Secret":
				return nil, fmt.Errorf("%s has no attribute Secret", r.Type)
			}
			return r.Name + "." + attribute, nil
		}}
}

const head = `
Parameters:
  Name: {Type: String, Default: ada, AllowedPattern: "[a-z]+", MinLength: 2, MaxLength: 8}
  Count: {Type: Number, Default: 0, MinValue: 0, MaxValue: 9}
  Kind: {Type: String, Default: small, AllowedValues: [small, large, "7"]}
  Origins: {Type: CommaDelimitedList, Default: "a.example, b.example"}
  Needed: {Type: String}
Conditions:
  Large: !Equals [!Ref Kind, large]
  Some: !Not [!Equals [!Ref Count, 0]]
  Both: !And [!Condition Large, {Condition: Some}]
  Either: !Or [!Condition Large, !Condition Some]
  Lists: !Equals [!Join [",", !Ref Origins], "a.example,b.example"]
Resources:
  Bucket: {Type: Shop::Bucket, Properties: {Size: 12}}
  Rare: {Type: Shop::Bucket, Condition: Both}
`

func TestValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ yaml, want string }{
		{`!Ref Name`, `"ada"`},
		{`{Ref: Count}`, `0`},
		{`!Ref Origins`, `["a.example","b.example"]`},
		{`!Ref AWS::Region`, `"eu-west-1"`},
		{`!Ref Bucket`, `"Bucket"`},
		{`!GetAtt Bucket.Size`, `12`},
		{`!GetAtt Bucket.Nested.Arn`, `"Bucket.Nested.Arn"`},
		{`!GetAtt [Bucket, Arn]`, `"Bucket.Arn"`},
		{`{"Fn::GetAtt": Bucket.Arn}`, `"Bucket.Arn"`},
		{`!Sub "${Name}-${Count} ${AWS::StackName}.${AWS::URLSuffix} ${Bucket.Arn} ${!Literal} $x {y}"`,
			`"ada-0 shop.amazonaws.com Bucket.Arn ${Literal} $x {y}"`},
		{`!Sub ["${Own}/${Name}", {Own: !GetAtt Bucket.Size}]`, `"12/ada"`},
		{`!If [Large, 1, {a: !Ref Name}]`, `{"a":"ada"}`},
		{`[1, !If [Large, 2, !Ref AWS::NoValue], !Ref "AWS::NoValue", {gone: !Ref "AWS::NoValue", kept: true}]`, `[1,{"kept":true}]`},
		{`!Join ["-", [a, !Ref Count, !Ref Name]]`, `"a-0-ada"`},
		{`!Select [1, !Ref Origins]`, `"b.example"`},
		{`!Select ["0", !Split [".", "x.y"]]`, `"x"`},
		{`[!If [Both, 1, 0], !If [Either, 1, 0], !If [Some, 1, 0], !If [Lists, 1, 0]]`, `[0,0,0,1]`},
		{`{Version: 2012-10-17, Ratio: 0.5, "on": "OFF", Odd: .inf}`, `{"Odd":".inf","Ratio":0.5,"Version":"2012-10-17","on":"OFF"}`},
		{`{Condition: {StringEquals: 1}}`, `{"Condition":{"StringEquals":1}}`},
	} {
		t.Run(c.yaml, func(t *testing.T) {
			tpl, err := template.Parse([]byte(head + "  It: {Type: T, DependsOn: [Bucket], Properties: {V: " + c.yaml + "}}\n"))
			if err != nil {
				t.Errorf("%s: %v", c.yaml, err)
				return
			}
			stack, err := tpl.Stack(config(map[string]string{"Needed": "x"}))
			if err != nil {
				t.Errorf("%s: %v", c.yaml, err)
				return
			}
			if got, err := json.Marshal(stack.Resources["It"].Properties["V"]); err != nil || string(got) != c.want {
				t.Errorf("%s is %s, %v, want %s", c.yaml, got, err, c.want)
			}
		})
	}
}

// A resource has what stands beside its properties.
func TestAttributes(t *testing.T) {
	t.Parallel()
	tpl, err := template.Parse([]byte(head + `  It: {Type: T, DependsOn: [Bucket], Condition: Lists, DeletionPolicy: RetainExceptOnCreate,
    UpdateReplacePolicy: Retain, UpdatePolicy: {CodeDeployLambdaAliasUpdate: {ApplicationName: !Ref Bucket}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := tpl.Stack(config(map[string]string{"Needed": "x"}))
	if err != nil {
		t.Fatal(err)
	}
	want := template.Resource{Name: "It", Type: "T", Stack: "shop", Properties: map[string]any{}, Condition: "Lists", DependsOn: []string{"Bucket"},
		DeletionPolicy: "RetainExceptOnCreate", UpdateReplacePolicy: "Retain",
		UpdatePolicy: map[string]any{"CodeDeployLambdaAliasUpdate": map[string]any{"ApplicationName": "Bucket"}}}
	if got := stack.Resources["It"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !stack.Conditions["Lists"] || stack.Conditions["Large"] {
		t.Errorf("got the conditions %v, want Lists to hold and Large not to", stack.Conditions)
	}
}

func TestParametersDecide(t *testing.T) {
	t.Parallel()
	tpl, err := template.Parse([]byte(head + "Outputs: {Count: {Value: !Ref Count}, Rare: {Condition: Both, Value: !Ref Rare}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	few, err := tpl.Stack(config(map[string]string{"Needed": "x"}))
	if err != nil {
		t.Fatal(err)
	}
	many, err := tpl.Stack(config(map[string]string{"Needed": "", "Kind": "large", "Count": "7"}))
	if err != nil {
		t.Fatal(err)
	}
	if len(few.OfType("Shop::Bucket")) != 1 || len(many.OfType("Shop::Bucket")) != 2 || many.Parameters["Count"] != 7 ||
		!reflect.DeepEqual(few.Outputs, map[string]any{"Count": 0}) ||
		!reflect.DeepEqual(many.Outputs, map[string]any{"Count": 7, "Rare": "Rare"}) {
		t.Errorf("few %+v\nmany %+v", few, many)
	}
}

// A text is as long as it has characters.
func TestALengthIsOfCharacters(t *testing.T) {
	t.Parallel()
	tpl, err := template.Parse([]byte("Parameters: {P: {Type: String, MinLength: 3, MaxLength: 3}}\nResources: {R: {Type: T}}"))
	if err != nil {
		t.Fatal(err)
	}
	for value, good := range map[string]bool{"äöü": true, "äö": false, "abcd": false} {
		t.Run(value, func(t *testing.T) {
			if _, err := tpl.Stack(config(map[string]string{"P": value})); (err == nil) != good {
				t.Errorf("%s: %v", value, err)
			}
		})
	}
}

// Each fault says where it is.
func TestFaults(t *testing.T) {
	t.Parallel()
	in := func(yaml string) string { return head + "  It: {Type: T, Properties: {A: [0, {B: " + yaml + "}]}}\n" }
	given := map[string]string{"Needed": "x"}
	const at = "It.Properties.A[1].B: "
	for _, c := range []struct {
		template string
		given    map[string]string
		says     string
	}{
		{in("1"), nil, "parameter Needed: it has no default and no value"},
		{in("1"), map[string]string{"Needed": "x", "Missing": "y", "Name": "A", "Count": "10", "Kind": "huge"},
			"parameter Count: it is too small or too large\nparameter Kind: it must be one of small, large, 7\n" +
				"parameter Name: it must match [a-z]+\nparameter Missing: the template has none of this name; it has "},
		{in("1"), map[string]string{"Needed": "x", "Name": "a", "Count": "x"},
			"parameter Count: \"x\" is not a number\nparameter Name: it is too short or too long"},
		{in("!Ref Missing"), given, at + `"Missing" is neither a parameter nor a resource`},
		{in("!Sub '${Missing.Arn} ${AWS::Nowhere}'"), given, at + `"AWS::Nowhere" is neither`},
		{in("!GetAtt Bucket.Secret"), given, at + "Bucket: Shop::Bucket has no attribute Secret"},
		{in("!Ref Rare"), given, at + "Rare is not there, since Both does not hold"},
		{in("!ImportValue x"), given, at + "Fn::ImportValue is not known here"},
		{in("!FindInMap [a, b, c]"), given, at + "Fn::FindInMap is not known here"},
		{in("{Ref: Name, Fn::Sub: x}"), given, " is not alone"},
		{in("!If [Nowhere, 1, 2]"), given, at + "Fn::If: the condition Nowhere is not there"},
		{in("!If [Large, 1]"), given, at + "Fn::If needs"},
		{in("!Equals [1, 1]"), given, at + "Fn::Equals is for conditions"},
		{in("!Sub [x]"), given, at + "Fn::Sub needs"},
		{in("!Sub '${Origins}'"), given, "is not a text"},
		{in("!Select [2, !Ref Origins]"), given, `"2" is not an index of a list of 2`},
		{in("!Join [1]"), given, "Fn::Join needs two arguments"},
		{in("!Ref It"), given, at + "It needs itself"},
		{in("!Ref Other") + "  Other: {Type: T, Properties: {C: !Ref It}}\n", given, "Other.Properties.C: It needs itself"},
		{in("~"), given, "templates must not have null"},
		{in("&a 1"), given, "must not have anchors"},
		{in("{a: 1, a: 2}"), given, "a is there twice"},
		{in("1") + "  X: {Properties: {}}\n", given, "Resources.X: it has no Type"},
		{in("1") + "  X: {Type: T, DependsOn: Missing}\n", given, "resource X: DependsOn has Missing, which is not a resource"},
		{in("1") + "  X: {Type: T, DependsOn: [Bucket, Rare]}\n", given, "X.DependsOn: Rare is not there, since Both does not hold"},
		{in("1") + "  X: {Type: T, DependsOn: [1]}\n", given, "Resources.X: its DependsOn is not a name or a list of names"},
		{in("1") + "  X: {Type: T, DeletePolicy: Retain}\n", given, "Resources.X: the attribute DeletePolicy is not known here"},
		{in("1") + "  X: {Type: T, DeletionPolicy: [Retain]}\n", given, "Resources.X: its DeletionPolicy is not a text"},
		{in("1") + "  X: {Type: T, UpdatePolicy: !Ref Name}\n", given, "X.UpdatePolicy: it is not an object"},
		{in("1") + "  X: {Type: T, Condition: Missing}\n", given, "resource X: the condition Missing is not there"},
		{in("1") + "Transform: AWS::Serverless-2016-10-31\n", given, "the section Transform is not known here"},
		{in("1") + "Outputs: {A: {Value: !Ref Missing}, B: {Value: !ImportValue x}}\n", given,
			"Outputs.A.Value: \"Missing\" is neither a parameter nor a resource\ntemplate: Outputs.B.Value: Fn::ImportValue is not known here"},
		{"Resources: {}", nil, "no resources"},
		{"", nil, "empty"},
		{"Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>'}}\nResources: {R: {Type: T}}", nil, "Parameters.P: the type"},
		{"Conditions: {C: !Equals [!Ref R, 1]}\nResources: {R: {Type: T}}", nil,
			"Conditions.C: Fn::Equals: a condition cannot refer to the resource R"},
		{"Conditions: {C: !Not [!Condition D], D: !Not [!Condition C]}\nResources: {R: {Type: T}}", nil, "needs itself"},
	} {
		t.Run(c.says, func(t *testing.T) {
			tpl, err := template.Parse([]byte(c.template))
			if err == nil {
				_, err = tpl.Stack(config(c.given))
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s\n got %v\nwant %s", strings.TrimPrefix(c.template, head), err, c.says)
			}
		})
	}
}

func FuzzTemplate(f *testing.F) {
	shipped, err := os.ReadFile("../../deploy/template.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(shipped))
	f.Add(head)
	f.Add(`{"Resources": {"R": {"Type": "T", "Properties": {"Fn::Sub": ["${A}", {"A": {"Fn::Join": ["", {"Fn::Split": [",", "a"]}]}}]}}}}`)
	f.Add("Resources: {R: {Type: T, Properties: {A: !Select [0, [!GetAtt R.Arn]]}}}")
	f.Fuzz(func(t *testing.T, text string) {
		tpl, err := template.Parse([]byte(text))
		if err != nil {
			return
		}
		stack, err := tpl.Stack(config(nil))
		if err != nil {
			return
		}
		raw, err := json.Marshal(stack)
		if err != nil {
			t.Fatalf("what was evaluated is no JSON: %v", err)
		}
		again, err := tpl.Stack(config(nil))
		if err != nil {
			t.Fatal(err)
		}
		if second, err := json.Marshal(again); err != nil || string(raw) != string(second) {
			t.Errorf("evaluated again it is %s, was %s", second, raw)
		}
	})
}

// Rules hold parameters against each other.
func TestRules(t *testing.T) {
	t.Parallel()
	const rules = `
Rules:
  Few:
    RuleCondition: !Equals [!Ref Kind, small]
    Assertions:
      - {Assert: {"Fn::Contains": [[1, 2, 3], !Ref Count]}, AssertDescription: a small one has 1 to 3}
      - {Assert: !Not [!Equals [!Ref Name, bob]], AssertDescription: a small one is not bob's}
  Always:
    Assertions: [{Assert: !Not [!Equals [!Ref Count, 8]], AssertDescription: never 8}]
  Lists:
    Assertions: [{Assert: {"Fn::Contains": [!Ref Origins, b.example]}, AssertDescription: b.example is one of them}]
`
	for name, tt := range map[string]struct {
		parameters map[string]string
		want       []string // of the error; none: there is none
	}{
		"hold":           {map[string]string{"Count": "2"}, nil},
		"do not apply":   {map[string]string{"Kind": "large", "Count": "7", "Name": "bob"}, nil},
		"one is broken":  {map[string]string{"Count": "4"}, []string{"Rules.Few: a small one has 1 to 3"}},
		"a list":         {map[string]string{"Count": "2", "Origins": "a.example"}, []string{"Rules.Lists: b.example is one of them"}},
		"all are broken": {map[string]string{"Count": "8", "Name": "bob"}, []string{"has 1 to 3", "is not bob's", "Rules.Always: never 8"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.parameters["Needed"] = "x"
			parsed, err := template.Parse([]byte(head + rules))
			if err != nil {
				t.Fatal(err)
			}
			_, err = parsed.Stack(config(tt.parameters))
			if (err != nil) != (len(tt.want) > 0) {
				t.Fatalf("got error %v, want %q", err, tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got error %v, want %q in it", err, want)
				}
			}
		})
	}
	for want, text := range map[string]string{
		"Rules.R: it has no Assertions":            "Rules: {R: {RuleCondition: !Equals [1, 1]}}",
		"Rules.R: an assertion has no Assert":      "Rules: {R: {Assertions: [{AssertDescription: x}]}}",
		"Rules.R: Name is not known here":          "Rules: {R: {Name: x}}",
		"Fn::Contains needs a list and a value":    "Rules: {R: {Assertions: [{Assert: {'Fn::Contains': [1, 1]}}]}}",
		"Fn::Contains is for rules alone":          "Conditions: {C: {'Fn::Contains': [[1], 1]}}",
		"Rules.R: Fn::Length is not a condition f": "Rules: {R: {RuleCondition: {'Fn::Length': [1]}, Assertions: [{Assert: {'Fn::Equals': [1, 1]}}]}}",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			parsed, err := template.Parse([]byte(text + "\nResources: {A: {Type: B}}"))
			if err == nil {
				_, err = parsed.Stack(config(nil))
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want %q in it", err, want)
			}
		})
	}
}
