package rules

import (
	"encoding/json"
	"maps"
	"slices"
)

// A call is a request whose body was read once: its parameters, and what it does to each
// item or range of items.
type call struct {
	operation string
	params
	actions []action
	// schema returns how a table is made; nil: there is none of that name.
	schema func(table string) *schema
}

// params are those of all operations; each has a few.
type params struct {
	action
	Limit, Segment, TotalSegments *int
	Select                        string
	ClientRequestToken            *string
	TransactItems                 []map[string]*action
	RequestItems                  map[string]json.RawMessage
}

// An action is what concerns one item, the keys of one table, or one range of items.
type action struct {
	kind   string // Put, Update, Delete, ConditionCheck, Get, Query, Scan
	parsed []expression
	read   bool // the expressions were

	given        []value  // of its items and keys
	placeholders []string // of its values, in order

	TableName, IndexName      string
	Item                      item
	Key, ExclusiveStartKey    item
	Keys                      []item // of a batch that reads
	UpdateExpression          *string
	ConditionExpression       *string
	KeyConditionExpression    *string
	FilterExpression          *string
	ProjectionExpression      *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues item
	ReturnValues              string
	ConsistentRead            bool

	ReturnValuesOnConditionCheckFailure string

	// What expressions have replaced, as it is written.
	AttributesToGet, AttributeUpdates, ConditionalOperator, Expected, KeyConditions, QueryFilter, ScanFilter json.RawMessage
}

// kinds are the actions that are operations of their own.
var kinds = map[string]string{"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete", "GetItem": "Get",
	"Query": "Query", "Scan": "Scan"}

// read reads a body. It reports false for an operation that has no rules here, and for a
// body that is not of its form, about which the server has its own words.
func read(operation string, body []byte) (*call, bool) {
	kind := kinds[operation]
	batch := operation == "BatchGetItem" || operation == "BatchWriteItem"
	transaction := operation == "TransactWriteItems" || operation == "TransactGetItems"
	if kind == "" && !batch && !transaction {
		return nil, false
	}
	c := &call{operation: operation}
	if json.Unmarshal(body, &c.params) != nil {
		return nil, false
	}
	switch {
	case transaction:
		for _, members := range c.TransactItems {
			for kind, a := range members {
				if a != nil {
					a.kind = kind
					c.actions = append(c.actions, *a)
				}
			}
		}
	case batch:
		for _, table := range slices.Sorted(maps.Keys(c.RequestItems)) {
			if !c.readBatch(table, c.RequestItems[table]) {
				return nil, false
			}
		}
	default:
		c.action.kind = kind
		c.actions = []action{c.action}
	}
	return c, true
}

// readBatch reads what a batch does to a table.
func (c *call) readBatch(table string, raw json.RawMessage) bool {
	if c.operation == "BatchGetItem" {
		reads := action{kind: "Get"}
		err := json.Unmarshal(raw, &reads)
		reads.TableName = table
		c.actions = append(c.actions, reads)
		return err == nil
	}
	var writes []struct{ PutRequest, DeleteRequest *action }
	if json.Unmarshal(raw, &writes) != nil {
		return false
	}
	for _, w := range writes {
		if put := w.PutRequest; put != nil {
			put.kind, put.TableName = "Put", table
			c.actions = append(c.actions, *put)
		}
		if remove := w.DeleteRequest; remove != nil {
			remove.kind, remove.TableName = "Delete", table
			c.actions = append(c.actions, *remove)
		}
	}
	return true
}

// keys are the primary keys that the action names.
func (a *action) keys() []item {
	if a.Key != nil {
		return append([]item{a.Key}, a.Keys...)
	}
	return a.Keys
}

// A parameter is one of an action, where it is given.
type parameter struct {
	name  string
	given bool
}

func names(all []parameter) []string {
	var given []string
	for _, p := range all {
		if p.given {
			given = append(given, p.name)
		}
	}
	return given
}

// legacy are the given parameters that expressions have replaced.
func (a *action) legacy() []string {
	return names([]parameter{
		{"AttributesToGet", a.AttributesToGet != nil}, {"AttributeUpdates", a.AttributeUpdates != nil},
		{"ConditionalOperator", a.ConditionalOperator != nil}, {"Expected", a.Expected != nil},
		{"KeyConditions", a.KeyConditions != nil}, {"QueryFilter", a.QueryFilter != nil}, {"ScanFilter", a.ScanFilter != nil},
	})
}
