package deploy_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// limits are how long names may be, by resource type and property.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
var limits = map[string]int{"AWS::Lambda::Function FunctionName": 64, "AWS::Logs::LogGroup LogGroupName": 512,
	"AWS::ApiGatewayV2::Api Name": 128, "AWS::CloudWatch::Dashboard DashboardName": 255}

// notGiven are properties of such a form that name nothing new in the account: they refer
// to something, or are within a function, an API, a role, or are the user's.
var notGiven = []string{"AWS::Lambda::Alias Name", "AWS::ApiGatewayV2::DomainName DomainName", "AWS::ApiGatewayV2::ApiMapping DomainName",
	"AWS::ApiGatewayV2::Stage StageName", "AWS::CodeDeploy::DeploymentGroup ApplicationName",
	"AWS::CodeDeploy::DeploymentGroup DeploymentConfigName", "AWS::CloudWatch::Alarm MetricName"}

// Every name that the template gives is within its limit, for the longest stack name that
// CloudFormation takes with the longest prefix, and for the longest without one.
func TestNamesAreWithinTheirLimits(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct{ stack, prefix string }{
		"the longest prefix":     {strings.Repeat("s", 128), strings.Repeat("p", 53)},
		"the longest stack name": {strings.Repeat("s", 53), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var checked int
			for at, given := range namesOf(t, of.stack, of.prefix) {
				limit, ok := limits[at.kind+" "+at.property]
				if !ok {
					t.Errorf("%s gives %s.%s, whose limit this test does not know", at.resource, at.kind, at.property)
				}
				checked++
				if len(given) > limit {
					t.Errorf("%s: got %s of %d characters, want at most %d: %s", at.resource, at.property, len(given), limit, given)
				}
			}
			if checked < 13 {
				t.Errorf("got %d names, want those of functions, logs, APIs and the dashboard", checked)
			}
		})
	}
	if _, err := evaluate(t, map[string]string{"NamePrefix": strings.Repeat("p", 54)}); err == nil {
		t.Error("got no error for a prefix of 54 characters, want a refusal")
	}
}

// Two stacks in one account and region give no name twice, by their own names or by
// their prefixes.
func TestStacksSideBySideShareNoName(t *testing.T) {
	t.Parallel()
	for name, of := range map[string][2]struct{ stack, prefix string }{
		"names":                   {{"shop-prod", ""}, {"shop-test", ""}},
		"prefixes":                {{"shop-prod", "prod"}, {"shop-test", "test"}},
		"a prefix, and a name":    {{"shop-prod", "shop"}, {"shop-test", ""}},
		"a name within the other": {{"shop", ""}, {"shop-prod", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, other := namesOf(t, of[0].stack, of[0].prefix), namesOf(t, of[1].stack, of[1].prefix)
			for at, given := range one {
				for also, same := range other {
					if at.kind == also.kind && given == same {
						t.Errorf("both stacks have the %s %s, want it in one of them", at.kind, given)
					}
				}
			}
		})
	}
}

type place struct{ resource, kind, property string }

// namesOf are the names that a stack gives to what it makes.
func namesOf(t *testing.T, stack, prefix string) map[place]string {
	t.Helper()
	parameters := maps.Clone(everything)
	parameters["NamePrefix"] = prefix
	config := configOf(parameters)
	config.StackName = stack
	made, err := parsed(t).Stack(*config)
	if err != nil {
		t.Fatal(err)
	}
	found := map[place]string{}
	for name, r := range made.Resources {
		for property, value := range r.Properties {
			text, ok := value.(string)
			refers := property == "FunctionName" && r.Type != "AWS::Lambda::Function"
			if ok && !refers && strings.HasSuffix(property, "Name") && !slices.Contains(notGiven, r.Type+" "+property) {
				found[place{name, r.Type, property}] = text
			}
		}
	}
	return found
}

