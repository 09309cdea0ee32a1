package stack

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/emulator/template"
)

// A functionPlan is a function of the template.
type functionPlan struct {
	name, arn string
	short     string // the name without the stack's
	binary    string // the command below cmd that is built
	timeout   time.Duration
	memory    int
	reserved  int // invocations at a time; 0: as the machine allows
	env       map[string]string
	policies  []string // managed ones of the role
	logLevel  string   // below which Lambda drops lines; "": none

	retries  int // of asynchronous invocations
	eventAge time.Duration
	failures string // ARN of the queue of events that are given up; "": none
}

// codeName finds a command's name in the key of its zip, as streamer dist names it.
var codeName = regexp.MustCompile(`([A-Za-z0-9_]+)-(?:arm64|amd64)\.zip$`)

func (p *plan) function(r template.Resource, stack *template.Stack) error {
	var in struct {
		Runtime, Handler, PackageType string
		Code                          struct{ S3Bucket, S3Key string }
		Role                          string
		Timeout, MemorySize           int
		ReservedConcurrentExecutions  *int
		LoggingConfig                 struct{ LogFormat, ApplicationLogLevel, SystemLogLevel, LogGroup string }
		Environment                   struct{ Variables map[string]any }
	}
	in.Timeout, in.MemorySize = 3, 128 // Lambda's own
	if err := read(r, &in); err != nil {
		return err
	}
	f := &functionPlan{name: nameOf(r, "FunctionName"), arn: functionARN(r), timeout: time.Duration(in.Timeout) * time.Second,
		memory: in.MemorySize,
		env:    map[string]string{}, retries: 2, eventAge: 6 * time.Hour}
	code := codeName.FindStringSubmatch(in.Code.S3Key)
	switch {
	case !strings.HasPrefix(in.Runtime, "provided.") || in.Handler != "bootstrap":
		return fmt.Errorf("%s: staging runs binaries, which have a runtime such as provided.al2023 and the handler bootstrap", r.Name)
	case code == nil:
		return fmt.Errorf("%s: Code.S3Key %q does not end like a zip of streamer dist, such as connect-arm64.zip", r.Name, in.Code.S3Key)
	case in.ReservedConcurrentExecutions != nil && *in.ReservedConcurrentExecutions <= 0:
		return fmt.Errorf("%s: with ReservedConcurrentExecutions %d it would never run", r.Name, *in.ReservedConcurrentExecutions)
	}
	f.binary, f.short = code[1], code[1]
	if short, named := strings.CutPrefix(f.name, r.Stack+"-"); named {
		f.short = short
	}
	if in.ReservedConcurrentExecutions != nil {
		f.reserved = *in.ReservedConcurrentExecutions
	}
	for name, value := range map[string]string{"AWS_LAMBDA_LOG_FORMAT": in.LoggingConfig.LogFormat,
		"AWS_LAMBDA_LOG_LEVEL":      in.LoggingConfig.ApplicationLogLevel,
		"AWS_LAMBDA_LOG_GROUP_NAME": in.LoggingConfig.LogGroup} {
		if value != "" {
			f.env[name] = value
		}
	}
	for name, value := range in.Environment.Variables {
		f.env[name] = fmt.Sprint(value)
	}
	f.policies = managedPolicies(stack, in.Role)
	if in.LoggingConfig.LogFormat == "JSON" {
		f.logLevel = cmp.Or(in.LoggingConfig.ApplicationLogLevel, "INFO")
	}
	p.functions = append(p.functions, f)
	return nil
}

// binaries are the commands that the functions run, each once.
func (p *plan) binaries() []string {
	var names []string
	for _, f := range p.functions {
		if !slices.Contains(names, f.binary) {
			names = append(names, f.binary)
		}
	}
	return names
}

// called finds a function by its ARN or its name, or by the ARN of an alias.
func (p *plan) called(r template.Resource, name string) (*functionPlan, error) {
	for _, f := range p.functions {
		if f.arn == name || f.name == name {
			return f, nil
		}
	}
	if version, ok := p.versions[name]; ok {
		return version.function, nil
	}
	return nil, fmt.Errorf("%s: %s is not a function of the template", r.Name, name)
}

