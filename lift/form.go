package lift

// A form is how an event looks, which tells its family.
type form uint8

const (
	formDirect form = iota // whatever has none of the other forms
	formHTTP
	formWebSocket
	formDynamoDB
	formKinesis
	formSQS
	formSNS
	formS3
	formRecords // records of a source that Lift does not know
	formEventBridge
	formSchedule
	formDurable
	formCount
)

var formNames = [formCount]string{
	formDirect:      "this event, which is of no form that Lift knows",
	formHTTP:        "HTTP requests",
	formWebSocket:   "WebSocket events",
	formDynamoDB:    "DynamoDB stream records",
	formKinesis:     "Kinesis records",
	formSQS:         "SQS messages",
	formSNS:         "SNS messages",
	formS3:          "S3 notifications",
	formRecords:     "records of",
	formEventBridge: "EventBridge events",
	formSchedule:    "schedules",
	formDurable:     "durable executions",
}

// form tells what the event is. An event for a Lambda authorizer looks like the
// request that it is about; it is a caller's own, since a policy answers it.
func (env *envelope) form() form {
	switch {
	case env.requestContext != "" && !env.asksToAuthorize:
		switch {
		case env.hasConnection:
			return formWebSocket
		case env.isHTTP():
			return formHTTP
		}
	case env.recordSource != "":
		switch env.recordSource {
		case "aws:dynamodb":
			return formDynamoDB
		case "aws:kinesis":
			return formKinesis
		case "aws:sqs":
			return formSQS
		case "aws:sns":
			return formSNS
		case "aws:s3":
			return formS3
		}
		return formRecords
	case env.executionARN != "" && env.hasCheckpoint:
		return formDurable
	case env.isTick():
		return formSchedule
	case env.isFromBus():
		return formEventBridge
	}
	return formDirect
}
