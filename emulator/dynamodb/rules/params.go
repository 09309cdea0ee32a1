package rules

import (
	"slices"
	"strings"
)

const (
	mostInTransaction, mostInTransactionBytes = 100, 4 << 20
	mostWritesInBatch, mostReadsInBatch       = 25, 100
	largestItem                               = 400 << 10
	longestToken                              = 36
	longestPlaceholder                        = 255
	mostSegments                              = 1_000_000
)

func limitAtLeastOne(c *call) string {
	if c.Limit != nil && *c.Limit < 1 {
		return constraint(itoa(*c.Limit), "limit", "have value greater than or equal to 1")
	}
	return ""
}

func segments(c *call) string {
	switch segment, total := c.Segment, c.TotalSegments; {
	case total != nil && *total < 1:
		return constraint(itoa(*total), "totalSegments", "have value greater than or equal to 1")
	case total != nil && *total > mostSegments:
		return constraint(itoa(*total), "totalSegments", "have value less than or equal to 1000000")
	case segment != nil && *segment < 0:
		return constraint(itoa(*segment), "segment", "have value greater than or equal to 0")
	case segment != nil && total == nil:
		return "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
	case segment == nil && total != nil:
		return "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
	case segment != nil && *segment >= *total:
		return "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: " + itoa(*segment) +
			" is not less than TotalSegments: " + itoa(*total)
	}
	return ""
}

func transactionItems(c *call) string {
	if !strings.HasPrefix(c.operation, "Transact") {
		return ""
	}
	switch items := len(c.TransactItems); {
	case items == 0:
		return constraint("[]", "transactItems", "have length greater than or equal to 1")
	case items > mostInTransaction:
		return constraint("["+itoa(items)+" items]", "transactItems", "have length less than or equal to 100")
	}
	for _, item := range c.TransactItems {
		if len(item) != 1 {
			return "TransactItems can only contain one of Check, Put, Update or Delete"
		}
	}
	return ""
}

func requestToken(c *call) string {
	switch token := c.ClientRequestToken; {
	case token == nil:
	case *token == "":
		return constraint("", "clientRequestToken", "have length greater than or equal to 1")
	case len(*token) > longestToken:
		return constraint(*token, "clientRequestToken", "have length less than or equal to 36")
	}
	return ""
}

func batchWrites(c *call) string {
	switch {
	case c.operation != "BatchWriteItem":
	case len(c.actions) == 0:
		return constraint("{}", "requestItems", "have length greater than or equal to 1")
	case len(c.actions) > mostWritesInBatch:
		return "Too many items requested for the BatchWriteItem call"
	}
	return ""
}

func batchReads(c *call) string {
	if c.operation != "BatchGetItem" {
		return ""
	}
	keys := 0
	for _, a := range c.actions {
		if len(a.Keys) == 0 {
			return constraint("[]", "requestItems."+a.TableName+".member.keys", "have length greater than or equal to 1")
		}
		keys += len(a.Keys)
	}
	switch {
	case len(c.actions) == 0:
		return constraint("{}", "requestItems", "have length greater than or equal to 1")
	case keys > mostReadsInBatch:
		return "Too many items requested for the BatchGetItem call"
	}
	return ""
}

func returnValues(c *call, a *action) string {
	wrong := a.ReturnValues != "" && a.ReturnValues != "NONE" && a.ReturnValues != "ALL_OLD"
	if wrong && (c.operation == "PutItem" || c.operation == "DeleteItem") {
		return "ReturnValues can only be ALL_OLD or NONE"
	}
	if failed := a.ReturnValuesOnConditionCheckFailure; failed != "" && failed != "NONE" && failed != "ALL_OLD" {
		return constraint(failed, "returnValuesOnConditionCheckFailure", "satisfy enum value set: [ALL_OLD, NONE]")
	}
	return ""
}

func oneKindOfParameters(_ *call, a *action) string {
	var given []string
	for _, e := range a.expressions() {
		given = append(given, e.parameter)
	}
	if legacy := a.legacy(); len(legacy) > 0 && len(given) > 0 {
		return "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {" +
			strings.Join(legacy, ", ") + "} Expression parameters: {" + strings.Join(given, ", ") + "}"
	}
	return ""
}

func namesWithoutExpressions(_ *call, a *action) string {
	switch {
	case a.ExpressionAttributeNames == nil:
	case len(a.expressions()) == 0:
		return "ExpressionAttributeNames can only be specified when using expressions"
	case len(a.ExpressionAttributeNames) == 0:
		return "ExpressionAttributeNames must not be empty"
	}
	return ""
}

