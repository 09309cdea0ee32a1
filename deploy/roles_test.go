package deploy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Each function's role allows the calls of the database that the function makes,
// and no other kind of call.
func TestRolesAllowWhatTheFunctionsDo(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	report := fmt.Sprintf(`{"start_date": %q, "end_date": %[1]q}`, time.Now().UTC().Format(time.DateOnly))
	called := make(map[string][]call)
	for _, step := range []struct {
		function string
		do       func() error
	}{
		{"connect", func() error {
			return w.connections.Open(ctx, request.Connection{ID: w.who.Connection, Principal: w.who.Principal})
		}},
		{"router", func() error {
			conn, err := w.connections.Find(ctx, w.who.Connection)
			if err != nil {
				return err
			}
			return w.connections.Renew(ctx, conn, w.who.Principal)
		}},
		{"router", func() error { return w.submit(ctx, "r1", "generate_report", report) }},
		{"router", func() error { return w.submit(ctx, "r2", "echo_async", `{}`) }},
		{"router", func() error { _, err := w.requests.Get(ctx, w.who, "r1"); return err }},
		{"router", func() error { _, err := w.requests.List(ctx, w.who, wire.ListQuery{}); return err }},
		{"router", func() error { _, err := w.requests.Subscribe(ctx, w.who, "r1"); return err }},
		{"router", func() error { _, err := w.requests.Cancel(ctx, w.who, "r2"); return err }},
		{"processor", func() error { return w.processor.Run(ctx, w.who.Key("r1"), time.Time{}) }},
		{"router", func() error { return w.submit(ctx, "r3", "echo_async", `{}`) }},
		{"connect", func() error {
			return w.connections.Open(ctx, request.Connection{ID: "ended", Principal: streamer.Principal{Tenant: "acme", Subject: "bob"}})
		}},
		{"processor", func() error { _, err := w.processor.Sweep(ctx); return err }},
		{"router", func() error { _, err := w.connections.List(ctx, w.who, wire.ConnectionQuery{}); return err }},
		{"router", func() error { _, err := w.connections.CloseAll(ctx, w.who); return err }},
		// Output, and permits of limits.
		{"router", func() error { return w.submit(ctx, "r4", "talk", `{}`) }},
		{"processor", func() error { return w.processor.Run(ctx, w.who.Key("r4"), time.Time{}) }},
		{"router", func() error { _, err := w.requests.Output(ctx, w.who, wire.OutputQuery{RequestID: "r4"}); return err }},
		{"router", func() error { w.requests.Limits.OpenPerPrincipal = 5; return w.submit(ctx, "r5", "talk", `{}`) }},
		{"router", func() error { _, err := w.requests.Cancel(ctx, w.who, "r5"); return err }},
		{"router", func() error { _, err := w.requests.Why(ctx, w.who, "r3"); return err }},
		// Children, to their end and to their parent's.
		{"router", func() error { return w.submit(ctx, "r6", "family", `1`) }},
		{"processor", func() error { return w.processor.Run(ctx, w.who.Key("r6"), time.Time{}) }},
		{"processor", func() error { return w.processor.Run(ctx, request.ChildKey(w.who.Key("r6"), "k0", 0), time.Time{}) }},
		{"processor", func() error { return w.processor.Run(ctx, w.who.Key("r6"), time.Time{}) }},
		{"router", func() error { return w.submit(ctx, "r7", "family", `1`) }},
		{"processor", func() error { return w.processor.Run(ctx, w.who.Key("r7"), time.Time{}) }},
		{"router", func() error { _, err := w.requests.Cancel(ctx, w.who, "r7"); return err }},
		// What operators count.
		{"router", func() error {
			_, err := w.requests.States(ctx, w.owner(), wire.StatsQuery{})
			return err
		}},
		{"router", func() error {
			everywhere := w.owner()
			everywhere.InTenant = wire.AllTenants
			_, err := w.requests.Waiting(ctx, everywhere, wire.StatsQuery{})
			return err
		}},
		{"router", func() error {
			_, err := w.requests.Failures(ctx, w.owner(), wire.StatsQuery{})
			return err
		}},
		{"disconnect", func() error { return w.connections.Close(ctx, w.who.Connection) }},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.function, err)
		}
		called[step.function] = append(called[step.function], w.take()...)
	}
	tpl := load(t, nil)
	for function, calls := range called {
		granted := grants(tpl.resource(names[function] + "Role"))
		for _, c := range calls {
			if !slices.ContainsFunc(granted, func(g call) bool { return g.action == c.action && covers(g.resource, c.resource) }) {
				t.Errorf("%s may not do %s on %s", function, c.action, c.resource)
			}
		}
		for _, g := range granted {
			if !slices.ContainsFunc(calls, func(c call) bool {
				return g.action == c.action && strings.HasPrefix(c.resource, strings.SplitAfter(g.resource, ".Arn")[0])
			}) {
				t.Errorf("%s may do %s on %s and never does", function, g.action, g.resource)
			}
		}
	}
}

