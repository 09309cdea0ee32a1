package template_test

import (
	"fmt"

	"github.com/pay-theory/streamer/emulator/template"
)

// What a template makes for given parameters, without making it.
func ExampleParse() {
	t, err := template.Parse([]byte(`
Parameters:
  Stage: {Type: String, Default: dev}
Conditions:
  Live: !Equals [!Ref Stage, prod]
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${AWS::StackName}-jobs-${Stage}"
      VisibilityTimeout: !If [Live, 960, 60]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	stack, err := t.Stack(template.Config{
		Parameters: map[string]string{"Stage": "prod"},
		Region:     "eu-west-1", AccountID: "123456789012", StackName: "shop",
		Value: func(r template.Resource, attribute string) (any, error) { return r.Name + "." + attribute, nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	jobs := stack.OfType("AWS::SQS::Queue")["Jobs"].Properties
	fmt.Println(jobs["QueueName"], jobs["VisibilityTimeout"])
	// Output: shop-jobs-prod 960
}