// A versionPlan is what a version or an alias stands for.
type versionPlan struct {
	function *functionPlan
	number   string // or $LATEST
}

func (p *plan) version(r template.Resource) error {
	var in struct{ FunctionName string }
	if err := read(r, &in); err != nil {
		return err
	}
	f, err := p.called(r, in.FunctionName)
	if err != nil {
		return err
	}
	p.versions[versionOf(r, firstVersion)] = versionPlan{function: f, number: firstVersion}
	return nil
}

// alias reads an alias, which stands for the function's only version here.
func (p *plan) alias(r template.Resource) error {
	var in struct{ FunctionName, FunctionVersion, Name string }
	if err := read(r, &in); err != nil {
		return err
	}
	f, err := p.called(r, in.FunctionName)
	if err != nil {
		return err
	}
	p.versions[versionOf(r, in.Name)] = versionPlan{function: f, number: in.FunctionVersion}
	return nil
}

func (p *plan) eventInvoke(r template.Resource) error {
	in := struct {
		FunctionName, Qualifier                        string
		MaximumEventAgeInSeconds, MaximumRetryAttempts *int
		DestinationConfig                              struct{ OnFailure struct{ Destination string } }
	}{}
	if err := read(r, &in); err != nil {
		return err
	}
	f, err := p.called(r, in.FunctionName)
	if err != nil {
		return err
	}
	if in.Qualifier != "$LATEST" {
		if _, err := p.called(r, f.arn+":"+in.Qualifier); err != nil {
			return err
		}
	}
	if in.MaximumRetryAttempts != nil {
		f.retries = *in.MaximumRetryAttempts
	}
	if in.MaximumEventAgeInSeconds != nil {
		f.eventAge = time.Duration(*in.MaximumEventAgeInSeconds) * time.Second
	}
	f.failures = in.DestinationConfig.OnFailure.Destination
	if _, ok := p.queues[f.failures]; f.failures != "" && !ok {
		return fmt.Errorf("%s: the destination %s is not a queue of the template", r.Name, f.failures)
	}
	return nil
}

func (p *plan) functionURL(r template.Resource, stack *template.Stack) error {
	var in struct{ TargetFunctionArn, Qualifier, AuthType, InvokeMode string }
	if err := read(r, &in); err != nil {
		return err
	}
	target := in.TargetFunctionArn
	if in.Qualifier != "" {
		target += ":" + in.Qualifier
	}
	f, err := p.called(r, target)
	if err != nil {
		return err
	}
	if in.AuthType != "NONE" || in.InvokeMode != "RESPONSE_STREAM" {
		return fmt.Errorf("%s: staging runs function URLs with AuthType NONE and InvokeMode RESPONSE_STREAM, not %q and %q", r.Name,
			in.AuthType, in.InvokeMode)
	}
	allowed, err := open(stack, f, target)
	if err != nil {
		return err
	}
	if !allowed {
		return fmt.Errorf("%s: no caller is permitted: it needs a permission for lambda:InvokeFunctionUrl and one for lambda:InvokeFunction",
			r.Name)
	}
	p.url = f
	return nil
}

// managedPolicies are the ARNs of those that the template attaches to a role.
func managedPolicies(stack *template.Stack, role string) []string {
	var arns []string
	for _, r := range stack.OfType("AWS::IAM::Role") {
		attached, _ := r.Properties["ManagedPolicyArns"].([]any)
		for _, policy := range attached {
			if arn, ok := policy.(string); ok && roleARN(r) == role {
				arns = append(arns, arn)
			}
		}
	}
	return arns
}

// Policies are the ARNs of the managed policies that a function's role has. Staging does
// not enforce them.
func (s *Staging) Policies(function string) []string {
	for _, f := range s.plan.functions {
		if f.short == function {
			return slices.Clone(f.policies)
		}
	}
	return nil
}
