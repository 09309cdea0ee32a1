package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/lift/sigv4"
)

// A database is DynamoDB's JSON API, and that of its streams, at an endpoint.
type database string

// stagingCredentials are the stack's own, for a server that does not ask whose
// they are.
var stagingCredentials = sigv4.Static(sigv4.Credentials{AccessKeyID: "staging", SecretAccessKey: "staging"})

// databaseCallTime bounds one call.
const databaseCallTime = 5 * time.Second

// call makes one call.
func (d database) call(ctx context.Context, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	ctx, cancel := context.WithTimeout(ctx, databaseCallTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(d), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", target)
	signer := sigv4.Signer{Service: "dynamodb", Region: stagingRegion, Credentials: stagingCredentials}
	if err := signer.Sign(req, body, time.Now()); err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", res.Status, raw)
	}
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
	if err := d.call(ctx, "DynamoDB_20120810.CreateTable", t.definition, nil); err != nil {
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
