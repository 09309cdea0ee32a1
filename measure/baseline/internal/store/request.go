package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The states of a request.
const (
	Queued    = "QUEUED"
	Running   = "RUNNING"
	Succeeded = "SUCCEEDED"
	Failed    = "FAILED"
)

// retention is how long a request can be read.
const retention = 7 * 24 * time.Hour

var (
	// ErrExists says that there is a request of that key.
	ErrExists = errors.New("the request exists")

	// ErrState says that the request is in no state for the change.
	ErrState = errors.New("the request is not in the state for it")
)

// A Key names a request.
type Key struct {
	Partition string `dynamodbav:"pk"` // of tenant and subject, see Partition
	ID        string `dynamodbav:"id"`
}

var escape = strings.NewReplacer("%", "%25", "#", "%23")

// Partition is the partition of a subject's requests.
func Partition(tenant, subject string) string {
	return escape.Replace(tenant) + "#" + escape.Replace(subject)
}

// A Request is a stored request. JSON is kept as text, byte for byte.
type Request struct {
	Key
	Tenant        string    `dynamodbav:"tenant"`
	Subject       string    `dynamodbav:"subject"`
	Order         string    `dynamodbav:"order"` // set by Create
	Action        string    `dynamodbav:"action"`
	Payload       string    `dynamodbav:"payload,omitempty"`
	ConnectionID  string    `dynamodbav:"connection"`
	CorrelationID string    `dynamodbav:"correlation"`
	State         string    `dynamodbav:"state"`
	Percentage    float64   `dynamodbav:"percentage"`
	Message       string    `dynamodbav:"message,omitempty"`
	Result        string    `dynamodbav:"result,omitempty"`
	ErrorCode     string    `dynamodbav:"error_code,omitempty"`
	ErrorMessage  string    `dynamodbav:"error_message,omitempty"`
	Rev           int64     `dynamodbav:"rev"`
	CreatedAt     time.Time `dynamodbav:"created"`
	UpdatedAt     time.Time `dynamodbav:"updated"`
	StartedAt     time.Time `dynamodbav:"started,omitempty"`
	FinishedAt    time.Time `dynamodbav:"finished,omitempty"`
	TTL           time.Time `dynamodbav:"ttl,unixtime"` // set by Create
}

// Requests is the table of requests.
type Requests struct {
	client *dynamodb.Client
	table  string
}

// NewRequests returns the table of the given name.
func NewRequests(client *dynamodb.Client, table string) *Requests {
	return &Requests{client: client, table: table}
}

// byTenant is the index that Scan reads. Its sort key, order, is made of the moment
// at which the request was created, the action and the id.
const (
	byTenant  = "by_tenant"
	separator = "#"
)

func moment(t time.Time) string { return fmt.Sprintf("%015d", t.UnixMilli()) }

// Create stores a request, or returns ErrExists.
func (t *Requests) Create(ctx context.Context, r *Request) error {
	r.Order = strings.Join([]string{moment(r.CreatedAt), r.Action, r.ID}, separator)
	r.TTL = r.CreatedAt.Add(retention)
	item, err := attributevalue.MarshalMap(r)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	_, err = t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(t.table), Item: item, ConditionExpression: aws.String("attribute_not_exists(id)"),
	})
	var exists *types.ConditionalCheckFailedException
	if errors.As(err, &exists) {
		err = ErrExists
	}
	if err != nil {
		return fmt.Errorf("create request: %w", err)
	}
	return nil
}

// Load returns a request, or ErrNotFound.
func (t *Requests) Load(ctx context.Context, key Key) (*Request, error) {
	itemKey, err := attributevalue.MarshalMap(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(t.table), Key: itemKey, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("load request: %w", err)
	}
	if out.Item == nil {
		return nil, fmt.Errorf("load request: %w", ErrNotFound)
	}
	return decodeRequest(out.Item)
}

// Start takes a queued request for this worker and returns it. It returns
// ErrState when another worker has it, or had it.
func (t *Requests) Start(ctx context.Context, key Key, now time.Time) (*Request, error) {
	set := expression.Set(expression.Name("state"), expression.Value(Running)).
		Set(expression.Name("started"), expression.Value(now)).
		Set(expression.Name("updated"), expression.Value(now)).
		Add(expression.Name("rev"), expression.Value(1))
	item, err := t.update(ctx, key, Queued, set)
	if err != nil {
		return nil, fmt.Errorf("start request: %w", err)
	}
	return decodeRequest(item)
}

