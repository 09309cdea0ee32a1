package schematest

import "testing"

// The schemas take the examples of the documentation and refuse what it forbids.
func TestEMF(t *testing.T) {
	t.Parallel()
	const good = `{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[{"Namespace":"lambda-function-metrics","Dimensions":[["functionVersion"]],` +
		`"Metrics":[{"Name":"time","Unit":"Milliseconds","StorageResolution":60}]}]},"functionVersion":"$LATEST","time":100,"requestId":"989ffbf8-9ace-4817-a57c-e4dd734019ee"}`
	if err := emfFault([]byte(good)); err != nil {
		t.Error(err)
	}
	for name, line := range map[string]string{
		"no target":       `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a"}]}]}}`,
		"no dimension":    `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["d"]],"Metrics":[{"Name":"a"}]}]},"a":1}`,
		"text as value":   `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a"}]}]},"a":"1"}`,
		"unit":            `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a","Unit":"Miles"}]}]},"a":1}`,
		"twice":           `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a"}]}]},"a":1,"a":2}`,
		"no dimensions":   `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Metrics":[{"Name":"a"}]}]},"a":1}`,
		"fraction of ms":  `{"_aws":{"Timestamp":1.5,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a"}]}]},"a":1}`,
		"other member":    `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a","Value":1}]}]},"a":1}`,
		"not even JSON":   `{`,
		"list with texts": `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a"}]}]},"a":[1,"2"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if emfFault([]byte(line)) == nil {
				t.Errorf("%s passes", name)
			}
		})
	}
}

func TestSegment(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		`{"name":"example.com","id":"70de5b6f19ff9a0a","start_time":1.478293361271E9,"trace_id":"1-581cf771-a006649127e371903a2de979","end_time":1.478293361449E9}`,
		`{"name":"api.example.com","id":"53995c3f42cd8ad8","start_time":1.478293361271E9,"end_time":1.478293361449E9,"type":"subsegment","trace_id":"1-581cf771-a006649127e371903a2de979","parent_id":"defdfd9912dc5a56","namespace":"remote","http":{"request":{"url":"https://api.example.com/health","method":"POST","traced":true},"response":{"status":200,"content_length":861}}}`,
	} {
		Segment(t, []byte(good))
	}
	for name, document := range map[string]string{
		"braces in a name": `{"name":"{x}","id":"70de5b6f19ff9a0a","start_time":1,"trace_id":"1-581cf771-a006649127e371903a2de979","end_time":2}`,
		"no parent":        `{"name":"x","type":"subsegment","id":"70de5b6f19ff9a0a","start_time":1,"trace_id":"1-581cf771-a006649127e371903a2de979","end_time":2}`,
		"short id":         `{"name":"x","id":"70de5b6f19ff9a0","start_time":1,"trace_id":"1-581cf771-a006649127e371903a2de979","end_time":2}`,
		"no end":           `{"name":"x","id":"70de5b6f19ff9a0a","start_time":1,"trace_id":"1-581cf771-a006649127e371903a2de979"}`,
	} {
		t.Run(name, func(t *testing.T) {
			fake := new(testing.T)
			Segment(fake, []byte(document))
			if !fake.Failed() {
				t.Errorf("%s passes", name)
			}
		})
	}
}
