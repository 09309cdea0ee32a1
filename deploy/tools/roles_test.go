package tools_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/pay-theory/streamer/emulator/template"
	"github.com/pay-theory/streamer/internal/nodetest"
)

// The role that GitHub Actions takes may do what the workflow's commands call, on its own
// stack and bucket, and nothing to others. The AWS CLI's deploy calls what its
// customizations/cloudformation/deployer.py and customizations/s3uploader.py do.
func TestDeployRole(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs Node.js")
	}
	const (
		stack  = "arn:aws:cloudformation:eu-west-1:123456789012:stack/"
		change = stack + "shop/0a1b2c"
		role   = "arn:aws:iam::123456789012:role/"
	)
	formation := map[string]string{"iam:PassedToService": "cloudformation.amazonaws.com"}
	tests := []struct {
		Action   string            `json:"action"`
		Resource string            `json:"resource"`
		Context  map[string]string `json:"context,omitempty"`
		Policies []any             `json:"policies"`
		want     string
	}{
		{"s3:PutObject", "arn:aws:s3:::code/shop/1/router-arm64.zip", nil, nil, "Allowed"},
		{"s3:GetObject", "arn:aws:s3:::code/shop/1.template", nil, nil, "Allowed"},
		{"s3:PutObject", "arn:aws:s3:::other/shop/1/router-arm64.zip", nil, nil, "ImplicitlyDenied"},
		{"s3:DeleteObject", "arn:aws:s3:::code/shop/1/router-arm64.zip", nil, nil, "ImplicitlyDenied"},
		{"cloudformation:DescribeStacks", change, nil, nil, "Allowed"},
		{"cloudformation:GetTemplateSummary", change, nil, nil, "Allowed"},
		{"cloudformation:CreateChangeSet", change, nil, nil, "Allowed"},
		{"cloudformation:DescribeChangeSet", change, nil, nil, "Allowed"},
		{"cloudformation:ExecuteChangeSet", change, nil, nil, "Allowed"},
		{"cloudformation:CreateChangeSet", stack + "other/0a1b2c", nil, nil, "ImplicitlyDenied"},
		{"cloudformation:DeleteStack", change, nil, nil, "ImplicitlyDenied"},
		{"iam:PassRole", role + "ExecutionRole", formation, nil, "Allowed"},
		{"iam:PassRole", role + "ExecutionRole", map[string]string{"iam:PassedToService": "lambda.amazonaws.com"}, nil, "ImplicitlyDenied"},
		{"iam:PassRole", role + "other", formation, nil, "ImplicitlyDenied"},
	}
	policies := policiesOf(t, "github/roles.yaml", "DeployRole")
	for i := range tests {
		tests[i].Policies = policies
	}
	asked, err := json.Marshal(tests)
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	output := nodetest.Output(t, "../validate", asked, "simulate.mjs")
	if err := json.Unmarshal(output, &answers); err != nil || len(answers) != len(tests) {
		t.Fatalf("simulate.mjs printed %s (%v), want %d answers", output, err, len(tests))
	}
	for i, tt := range tests {
		if answers[i] != tt.want {
			t.Errorf("%s to %s: got %s, want %s", tt.Action, tt.Resource, answers[i], tt.want)
		}
	}
}

// policiesOf returns the documents of a role's policies.
func policiesOf(t *testing.T, file, role string) []any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := parsed.Stack(template.Config{Region: "eu-west-1", AccountID: "123456789012", StackName: "shop-github",
		Parameters: map[string]string{"Repository": "acme/shop", "StackName": "shop", "CodeBucket": "code"},
		Value: func(r template.Resource, attribute string) (any, error) {
			if attribute == "Arn" {
				return "arn:aws:iam::123456789012:role/" + r.Name, nil
			}
			return r.Name, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	var documents []any
	for _, policy := range stack.Resources[role].Properties["Policies"].([]any) {
		documents = append(documents, policy.(map[string]any)["PolicyDocument"])
	}
	return documents
}
