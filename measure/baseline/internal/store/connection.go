// Package store keeps connections and requests in DynamoDB.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// ErrNotFound says that there is no such item.
var ErrNotFound = errors.New("not found")

// A Connection is one open WebSocket and who opened it.
type Connection struct {
	ID          string    `dynamodbav:"id"`
	Tenant      string    `dynamodbav:"tenant"`
	Subject     string    `dynamodbav:"subject"`
	ConnectedAt time.Time `dynamodbav:"connected"`
	ExpiresAt   time.Time `dynamodbav:"expires"`      // of the token
	TTL         time.Time `dynamodbav:"ttl,unixtime"` // set by Save
}

// Connections is the table of open connections.
type Connections struct {
	client *dynamodb.Client
	table  string
}

// NewConnections returns the table of the given name.
func NewConnections(client *dynamodb.Client, table string) *Connections {
	return &Connections{client: client, table: table}
}

// Save stores a connection. DynamoDB drops it a day after its token's expiry,
// should nobody delete it.
func (t *Connections) Save(ctx context.Context, c Connection) error {
	c.TTL = c.ExpiresAt.Add(24 * time.Hour)
	item, err := attributevalue.MarshalMap(c)
	if err != nil {
		return fmt.Errorf("encode connection: %w", err)
	}
	if _, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(t.table), Item: item}); err != nil {
		return fmt.Errorf("save connection: %w", err)
	}
	return nil
}

// Load returns a connection, or ErrNotFound.
func (t *Connections) Load(ctx context.Context, id string) (Connection, error) {
	var c Connection
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(t.table), Key: connectionKey(id),
		ConsistentRead: aws.Bool(true)})
	if err != nil {
		return c, fmt.Errorf("load connection: %w", err)
	}
	if out.Item == nil {
		return c, fmt.Errorf("load connection: %w", ErrNotFound)
	}
	if err := attributevalue.UnmarshalMap(out.Item, &c); err != nil {
		return c, fmt.Errorf("decode connection: %w", err)
	}
	return c, nil
}

// Delete deletes a connection, which need not be there.
func (t *Connections) Delete(ctx context.Context, id string) error {
	if _, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String(t.table), Key: connectionKey(id)}); err != nil {
		return fmt.Errorf("delete connection: %w", err)
	}
	return nil
}

func connectionKey(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}}
}
