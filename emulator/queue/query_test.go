package queue_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/emulator/queue"
)

// ids are what differs from run to run: UUIDs, receipt handles and times.
var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|d29yay[\w=]+|\b1[78]\d{8,11}\b`)

// The query protocol says in a form and in XML what the JSON protocol says in JSON.
func TestQueryProtocol(t *testing.T) {
	t.Parallel()
	api := direct{queue.API{"work": newQueue(t, queue.Config{})}}
	const (
		to   = "&Version=2012-11-05&QueueUrl=http%3A%2F%2Fsqs.test%2F1%2Fwork"
		kind = "MessageAttribute.1.Name=kind&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=retry" +
			"&MessageAttribute.2.Name=raw&MessageAttribute.2.Value.DataType=Binary&MessageAttribute.2.Value.BinaryValue=AAE%3D"
	)
	done := func(operation, result string) string {
		return `<` + operation + `Response xmlns="http://queue.amazonaws.com/doc/2012-11-05/">` + result +
			`<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></` + operation + `Response>`
	}
	refused := func(code, message string) string {
		return `<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>` + code +
			`</Code><Message>` + message + `</Message><Detail></Detail></Error><RequestId>ID</RequestId></ErrorResponse>`
	}
	// One after another on one queue.
	for _, c := range []struct {
		name, form string
		status     int
		want       string
	}{
		{"send", "Action=SendMessage&MessageBody=%3Cb%3E&DelaySeconds=0&" + kind + to, 200,
			done("SendMessage", "<SendMessageResult><MD5OfMessageAttributes>a3cc4fb842be56a6b8e18bdb35068652</MD5OfMessageAttributes>"+
				"<MD5OfMessageBody>2d5fef6c87f16217aa1b50e1ebc89720</MD5OfMessageBody><MessageId>ID</MessageId></SendMessageResult>")},
		{"receive", "Action=ReceiveMessage&MaxNumberOfMessages=10&AttributeName.1=ApproximateReceiveCount&MessageAttributeName.1=All" + to, 200,
			done("ReceiveMessage", "<ReceiveMessageResult><Message><Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>"+
				"<Body>&lt;b&gt;</Body><MD5OfBody>2d5fef6c87f16217aa1b50e1ebc89720</MD5OfBody>"+
				"<MD5OfMessageAttributes>a3cc4fb842be56a6b8e18bdb35068652</MD5OfMessageAttributes>"+
				"<MessageAttribute><Name>kind</Name><Value><DataType>String</DataType><StringValue>retry</StringValue></Value></MessageAttribute>"+
				"<MessageAttribute><Name>raw</Name><Value><BinaryValue>AAE=</BinaryValue><DataType>Binary</DataType></Value></MessageAttribute>"+
				"<MessageId>ID</MessageId><ReceiptHandle>ID</ReceiptHandle></Message></ReceiveMessageResult>")},
		{"nothing to receive", "Action=ReceiveMessage" + to, 200, done("ReceiveMessage", "")},
		{"delete", "Action=DeleteMessage&ReceiptHandle=d29yayAxIDE%3D" + to, 200, done("DeleteMessage", "")},
		{"a batch", "Action=SendMessageBatch&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=" +
			"&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=1&SendMessageBatchRequestEntry.1.DelaySeconds=900" + to, 200,
			done("SendMessageBatch", "<SendMessageBatchResult><BatchResultErrorEntry><Code>MissingParameter</Code><Id>b</Id>"+
				"<Message>The request must contain the parameter MessageBody.</Message><SenderFault>true</SenderFault></BatchResultErrorEntry>"+
				"<SendMessageBatchResultEntry><Id>a</Id><MD5OfMessageBody>c4ca4238a0b923820dcc509a6f75849b</MD5OfMessageBody>"+
				"<MessageId>ID</MessageId></SendMessageBatchResultEntry></SendMessageBatchResult>")},
		{"attributes", "Action=GetQueueAttributes&AttributeName.1=VisibilityTimeout&AttributeName.2=ApproximateNumberOfMessagesDelayed" + to, 200,
			done("GetQueueAttributes", "<GetQueueAttributesResult>"+
				"<Attribute><Name>ApproximateNumberOfMessagesDelayed</Name><Value>1</Value></Attribute>"+
				"<Attribute><Name>VisibilityTimeout</Name><Value>30</Value></Attribute></GetQueueAttributesResult>")},
		{"the URL", "Action=GetQueueUrl&QueueName=work", 200,
			done("GetQueueUrl", "<GetQueueUrlResult><QueueUrl>http://sqs.test/000000000000/work</QueueUrl></GetQueueUrlResult>")},
		{"the list", "Action=ListQueues", 200,
			done("ListQueues", "<ListQueuesResult><QueueUrl>http://sqs.test/000000000000/work</QueueUrl></ListQueuesResult>")},
		{"another queue", "Action=GetQueueUrl&QueueName=other", 400,
			refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")},
		{"not a number", "Action=SendMessage&MessageBody=b&DelaySeconds=soon" + to, 400,
			refused("InvalidParameterValue", "Value (soon) for parameter DelaySeconds is invalid. Must be an integer.")},
		{"another operation", "Action=AddPermission" + to, 400,
			refused("AWS.SimpleQueueService.UnsupportedOperation", "The operation &#34;AddPermission&#34; is not supported here.")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://sqs.test/", strings.NewReader(c.form))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			res, err := api.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, ids.ReplaceAllString(string(body), "ID")); res.StatusCode != c.status || diff != "" {
				t.Errorf("got %d, want %d; the body (-want +got):\n%s", res.StatusCode, c.status, diff)
			}
		})
	}
}
