package verify_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/emulator/template"
	"github.com/pay-theory/streamer/internal/nodetest"
)

// A grant is what IAM is asked for before a call: may the function's role do the
// action to the resource?
type grant struct{ function, action, resource string }

func (g grant) compare(other grant) int {
	return cmp.Or(strings.Compare(g.function, other.function), strings.Compare(g.action, other.action),
		strings.Compare(g.resource, other.resource))
}

const (
	arnOfTables    = "arn:aws:dynamodb:eu-west-1:123456789012:table/"
	arnOfQueues    = "arn:aws:sqs:eu-west-1:123456789012:"
	arnOfAPI       = "arn:aws:execute-api:eu-west-1:123456789012:"
	arnOfLogs      = "arn:aws:logs:eu-west-1:123456789012:log-group:"
	arnOfParams    = "arn:aws:ssm:eu-west-1:123456789012:parameter"
	arnOfFunctions = "arn:aws:lambda:eu-west-1:123456789012:function:"
)

// A grantRecorder notes what each call of a function needs.
type grantRecorder struct {
	mu  sync.Mutex
	all map[grant]bool
}

func (g *grantRecorder) recorded() []grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.SortedFunc(maps.Keys(g.all), grant.compare)
}

func (g *grantRecorder) between(service string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, credential, signed := strings.Cut(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
		if !signed {
			next.ServeHTTP(w, r)
			return
		}
		function, _, _ := strings.Cut(credential, "/")
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		g.mu.Lock()
		if g.all == nil {
			g.all = map[grant]bool{}
		}
		for action, resources := range needs(service, r.Method, r.URL.Path, operation, body) {
			for _, resource := range resources {
				g.all[grant{function, action, resource}] = true
			}
		}
		g.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// needs returns the actions that a call needs, each with its resources. Of a DynamoDB
// transaction they are those of the calls in it:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
// The resource of ManageConnections has the method and the path:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
// The one of GetParametersByPath ends as the path does, with its slash:
// https://github.com/aws-ia/terraform-aws-control_tower_account_factory/issues/174
func needs(service, method, path, operation string, body []byte) map[string][]string {
	if service == "execute-api" {
		_, path, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
		return map[string][]string{"execute-api:ManageConnections": {arnOfAPI + "WebSocketApi/prod/" + method + "/" + filepath.Dir(path) + "/ID"}}
	}
	var in struct {
		TableName, IndexName, QueueUrl, Path string
		RequestItems                         map[string]any
		TransactItems                        []map[string]struct{ TableName string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return map[string][]string{service + ":" + operation: {"a body that is not JSON"}}
	}
	switch {
	case in.QueueUrl != "":
		return map[string][]string{"sqs:" + strings.TrimSuffix(operation, "Batch"): {arnOfQueues + logical(filepath.Base(in.QueueUrl))}}
	case service == "ssm":
		return map[string][]string{"ssm:" + operation: {arnOfParams + in.Path}}
	case len(in.TransactItems) > 0:
		all := map[string][]string{}
		for _, item := range in.TransactItems {
			for kind, in := range item {
				action := map[string]string{"ConditionCheck": "ConditionCheckItem", "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
					"Get": "GetItem"}[kind]
				all["dynamodb:"+action] = append(all["dynamodb:"+action], arnOfTables+logical(in.TableName))
			}
		}
		return all
	case len(in.RequestItems) > 0:
		var tables []string
		for name := range in.RequestItems {
			tables = append(tables, arnOfTables+logical(name))
		}
		return map[string][]string{"dynamodb:" + operation: tables}
	}
	resource := arnOfTables + logical(in.TableName)
	if in.IndexName != "" {
		resource += "/index/" + in.IndexName
	}
	return map[string][]string{service + ":" + operation: {resource}}
}

// logical is a resource's name in the template, with which its name on staging ends.
func logical(name string) string { return name[strings.LastIndex(name, "-")+1:] }

// roles returns the policies of each role of the template, by the role's name.
func roles(t *testing.T) map[string][]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "deploy", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := parsed.Stack(template.Config{
		Region: "eu-west-1", AccountID: "123456789012", StackName: "streamer",
		Parameters: map[string]string{"CodeBucket": "code", "JwksUrl": "https://issuer.example/jwks", "JwtIssuer": "https://issuer.example",
			"JwtAudience": "streamer", "Tracing": "Active", "EventsUrl": "true", "EnvironmentPath": "/shop/prod/"},
		Value: func(r template.Resource, attribute string) (any, error) {
			switch {
			case r.Type == "AWS::DynamoDB::Table" && attribute == "Arn":
				return arnOfTables + r.Name, nil
			case r.Type == "AWS::SQS::Queue" && attribute == "Arn":
				return arnOfQueues + r.Name, nil
			case r.Type == "AWS::Logs::LogGroup" && attribute == "Arn":
				return arnOfLogs + r.Name + ":*", nil
			case r.Type == "AWS::Lambda::Function" && attribute == "Arn":
				return arnOfFunctions + r.Name, nil
			case attribute == "Arn":
				return "arn:aws:iam::123456789012:role/" + r.Name, nil
			}
			return r.Name, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]any{}
	for name, role := range tpl.OfType("AWS::IAM::Role") {
		policies, _ := role.Properties["Policies"].([]any)
		for _, policy := range policies {
			found[name] = append(found[name], policy.(map[string]any)["PolicyDocument"])
		}
	}
	return found
}

// ofServices are the calls that Lambda and Scheduler make as a role:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (the mapping),
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html (the destination),
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html (the log).
func ofServices() []grant {
	all := []grant{
		{"processor", "sqs:ReceiveMessage", arnOfQueues + "Dispatches"}, {"processor", "sqs:DeleteMessage", arnOfQueues + "Dispatches"},
		{"processor", "sqs:GetQueueAttributes", arnOfQueues + "Dispatches"}, {"processor", "sqs:SendMessage", arnOfQueues + "DeadLetters"},
		{"sweep", "lambda:InvokeFunction", arnOfFunctions + "ProcessorFunction"},
	}
	for _, function := range []string{"connect", "disconnect", "router", "processor"} {
		log := arnOfLogs + strings.ToUpper(function[:1]) + function[1:] + "Log:log-stream:2026/11/28/[$LATEST]0123"
		all = append(all, grant{function, "logs:CreateLogStream", log}, grant{function, "logs:PutLogEvents", log},
			grant{function, "xray:PutTraceSegments", "*"})
	}
	return all
}

// rare are calls that a function makes when the suite does not see to it.
var rare = map[grant]string{
	{"router", "execute-api:ManageConnections", arnOfAPI + "WebSocketApi/prod/POST/@connections/ID"}:      "a cancel tells other subscribers",
	{"processor", "execute-api:ManageConnections", arnOfAPI + "WebSocketApi/prod/DELETE/@connections/ID"}: "a sweep prunes stale connections",
	{"router", "dynamodb:Query", arnOfTables + "RequestsTable/index/blocked"}:                             "why a throttled request waits",
	{"processor", "dynamodb:Query", arnOfTables + "RequestsTable"}:                                        "a parent lists its children",
	{"processor", "dynamodb:DeleteItem", arnOfTables + "ConnectionsTable"}:                                "a connection is gone",
	{"processor", "dynamodb:BatchGetItem", arnOfTables + "ConnectionsTable"}:                              "an announcement is tried again",
	{"processor", "dynamodb:Query", arnOfTables + "RequestsTable/index/by_tenant"}:                        "an action lists requests",
	{"processor", "dynamodb:Query", arnOfTables + "RequestsTable/index/by_subject"}:                       "an action lists requests",
}

// rolesOfStaging simulates IAM for every call that the functions made, and that AWS's
// services make for them: each role allows its own, and nothing that another function
// alone does.
func rolesOfStaging(t *testing.T, recorded []grant) {
	policies := roles(t)
	own := map[grant]bool{}
	for _, call := range slices.Concat(recorded, ofServices()) {
		own[call] = true
	}
	asked := map[grant]bool{}
	for _, function := range []string{"connect", "disconnect", "router", "processor", "sweep"} {
		for call := range own {
			asked[grant{function, call.action, call.resource}] = true
		}
	}
	type request struct {
		Policies []any  `json:"policies"`
		Action   string `json:"action"`
		Resource string `json:"resource"`
	}
	var requests []request
	questions := slices.SortedFunc(maps.Keys(asked), grant.compare)
	for _, q := range questions {
		role := strings.ToUpper(q.function[:1]) + q.function[1:] + "Role"
		if policies[role] == nil {
			t.Fatalf("the template has no policies of %s", role)
		}
		requests = append(requests, request{policies[role], q.action, q.resource})
	}
	input, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	output := nodetest.Output(t, filepath.Join("..", "deploy", "validate"), input, "simulate.mjs")
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatalf("simulate.mjs printed %s: %v", output, err)
	}
	if len(answers) != len(questions) || len(recorded) < 20 {
		t.Fatalf("got %d answers to %d questions about %d calls, want one each about more than 20", len(answers), len(questions), len(recorded))
	}
	for i, q := range questions {
		want := "ImplicitlyDenied"
		if own[q] {
			want = "Allowed"
		}
		if answers[i] != want && (want == "Allowed" || rare[q] == "" || answers[i] != "Allowed") {
			t.Errorf("%s doing %s to %s: got %s, want %s", q.function, q.action, q.resource, answers[i], want)
		}
	}
	t.Logf("%d calls of the functions, %d questions to IAM", len(recorded), len(questions))
}
