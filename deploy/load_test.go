package deploy_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/emulator/template"
)

// A deployment is the CloudFormation template for certain parameters. What a
// resource is asked for is its logical name, with the attribute behind a dot.
type deployment struct {
	*template.Stack
	t testing.TB
}

// given are the parameters that have no default.
var given = map[string]string{
	"CodeBucket": "code", "CodePrefix": "streamer/1.0.0/", "JwksUrl": "https://issuer.example/jwks.json",
	"JwtIssuer": "https://issuer.example", "JwtAudience": "streamer",
}

// load evaluates the template with the given parameters and those in changed.
func load(t testing.TB, changed map[string]string) *deployment {
	t.Helper()
	stack, err := evaluate(t, changed)
	if err != nil {
		t.Fatal(err)
	}
	return &deployment{stack, t}
}

func evaluate(t testing.TB, changed map[string]string) (*template.Stack, error) {
	t.Helper()
	return parsed(t).Stack(*configOf(changed))
}

// parsed is the template.
func parsed(t testing.TB) *template.Template {
	t.Helper()
	tpl, err := readOnce()
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

var readOnce = sync.OnceValues(func() (*template.Template, error) {
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		return nil, err
	}
	return template.Parse(text)
})

// configOf is a stack with the given parameters and those in changed.
func configOf(changed map[string]string) *template.Config {
	parameters := maps.Clone(given)
	maps.Copy(parameters, changed)
	config := &template.Config{Parameters: parameters, Region: "eu-west-1", AccountID: "123456789012", StackName: "streamer"}
	config.Value = func(r template.Resource, attribute string) (any, error) {
		switch {
		case r.Type == "AWS::Lambda::Alias":
			return fmt.Sprintf("arn:%s:lambda:eu-west-1:123456789012:function:%v:live", cmp.Or(config.Partition, "aws"),
				r.Properties["FunctionName"]), nil
		case attribute != "":
			return r.Name + "." + attribute, nil
		case r.Type == "AWS::SQS::Queue":
			return "https://sqs." + config.Region + "." + cmp.Or(config.URLSuffix, "amazonaws.com") + "/123456789012/" + r.Name, nil
		}
		return r.Name, nil
	}
	return config
}

// resource returns a resource's properties.
func (tpl *deployment) resource(name string) map[string]any {
	tpl.t.Helper()
	r, ok := tpl.Resources[name]
	if !ok {
		tpl.t.Fatalf("the template has no %s", name)
	}
	return r.Properties
}

// ofType returns the properties of the resources of a type, by name.
func (tpl *deployment) ofType(kind string) map[string]map[string]any {
	found := make(map[string]map[string]any)
	for name, r := range tpl.OfType(kind) {
		found[name] = r.Properties
	}
	return found
}
