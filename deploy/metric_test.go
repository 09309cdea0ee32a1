package deploy_test

import (
	"reflect"
	"testing"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// The alarm of the queue's age is on the metric that the processor writes, as
// CloudWatch will list it.
func TestTheQueueAgeAlarmReadsWhatTheSweepWrites(t *testing.T) {
	t.Parallel()
	tpl := load(t, nil)
	alarm := tpl.resource("QueueAgeAlarm")
	dimension := alarm["Dimensions"].([]any)[0].(map[string]any)
	var written lifttest.Metrics
	metrics, err := functions.Metrics(dimension["Value"].(string), &written)
	if err != nil {
		t.Fatal(err)
	}
	lifttest.Invoke(t.Context(), t, functions.Processor(newWorld(t).processor, functions.Telemetry{Metrics: metrics}), lifttest.Schedule{})
	for _, doc := range written.Documents(t) {
		about := doc["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)
		name := dimension["Name"].(string)
		if about["Namespace"] != alarm["Namespace"] || !reflect.DeepEqual(about["Dimensions"], []any{[]any{name}}) || doc[name] != dimension["Value"] {
			continue
		}
		for _, m := range about["Metrics"].([]any) {
			if m := m.(map[string]any); m["Name"] == alarm["MetricName"] && m["Unit"] == "Milliseconds" && doc[m["Name"].(string)] == 0.0 {
				return
			}
		}
	}
	t.Errorf("the alarm reads %v %v %v; the sweep writes %s", alarm["Namespace"], alarm["MetricName"], dimension, written.Lines())
}
