package stack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/emulator/gateway"
	"github.com/pay-theory/streamer/emulator/queue"
	"github.com/pay-theory/streamer/emulator/template"
)

// A plan is what a template says, in the terms of what runs it here. It is
// complete before anything is started.
type plan struct {
	functions []*functionPlan
	versions  map[string]versionPlan // and aliases, by ARN
	tables    []tablePlan
	mappings  []mappingPlan
	schedules []schedulePlan
	queues    map[string]queuePlan // by ARN
	socket    apiPlan
	http      *apiPlan      // nil: there is none
	url       *functionPlan // that has a function URL; nil: none has
	apis      map[string]template.Resource
}

type tablePlan struct {
	name, arn  string
	definition map[string]any // what CreateTable takes
	key        []string       // names of its attributes
	ttl        string         // the attribute, or ""
}

// A mappingPlan is an event source mapping from a queue: its config, but for the
// queue and the function.
type mappingPlan struct {
	function *functionPlan
	queue    string // ARN
	queue.MappingConfig
}

type schedulePlan struct {
	arn, function, input string
	every                time.Duration
}

// event is what Scheduler sends, with its words filled in:
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func (s schedulePlan) event(now time.Time) string {
	if s.input == "" {
		return "{}"
	}
	return strings.NewReplacer("<aws.scheduler.execution-id>", now.UTC().Format("20060102150405.000000"),
		"<aws.scheduler.attempt-number>", "1",
		"<aws.scheduler.scheduled-time>", now.UTC().Format(time.RFC3339), "<aws.scheduler.schedule-arn>", s.arn).Replace(s.input)
}

type apiPlan struct {
	id, stage, selection string
	routes               map[string]routePlan
	timeout              time.Duration
	cors                 *gateway.CORS
}

type routePlan struct {
	function  string // ARN
	answers   bool   // the function's body is the answer
	permitted bool   // the API may invoke the function
}

// passedOver are the properties that change nothing that can be seen on one
// machine. docs/staging.md lists them.
var passedOver = map[string][]string{
	"AWS::Lambda::Function": {"FunctionName", "Description", "Architectures", "RecursiveLoop", "TracingConfig", "Tags",
		"Layers", "VpcConfig", "KmsKeyArn"},
	"AWS::Lambda::EventSourceMapping": {"Tags"},
	"AWS::Lambda::EventInvokeConfig":  {},
	"AWS::Lambda::Url":                {"Cors"},
	"AWS::Lambda::Version":            {"Description"},
	"AWS::Lambda::Alias":              {"Description"},
	"AWS::DynamoDB::Table": {"TableName", "PointInTimeRecoverySpecification", "SSESpecification",
		"DeletionProtectionEnabled", "Tags"},
	"AWS::Scheduler::Schedule":       {"Name", "Description", "FlexibleTimeWindow"},
	"AWS::ApiGatewayV2::Api":         {"Name", "Description", "Tags"},
	"AWS::ApiGatewayV2::Integration": {"Description"},
	"AWS::ApiGatewayV2::Stage":       {"Description", "Tags", "DefaultRouteSettings", "AccessLogSettings"},
	"AWS::SQS::Queue":                {"QueueName", "SqsManagedSseEnabled", "KmsMasterKeyId", "RedriveAllowPolicy", "Tags"},
}

// notRun are the types that are nothing to run: who may call what, what is watched, where
// else an API can be reached, and how a version comes into use.
var notRun = []string{"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::Logs::LogGroup", "AWS::Lambda::Permission",
	"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::ApiMapping",
	"AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup"}

// read fills into from a resource's properties. One that is neither in it nor
// passed over is refused.
func read(r template.Resource, into any) error {
	properties := maps.Clone(r.Properties)
	for _, name := range passedOver[r.Type] {
		delete(properties, name)
	}
	raw, err := json.Marshal(properties)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		err = d.Decode(into)
	}
	if err != nil {
		return fmt.Errorf("%s: staging cannot run it: %w", r.Name, err)
	}
	return nil
}

