// Package deploy_test holds the template to what the functions and the store
// need of it.
package deploy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
	"github.com/pay-theory/streamer/store/dynamo"
)

// names are the functions' names and those of their resources.
var names = map[string]string{"connect": "Connect", "disconnect": "Disconnect", "router": "Router", "processor": "Processor"}

func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTablesAreAsTheStoreNeedsThem(t *testing.T) {
	t.Parallel()
	tpl := load(t, nil)
	want := dynamo.Tables("RequestsTable", "ConnectionsTable")
	if got := tpl.ofType("AWS::DynamoDB::Table"); len(got) != len(want) {
		t.Errorf("the template has %d tables, the store %d", len(got), len(want))
	}
	for _, table := range want {
		got, want := asMap(t, tpl.resource(table.TableName)), asMap(t, table)
		delete(want, "TableName")
		want["TimeToLiveSpecification"] = map[string]any{"AttributeName": table.TimeToLive, "Enabled": true}
		want["PointInTimeRecoverySpecification"] = map[string]any{"PointInTimeRecoveryEnabled": true}
		want["SSESpecification"] = map[string]any{"SSEEnabled": true}
		if table.TableName == "RequestsTable" { // which a parameter protects
			want["DeletionProtectionEnabled"] = false
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %v\nwant %v", table.TableName, got, want)
		}
	}
}

// Each function starts from the environment that the template gives it, and
// reads each variable of it but GOMAXPROCS, which the Go runtime reads.
func TestEnvironmentIsWhatTheFunctionsRead(t *testing.T) {
	t.Parallel()
	parts := functions.Parts{Actions: noActions}
	build := map[string]deployed.Builder{"connect": deployed.Connect, "disconnect": deployed.Disconnect,
		"router": deployed.Router, "processor": deployed.Processor}
	tpl := load(t, nil)
	for name, logical := range names {
		function := tpl.resource(logical + "Function")
		set := function["Environment"].(map[string]any)["Variables"].(map[string]any)
		var read []string
		lookup := func(variable string) (string, bool) {
			if value, ok := set[variable]; ok {
				read = append(read, variable)
				return fmt.Sprint(value), true // CloudFormation makes texts of numbers
			}
			switch variable {
			case "AWS_REGION":
				return "eu-west-1", true
			case "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN":
				return "from Lambda", true
			case "AWS_LAMBDA_FUNCTION_NAME":
				return function["FunctionName"].(string), true
			case "STREAMER_JWT_KEYS": // the template has the JWKS URL in its place
			default:
				if strings.HasPrefix(variable, "STREAMER_") {
					t.Errorf("%s reads %s, which the template does not set", name, variable)
				}
			}
			return "", false
		}
		if _, err := build[name](t.Context(), parts, config.Options{Lookup: lookup}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := deployed.Variables(t.Context(), config.Options{Lookup: lookup}); err != nil { // as deployed.Start
			t.Errorf("%s: %v", name, err)
		}
		for variable := range set {
			if variable != "GOMAXPROCS" && !slices.Contains(read, variable) {
				t.Errorf("%s is given %s and does not read it", name, variable)
			}
		}
	}
	if kept, err := time.ParseDuration(tpl.Parameters["Retention"].(string)); err != nil || kept != streamer.DefaultRetention {
		t.Errorf("Retention is %v by default, %v; the domain's is %v", kept, err, streamer.DefaultRetention)
	}
}

// A function runs on one thread where it has less than a CPU, and only there.
func TestOneThread(t *testing.T) {
	t.Parallel()
	for memory, want := range map[string]any{"512": "1", "128": "1", "256": "1", "1024": "1", "1769": nil, "2048": nil} {
		t.Run(memory, func(t *testing.T) {
			tpl := load(t, map[string]string{"ProcessorMemory": memory})
			for name, logical := range names {
				function := tpl.resource(logical + "Function")
				got, want := function["Environment"].(map[string]any)["Variables"].(map[string]any)["GOMAXPROCS"], want
				if name != "processor" {
					if want = "1"; fmt.Sprint(function["MemorySize"]) != "256" {
						t.Errorf("%s has %v MB", name, function["MemorySize"])
					}
				}
				if got != want {
					t.Errorf("%s, with %s MB for the processor, has GOMAXPROCS %v, want %v", name, memory, got, want)
				}
			}
		})
	}
}

// The zips have the names that streamer dist gives them.
func TestCodeIsWhatDistWrites(t *testing.T) {
	t.Parallel()
	for arch, lambdas := range map[string]string{"arm64": "arm64", "amd64": "x86_64"} {
		t.Run(arch, func(t *testing.T) {
			tpl := load(t, map[string]string{"Architecture": arch})
			for name, logical := range names {
				function := tpl.resource(logical + "Function")
				code := map[string]any{"S3Bucket": "code", "S3Key": "streamer/1.0.0/" + name + "-" + arch + ".zip"}
				if !reflect.DeepEqual(function["Code"], code) || !reflect.DeepEqual(function["Architectures"], []any{lambdas}) ||
					function["Runtime"] != "provided.al2023" {
					t.Errorf("%s on %s: %v %v %v", name, arch, function["Code"], function["Architectures"], function["Runtime"])
				}
			}
		})
	}
}

func TestLimitsOfTheFunctions(t *testing.T) {
	t.Parallel()
	tpl := load(t, nil)
	for name, seconds := range map[string]int{"connect": 10, "disconnect": 10, "router": 29, "processor": 900} {
		t.Run(name, func(t *testing.T) {
			if got := tpl.resource(names[name] + "Function")["Timeout"]; got != seconds {
				t.Errorf("%s has %v s, want %d", name, got, seconds)
			}
		})
	}
	processor := tpl.resource("ProcessorFunction")
	if _, limited := processor["ReservedConcurrentExecutions"]; limited || processor["RecursiveLoop"] != "Allow" {
		t.Errorf("the processor is limited by default (%v) or may not dispatch again (%v)", limited, processor["RecursiveLoop"])
	}
	reserved := load(t, map[string]string{"ProcessorConcurrency": "105"}).resource("ProcessorFunction")["ReservedConcurrentExecutions"]
	if reserved != 105 {
		t.Errorf("got %v of ProcessorConcurrency 105, want as much", reserved)
	}
}

// Pages of other origins may call the HTTP API only when a parameter says so.
func TestOrigins(t *testing.T) {
	t.Parallel()
	if cors := load(t, nil).resource("HttpApi")["CorsConfiguration"]; cors != nil {
		t.Errorf("by default: %v", cors)
	}
	cors, _ := load(t, map[string]string{"CorsOrigins": "https://a.example, https://b.example"}).resource("HttpApi")["CorsConfiguration"].(map[string]any)
	if !reflect.DeepEqual(cors["AllowOrigins"], []any{"https://a.example", "https://b.example"}) {
		t.Errorf("with two origins: %v", cors)
	}
}

// What the schedule sends is a tick to Lift, once Scheduler has filled it in.
func TestScheduleSendsATick(t *testing.T) {
	t.Parallel()
	schedule := load(t, nil).resource("Sweep")
	if schedule["ScheduleExpression"] != "rate(1 minute)" {
		t.Errorf("the sweep comes at %v", schedule["ScheduleExpression"])
	}
	const arn = "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/streamer-Sweep"
	input := strings.NewReplacer("<aws.scheduler.execution-id>", "d32c5kddcf5bb8c3", "<aws.scheduler.scheduled-time>", "2026-03-22T18:59:00Z",
		"<aws.scheduler.schedule-arn>", arn).Replace(schedule["Target"].(map[string]any)["Input"].(string))
	var got *lift.Event
	app := lift.New(lift.Config{})
	app.Schedule(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		got = e
		return nil, nil
	}))
	if _, err := app.Invoke(t.Context(), []byte(input)); err != nil {
		t.Fatal(err)
	}
	if got.Schedule.ARN != arn || !got.Time.Equal(time.Date(2026, 3, 22, 18, 59, 0, 0, time.UTC)) {
		t.Errorf("the tick is %s at %v", got.Schedule.ARN, got.Time)
	}
}

