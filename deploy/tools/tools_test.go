// Package tools_test holds the examples of deploying with other tools to the template.
package tools_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/pay-theory/streamer/internal/nodetest"
)

// A page is what these tests read of a template.
type page struct {
	Parameters map[string]struct {
		Default *string `yaml:"Default"`
	} `yaml:"Parameters"`
	Outputs   map[string]yaml.Node `yaml:"Outputs"`
	Resources map[string]struct {
		Type       string               `yaml:"Type"`
		Properties map[string]yaml.Node `yaml:"Properties"`
	} `yaml:"Resources"`
}

func readTemplate(t *testing.T, file string) page {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var p page
	if err := yaml.Unmarshal(text, &p); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return p
}

// checkParameters fails when the template lacks one of the parameters, or has one
// without a default that is not among them.
func checkParameters(t *testing.T, given []string) {
	t.Helper()
	template := readTemplate(t, "../template.yaml")
	for _, name := range given {
		if _, has := template.Parameters[name]; !has {
			t.Errorf("got the parameter %s, which the template does not have", name)
		}
	}
	for name, parameter := range template.Parameters {
		if parameter.Default == nil && !slices.Contains(given, name) {
			t.Errorf("got no %s, want it: the template has no default for it", name)
		}
	}
	for _, name := range []string{"JwksUrl", "JwtIssuer", "JwtAudience"} { // which a rule of the template asks for
		if !slices.Contains(given, name) {
			t.Errorf("got no %s, want an issuer", name)
		}
	}
}