// readTemplate evaluates a template for a stack of the name, with the stack's own
// parameters, as far as it has them, and the given ones, and plans it.
func readTemplate(file, name string, own, given map[string]string) (*plan, error) {
	text, err := ReadTemplate(file)
	if err != nil {
		return nil, err
	}
	tpl, err := template.Parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	parameters := map[string]string{}
	for parameter, value := range own {
		if tpl.HasParameter(parameter) {
			parameters[parameter] = value
		}
	}
	maps.Copy(parameters, given)
	stack, err := tpl.Stack(template.Config{Parameters: parameters, Region: stagingRegion, AccountID: stagingAccount,
		StackName: name, Value: physical})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p, err := planOf(stack)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

// planOf reads each resource, and returns everything that is wrong.
func planOf(stack *template.Stack) (*plan, error) {
	p := &plan{versions: map[string]versionPlan{}, queues: map[string]queuePlan{}, apis: stack.OfType("AWS::ApiGatewayV2::Api")}
	var faults []error
	each := func(kind string, read func(r template.Resource) error) {
		found := stack.OfType(kind)
		for _, name := range slices.Sorted(maps.Keys(found)) {
			faults = append(faults, read(found[name]))
		}
	}
	each("AWS::SQS::Queue", p.queue)
	each("AWS::DynamoDB::Table", p.table)
	each("AWS::Lambda::Function", func(r template.Resource) error { return p.function(r, stack) })
	each("AWS::Lambda::Version", p.version)
	each("AWS::Lambda::Alias", p.alias)
	each("AWS::Lambda::EventInvokeConfig", p.eventInvoke)
	each("AWS::Lambda::EventSourceMapping", p.eventSource)
	each("AWS::Scheduler::Schedule", p.schedule)
	each("AWS::Lambda::Url", func(r template.Resource) error { return p.functionURL(r, stack) })
	faults = append(faults, p.gateway(stack))
	for _, name := range slices.Sorted(maps.Keys(stack.Resources)) {
		kind := stack.Resources[name].Type
		if _, run := passedOver[kind]; !run && !slices.Contains(notRun, kind) && !slices.Contains(routeTypes, kind) {
			faults = append(faults, fmt.Errorf("%s: staging has no %s", name, kind))
		}
	}
	return p, errors.Join(faults...)
}

func (p *plan) table(r template.Resource) error {
	var in struct {
		BillingMode                                   string
		AttributeDefinitions                          any
		KeySchema                                     []struct{ AttributeName, KeyType string }
		GlobalSecondaryIndexes, LocalSecondaryIndexes any
		ProvisionedThroughput                         any
		TimeToLiveSpecification                       struct {
			AttributeName string
			Enabled       bool
		}
	}
	if err := read(r, &in); err != nil {
		return err
	}
	t := tablePlan{name: nameOf(r, "TableName"), arn: tableARNOf(r), definition: map[string]any{"TableName": nameOf(r, "TableName")}}
	for _, name := range []string{"BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes",
		"LocalSecondaryIndexes", "ProvisionedThroughput"} {
		if value, ok := r.Properties[name]; ok {
			t.definition[name] = value
		}
	}
	for _, part := range in.KeySchema {
		t.key = append(t.key, part.AttributeName)
	}
	if in.TimeToLiveSpecification.Enabled {
		t.ttl = in.TimeToLiveSpecification.AttributeName
	}
	p.tables = append(p.tables, t)
	return nil
}

func (p *plan) eventSource(r template.Resource) error {
	var in struct {
		FunctionName, EventSourceArn              string
		BatchSize, MaximumBatchingWindowInSeconds int
		ScalingConfig                             struct{ MaximumConcurrency int }
		FunctionResponseTypes                     []string
		Enabled                                   bool
	}
	in.Enabled = true
	if err := read(r, &in); err != nil {
		return err
	}
	f, err := p.called(r, in.FunctionName)
	if err != nil {
		return err
	}
	source, ok := p.queues[in.EventSourceArn]
	switch {
	case !ok:
		return fmt.Errorf("%s: %s is not a queue of the template", r.Name, in.EventSourceArn)
	case source.Visibility < f.timeout:
		return fmt.Errorf("%s: the function may take %v, longer than the VisibilityTimeout of %v of its queue; Lambda refuses that",
			r.Name, f.timeout, source.Visibility)
	}
	if in.Enabled {
		p.mappings = append(p.mappings, mappingPlan{function: f, queue: in.EventSourceArn, MappingConfig: queue.MappingConfig{
			Timeout: f.timeout, BatchSize: in.BatchSize, Window: time.Duration(in.MaximumBatchingWindowInSeconds) * time.Second,
			MaximumConcurrency:      in.ScalingConfig.MaximumConcurrency,
			ReportBatchItemFailures: slices.Contains(in.FunctionResponseTypes, "ReportBatchItemFailures")}})
	}
	return nil
}

// rate is the form of schedules that repeat:
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
var rate = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)s?\)$`)

func (p *plan) schedule(r template.Resource) error {
	var in struct {
		ScheduleExpression, State string
		Target                    struct {
			Arn, RoleArn, Input string
			RetryPolicy         any // of the delivery, which does not fail here
		}
	}
	if err := read(r, &in); err != nil {
		return err
	}
	f, err := p.called(r, in.Target.Arn)
	if err != nil {
		return err
	}
	m := rate.FindStringSubmatch(in.ScheduleExpression)
	if m == nil {
		return fmt.Errorf("%s: staging knows schedules such as rate(1 minute), not %q", r.Name, in.ScheduleExpression)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n == 0 {
		return fmt.Errorf("%s: %q is not a rate such as rate(1 minute)", r.Name, in.ScheduleExpression)
	}
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]]
	if in.State != "DISABLED" {
		p.schedules = append(p.schedules, schedulePlan{arn: scheduleARNOf(r), function: f.arn, input: in.Target.Input,
			every: time.Duration(n) * unit})
	}
	return nil
}