// Each route of the WebSocket API reaches its function, which it may invoke, and
// $default alone answers.
func TestRoutes(t *testing.T) {
	t.Parallel()
	tpl := load(t, map[string]string{"StageName": "test"})
	for route, want := range map[string]struct{ key, function, path string }{
		"ConnectRoute":    {"$connect", "ConnectFunction", "WebSocketApi/test/$connect"},
		"DisconnectRoute": {"$disconnect", "DisconnectFunction", "WebSocketApi/test/$disconnect"},
		"MessageRoute":    {"$default", "RouterFunction", "WebSocketApi/test/$default"},
		"HttpRoute":       {"$default", "RouterFunction", "HttpApi/*/$default"},
	} {
		t.Run(route, func(t *testing.T) {
			properties := tpl.resource(route)
			integration := tpl.resource(strings.TrimPrefix(properties["Target"].(string), "integrations/"))
			permission := tpl.resource(strings.TrimSuffix(route, "Route") + "Permission")
			if properties["RouteKey"] != want.key || !strings.Contains(integration["IntegrationUri"].(string), want.function+".Arn") ||
				integration["IntegrationType"] != "AWS_PROXY" || integration["ApiId"] != properties["ApiId"] {
				t.Errorf("%s: %v to %v", route, properties, integration)
			}
			if permission["FunctionName"] != want.function || permission["SourceArn"] != "arn:aws:execute-api:eu-west-1:123456789012:"+want.path {
				t.Errorf("%s may not invoke its function: %v", route, permission)
			}
			if answers := properties["RouteResponseSelectionExpression"] == "$default"; answers != (route == "MessageRoute") {
				t.Errorf("%s answers: %v", route, answers)
			}
		})
	}
	if response := tpl.resource("MessageResponse"); response["RouteId"] != "MessageRoute" || response["RouteResponseKey"] != "$default" {
		t.Errorf("the route's response is %v", response)
	}
	if got := tpl.resource("HttpIntegration")["PayloadFormatVersion"]; got != "2.0" {
		t.Errorf("the HTTP API sends format %v", got)
	}
	for name, stage := range tpl.ofType("AWS::ApiGatewayV2::Stage") {
		if stage["AutoDeploy"] != true || stage["DeploymentId"] != nil {
			t.Errorf("%s is not deployed by itself: %v", name, stage)
		}
	}
}

// Whatever the parameters, each reference is to something that is there.
func TestReferences(t *testing.T) {
	t.Parallel()
	load(t, map[string]string{"Architecture": "amd64", "ProcessorConcurrency": "105", "Tracing": "Active", "AlarmTopicArn": "arn:aws:sns:x",
		"AccessLogs": "all", "Paused": "true"})
}

func TestDashboardIsJSON(t *testing.T) {
	t.Parallel()
	var board struct {
		Widgets []struct {
			Properties struct{ Metrics [][]any }
		}
	}
	if err := json.Unmarshal([]byte(load(t, nil).resource("Dashboard")["DashboardBody"].(string)), &board); err != nil {
		t.Fatal(err)
	}
	for i, w := range board.Widgets {
		for _, metric := range w.Properties.Metrics {
			if len(metric)%2 != 0 || len(metric) == 0 {
				t.Errorf("widget %d: %v is no metric with its dimensions", i, metric)
			}
		}
	}
}
