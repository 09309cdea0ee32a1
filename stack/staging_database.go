package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/lift/sigv4"
)

// A database is DynamoDB's JSON API at an endpoint.
type database struct{ client *call.Client }

// stagingCredentials are the stack's own, for a server that does not ask whose
// they are.
var stagingCredentials = sigv4.Static(sigv4.Credentials{AccessKeyID: "staging", SecretAccessKey: "staging"})

// databaseCallTime bounds one call.
const databaseCallTime = 5 * time.Second

func newDatabase(endpoint string) (database, error) {
	client, err := call.New(call.Config{Service: "dynamodb", Region: stagingRegion, Credentials: stagingCredentials,
		Endpoint: endpoint, Timeout: databaseCallTime})
	if err != nil {
		return database{}, fmt.Errorf("database: %w", err)
	}
	return database{client}, nil
}

// call makes one call, and again while its failure is transient. out may be nil.
func (d database) call(ctx context.Context, target string, in, out any) error {
	raw, err := call.JSON[json.RawMessage](ctx, d.client, target, in, 0)
	if err == nil && out != nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	return nil
}

// create makes a table and waits until it can be used.
func (d database) create(ctx context.Context, t tablePlan) error {
	if err := d.call(ctx, "DynamoDB_20120810.CreateTable", t.definition, nil); err != nil && !call.HasCode(err, "ResourceInUseException") {
		return fmt.Errorf("create table %s: %w", t.name, err)
	}
	for {
		var out struct{ Table struct{ TableStatus string } }
		if err := d.call(ctx, "DynamoDB_20120810.DescribeTable", map[string]any{"TableName": t.name}, &out); err != nil {
			return fmt.Errorf("create table %s: %w", t.name, err)
		}
		if out.Table.TableStatus == "ACTIVE" {
			break
		}
		if !sleep(ctx, 10*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	if t.ttl == "" {
		return nil
	}
	err := d.call(ctx, "DynamoDB_20120810.UpdateTimeToLive", map[string]any{"TableName": t.name,
		"TimeToLiveSpecification": map[string]any{"AttributeName": t.ttl, "Enabled": true}}, nil)
	if err != nil {
		return fmt.Errorf("create table %s: %w", t.name, err)
	}
	return nil
}

// expireEvery is how often items past their time to live are deleted. DynamoDB does it within
// a few days (Amazon DynamoDB Developer Guide, "Using time to live (TTL) in DynamoDB").
const expireEvery = time.Minute

// expire deletes the items of a table whose time to live is over, as DynamoDB does by itself;
// the server does not. One that was written again meanwhile stays.
func (d database) expire(ctx context.Context, t tablePlan, now time.Time) error {
	expired := map[string]any{":now": map[string]string{"N": strconv.FormatInt(now.Unix(), 10)}}
	names, projection := map[string]string{"#ttl": t.ttl}, make([]string, len(t.key))
	for i, key := range t.key {
		projection[i] = fmt.Sprintf("#key%d", i)
		names[projection[i]] = key
	}
	scan := map[string]any{"TableName": t.name, "FilterExpression": "#ttl < :now", "ProjectionExpression": strings.Join(projection, ", "),
		"ExpressionAttributeNames": names, "ExpressionAttributeValues": expired}
	for {
		var page struct {
			Items            []map[string]json.RawMessage
			LastEvaluatedKey json.RawMessage
		}
		if err := d.call(ctx, "DynamoDB_20120810.Scan", scan, &page); err != nil {
			return fmt.Errorf("expire items of %s: %w", t.name, err)
		}
		for _, item := range page.Items {
			err := d.call(ctx, "DynamoDB_20120810.DeleteItem", map[string]any{"TableName": t.name, "Key": item,
				"ConditionExpression": "#ttl < :now", "ExpressionAttributeNames": map[string]string{"#ttl": t.ttl},
				"ExpressionAttributeValues": expired}, nil)
			if err != nil && !call.HasCode(err, "ConditionalCheckFailedException") {
				return fmt.Errorf("expire items of %s: %w", t.name, err)
			}
		}
		if page.LastEvaluatedKey == nil {
			return nil
		}
		scan["ExclusiveStartKey"] = page.LastEvaluatedKey
	}
}

// sleep waits and reports whether ctx still lasts.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
