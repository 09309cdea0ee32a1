package deploy_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/request"
)

// The queue hides a message for longer than its run can take, and gives up what fails
// again and again; its mapping is bounded, and a failed message is alone.
func TestTheQueueAndItsMapping(t *testing.T) {
	t.Parallel()
	tpl := load(t, nil)
	for name, tt := range map[string]struct{ got, want any }{
		"queue": {tpl.resource("Dispatches"), map[string]any{"VisibilityTimeout": 960, "MessageRetentionPeriod": 4 * 24 * 60 * 60,
			"SqsManagedSseEnabled": true, "RedrivePolicy": map[string]any{"deadLetterTargetArn": "DeadLetters.Arn", "maxReceiveCount": 5}}},
		"dead letters": {tpl.resource("DeadLetters"), map[string]any{"MessageRetentionPeriod": 14 * 24 * 60 * 60, "SqsManagedSseEnabled": true}},
		"mapping": {tpl.resource("ProcessorQueue"), map[string]any{"FunctionName": "ProcessorFunction", "EventSourceArn": "Dispatches.Arn",
			"BatchSize": 1, "FunctionResponseTypes": []any{"ReportBatchItemFailures"}, "Enabled": true,
			"ScalingConfig": map[string]any{"MaximumConcurrency": 100}}},
		"a failed tick": {tpl.resource("ProcessorInvocations")["DestinationConfig"],
			map[string]any{"OnFailure": map[string]any{"Destination": "DeadLetters.Arn"}}},
		"the qualifier of ticks": {tpl.resource("ProcessorInvocations")["Qualifier"], "$LATEST"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tt.got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		})
	}
	hidden, _ := tpl.resource("Dispatches")["VisibilityTimeout"].(int)
	if timeout, _ := tpl.resource("ProcessorFunction")["Timeout"].(int); hidden < timeout {
		t.Errorf("got a visibility timeout of %d s and a function of %d s, which Lambda refuses", hidden, timeout)
	}
	oldest, _ := tpl.resource("OldestMessageAlarm")["Threshold"].(int)
	if legal := request.MaxDelay + 15*time.Minute; time.Duration(oldest)*time.Second <= legal {
		t.Errorf("the alarm goes off at %d s, and a message may be there for %v without a fault", oldest, legal)
	}
}

// Paused stops the mapping, and has the sweep send nothing.
func TestPaused(t *testing.T) {
	t.Parallel()
	for paused, runs := range map[string]bool{"true": false, "false": true} {
		t.Run(paused, func(t *testing.T) {
			t.Parallel()
			tpl := load(t, map[string]string{"Paused": paused})
			variables := tpl.resource("ProcessorFunction")["Environment"].(map[string]any)["Variables"].(map[string]any)
			if enabled := tpl.resource("ProcessorQueue")["Enabled"]; enabled != runs || variables["STREAMER_PAUSED"] != paused {
				t.Errorf("got a mapping that is enabled: %v, and STREAMER_PAUSED %v; want %t and %s",
					enabled, variables["STREAMER_PAUSED"], runs, paused)
			}
		})
	}
}