// The router and the processor send dispatches; to receive them is the mapping's, which
// does it as the processor. No function invokes another.
func TestRolesOnTheQueues(t *testing.T) {
	t.Parallel()
	for function, want := range map[string][]call{
		"connect": nil, "disconnect": nil, "router": {{"sqs:SendMessage", "Dispatches.Arn"}},
		"processor": {{"sqs:SendMessage", "Dispatches.Arn"}, {"sqs:GetQueueAttributes", "Dispatches.Arn"},
			{"sqs:ReceiveMessage", "Dispatches.Arn"}, {"sqs:DeleteMessage", "Dispatches.Arn"}, {"sqs:SendMessage", "DeadLetters.Arn"}},
	} {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			role := load(t, nil).resource(names[function] + "Role")
			if got := grantsOf(role, "sqs:"); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if got := grantsOf(role, "lambda:"); len(got) != 0 {
				t.Errorf("got %v, want no invocation of functions", got)
			}
		})
	}
}

// grants are what a role's policies allow on the tables.
func grants(role map[string]any) []call { return grantsOf(role, "dynamodb:") }

func grantsOf(role map[string]any, service string) []call {
	var granted []call
	for _, policy := range role["Policies"].([]any) {
		for _, statement := range policy.(map[string]any)["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			statement := statement.(map[string]any)
			for _, action := range list(statement["Action"]) {
				for _, resource := range list(statement["Resource"]) {
					if strings.HasPrefix(action.(string), service) {
						granted = append(granted, call{action.(string), resource.(string)})
					}
				}
			}
		}
	}
	return granted
}

func covers(granted, resource string) bool {
	if prefix, open := strings.CutSuffix(granted, "*"); open {
		return strings.HasPrefix(resource, prefix)
	}
	return granted == resource
}

// list is what a policy may write as one value or as several.
func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

// No role may do all of something, or anything to everything but what takes no resource:
// traces, and the network interfaces of a VPC.
func TestRolesAreNarrow(t *testing.T) {
	t.Parallel()
	tpl := load(t, everything)
	for name, role := range tpl.ofType("AWS::IAM::Role") {
		if own := load(t, nil).Resources[name]; own.Properties["ManagedPolicyArns"] != nil {
			t.Errorf("%s has managed policies, which AWS changes; want its own alone", name)
		}
		for _, policy := range role["Policies"].([]any) {
			checkStatements(t, name, policy.(map[string]any)["PolicyDocument"])
		}
	}
	for name, policy := range tpl.ofType("AWS::IAM::ManagedPolicy") {
		checkStatements(t, name, policy["PolicyDocument"])
	}
}

func checkStatements(t *testing.T, name string, document any) {
	t.Helper()
	for _, statement := range document.(map[string]any)["Statement"].([]any) {
		statement := statement.(map[string]any)
		for _, action := range list(statement["Action"]) {
			if strings.Contains(action.(string), "*") {
				t.Errorf("%s may do %s", name, action)
			}
			service, _, _ := strings.Cut(action.(string), ":")
			if slices.Contains(list(statement["Resource"]), any("*")) && !slices.Contains([]string{"xray", "ec2"}, service) {
				t.Errorf("%s may do %s to everything", name, action)
			}
		}
	}
}
