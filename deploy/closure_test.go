package deploy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/metric"
)

// These tests hold the whole of the template to something, whatever its parameters are,
// so that a fault of the kind cannot come back with a new resource.

// everything has the template make all that it can make.
var everything = map[string]string{"Tracing": "Active", "AccessLogs": "all", "EventsUrl": "true", "Paused": "true",
	"ProcessorConcurrency": "105", "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms", "CorsOrigins": "https://a.example",
	"DeletionProtection": "true",
	"JwtClientIds":       "web,app", "JwtTenantClaim": "custom:tenant", "JwtScopeClaims": "scope", "JwtAlgorithms": "RS256",
	"JwtIssuers":  `[{"issuer":"https://other.example","jwks":"https://other.example/jwks.json"}]`,
	"Environment": `{"CURRENCY":"EUR"}`, "EnvironmentPath": "/shop/prod/",
	"PolicyArns":             "arn:aws:iam::123456789012:policy/a,arn:aws:iam::123456789012:policy/b",
	"PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary", "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
	"SecurityGroupIds": "sg-0123456789abcdef0",
	"Layers":           "arn:aws:lambda:eu-west-1:123456789012:layer:tools:1",
	"KmsKeyArn":        "arn:aws:kms:eu-west-1:123456789012:key/1", "RouterMemory": "2048", "ProcessorTimeout": "300",
	"NamePrefix": "shop", "Deployment": "Canary10Percent5Minutes", "Release": "4f2c1a9",
	"DomainName": "ws.shop.example", "CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
	"HttpDomainName": "api.shop.example", "HttpCertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/2"}

// Whatever LogLevel is, Lambda passes what alarms are made of, what says that a function
// cannot start, and errors.
func TestLambdaPassesWhatAlarmsNeed(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			tpl := load(t, map[string]string{"LogLevel": level})
			for name, logical := range names {
				logging := tpl.resource(logical + "Function")["LoggingConfig"].(map[string]any)
				for what, line := range map[string][]byte{
					"metrics": metricLine(t, name), "an error": logLine(t, slog.LevelError),
					"why it cannot start": logLine(t, lift.LevelFatal), "the Go runtime": []byte("fatal error: out of memory"),
				} {
					if logging["LogFormat"] != "JSON" || !lambda.Keeps(fmt.Sprint(logging["ApplicationLogLevel"]), line) {
						t.Errorf("%s: got the line of %s dropped by Lambda, with %v; want it kept: %s", name, what, logging, line)
					}
				}
				if got := variablesOf(tpl, name)["STREAMER_LOG_LEVEL"]; got != level {
					t.Errorf("%s: got STREAMER_LOG_LEVEL %v, want %s, so that the function drops what is below", name, got, level)
				}
			}
		})
	}
}

func metricLine(t *testing.T, function string) []byte {
	t.Helper()
	var line bytes.Buffer
	recorder, err := functions.Metrics(function, &line)
	if err != nil {
		t.Fatal(err)
	}
	set := recorder.Start()
	set.Add("Errors", 1, metric.Count)
	if err := set.Flush(); err != nil {
		t.Fatal(err)
	}
	return line.Bytes()
}

func logLine(t *testing.T, level slog.Level) []byte {
	t.Helper()
	var line bytes.Buffer
	lift.NewLogger(lift.LogConfig{Writer: &line}).Log(t.Context(), level, "a line")
	return line.Bytes()
}

// variablesOf are the variables of a function.
func variablesOf(tpl *deployment, function string) map[string]any {
	return tpl.resource(names[function] + "Function")["Environment"].(map[string]any)["Variables"].(map[string]any)
}

// What a function may do is in its role, which is there before the function is. A policy
// beside the role would be attached while the function already runs.
func TestAFunctionWaitsForAllThatItMayDo(t *testing.T) {
	t.Parallel()
	tpl := load(t, everything)
	for _, kind := range []string{"AWS::IAM::Policy", "AWS::IAM::RolePolicy"} {
		for name := range tpl.ofType(kind) {
			t.Errorf("%s is a policy beside its role: put its statements into the role", name)
		}
	}
	for function, logical := range names {
		role := tpl.resource(logical + "Role")
		if tpl.resource(logical + "Function")["Role"] != logical+"Role.Arn" {
			t.Errorf("%s: got another role than %sRole", function, logical)
		}
		if got := grantsOf(role, "xray:"); len(got) != 2 {
			t.Errorf("%s with Tracing=Active: got %v, want the two calls of X-Ray", function, got)
		}
		if got := grantsOf(load(t, nil).resource(logical+"Role"), "xray:"); len(got) != 0 {
			t.Errorf("%s without tracing: got %v, want no call of X-Ray", function, got)
		}
	}
}

