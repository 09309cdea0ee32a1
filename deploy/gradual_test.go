package deploy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const live = "arn:aws:lambda:eu-west-1:123456789012:function:%sFunction:live"

// With a gradual deployment every caller has the alias, and may call it; without one,
// the function itself.
func TestCallersHaveTheAlias(t *testing.T) {
	t.Parallel()
	for deployment, target := range map[string]func(logical string) (arn, name string){
		"AllAtOnce": func(logical string) (arn, name string) { return logical + "Function.Arn", logical + "Function" },
		"Linear10PercentEvery1Minute": func(logical string) (arn, name string) {
			return fmt.Sprintf(live, logical), fmt.Sprintf(live, logical)
		},
	} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			tpl := load(t, map[string]string{"Deployment": deployment, "Release": "1", "EventsUrl": "true"})
			for route, logical := range map[string]string{"Connect": "Connect", "Disconnect": "Disconnect", "Message": "Router", "Http": "Router"} {
				arn, name := target(logical)
				if got := tpl.resource(route + "Integration")["IntegrationUri"].(string); !strings.Contains(got, arn) {
					t.Errorf("%sIntegration: got %s, want %s in it", route, got, arn)
				}
				if got := tpl.resource(route + "Permission")["FunctionName"]; got != name {
					t.Errorf("%sPermission: got %v, want %s", route, got, name)
				}
			}
			arn, name := target("Processor")
			sweep := tpl.resource("Sweep")["Target"].(map[string]any)["Arn"]
			if queue := tpl.resource("ProcessorQueue")["FunctionName"]; queue != name || sweep != arn {
				t.Errorf("got the queue's function %v and the sweep's %v, want %s and %s", queue, sweep, name, arn)
			}
			if got := grantsOf(tpl.resource("SweepRole"), "lambda:"); !slices.Equal(got, []call{{"lambda:InvokeFunction", arn}}) {
				t.Errorf("got %v for the sweep, want to invoke %s", got, arn)
			}
			wantQualifier, wantURL := any("$LATEST"), any(nil)
			if deployment != "AllAtOnce" {
				wantQualifier, wantURL = "live", "live"
			}
			if got := tpl.resource("ProcessorInvocations")["Qualifier"]; got != wantQualifier {
				t.Errorf("got retries of %v, want of %v", got, wantQualifier)
			}
			if got := tpl.resource("RouterUrl")["Qualifier"]; got != wantURL {
				t.Errorf("got a function URL of %v, want of %v", got, wantURL)
			}
			_, name = target("Router")
			for _, permission := range []string{"RouterUrlPermission", "RouterUrlInvokePermission"} {
				if got := tpl.resource(permission)["FunctionName"]; got != name {
					t.Errorf("%s: got %v, want %s", permission, got, name)
				}
			}
		})
	}
}

// Each function has an alias that CodeDeploy shifts to the version of the release, and
// shifts back on alarms that a fault of the new code sets off; the processor is first.
func TestAReleaseIsShiftedAndRolledBack(t *testing.T) {
	t.Parallel()
	one := load(t, map[string]string{"Deployment": "Canary10Percent5Minutes", "Release": "one"})
	other := load(t, map[string]string{"Deployment": "Canary10Percent5Minutes", "Release": "other"})
	for function, logical := range names {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			alias := one.Resources[logical+"Alias"]
			policy := map[string]any{"CodeDeployLambdaAliasUpdate": map[string]any{"ApplicationName": "Deployments",
				"DeploymentGroupName": logical + "Deployments"}}
			if diff := cmp.Diff(policy, alias.UpdatePolicy); diff != "" {
				t.Errorf("update policy (-want +got):\n%s", diff)
			}
			if want := map[string]any{"FunctionName": logical + "Function", "FunctionVersion": logical + "Version.Version",
				"Name": "live"}; cmp.Diff(want, alias.Properties) != "" {
				t.Errorf("got the alias %v, want %v", alias.Properties, want)
			}
			group := one.resource(logical + "Deployments")
			alarms := []any{map[string]any{"Name": "ErrorsAlarm"}, map[string]any{"Name": "FaultsAlarm"}, map[string]any{"Name": "DeadLettersAlarm"}}
			if diff := cmp.Diff(map[string]any{"Enabled": true, "Alarms": alarms}, group["AlarmConfiguration"]); diff != "" {
				t.Errorf("alarms (-want +got):\n%s", diff)
			}
			events, _ := group["AutoRollbackConfiguration"].(map[string]any)["Events"].([]any)
			if !slices.Contains(events, any("DEPLOYMENT_STOP_ON_ALARM")) ||
				group["DeploymentConfigName"] != "CodeDeployDefault.LambdaCanary10Percent5Minutes" {
				t.Errorf("got %v and %v, want a rollback on alarms and CodeDeploy's own configuration", events, group["DeploymentConfigName"])
			}
			// A version is made anew, and of a function that changed: Lambda publishes no other.
			for _, resource := range []string{logical + "Version", logical + "Function"} {
				if cmp.Diff(one.resource(resource), other.resource(resource)) == "" {
					t.Errorf("%s: got the same with another release, want a change", resource)
				}
			}
			if version := one.Resources[logical+"Version"]; version.UpdateReplacePolicy != "Retain" {
				t.Errorf("got the UpdateReplacePolicy %q of a version, want Retain: runs are under way on it", version.UpdateReplacePolicy)
			}
		})
	}
	if got := one.Resources["RouterAlias"].DependsOn; !slices.Equal(got, []string{"ProcessorAlias"}) {
		t.Errorf("got a router's alias that waits for %q, want for the processor's", got)
	}
	for _, kind := range []string{"AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::CodeDeploy::DeploymentGroup",
		"AWS::CodeDeploy::Application"} {
		if n := len(load(t, nil).ofType(kind)); n != 0 {
			t.Errorf("by default: got %d of %s, want none", n, kind)
		}
	}
}

// A domain of one's own is mapped to its API, and is what the outputs name.
func TestDomains(t *testing.T) {
	t.Parallel()
	tpl := load(t, everything)
	for name, want := range map[string]map[string]any{
		"SocketMapping": {"ApiId": "WebSocketApi", "DomainName": "SocketDomain", "Stage": "WebSocketStage"},
		"HttpMapping":   {"ApiId": "HttpApi", "DomainName": "HttpDomain", "Stage": "HttpStage"},
	} {
		if diff := cmp.Diff(want, tpl.resource(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for output, want := range map[string]any{"WebSocketUrl": "wss://ws.shop.example", "HttpUrl": "https://api.shop.example",
		"DomainTarget": "SocketDomain.RegionalDomainName", "HttpDomainTarget": "HttpDomain.RegionalDomainName"} {
		if got := tpl.Outputs[output]; got != want {
			t.Errorf("%s: got %v, want %v", output, got, want)
		}
	}
	// A push goes to the API itself, whatever its domain is.
	if got := variablesOf(tpl, "processor")["STREAMER_CALLBACK_URL"]; got != "https://WebSocketApi.execute-api.eu-west-1.amazonaws.com/prod" {
		t.Errorf("got the callback %v, want the API's own address", got)
	}
}
