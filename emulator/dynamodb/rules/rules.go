// Package rules refuses requests that DynamoDB refuses, in front of a server that may be more
// lenient: an application that passes its tests on the server then passes on AWS.
//
// Each rule has a name and the page of AWS's documentation that states it. What only the stored
// item can tell, such as a condition or the size that an update comes to, is left to the server.
package rules

import (
	"strconv"
	"strings"
)

// A Refusal is the request's fault that a rule found.
type Refusal struct {
	Rule    string // its name, such as "unused values"
	Source  string // where AWS states it
	Message string // as DynamoDB words it
	// Cancels is set in a transaction when the fault is that of an item against its table, of which
	// DynamoDB says so in the reasons of a TransactionCanceledException. It counts the items.
	Cancels int
	at      int // the item, from 0
}

func (r *Refusal) Error() string { return r.Rule + ": " + r.Message + " (" + r.Source + ")" }

// The pages that the rules are from.
const (
	limits         = "Amazon DynamoDB Developer Guide, \"Constraints in Amazon DynamoDB\""
	guideNames     = "Amazon DynamoDB Developer Guide, \"Expression attribute names (aliases) in DynamoDB\""
	guideValues    = "Amazon DynamoDB Developer Guide, \"Using expression attribute values in DynamoDB\""
	guideWords     = "Amazon DynamoDB Developer Guide, \"Reserved words in DynamoDB\""
	guideUpdate    = "Amazon DynamoDB Developer Guide, \"Using update expressions in DynamoDB\""
	guideOperators = "Amazon DynamoDB Developer Guide, \"Condition and filter expressions, operators, and functions in DynamoDB\""
	guideLegacy    = "Amazon DynamoDB Developer Guide, \"Legacy DynamoDB conditional parameters\""
	guideQuery     = "Amazon DynamoDB Developer Guide, \"Querying tables in DynamoDB\""
	guideFilter    = "Amazon DynamoDB Developer Guide, \"Filter expressions for the Query operation\""
	guideIndexes   = "Amazon DynamoDB Developer Guide, \"Using Global Secondary Indexes in DynamoDB\""
	guideTypes     = "Amazon DynamoDB Developer Guide, \"Supported data types and naming rules in Amazon DynamoDB\""
	apiValue       = "Amazon DynamoDB API Reference, \"AttributeValue\""
	apiQuery       = "Amazon DynamoDB API Reference, \"Query\""
	apiScan        = "Amazon DynamoDB API Reference, \"Scan\""
	apiPut         = "Amazon DynamoDB API Reference, \"PutItem\""
	apiGet         = "Amazon DynamoDB API Reference, \"GetItem\""
	apiUpdate      = "Amazon DynamoDB API Reference, \"UpdateItem\""
	apiBatchGet    = "Amazon DynamoDB API Reference, \"BatchGetItem\""
	apiBatch       = "Amazon DynamoDB API Reference, \"BatchWriteItem\""
	apiTransact    = "Amazon DynamoDB API Reference, \"TransactWriteItems\""
)

// A rule has one check, which returns what is wrong, or nothing: of the whole call, or of each
// action, expression or value, or of each action against its table.
type rule struct {
	name, source string
	call         func(*call) string
	action       func(*call, *action) string
	expression   func(*action, expression) string
	value        func(value) string
	table        func(*call, *action, *schema) string
}