// Nothing depends by DependsOn on what has another condition than its own: CloudFormation
// would not make it either. Evaluated with and without each condition, the template's
// evaluation refuses that.
func TestDependenciesAreThere(t *testing.T) {
	t.Parallel()
	for _, tpl := range []*deployment{load(t, nil), load(t, everything)} {
		for name, r := range tpl.Resources {
			for _, other := range r.DependsOn {
				if condition := tpl.Resources[other].Condition; condition != "" && condition != r.Condition {
					t.Errorf("%s depends on %s, which is there only if %s", name, other, condition)
				}
			}
		}
	}
}

// A first deploy that fails leaves nothing behind, and a stack that is deleted leaves the
// requests.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
func TestWhatStays(t *testing.T) {
	t.Parallel()
	for mode, tpl := range map[string]*deployment{"by default": load(t, nil), "with everything": load(t, everything)} {
		for name, r := range tpl.Resources {
			policy := [2]string{r.DeletionPolicy, r.UpdateReplacePolicy}
			switch {
			case name == "RequestsTable":
				if want := [2]string{"RetainExceptOnCreate", "Retain"}; policy != want {
					t.Errorf("%s, RequestsTable: got the policies %q, want %q", mode, policy, want)
				}
			case r.DeletionPolicy == "Retain":
				t.Errorf("%s, %s: got the DeletionPolicy Retain, which a failed first deploy leaves behind", mode, name)
			case slices.Contains([]string{"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Logs::LogGroup"}, r.Type) &&
				policy != [2]string{"Delete", "Delete"}:
				t.Errorf("%s, %s: got the policies %q, want it to say Delete", mode, name, policy)
			}
		}
	}
	// A protected table would outlast the rollback, too.
	for protection, want := range map[string]bool{"true": true, "false": false} {
		got := load(t, map[string]string{"DeletionProtection": protection}).resource("RequestsTable")["DeletionProtectionEnabled"]
		if got != want {
			t.Errorf("DeletionProtection=%s: got %v, want %t", protection, got, want)
		}
	}
	if got := load(t, nil).resource("RequestsTable")["DeletionProtectionEnabled"]; got != false {
		t.Errorf("by default: got a protected table %v, want it free to go when the first deploy fails", got)
	}
}

// partitions are those of AWS, each with a region and the suffix of its addresses.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
var partitions = map[string]struct{ region, suffix string }{
	"aws":        {"eu-west-1", "amazonaws.com"},
	"aws-cn":     {"cn-north-1", "amazonaws.com.cn"},
	"aws-us-gov": {"us-gov-west-1", "amazonaws.com"},
	"aws-eusc":   {"eusc-de-east-1", "amazonaws.eu"},
	"aws-iso":    {"us-iso-east-1", "c2s.ic.gov"},
	"aws-iso-b":  {"us-isob-east-1", "sc2s.sgov.gov"},
}

// Nothing in a stack is of another partition than the stack's, but for the principals of
// services, which are the same in all of them.
func TestEachPartitionIsItsOwn(t *testing.T) {
	t.Parallel()
	arn, address := regexp.MustCompile(`arn:(aws[a-z-]*):`), regexp.MustCompile(`[a-z0-9-]+\.amazonaws\.[a-z.]+`)
	principal := regexp.MustCompile(`^(lambda|apigateway|scheduler|codedeploy)\.amazonaws\.com$`)
	for partition, of := range partitions {
		t.Run(partition, func(t *testing.T) {
			t.Parallel()
			parameters := maps.Clone(everything)
			for name, value := range parameters {
				parameters[name] = strings.ReplaceAll(value, "arn:aws:", "arn:"+partition+":")
			}
			config := configOf(parameters)
			config.Partition, config.Region, config.URLSuffix = partition, of.region, of.suffix
			stack, err := parsed(t).Stack(*config)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal([]any{stack.Resources, stack.Outputs})
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range arn.FindAllSubmatch(text, -1) {
				if string(found[1]) != partition {
					t.Errorf("got %s in a stack of %s", found[0], partition)
				}
			}
			for _, found := range address.FindAllString(string(text), -1) {
				if !strings.HasSuffix(found, "."+of.suffix) && !principal.MatchString(found) {
					t.Errorf("got %s in a stack of %s, whose addresses end with %s", found, partition, of.suffix)
				}
			}
		})
	}
}