// A limit that lets one tenant have every worker is refused, and so is a reservation
// that leaves the sweep none. By default a tenant has a quarter of the workers.
func TestLimitsLeaveRoom(t *testing.T) {
	t.Parallel()
	const tenant, reserved = "LimitTenantRunning must be below MaximumConcurrency", "at least 5 above MaximumConcurrency"
	for name, tt := range map[string]struct {
		parameters map[string]string
		want       string // of the error; "": none
	}{
		"the default":              {nil, ""},
		"as many as workers":       {map[string]string{"LimitTenantRunning": "100"}, tenant},
		"more than workers":        {map[string]string{"LimitTenantRunning": "150"}, tenant},
		"the next below":           {map[string]string{"LimitTenantRunning": "75"}, ""},
		"no limit":                 {map[string]string{"LimitTenantRunning": "0"}, "it must be one of"},
		"fewer workers":            {map[string]string{"MaximumConcurrency": "20"}, tenant},
		"fewer workers, and limit": {map[string]string{"MaximumConcurrency": "2", "LimitTenantRunning": "1"}, ""},
		"all workers":              {map[string]string{"MaximumConcurrency": "1000", "LimitTenantRunning": "750"}, ""},
		"too many workers":         {map[string]string{"MaximumConcurrency": "2000"}, "it must be one of"},
		"a reservation":            {map[string]string{"ProcessorConcurrency": "105"}, ""},
		"too small a reservation":  {map[string]string{"ProcessorConcurrency": "65"}, reserved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := evaluate(t, tt.parameters)
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
	values := load(t, nil).Parameters
	if workers, limit := values["MaximumConcurrency"].(int), values["LimitTenantRunning"].(int); limit != workers/4 {
		t.Errorf("got a default limit of %d with %d workers, want a quarter", limit, workers)
	}
}

// Every value that a parameter may have has a rule that bounds the others by it, and
// the rules say what their numbers say.
func TestRulesAreComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	allowed := func(parameter string) []string {
		list := regexp.MustCompile(`(?s)\n  ` + parameter + `:\n.*?AllowedValues: \[([0-9, ]+)\]`).FindSubmatch(text)
		if list == nil {
			t.Fatalf("%s has no AllowedValues", parameter)
		}
		return strings.Split(string(list[1]), ", ")
	}
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, workers := range allowed("MaximumConcurrency") {
		for _, limit := range allowed("LimitTenantRunning") {
			_, err := evaluate(t, map[string]string{"MaximumConcurrency": workers, "LimitTenantRunning": limit})
			if want := number(limit) < number(workers); (err == nil) != want {
				t.Errorf("%s of %s workers: got error %v, want it allowed: %t", limit, workers, err, want)
			}
		}
	}
}

// CloudFormation takes a template of 1 MB from a bucket, 51,200 bytes without one (AWS
// CloudFormation User Guide, "Understand CloudFormation quotas", template body size).
func TestTheTemplateFitsIntoACall(t *testing.T) {
	t.Parallel()
	info, err := os.Stat("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 1<<20 {
		t.Errorf("got %d bytes, want at most 1 MB", info.Size())
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 51_200 && !strings.Contains(string(readme), "--s3-bucket $BUCKET") {
		t.Errorf("got %d bytes, above 51,200, and a README that does not say --s3-bucket $BUCKET", info.Size())
	}
}

// The two APIs refuse floods, and one of them logs its calls by default.
func TestStagesAreBoundedAndLog(t *testing.T) {
	t.Parallel()
	for logs, want := range map[string]map[string]bool{
		"none": {"HttpStage": false, "WebSocketStage": false},
		"http": {"HttpStage": true, "WebSocketStage": false},
		"all":  {"HttpStage": true, "WebSocketStage": true},
	} {
		t.Run(logs, func(t *testing.T) {
			t.Parallel()
			tpl := load(t, map[string]string{"AccessLogs": logs, "MessageRate": "50"})
			for stage, logged := range want {
				properties := tpl.resource(stage)
				settings, there := properties["AccessLogSettings"].(map[string]any)
				if there != logged {
					t.Errorf("%s: got access logs %v, want them: %t", stage, settings, logged)
				}
				if there && !json.Valid([]byte(settings["Format"].(string))) {
					t.Errorf("%s: got a format that is not JSON: %s", stage, settings["Format"])
				}
				bounds := map[string]any{"ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 50}
				if diff := cmp.Diff(any(bounds), properties["DefaultRouteSettings"]); diff != "" {
					t.Errorf("%s: bounds (-want +got):\n%s", stage, diff)
				}
			}
		})
	}
}

// An update has the processor know an action before the router takes requests for it.
func TestTheProcessorUpdatesFirst(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "  RouterFunction:\n    Type: AWS::Lambda::Function\n    DependsOn: ProcessorFunction\n"; !strings.Contains(string(text), want) {
		t.Errorf("the template does not say %q", want)
	}
}