// SaveProgress records how far a running request is, under r.Rev.
func (t *Requests) SaveProgress(ctx context.Context, r *Request) error {
	set := expression.Set(expression.Name("percentage"), expression.Value(r.Percentage)).
		Set(expression.Name("message"), expression.Value(r.Message)).
		Set(expression.Name("rev"), expression.Value(r.Rev)).
		Set(expression.Name("updated"), expression.Value(r.UpdatedAt))
	if _, err := t.update(ctx, r.Key, Running, set); err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	return nil
}

// Finish records how a running request ended: r.State with its result or error,
// under r.Rev.
func (t *Requests) Finish(ctx context.Context, r *Request) error {
	set := expression.Set(expression.Name("state"), expression.Value(r.State)).
		Set(expression.Name("rev"), expression.Value(r.Rev)).
		Set(expression.Name("updated"), expression.Value(r.UpdatedAt)).
		Set(expression.Name("finished"), expression.Value(r.FinishedAt))
	if r.State == Succeeded {
		set = set.Set(expression.Name("percentage"), expression.Value(r.Percentage)).
			Set(expression.Name("result"), expression.Value(r.Result))
	} else {
		set = set.Set(expression.Name("error_code"), expression.Value(r.ErrorCode)).
			Set(expression.Name("error_message"), expression.Value(r.ErrorMessage))
	}
	if _, err := t.update(ctx, r.Key, Running, set); err != nil {
		return fmt.Errorf("finish request: %w", err)
	}
	return nil
}

// update changes a request that is in the given state and returns it as it is
// then.
func (t *Requests) update(ctx context.Context, key Key, state string,
	change expression.UpdateBuilder) (map[string]types.AttributeValue, error) {
	expr, err := expression.NewBuilder().WithUpdate(change).
		WithCondition(expression.Name("state").Equal(expression.Value(state))).Build()
	if err != nil {
		return nil, err
	}
	itemKey, err := attributevalue.MarshalMap(key)
	if err != nil {
		return nil, err
	}
	returned := types.ReturnValueNone
	if state == Queued {
		returned = types.ReturnValueAllNew
	}
	out, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: aws.String(t.table), Key: itemKey, ReturnValues: returned,
		UpdateExpression: expr.Update(), ConditionExpression: expr.Condition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		return nil, ErrState
	}
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

func decodeRequest(item map[string]types.AttributeValue) (*Request, error) {
	var r Request
	if err := attributevalue.UnmarshalMap(item, &r); err != nil {
		return nil, fmt.Errorf("decode request: %w", err)
	}
	return &r, nil
}

// A Mark is what Scan tells of a request.
type Mark struct {
	CreatedAt time.Time
	Action    string
	State     string
}

// mark reads an entry of the index.
func mark(order, state string) (Mark, error) {
	at, rest, _ := strings.Cut(order, separator)
	millis, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return Mark{}, fmt.Errorf("decode order %q: %w", order, err)
	}
	action, _, _ := strings.Cut(rest, separator)
	return Mark{CreatedAt: time.UnixMilli(millis).UTC(), Action: action, State: state}, nil
}

// Scan calls page with the requests of a tenant that were created in a time,
// newest first, as the index has them.
func (t *Requests) Scan(ctx context.Context, tenant string, from, until time.Time, page func([]Mark) error) error {
	const pageSize = 100
	expr, err := expression.NewBuilder().WithKeyCondition(
		expression.Key("tenant").Equal(expression.Value(tenant)).
			And(expression.Key("order").Between(expression.Value(moment(from)), expression.Value(moment(until)))),
	).Build()
	if err != nil {
		return fmt.Errorf("scan requests: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(t.client, &dynamodb.QueryInput{
		TableName: aws.String(t.table), IndexName: aws.String(byTenant), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(pageSize),
		KeyConditionExpression: expr.KeyCondition(), ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("scan requests: %w", err)
		}
		var rows []struct {
			Order string `dynamodbav:"order"`
			State string `dynamodbav:"state"`
		}
		if err := attributevalue.UnmarshalListOfMaps(out.Items, &rows); err != nil {
			return fmt.Errorf("decode requests: %w", err)
		}
		marks := make([]Mark, 0, len(rows))
		for _, row := range rows {
			m, err := mark(row.Order, row.State)
			if err != nil {
				return err
			}
			marks = append(marks, m)
		}
		if err := page(marks); err != nil {
			return err
		}
	}
	return nil
}