func TestSAM(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("sam/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var given map[string]yaml.Node
	properties := readTemplate(t, "sam/template.yaml").Resources["Streamer"].Properties
	parameters := properties["Parameters"]
	if err := parameters.Decode(&given); err != nil {
		t.Fatal(err)
	}
	checkParameters(t, slices.Collect(maps.Keys(given)))
	location := properties["Location"]
	if got := location.Value; got != "dist/template.yaml" {
		t.Errorf("got the location %q, want what streamer dist writes", got)
	}
	checkOutputs(t, regexp.MustCompile(`Streamer\.Outputs\.(\w+)`), string(text))
}

// checkOutputs fails when a text uses an output that the template does not have.
func checkOutputs(t *testing.T, use *regexp.Regexp, text string) {
	t.Helper()
	used := use.FindAllStringSubmatch(text, -1)
	if len(used) == 0 {
		t.Error("got no use of an output, want the URLs")
	}
	outputs := readTemplate(t, "../template.yaml").Outputs
	for _, match := range used {
		if _, has := outputs[match[1]]; !has {
			t.Errorf("got the output %s, which the template does not have", match[1])
		}
	}
}

func TestTerraform(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles the parser of HCL")
	}
	parse := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../internal/tools/go.mod", "hcl2json", "terraform/main.tf")
	var said bytes.Buffer
	parse.Stderr = &said
	text, err := parse.Output()
	if err != nil {
		t.Fatalf("hcl2json: %v\n%s", err, said.Bytes())
	}
	var config struct {
		Resource struct {
			Stack map[string][]struct {
				Capabilities []string          `json:"capabilities"`
				Parameters   map[string]string `json:"parameters"`
				TemplateURL  string            `json:"template_url"`
			} `json:"aws_cloudformation_stack"`
		} `json:"resource"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	if len(config.Resource.Stack["streamer"]) != 1 {
		t.Fatalf("got %s, want a stack streamer", text)
	}
	stack := config.Resource.Stack["streamer"][0]
	checkParameters(t, slices.Collect(maps.Keys(stack.Parameters)))
	if !slices.Equal(stack.Capabilities, []string{"CAPABILITY_IAM"}) || stack.TemplateURL == "" {
		t.Errorf("got %+v, want the capability CAPABILITY_IAM and a template in a bucket", stack)
	}
	checkOutputs(t, regexp.MustCompile(`outputs\[\\"(\w+)\\"\]`), string(text))
}

// No resource of IAM has a name of its own, so that CAPABILITY_IAM is enough everywhere:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
func TestCapabilityIsEnough(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../template.yaml", "github/roles.yaml", "sam/template.yaml"} {
		for name, resource := range readTemplate(t, file).Resources {
			for _, property := range []string{"RoleName", "ManagedPolicyName", "PolicyName", "UserName", "GroupName"} {
				if _, has := resource.Properties[property]; has && resource.Type != "AWS::IAM::Policy" {
					t.Errorf("%s: %s has %s, want none, or CAPABILITY_NAMED_IAM in every command", file, name, property)
				}
			}
		}
	}
}

// AWS's validator finds nothing in the templates that the examples bring.
func TestTemplatesAreValid(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the validator takes long to start")
	}
	files := []string{"../tools/sam/template.yaml", "../tools/github/roles.yaml"}
	var findings [][]struct {
		RuleID, Severity, Message string
		StartLine                 int
	}
	output := nodetest.Output(t, "../validate", nil, "validate.js", files...)
	if err := json.Unmarshal(output, &findings); err != nil {
		t.Fatalf("validate.js printed %s: %v", output, err)
	}
	for i, file := range files {
		for _, f := range findings[i] {
			if f.Severity != "INFO" {
				t.Errorf("%s:%d: %s %s: %s", file, f.StartLine, f.Severity, f.RuleID, f.Message)
			}
		}
	}
}

// The CDK app is synthesized as the cdk command does it, which runs the app with a
// folder for the output and reads no more than what is there.
func TestCDK(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles and runs the app")
	}
	nodetest.Installed(t, "cdk")
	dist, out := t.TempDir(), t.TempDir()
	template, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"template.yaml": template}
	for _, name := range []string{"connect", "disconnect", "router", "processor"} {
		files[name+"-arm64.zip"] = []byte("PK " + name)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dist, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	nodetest.Run(t, "cdk", nil, "node_modules/typescript/bin/tsc")
	context, err := json.Marshal(map[string]string{"dist": dist})
	if err != nil {
		t.Fatal(err)
	}
	nodetest.Run(t, "cdk", []string{"CDK_OUTDIR=" + out, "CDK_CONTEXT_JSON=" + string(context)}, "build/app.js")
	text, err := os.ReadFile(filepath.Join(out, "shop.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var stack struct {
		Parameters map[string]any
		Resources  map[string]struct {
			Type       string
			Properties struct {
				Code struct {
					S3Bucket any
					S3Key    string
				}
				Environment struct{ Variables map[string]any }
			}
		}
	}
	if err := json.Unmarshal(text, &stack); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for name, resource := range readTemplate(t, "../template.yaml").Resources {
		got := stack.Resources[name]
		if got.Type != resource.Type {
			t.Errorf("%s: got the type %q, want %q", name, got.Type, resource.Type)
		}
		if resource.Type != "AWS::Lambda::Function" {
			continue
		}
		if code := got.Properties.Code; code.S3Bucket == nil || !strings.HasSuffix(code.S3Key, ".zip") || keys[code.S3Key] {
			t.Errorf("%s: got the code %+v, want an asset of its own", name, code)
		}
		keys[got.Properties.Code.S3Key] = true
		if variable, err := json.Marshal(got.Properties.Environment.Variables["STREAMER_ENVIRONMENT"]); err != nil ||
			!strings.Contains(string(variable), "PRICES_TABLE") {
			t.Errorf("%s: got the environment %s (%v), want PRICES_TABLE in it", name, variable, err)
		}
	}
	for _, name := range []string{"CodeBucket", "JwksUrl", "JwtIssuer", "JwtAudience", "Environment"} {
		if _, open := stack.Parameters[name]; open {
			t.Errorf("got the parameter %s, want the app's value in its place", name)
		}
	}
}