// rules are in the order in which a call is held against them.
var rules = []rule{
	{name: "limit", source: apiQuery, call: limitAtLeastOne},
	{name: "segments", source: apiScan, call: segments},
	{name: "items of a transaction", source: apiTransact, call: transactionItems},
	{name: "request token", source: apiTransact, call: requestToken},
	{name: "items of a batch of writes", source: apiBatch, call: batchWrites},
	{name: "keys of a batch of reads", source: apiBatchGet, call: batchReads},
	{name: "return values", source: apiPut, action: returnValues},
	{name: "expressions or legacy parameters", source: guideLegacy, action: oneKindOfParameters},
	{name: "names without expressions", source: guideNames, action: namesWithoutExpressions},
	{name: "values without expressions", source: guideValues, action: valuesWithoutExpressions},
	{name: "spelling of names", source: guideNames, action: spellingOfNames},
	{name: "spelling of values", source: guideValues, action: spellingOfValues},
	{name: "selection", source: apiQuery, call: selection},
	{name: "one type", source: apiValue, value: oneType},
	{name: "null is true", source: apiValue, value: nullIsTrue},
	{name: "empty sets", source: guideTypes, value: fullSet},
	{name: "unique members", source: guideTypes, value: uniqueMembers},
	{name: "numbers", source: limits, value: numberFormat},
	{name: "depth", source: limits, value: depth},
	{name: "attribute names", source: limits, action: attributeNames},
	{name: "item size", source: limits, action: itemSize},
	{name: "transaction size", source: apiTransact, call: transactionSize},
	{name: "empty expressions", source: apiUpdate, expression: notEmpty},
	{name: "expression length", source: limits, expression: expressionLength},
	{name: "operators", source: limits, expression: operators},
	{name: "operands of IN", source: limits, expression: operandsOfIn},
	{name: "reserved words", source: guideWords, expression: reservedWord},
	{name: "undefined names", source: guideNames, expression: namesDefined},
	{name: "undefined values", source: guideValues, expression: valuesDefined},
	{name: "unused names", source: guideNames, action: namesUsed},
	{name: "unused values", source: guideValues, action: valuesUsed},
	{name: "overlapping paths", source: guideUpdate, expression: overlap},
	{name: "operands of ADD and DELETE", source: guideUpdate, expression: operandType},
	{name: "distinct operands", source: guideOperators, expression: comparison},
	{name: "types of attribute_type", source: guideOperators, expression: attributeType},
	{name: "primary key", source: apiGet, table: primaryKey},
	{name: "keys of an item", source: apiPut, table: keysOfItem},
	{name: "empty keys", source: apiPut, table: emptyKey},
	{name: "key size", source: limits, table: keySize},
	{name: "index keys", source: guideIndexes, table: indexKeys},
	{name: "updated keys", source: apiUpdate, table: keyUpdate},
	{name: "key condition", source: guideQuery, table: keyCondition},
	{name: "filtered keys", source: guideFilter, table: keyFilter},
	{name: "start key", source: apiQuery, table: startKey},
	{name: "consistent index", source: apiQuery, table: consistentIndex},
	{name: "items at most once", source: apiTransact, call: oneItemOnce},
}

// check holds a call against the rules, and returns the first fault.
func check(c *call) *Refusal {
	for _, r := range rules {
		if r.call != nil {
			if wrong := r.call(c); wrong != "" {
				return &Refusal{Rule: r.name, Source: r.source, Message: wrong}
			}
			continue
		}
		for n := range c.actions {
			wrong := r.check(c, &c.actions[n])
			if wrong == "" {
				continue
			}
			refusal := &Refusal{Rule: r.name, Source: r.source, Message: wrong}
			if r.table != nil && strings.HasPrefix(c.operation, "Transact") {
				refusal.Cancels, refusal.at = len(c.actions), n
			}
			return refusal
		}
	}
	return nil
}

func (r rule) check(c *call, a *action) string {
	switch {
	case r.action != nil:
		return r.action(c, a)
	case r.value != nil:
		return a.values(r.value)
	case r.table != nil:
		if s := c.schema(a.TableName); s != nil {
			return r.table(c, a, s)
		}
		return ""
	}
	for _, e := range a.expressions() {
		if wrong := r.expression(a, e); wrong != "" {
			return wrong
		}
	}
	return ""
}

// values calls f for each value of an action, until it has something to say.
func (a *action) values(f func(value) string) string {
	if a.given == nil {
		for _, i := range append(a.keys(), a.Item, a.ExclusiveStartKey) {
			for _, name := range sortedKeys(i) {
				a.given = append(a.given, i[name])
			}
		}
		a.placeholders = sortedKeys(a.ExpressionAttributeValues)
	}
	for _, v := range a.given {
		if wrong := v.all(f); wrong != "" {
			return wrong
		}
	}
	for _, name := range a.placeholders {
		if wrong := a.ExpressionAttributeValues[name].all(f); wrong != "" {
			return "ExpressionAttributeValues contains invalid value: " + wrong + " for key " + name
		}
	}
	return ""
}

func itoa(n int) string { return strconv.Itoa(n) }

// constraint is how DynamoDB words a fault against the form of a parameter.
func constraint(value, parameter, wanted string) string {
	return "1 validation error detected: Value '" + value + "' at '" + parameter + "' failed to satisfy constraint: Member must " + wanted
}
