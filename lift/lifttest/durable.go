package lifttest

import "cmp"

// Durable is an invocation of a durable function.
type Durable struct {
	Name       string // the execution's; default order-7
	ID         string // default 7ec5ae7f-0d0a-4b0c-9d2e-1a2b3c4d5e6f
	Input      string // JSON; default {}
	Operations []any  // the checkpoints of earlier invocations, as the SDK reads them
}

// Payload returns the event.
func (d Durable) Payload() []byte {
	execution := map[string]any{
		"Id": "0", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": When.UnixMilli(),
		"ExecutionDetails": map[string]any{"InputPayload": cmp.Or(d.Input, "{}")},
	}
	name, id := cmp.Or(d.Name, "order-7"), cmp.Or(d.ID, "7ec5ae7f-0d0a-4b0c-9d2e-1a2b3c4d5e6f")
	return encode(map[string]any{
		"DurableExecutionArn": "arn:aws:lambda:us-east-1:123456789012:function:example:1/durable-execution/" + name + "/" + id,
		"CheckpointToken":     "token-1",
		"InitialExecutionState": map[string]any{
			"Operations": append([]any{execution}, d.Operations...),
			"NextMarker": "",
		},
	})
}
