package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pay-theory/streamer/emulator/template"
)

// Where a staging stack says that it is.
const (
	stagingRegion  = "us-east-1"
	stagingAccount = "123456789012"
)

const firstVersion = "1" // of a new function

// physical is what Ref, with an empty attribute, and Fn::GetAtt yield for a
// resource, in the forms that AWS gives them:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html
func physical(r template.Resource, attribute string) (any, error) {
	known, ok := map[string]map[string]string{
		"AWS::Lambda::Function": {"": nameOf(r, "FunctionName"), "Arn": functionARN(r)},
		"AWS::Lambda::Url": {"": nameOf(r, "TargetFunctionArn"),
			"FunctionUrl": "https://" + apiID(r) + ".lambda-url." + stagingRegion + ".on.aws/"},
		"AWS::Lambda::Version": {"": versionOf(r, firstVersion), "Version": firstVersion},
		"AWS::Lambda::Alias":   {"": versionOf(r, fmt.Sprint(r.Properties["Name"]))},
		"AWS::DynamoDB::Table": {"": nameOf(r, "TableName"), "Arn": tableARNOf(r)},
		"AWS::SQS::Queue": {"": queueURL(r), "QueueUrl": queueURL(r), "QueueName": nameOf(r, "QueueName"),
			"Arn": arn("sqs", nameOf(r, "QueueName"))},
		"AWS::IAM::Role":           {"": nameOf(r, "RoleName"), "Arn": roleARN(r)},
		"AWS::IAM::ManagedPolicy":  {"": "arn:aws:iam::" + stagingAccount + ":policy/" + nameOf(r, "ManagedPolicyName")},
		"AWS::Logs::LogGroup":      {"": nameOf(r, "LogGroupName"), "Arn": arn("logs", "log-group:"+nameOf(r, "LogGroupName")+":*")},
		"AWS::ApiGatewayV2::Api":   {"": apiID(r), "ApiId": apiID(r), "ApiEndpoint": apiEndpoint(r)},
		"AWS::ApiGatewayV2::Stage": {"": nameOf(r, "StageName")},
		"AWS::Scheduler::Schedule": {"": nameOf(r, "Name"), "Arn": scheduleARNOf(r)},
		"AWS::CloudWatch::Alarm":   {"": nameOf(r, "AlarmName"), "Arn": arn("cloudwatch", "alarm:"+nameOf(r, "AlarmName"))},
		"AWS::ApiGatewayV2::DomainName": {"": nameOf(r, "DomainName"),
			"RegionalDomainName": "d-" + apiID(r) + ".execute-api." + stagingRegion + ".amazonaws.com"},
		"AWS::CodeDeploy::Application":     {"": nameOf(r, "ApplicationName")},
		"AWS::CodeDeploy::DeploymentGroup": {"": nameOf(r, "DeploymentGroupName")},
		"AWS::ApiGatewayV2::Integration":   {"": r.Name}, "AWS::ApiGatewayV2::Route": {"": r.Name},
	}[r.Type]
	if value, has := known[attribute]; has {
		return value, nil
	}
	if !ok {
		return nil, fmt.Errorf("staging has no %s", r.Type)
	}
	return nil, fmt.Errorf("staging knows no attribute %q of %s", attribute, r.Type)
}

// nameOf is the name that a resource has, or is given.
func nameOf(r template.Resource, property string) string {
	if name, ok := r.Properties[property].(string); ok {
		return name
	}
	return r.Stack + "-" + r.Name
}

func arn(service, rest string) string {
	return "arn:aws:" + service + ":" + stagingRegion + ":" + stagingAccount + ":" + rest
}

func functionARN(r template.Resource) string {
	return arn("lambda", "function:"+nameOf(r, "FunctionName"))
}

// versionOf is the ARN of a version or an alias of a function.
func versionOf(r template.Resource, qualifier string) string {
	name, _ := r.Properties["FunctionName"].(string)
	if !strings.HasPrefix(name, "arn:") {
		name = arn("lambda", "function:"+name)
	}
	return name + ":" + qualifier
}

func roleARN(r template.Resource) string {
	return "arn:aws:iam::" + stagingAccount + ":role/" + nameOf(r, "RoleName")
}
func tableARNOf(r template.Resource) string { return arn("dynamodb", "table/"+nameOf(r, "TableName")) }
func scheduleARNOf(r template.Resource) string {
	return arn("scheduler", "schedule/default/"+nameOf(r, "Name"))
}
func queueURL(r template.Resource) string {
	return "https://sqs." + stagingRegion + ".amazonaws.com/" + stagingAccount + "/" + nameOf(r, "QueueName")
}

// apiID has the form of an API's: ten lower-case letters and digits.
func apiID(r template.Resource) string {
	sum := sha256.Sum256([]byte(r.Stack + "/" + r.Name))
	return hex.EncodeToString(sum[:])[:10]
}

func apiEndpoint(r template.Resource) string {
	scheme := "https://"
	if r.Properties["ProtocolType"] == "WEBSOCKET" {
		scheme = "wss://"
	}
	return scheme + apiHost(r)
}

func apiHost(r template.Resource) string {
	return apiID(r) + ".execute-api." + stagingRegion + ".amazonaws.com"
}

// localAddresses replaces the addresses of the stack's APIs by that where they
// are here.
func localAddresses(apis map[string]template.Resource, address string) *strings.Replacer {
	var pairs []string
	for _, api := range apis {
		pairs = append(pairs, "https://"+apiHost(api), "http://"+address, "wss://"+apiHost(api), "ws://"+address)
	}
	return strings.NewReplacer(pairs...)
}