// Contradictions are refused before anything is made, and said by name.
func TestParametersThatContradict(t *testing.T) {
	t.Parallel()
	const issuers = `[{"issuer":"https://a.example","jwks":"https://a.example/jwks.json","audience":"a"}]`
	for name, tt := range map[string]struct {
		parameters map[string]string
		want       string // of the error; "": none
	}{
		"no issuer":             {map[string]string{"JwtIssuer": "", "JwksUrl": ""}, "JwtIssuer, JwtIssuers or OwnVerifier=true"},
		"several issuers":       {map[string]string{"JwtIssuer": "", "JwksUrl": "", "JwtAudience": "", "JwtIssuers": issuers}, ""},
		"its own verifier":      {map[string]string{"JwtIssuer": "", "JwksUrl": "", "JwtAudience": "", "OwnVerifier": "true"}, ""},
		"no keys":               {map[string]string{"JwksUrl": ""}, "JwtIssuer needs JwksUrl"},
		"keys of no issuer":     {map[string]string{"JwtIssuer": "", "JwtIssuers": issuers}, "JwksUrl needs JwtIssuer"},
		"no audience":           {map[string]string{"JwtAudience": ""}, "JwtIssuer needs JwtAudience or JwtClientIds"},
		"clients":               {map[string]string{"JwtAudience": "", "JwtClientIds": "web"}, ""},
		"two kinds of tenants":  {map[string]string{"JwtTenant": "acme", "JwtTenantClaim": "tid"}, "only one of them"},
		"subnets alone":         {map[string]string{"SubnetIds": "subnet-1"}, "SubnetIds needs SecurityGroupIds"},
		"security groups alone": {map[string]string{"SecurityGroupIds": "sg-1"}, "SecurityGroupIds needs SubnetIds"},
		"a domain alone":        {map[string]string{"DomainName": "ws.example"}, "DomainName needs CertificateArn"},
		"one domain for both": {map[string]string{"DomainName": "a.example", "CertificateArn": "arn:a", "HttpDomainName": "a.example",
			"HttpCertificateArn": "arn:a"}, "DomainName and HttpDomainName must be two"},
		"an HTTP domain alone":  {map[string]string{"HttpDomainName": "api.example"}, "HttpDomainName needs HttpCertificateArn"},
		"no release":            {map[string]string{"Deployment": "Canary10Percent5Minutes"}, "a gradual Deployment needs Release"},
		"a path without an end": {map[string]string{"EnvironmentPath": "/shop/prod"}, "parameter EnvironmentPath: it must match"},
		"everything":            {everything, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := evaluate(t, tt.parameters)
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
}

// What an action needs reaches the functions that run actions, and no other; what guards
// the account reaches all.
func TestWhatAnActionNeeds(t *testing.T) {
	t.Parallel()
	none, all := load(t, nil), load(t, everything)
	policies := []any{"arn:aws:iam::123456789012:policy/a", "arn:aws:iam::123456789012:policy/b"}
	for function, logical := range names {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			role, lambda := all.resource(logical+"Role"), all.resource(logical+"Function")
			got := map[string]any{"policies": role["ManagedPolicyArns"], "layers": lambda["Layers"], "VPC": lambda["VpcConfig"],
				"interfaces": len(grantsOf(role, "ec2:"))}
			want := map[string]any{"policies": nil, "layers": nil, "VPC": nil, "interfaces": 0}
			if function == "router" || function == "processor" {
				want = map[string]any{"policies": policies, "layers": []any{everything["Layers"]}, "interfaces": 6, "VPC": map[string]any{
					"SubnetIds": toList(everything["SubnetIds"]), "SecurityGroupIds": toList(everything["SecurityGroupIds"])}}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("with everything (-want +got):\n%s", diff)
			}
			variables := variablesOf(all, function)
			if variables["STREAMER_ENVIRONMENT"] != everything["Environment"] || variables["STREAMER_ENVIRONMENT_PATH"] != "/shop/prod/" ||
				lambda["KmsKeyArn"] != everything["KmsKeyArn"] {
				t.Errorf("got the variables %v and the key %v, want those of the parameters", variables, lambda["KmsKeyArn"])
			}
			path := call{"ssm:GetParametersByPath", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/prod/*"}
			if got := grantsOf(role, "ssm:"); !slices.Equal(got, []call{path}) {
				t.Errorf("got %v, want %v", got, path)
			}
			for _, grant := range grantsOf(role, "kms:") {
				if grant.resource != everything["KmsKeyArn"] {
					t.Errorf("got %v, want calls of the one key", grant)
				}
			}
			plain := none.resource(logical + "Role")
			if got := slices.Concat(grantsOf(plain, "ssm:"), grantsOf(plain, "kms:"), grantsOf(plain, "ec2:")); len(got) != 0 {
				t.Errorf("by default: got %v, want nothing of what parameters ask for", got)
			}
		})
	}
	for name, role := range all.ofType("AWS::IAM::Role") {
		if role["PermissionsBoundary"] != everything["PermissionsBoundaryArn"] {
			t.Errorf("%s: got the boundary %v, want the parameter's", name, role["PermissionsBoundary"])
		}
	}
	for name, key := range map[string]any{
		"RequestsTable":    all.resource("RequestsTable")["SSESpecification"].(map[string]any)["KMSMasterKeyId"],
		"ConnectionsTable": all.resource("ConnectionsTable")["SSESpecification"].(map[string]any)["KMSMasterKeyId"],
		"Dispatches":       all.resource("Dispatches")["KmsMasterKeyId"], "DeadLetters": all.resource("DeadLetters")["KmsMasterKeyId"],
	} {
		if key != everything["KmsKeyArn"] {
			t.Errorf("%s: got the key %v, want the parameter's", name, key)
		}
	}
	if router, processor := all.resource("RouterFunction")["MemorySize"], all.resource("ProcessorFunction")["Timeout"]; router != 2048 ||
		processor != 300 {
		t.Errorf("got %v MB for the router and %v s for the processor, want 2048 and 300", router, processor)
	}
}

func toList(text string) []any {
	var list []any
	for part := range strings.SplitSeq(text, ",") {
		list = append(list, part)
	}
	return list
}

// A program of one's own with the policy can start requests, read and cancel them, and no
// more.
func TestThePolicyToSubmit(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	w.requests.Limits.OpenPerPrincipal = 5
	large := `{"text":"` + strings.Repeat("x", 8<<10) + `"}` // has an item of its own
	for _, do := range []func() error{
		func() error { return w.submit(ctx, "r1", "echo_async", large) },
		func() error { return w.submit(ctx, "r1", "echo_async", large) },
		func() error { _, err := w.requests.Get(ctx, w.who, "r1"); return err },
		func() error { _, err := w.requests.Cancel(ctx, w.who, "r1"); return err },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	policy := load(t, nil).resource("SubmitPolicy")
	granted := grantsOf(map[string]any{"Policies": []any{policy}}, "")
	called := append(w.take(), call{"sqs:SendMessage", "Dispatches.Arn"})
	for _, c := range called {
		if !slices.Contains(granted, c) {
			t.Errorf("got no %s on %s in the policy, want it", c.action, c.resource)
		}
	}
	for _, g := range granted {
		if !slices.Contains(called, g) {
			t.Errorf("got %s on %s in the policy, which nothing needs", g.action, g.resource)
		}
	}
	outputs := load(t, nil).Outputs
	if outputs["SubmitPolicyArn"] != "SubmitPolicy" || outputs["RouterRoleName"] != "RouterRole" ||
		outputs["ProcessorRoleName"] != "ProcessorRole" {
		t.Errorf("got the outputs %v, want the policy and the roles", outputs)
	}
}

// README.md has a row for each parameter, with its default, and no other.
func TestReadmeHasTheParameters(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tpl struct {
		Parameters map[string]struct {
			Default     *string `yaml:"Default"`
			Description string  `yaml:"Description"`
		} `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(text, &tpl); err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "## Parameters\n")
	table, _, _ = strings.Cut(table, "\n## ")
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(table, -1) {
		rows[row[1]] = row[2]
	}
	want := map[string]string{}
	for name, p := range tpl.Parameters {
		switch {
		case p.Default == nil:
			want[name] = "required"
		case *p.Default == "":
			want[name] = ""
		default:
			want[name] = fmt.Sprintf("`%s`", *p.Default)
		}
		if p.Description == "" {
			t.Errorf("%s has no description", name)
		}
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows and their defaults (-template +README):\n%s", diff)
	}
}
