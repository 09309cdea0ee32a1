// Package deploy has the CloudFormation template of a stage, for programs that write
// or run it.
package deploy

import _ "embed" // the template

// Template is template.yaml.
//
//go:embed template.yaml
var Template string
