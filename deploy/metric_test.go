package deploy_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
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
	p := newWorld(t).processor
	processor, err := functions.Processor(functions.Parts{Actions: noActions, Connections: p.Connections.Store, Requests: p.Store,
		Push:  p.Push,
		Close: p.Connections.Closer, Dispatch: p.Dispatch, Telemetry: functions.Telemetry{Metrics: metrics}})
	if err != nil {
		t.Fatal(err)
	}
	lifttest.Invoke(t.Context(), t, processor, lifttest.Schedule{})
	if !reads(t, alarm, &written, "Milliseconds", 0) {
		t.Errorf("the alarm reads %v; the sweep writes %s", alarm, written.Lines())
	}
}

// The alarm of faults fires when the store is away, which Lambda does not count:
// the message is answered.
func TestTheFaultsAlarmReadsWhatAnOutageWrites(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	issuers := []auth.Config{{Keys: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), Issuer: "tests",
		Audience: "streamer"}}
	var functionsRead []string
	for _, query := range load(t, nil).resource("FaultsAlarm")["Metrics"].([]any) {
		stat, ok := query.(map[string]any)["MetricStat"].(map[string]any)
		if !ok {
			continue
		}
		metric := stat["Metric"].(map[string]any)
		function := metric["Dimensions"].([]any)[0].(map[string]any)["Value"].(string)
		functionsRead = append(functionsRead, function)
		var written lifttest.Metrics
		metrics, err := functions.Metrics(function, &written)
		if err != nil {
			t.Fatal(err)
		}
		router, err := functions.Router(functions.Parts{Actions: noActions, Connections: away{}, Requests: awayRequests{}, Push: &meter{},
			Close: &meter{}, Dispatch: streamer.QueueFunc((&meter{}).Dispatch),
			Issuers: issuers, Telemetry: functions.Telemetry{Metrics: metrics}})
		if err != nil {
			t.Fatal(err)
		}
		if answer := lifttest.Invoke(t.Context(), t, router, lifttest.Message{ConnectionID: "c1", Body: `{"action":"echo"}`}); answer.Err != nil {
			t.Errorf("Lambda counts %v", answer.Err)
		}
		if stat["Stat"] != "Sum" || !reads(t, metric, &written, "Count", 1) {
			t.Errorf("the alarm reads %v; the router writes %s", stat, written.Lines())
		}
	}
	if want := []string{"ConnectFunction", "DisconnectFunction", "RouterFunction", "ProcessorFunction"}; !slices.Equal(functionsRead, want) {
		t.Errorf("the alarm reads of %q", functionsRead)
	}
}

func noActions(request.Lister) ([]streamer.Action, error) { return nil, nil }

type (
	away         struct{ request.ConnectionStore }
	awayRequests struct{ request.Store }
)

func (away) LoadConnection(context.Context, string) (request.Connection, error) {
	return request.Connection{}, errors.New("the store is away")
}

// reads reports whether a metric, as an alarm names it, was written with the value.
func reads(t *testing.T, metric map[string]any, written *lifttest.Metrics, unit string, value float64) bool {
	t.Helper()
	dimension := metric["Dimensions"].([]any)[0].(map[string]any)
	name := dimension["Name"].(string)
	for _, doc := range written.Documents(t) {
		about := doc["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)
		if about["Namespace"] != metric["Namespace"] || !reflect.DeepEqual(about["Dimensions"], []any{[]any{name}}) ||
			doc[name] != dimension["Value"] {
			continue
		}
		for _, m := range about["Metrics"].([]any) {
			if m := m.(map[string]any); m["Name"] == metric["MetricName"] && m["Unit"] == unit && doc[m["Name"].(string)] == value {
				return true
			}
		}
	}
	return false
}
