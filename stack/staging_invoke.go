package stack

import (
	"strings"

	"github.com/pay-theory/streamer/emulator/lambda"
)

// invocations is Lambda's operation Invoke for the stack's functions, their versions and
// their aliases.
func (s *Staging) invocations() lambda.API {
	api := lambda.API{}
	for _, f := range s.plan.functions {
		api[f.name] = s.target(f, "")
	}
	for arn, version := range s.plan.versions {
		name := strings.TrimPrefix(arn, strings.TrimSuffix(version.function.arn, version.function.name))
		api[name] = s.target(version.function, version.number)
	}
	return api
}

func (s *Staging) target(f *functionPlan, version string) lambda.Target {
	return lambda.Target{Function: s.hosts[f.arn], ARN: f.arn, Version: version, JSONLog: f.logLevel != ""}
}
