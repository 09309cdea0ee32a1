package dynamo

import "github.com/pay-theory/streamer/request"

import (
	"context"
	"fmt"

	"github.com/pay-theory/streamer/aws/call"
)

// A Table is how a table must be made. Its JSON is the body of CreateTable, and
// but for TimeToLive its fields are those of an AWS::DynamoDB::Table.
type Table struct {
	TableName              string
	BillingMode            string
	AttributeDefinitions   []Attribute
	KeySchema              []KeyElement
	GlobalSecondaryIndexes []Index `json:",omitempty"`
	TimeToLive             string  `json:"-"` // the attribute by which items expire
}

// An Attribute is one that a key uses.
type Attribute struct {
	AttributeName string
	AttributeType string // S or N
}

// A KeyElement is a part of a key.
type KeyElement struct {
	AttributeName string
	KeyType       string // HASH or RANGE
}

// An Index is a global secondary index.
type Index struct {
	IndexName  string
	KeySchema  []KeyElement
	Projection Projection
}

// A Projection says which attributes an index holds besides keys.
type Projection struct {
	ProjectionType   string
	NonKeyAttributes []string `json:",omitempty"`
}

// Tables returns how the two tables must be made, under the given names.
func Tables(requests, connections string) []Table {
	filtered := Projection{ProjectionType: "INCLUDE", NonKeyAttributes: []string{request.AttrState, request.AttrAction}}
	return []Table{
		{
			TableName: requests, BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []Attribute{{"pk", "S"}, {"id", "S"}, {request.AttrTenant, "S"}, {attrOrder, "S"}, {attrShard, "N"},
				{request.AttrLook, "N"},
				{request.AttrThrottledBy, "S"}, {attrLine, "S"}},
			KeySchema: keySchema("pk", "id"),
			GlobalSecondaryIndexes: []Index{
				{indexByTenant, keySchema(request.AttrTenant, attrOrder), filtered},
				{indexBySubject, keySchema("pk", attrOrder), filtered},
				{indexDue, keySchema(attrShard, request.AttrLook), Projection{ProjectionType: "KEYS_ONLY"}},
				{indexBlocked, keySchema(request.AttrThrottledBy, attrLine), Projection{ProjectionType: "KEYS_ONLY"}},
			},
			TimeToLive: attrTTL,
		},
		{
			TableName: connections, BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []Attribute{{"id", "S"}, {"tenant", "S"}, {"place", "S"}, {"shard", "N"}, {"due", "N"}},
			KeySchema:            []KeyElement{{"id", "HASH"}},
			GlobalSecondaryIndexes: []Index{
				{indexByTenant, keySchema("tenant", "place"), Projection{ProjectionType: "ALL"}},
				{indexDue, keySchema("shard", "due"), Projection{ProjectionType: "KEYS_ONLY"}},
			},
			TimeToLive: "ttl",
		},
	}
}

func keySchema(hash, sort string) []KeyElement {
	return []KeyElement{{hash, "HASH"}, {sort, "RANGE"}}
}

// CreateTables makes the given tables, or else all that [Tables] says of the
// store's, where they are not there yet, and waits until they can be used. It is
// for tests and for local stacks; on AWS the template in deploy makes them.
func (s *Store) CreateTables(ctx context.Context, tables ...Table) error {
	if len(tables) == 0 {
		tables = Tables(s.requests, s.connections)
	}
	for _, table := range tables {
		if table.TableName == "" {
			continue
		}
		if err := s.createTable(ctx, table); err != nil {
			return fmt.Errorf("dynamo: create table %s: %w", table.TableName, err)
		}
	}
	return nil
}

func (s *Store) createTable(ctx context.Context, table Table) error {
	if _, err := s.api.call(ctx, "CreateTable", table); err != nil && !call.HasCode(err, "ResourceInUseException") {
		return err
	}
	for n := 1; ; n++ {
		out, err := s.api.call(ctx, "DescribeTable", input{TableName: table.TableName})
		if err != nil {
			return err
		}
		if out.Table.TableStatus == "ACTIVE" {
			break
		}
		if !call.Pause(ctx, n) {
			return ctx.Err()
		}
	}
	_, err := s.api.call(ctx, "UpdateTimeToLive", struct {
		TableName               string
		TimeToLiveSpecification any
	}{table.TableName, struct {
		AttributeName string
		Enabled       bool
	}{table.TimeToLive, true}})
	if call.HasCode(err, codeValidation) {
		return nil // it is switched on already
	}
	return err
}
