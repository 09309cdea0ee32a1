package stack

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// changed writes a copy of the template with each old text, which is there once,
// replaced by the new one behind it.
func changed(t *testing.T, pairs ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "deploy", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(pairs); i += 2 {
		if n := strings.Count(text, pairs[i]); n != 1 {
			t.Fatalf("the template has %q %d times", pairs[i], n)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	file := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var own = map[string]string{"CodeBucket": "staging", "JwtIssuers": "[]", "Unused": "x"}

func TestPlan(t *testing.T) {
	t.Parallel()
	p, err := readTemplate(filepath.Join("..", "deploy", "template.yaml"), "streamer", own, map[string]string{
		"StageName": "test", "MaximumConcurrency": "20", "LimitTenantRunning": "5", "ProcessorConcurrency": "25", "LogLevel": "WARN"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range p.functions {
		names = append(names, f.short)
	}
	processor := p.functions[slices.Index(names, "processor")]
	if !slices.Equal(names, []string{"connect", "disconnect", "processor", "router"}) || processor.name != "streamer-processor" ||
		processor.binary != "processor" ||
		processor.timeout != 15*time.Minute || processor.memory != 512 || processor.reserved != 25 || processor.retries != 1 ||
		processor.eventAge != 5*time.Minute {
		t.Errorf("functions %v, %+v", names, processor)
	}
	url := localAddresses(p.apis, "127.0.0.1:80").Replace(processor.env["STREAMER_CALLBACK_URL"])
	if url != "http://127.0.0.1:80/test" || processor.env["STREAMER_REQUESTS_TABLE"] != "streamer-RequestsTable" ||
		processor.env["AWS_LAMBDA_LOG_LEVEL"] != "DEBUG" || processor.env["STREAMER_LOG_LEVEL"] != "WARN" {
		t.Errorf("environment %v, callback %s", processor.env, url)
	}
	m, dispatches := p.mappings[0], p.queues["arn:aws:sqs:us-east-1:123456789012:streamer-Dispatches"]
	if len(p.mappings) != 1 || m.function != processor || m.queue != dispatches.ARN || m.BatchSize != 1 || !m.ReportBatchItemFailures ||
		m.MaximumConcurrency != 20 || m.Timeout != 15*time.Minute {
		t.Errorf("mapping %+v", m)
	}
	if dispatches.Visibility != 16*time.Minute || dispatches.Retention != 4*24*time.Hour || dispatches.MaxReceives != 5 ||
		p.queues[dispatches.deadLetters].Name != "streamer-DeadLetters" || processor.failures != dispatches.deadLetters {
		t.Errorf("queue %+v", dispatches)
	}
	if got, want := processor.env["STREAMER_QUEUE_URL"], "https://sqs.us-east-1.amazonaws.com/123456789012/streamer-Dispatches"; got != want {
		t.Errorf("got the queue's URL %s, want %s", got, want)
	}
	tick := p.schedules[0].event(time.Date(2026, 3, 22, 18, 59, 0, 0, time.UTC))
	if p.schedules[0].every != time.Minute || p.schedules[0].function != processor.arn ||
		!strings.Contains(tick, `"time": "2026-03-22T18:59:00Z"`) || strings.Contains(tick, "<aws.") {
		t.Errorf("schedule %+v sends %s", p.schedules[0], tick)
	}
	if s := p.socket; s.stage != "test" || len(s.routes) != 3 || !s.routes["$default"].answers || s.routes["$connect"].answers ||
		s.timeout != 29*time.Second || p.http == nil {
		t.Errorf("socket %+v, HTTP %+v", s, p.http)
	}
	if len(p.tables) != 2 || p.tables[1].ttl != "ttl" || len(p.tables[1].key) == 0 || p.tables[1].definition["KeySchema"] == nil {
		t.Errorf("tables %+v", p.tables)
	}
}

// With a gradual deployment the callers have the alias, which stands for the function, and
// the domains are evaluated.
func TestPlanOfAGradualDeployment(t *testing.T) {
	t.Parallel()
	parameters := map[string]string{"Deployment": "Canary10Percent5Minutes", "Release": "1", "EventsUrl": "true", "NamePrefix": "shop",
		"DomainName": "ws.example", "CertificateArn": "arn:aws:acm:x", "HttpDomainName": "api.example", "HttpCertificateArn": "arn:aws:acm:y"}
	p, err := readTemplate(filepath.Join("..", "deploy", "template.yaml"), "streamer", own, parameters)
	if err != nil {
		t.Fatal(err)
	}
	const functions = "arn:aws:lambda:us-east-1:123456789012:function:shop-"
	for key, function := range map[string]string{"$connect": "connect", "$disconnect": "disconnect", "$default": "router"} {
		if route := p.socket.routes[key]; route.function != functions+function || !route.permitted {
			t.Errorf("%s: got %+v, want the function %s, which it may invoke", key, route, function)
		}
	}
	if p.mappings[0].function.short != "processor" || p.schedules[0].function != functions+"processor" || p.url.short != "router" ||
		p.mappings[0].function.retries != 1 {
		t.Errorf("got the mapping %+v, the schedule %+v and the URL of %+v, want the processor, the processor and the router",
			p.mappings[0], p.schedules[0], p.url)
	}
}

// A permission for the function is none for its alias.
func TestAPermissionIsForAnAlias(t *testing.T) {
	t.Parallel()
	const before = "  MessagePermission:\n    Type: AWS::Lambda::Permission\n    Properties:\n      Action: lambda:InvokeFunction\n"
	file := changed(t, before+"      FunctionName: !If [Gradual, !Ref RouterAlias, !Ref RouterFunction]\n",
		before+"      FunctionName: !Ref RouterFunction\n")
	p, err := readTemplate(file, "streamer", own, map[string]string{"Deployment": "Canary10Percent5Minutes", "Release": "1"})
	if err != nil {
		t.Fatal(err)
	}
	if route := p.socket.routes["$default"]; route.permitted || !p.socket.routes["$connect"].permitted {
		t.Errorf("got messages permitted: %t, and $connect: %t; want them not and it", route.permitted, p.socket.routes["$connect"].permitted)
	}
}

// What cannot be run as the template says is refused, with the resource's name.
func TestTemplateThatCannotRun(t *testing.T) {
	t.Parallel()
	for says, pairs := range map[string][]string{
		`StageName: it must match`: {"Default: prod", "Default: no/stage"},
		`"Missing" is neither`: {"- !GetAtt RequestsTable.Arn\n                  - !Sub",
			"- !GetAtt Missing.Arn\n                  - !Sub"},
		`ConnectFunction: Code.S3Key "connect.zip" does not end`: {`!Sub "${CodePrefix}connect-${Architecture}.zip"`, "connect.zip"},
		`unknown field "SnapStart"`: {`      Description: !Sub "$connect: verifies the token and records the ` +
			`connection ${Release}"`, "      SnapStart: {ApplyOn: None}"},

		`ProcessorQueue: arn:aws:dynamodb:us-east-1:123456789012:table/streamer-RequestsTable is not a queue`: {
			"EventSourceArn: !GetAtt Dispatches.Arn", "EventSourceArn: !GetAtt RequestsTable.Arn"},
		`ProcessorQueue: staging cannot run it: json: unknown field "FilterCriteria"`: {
			"      BatchSize: 1\n", "      BatchSize: 1\n      FilterCriteria: {Filters: []}\n"},
		`ProcessorQueue: the function may take 15m0s, longer than the VisibilityTimeout of 14m59s`: {
			"VisibilityTimeout: 960", "VisibilityTimeout: 899"},
		`Sweep: staging knows schedules such as rate`: {"rate(1 minute)", "cron(0 12 * * ? *)"},
		`HttpRoute: its target`:                       {"Target: !Sub integrations/${HttpIntegration}", "Target: integrations/Missing"},
		`HttpLog: staging has no AWS::SNS::Topic`:     {"  HttpLog:\n    Type: AWS::Logs::LogGroup", "  HttpLog:\n    Type: AWS::SNS::Topic"},
		`RouterUrl: no caller is permitted`: {"    Default: \"false\"\n  DeletionProtection:", "    Default: \"true\"\n  DeletionProtection:",
			"      InvokedViaFunctionUrl: true\n", ""},
		`RouterUrl: staging runs function URLs with AuthType NONE`: {
			"    Default: \"false\"\n  DeletionProtection:", "    Default: \"true\"\n  DeletionProtection:",
			"InvokeMode: RESPONSE_STREAM", "InvokeMode: BUFFERED"},
		`WebSocketApi: it has no stage`: {"      ApiId: !Ref WebSocketApi\n      StageName: !Ref StageName",
			"      ApiId: !Ref HttpApi\n      StageName: !Ref StageName"},
		`staging has no authorizer`: {"RouteKey: $connect\n      AuthorizationType: NONE",
			"RouteKey: $connect\n      AuthorizationType: CUSTOM"},
	} {
		t.Run(says, func(t *testing.T) {
			_, err := readTemplate(changed(t, pairs...), "streamer", own, nil)
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%v\nwant %s", err, says)
			}
		})
	}
	if _, err := readTemplate("nowhere.yaml", "streamer", nil, nil); err == nil {
		t.Error("a template that is not there")
	}
}