// takeValues are the expressions of an action that may have values.
var takeValues = map[string][]string{
	"Put": {"ConditionExpression"}, "Delete": {"ConditionExpression"}, "ConditionCheck": {"ConditionExpression"},
	"Update": {"UpdateExpression", "ConditionExpression"},
	"Query":  {"FilterExpression", "KeyConditionExpression"}, "Scan": {"FilterExpression"},
}

func valuesWithoutExpressions(_ *call, a *action) string {
	take := takeValues[a.kind]
	given := slices.ContainsFunc(a.expressions(), func(e expression) bool { return slices.Contains(take, e.parameter) })
	switch {
	case a.ExpressionAttributeValues == nil:
	case !given && len(take) > 1:
		return "ExpressionAttributeValues can only be specified when using expressions: " + strings.Join(take, " and ") + " are null"
	case !given:
		return "ExpressionAttributeValues can only be specified when using expressions: " + strings.Join(take, "") + " is null"
	case len(a.ExpressionAttributeValues) == 0:
		return "ExpressionAttributeValues must not be empty"
	}
	return ""
}

// badPlaceholder is the first that is not of the sign and of letters, digits and underscores.
func badPlaceholder(all []string, sign byte) string {
	for _, key := range all {
		if len(key) > longestPlaceholder || len(key) < 2 || key[0] != sign || len(tokens(key)) != 1 {
			return key
		}
	}
	return ""
}

func spellingOfNames(_ *call, a *action) string {
	if bad := badPlaceholder(sortedKeys(a.ExpressionAttributeNames), '#'); bad != "" {
		return "ExpressionAttributeNames contains invalid key: Syntax error; key: \"" + bad + "\""
	}
	return ""
}

func spellingOfValues(_ *call, a *action) string {
	if bad := badPlaceholder(sortedKeys(a.ExpressionAttributeValues), ':'); bad != "" {
		return "ExpressionAttributeValues contains invalid key: Syntax error; key: \"" + bad + "\""
	}
	return ""
}

// unused are the placeholders that no expression of the action has.
func (a *action) unused(all []string) string {
	for _, e := range a.expressions() {
		all = slices.DeleteFunc(all, func(key string) bool { return slices.Contains(e.tokens, key) })
	}
	return strings.Join(all, ", ")
}

func namesUsed(_ *call, a *action) string {
	if unused := a.unused(sortedKeys(a.ExpressionAttributeNames)); unused != "" {
		return "Value provided in ExpressionAttributeNames unused in expressions: keys: {" + unused + "}"
	}
	return ""
}

func valuesUsed(_ *call, a *action) string {
	if unused := a.unused(sortedKeys(a.ExpressionAttributeValues)); unused != "" {
		return "Value provided in ExpressionAttributeValues unused in expressions: keys: {" + unused + "}"
	}
	return ""
}

// selection wants Select to agree with what else says which attributes are read.
func selection(c *call) string {
	projected := c.ProjectionExpression != nil || c.AttributesToGet != nil
	parameter := "AttributesToGet"
	if c.ProjectionExpression != nil {
		parameter = "ProjectionExpression"
	}
	switch {
	case c.Select == "":
	case !slices.Contains([]string{"ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"}, c.Select):
		return constraint(c.Select, "select",
			"satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]")
	case projected && c.Select == "COUNT":
		return "Cannot specify the " + parameter + " when choosing to get only the Count"
	case projected && c.Select != "SPECIFIC_ATTRIBUTES":
		return "Cannot specify the " + parameter + " when choosing to get " + c.Select
	case !projected && c.Select == "SPECIFIC_ATTRIBUTES":
		return "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
	case c.Select == "ALL_PROJECTED_ATTRIBUTES" && c.IndexName == "":
		return "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
	}
	return ""
}

func attributeNames(_ *call, a *action) string {
	if _, empty := a.Item[""]; empty {
		return "One or more parameter values were invalid: An attribute name must have at least one character"
	}
	return ""
}

func itemSize(_ *call, a *action) string {
	if a.Item.size() > largestItem {
		return "Item size has exceeded the maximum allowed size"
	}
	return ""
}

// transactionSize counts what the request brings, which is what its items have at least.
func transactionSize(c *call) string {
	if c.operation != "TransactWriteItems" {
		return ""
	}
	size := 0
	for _, a := range c.actions {
		size += a.Item.size() + a.Key.size() + a.ExpressionAttributeValues.size()
	}
	if size > mostInTransactionBytes {
		return "Collection size of items exceeded, which can also be caused by the aggregate size of the items in the transaction " +
			"exceeding the 4MB limit"
	}
	return ""
}
