// Package rulestest has requests to DynamoDB that AWS refuses, each with one that it takes, for tests
// of what answers them.
package rulestest

import (
	"slices"
	"strconv"
	"strings"
)

// A Case is an invalid request, which the rule of that name refuses, and a valid one beside it.
type Case struct {
	Name, Rule, Operation string
	Invalid, Valid        string // bodies
	Says                  string // a part of DynamoDB's message
	Dynoxide              bool   // dynoxide takes the invalid one
}

// Cases returns all cases. They are of the table that [Table] makes.
func Cases() []Case {
	all := slices.Clone(cases)
	for n := range all {
		all[n].Invalid, all[n].Valid = short.Replace(all[n].Invalid), short.Replace(all[n].Valid)
	}
	return all
}

// Table is a body of CreateTable: the table has a key of two strings, and a global index of a string and a number.
const Table = `{"TableName": "things", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "id", "AttributeType": "S"},
		{"AttributeName": "g", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
	"GlobalSecondaryIndexes": [{"IndexName": "by_g", "Projection": {"ProjectionType": "ALL"},
		"KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}]}]}`

// short are what the cases have in common, spelled @ and a letter.
var short = strings.NewReplacer(
	"@H", `"TableName": "things"`,
	"@T", `"TableName": "things", "Key": {"pk": {"S": "a"}, "id": {"S": "b"}}`,
	"@P", `"TableName": "things", "Item": {"pk": {"S": "a"}, "id": {"S": "b"}`, // the item is open
	"@Q", `"TableName": "things", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}`, // so are the values
	"@G", `"TableName": "things", "IndexName": "by_g", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "a"}}`,
	"@K", `"TableName": "things", "KeyConditionExpression"`,
	"@N", `"ExpressionAttributeNames"`, "@V", `"ExpressionAttributeValues"`,
	"@C", `"ConditionExpression"`, "@U", `"UpdateExpression"`, "@J", `"ProjectionExpression"`,
)

// many repeats a text with a number for each %d.
func many(n int, format, between string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.ReplaceAll(format, "%d", strconv.Itoa(i))
	}
	return strings.Join(all, between)
}

func text(length int) string { return strings.Repeat("x", length) }

var cases = []Case{
	{Name: "limit of none", Rule: "limit", Operation: "Query", Invalid: `{@Q}, "Limit": 0}`, Valid: `{@Q}, "Limit": 1}`,
		Says: "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
	{Name: "segment without a total", Rule: "segments", Operation: "Scan",
		Invalid: `{@H, "Segment": 0}`, Valid: `{@H, "Segment": 0, "TotalSegments": 1}`,
		Says: "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"},
	{Name: "segment beyond the total", Rule: "segments", Operation: "Scan",
		Invalid: `{@H, "Segment": 2, "TotalSegments": 2}`, Valid: `{@H, "Segment": 1, "TotalSegments": 2}`,
		Says: "must be less than parameter TotalSegments"},
	{Name: "101 items of a transaction", Rule: "items of a transaction", Operation: "TransactWriteItems",
		Invalid: transaction(101), Valid: transaction(100),
		Says: "at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100"},
	{Name: "no token", Rule: "request token", Operation: "TransactWriteItems", Dynoxide: true,
		Invalid: `{"TransactItems": [{"Put": {@P}}}], "ClientRequestToken": ""}`,
		Valid:   `{"TransactItems": [{"Put": {@P}}}], "ClientRequestToken": "one"}`,
		Says:    "at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 1"},
	{Name: "an item as it will be", Rule: "return values", Operation: "PutItem", Dynoxide: true,
		Invalid: `{@P}, "ReturnValuesOnConditionCheckFailure": "ALL_NEW"}`, Valid: `{@P}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}`,
		Says: "at 'returnValuesOnConditionCheckFailure' failed to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, NONE]"},
	{Name: "a long name", Rule: "spelling of names", Operation: "GetItem", Dynoxide: true,
		Invalid: `{@T, @J: "#` + text(255) + `", @N: {"#` + text(255) + `": "a"}}`,
		Valid:   `{@T, @J: "#` + text(254) + `", @N: {"#` + text(254) + `": "a"}}`,
		Says:    "ExpressionAttributeNames contains invalid key"},
	{Name: "an attribute without a name", Rule: "attribute names", Operation: "PutItem", Dynoxide: true,
		Invalid: `{@P, "": {"S": "a"}}}`, Valid: `{@P, "a": {"S": "a"}}}`, Says: "An attribute name must have at least one character"},
	{Name: "a path and itself", Rule: "distinct operands", Operation: "PutItem", Dynoxide: true,
		Invalid: `{@P}, @C: "pk = pk"}`, Valid: `{@P}, @C: "pk <> id"}`,
		Says: "Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; " +
			"operator: =, first operand: [pk]"},
	{Name: "a type of no name", Rule: "types of attribute_type", Operation: "PutItem", Dynoxide: true,
		Invalid: `{@P}, @C: "attribute_exists(pk) OR attribute_type(x, :t)", @V: {":t": {"S": "Q"}}}`,
		Valid:   `{@P}, @C: "attribute_exists(pk) OR attribute_type(x, :t)", @V: {":t": {"S": "N"}}}`,
		Says:    "Invalid attribute type name found; type: Q"},
	{Name: "a type that is a number", Rule: "types of attribute_type", Operation: "PutItem", Dynoxide: true,
		Invalid: `{@P}, @C: "attribute_exists(pk) OR attribute_type(x, :t)", @V: {":t": {"N": "1"}}}`,
		Valid:   `{@P}, @C: "attribute_exists(pk) OR attribute_type(x, :t)", @V: {":t": {"S": "NS"}}}`,
		Says:    "operator or function: attribute_type, operand type: N"},
	{Name: "a key condition of another type", Rule: "key condition", Operation: "Query", Dynoxide: true,
		Invalid: `{@K: "pk = :p AND id > :n", @V: {":p": {"S": "a"}, ":n": {"N": "1"}}}`,
		Valid:   `{@K: "pk = :p AND id > :n", @V: {":p": {"S": "a"}, ":n": {"S": "1"}}}`,
		Says:    "Condition parameter type does not match schema type"},
	{Name: "an empty partition key of a query", Rule: "key condition", Operation: "Query", Dynoxide: true,
		Invalid: `{@K: "pk = :p", @V: {":p": {"S": ""}}}`, Valid: `{@Q}}`,
		Says: "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
	{Name: "a start key of another partition", Rule: "start key", Operation: "Query", Dynoxide: true,
		Invalid: `{@Q}, "ExclusiveStartKey": {"pk": {"S": "b"}, "id": {"S": "b"}}}`,
		Valid:   `{@Q}, "ExclusiveStartKey": {"pk": {"S": "a"}, "id": {"S": "b"}}}`,
		Says:    "The provided starting key is outside query boundaries based on provided conditions"},
	startKey("id BETWEEN :f AND :l", "e", "d"),
	{Name: "a start key below a number", Rule: "start key", Operation: "Query", Dynoxide: true,
		Invalid: aboveTen("9"), Valid: aboveTen("10.5"), Says: "outside query boundaries"},
	{Name: "a start key below a negative number", Rule: "start key", Operation: "Query", Dynoxide: true,
		Invalid: aboveTen("-100"), Valid: aboveTen("1e2"), Says: "outside query boundaries"},
	{Name: "an empty start key", Rule: "start key", Operation: "Query", Dynoxide: true,
		Invalid: `{@Q}, "ExclusiveStartKey": {"pk": {"S": "a"}, "id": {"S": ""}}}`,
		Valid:   `{@Q}, "ExclusiveStartKey": {"pk": {"S": "a"}, "id": {"S": "b"}}}`, Says: "The provided starting key is invalid"},
	{Name: "two actions in one member", Rule: "items of a transaction", Operation: "TransactWriteItems",
		Invalid: `{"TransactItems": [{"Put": {@P}}, "Delete": {@T}}]}`, Valid: `{"TransactItems": [{"Put": {@P}}}]}`,
		Says: "can only contain one of", Dynoxide: true},
	{Name: "a token of 37", Rule: "request token", Operation: "TransactWriteItems",
		Invalid: `{"TransactItems": [{"Put": {@P}}}], "ClientRequestToken": "` + text(37) + `"}`,
		Valid:   `{"TransactItems": [{"Put": {@P}}}], "ClientRequestToken": "` + text(36) + `"}`,
		Says:    "at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36"},
	{Name: "26 writes", Rule: "items of a batch of writes", Operation: "BatchWriteItem",
		Invalid: `{"RequestItems": {"things": [` + many(26, put, ",") + `]}}`,
		Valid:   `{"RequestItems": {"things": [` + many(25, put, ",") + `]}}`,
		Says:    "Too many items requested for the BatchWriteItem call"},
	{Name: "101 reads", Rule: "keys of a batch of reads", Operation: "BatchGetItem",
		Invalid: `{"RequestItems": {"things": {"Keys": [` + many(101, `{"pk": {"S": "a"}, "id": {"S": "%d"}}`, ",") + `]}}}`,
		Valid:   `{"RequestItems": {"things": {"Keys": [` + many(100, `{"pk": {"S": "a"}, "id": {"S": "%d"}}`, ",") + `]}}}`,
		Says:    "Too many items requested for the BatchGetItem call"},
	{Name: "new values of a put", Rule: "return values", Operation: "PutItem",
		Invalid: `{@P}, "ReturnValues": "ALL_NEW"}`, Valid: `{@P}, "ReturnValues": "ALL_OLD"}`,
		Says: "ReturnValues can only be ALL_OLD or NONE"},
	{Name: "legacy beside an expression", Rule: "expressions or legacy parameters", Operation: "GetItem",
		Invalid: `{@T, @J: "a", "AttributesToGet": ["a"]}`, Valid: `{@T, "AttributesToGet": ["a"]}`,
		Says: "Can not use both expression and non-expression parameters in the same request: " +
			"Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"},
	{Name: "names without an expression", Rule: "names without expressions", Operation: "GetItem",
		Invalid: `{@T, @N: {"#a": "a"}}`,
		Valid:   `{@T, @J: "#a", @N: {"#a": "a"}}`,
		Says:    "ExpressionAttributeNames can only be specified when using expressions"},
	{Name: "no names", Rule: "names without expressions", Operation: "GetItem",
		Invalid: `{@T, @J: "a", @N: {}}`, Valid: `{@T, @J: "a"}`,
		Says: "ExpressionAttributeNames must not be empty"},
	{Name: "values without an expression", Rule: "values without expressions", Operation: "PutItem",
		Invalid: `{@P}, @V: {":a": {"S": "a"}}}`,
		Valid:   `{@P}, @C: "pk = :a", @V: {":a": {"S": "a"}}}`,
		Says:    "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"},
	{Name: "no values", Rule: "values without expressions", Operation: "UpdateItem",
		Invalid: `{@T, @U: "REMOVE a", @V: {}}`, Valid: `{@T, @U: "REMOVE a"}`,
		Says: "ExpressionAttributeValues must not be empty"},
	{Name: "a name's hyphen", Rule: "spelling of names", Operation: "GetItem",
		Invalid: `{@T, @J: "#a-b", @N: {"#a-b": "a"}}`,
		Valid:   `{@T, @J: "#a_b", @N: {"#a_b": "a"}}`,
		Says:    `ExpressionAttributeNames contains invalid key: Syntax error; key: \"#a-b\"`},
	{Name: "a value without its colon", Rule: "spelling of values", Operation: "UpdateItem",
		Invalid: `{@T, @U: "SET a = :a", @V: {"a": {"S": "a"}}}`,
		Valid:   `{@T, @U: "SET a = :a", @V: {":a": {"S": "a"}}}`,
		Says:    `ExpressionAttributeValues contains invalid key: Syntax error; key: \"a\"`},
	{Name: "all of a projection", Rule: "selection", Operation: "Query",
		Invalid: `{@Q}, "Select": "ALL_ATTRIBUTES", @J: "pk"}`,
		Valid:   `{@Q}, "Select": "SPECIFIC_ATTRIBUTES", @J: "pk"}`,
		Says:    "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES"},
	{Name: "a count of a projection", Rule: "selection", Operation: "Query",
		Invalid: `{@Q}, "Select": "COUNT", @J: "pk"}`, Valid: `{@Q}, "Select": "COUNT"}`,
		Says: "Cannot specify the ProjectionExpression when choosing to get only the Count"},
	{Name: "specific ones of none", Rule: "selection", Operation: "Query",
		Invalid: `{@Q}, "Select": "SPECIFIC_ATTRIBUTES"}`, Valid: `{@Q}, "Select": "ALL_ATTRIBUTES"}`,
		Says: "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"},
	{Name: "the projected ones of a table", Rule: "selection", Operation: "Query",
		Invalid: `{@Q}, "Select": "ALL_PROJECTED_ATTRIBUTES"}`,
		Valid:   `{@G, "Select": "ALL_PROJECTED_ATTRIBUTES"}`,
		Says:    "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"},
	value("no type", "one type", `{}`, `{"S": ""}`, "Supplied AttributeValue is empty"),
	value("two types", "one type", `{"S": "a", "N": "1"}`, `{"N": "1"}`, "Supplied AttributeValue has more than one datatypes set"),
	value("null is false", "null is true", `{"NULL": false}`, `{"NULL": true}`, "Null attribute value types must have the value of true"),
	value("no strings", "empty sets", `{"SS": []}`, `{"SS": ["a"]}`, "An string set  may not be empty"),
	value("no numbers", "empty sets", `{"NS": []}`, `{"NS": ["1"]}`, "An number set  may not be empty"),
	value("no binaries", "empty sets", `{"BS": []}`, `{"BS": ["YQ=="]}`, "Binary sets should not be empty"),
	value("an empty set in a list", "empty sets", `{"L": [{"SS": []}]}`, `{"L": []}`, "An string set  may not be empty"),
	value("a string twice", "unique members", `{"SS": ["a", "b", "a"]}`, `{"SS": ["a", "b"]}`, "Input collection [a, b, a] contains dup"),
	value("a number twice", "unique members", `{"NS": ["1", "1.0"]}`, `{"NS": ["1", "10"]}`, "Input collection contains duplicates"),
	value("a binary twice", "unique members", `{"BS": ["YQ==", "YQ=="]}`, `{"BS": ["YQ==", "Yg=="]}`, "of type BS contains duplicates."),
	value("39 digits", "numbers", `{"N": "123456789012345678901234567890123456789"}`, `{"N": "12345678901234567890123456789012345678000"}`,
		"Attempting to store more than 38 significant digits in a Number"),
	value("a great number", "numbers", `{"N": "1e126"}`, `{"N": "9.9999999999999999999999999999999999999E+125"}`, "Number overflow."),
	value("a small number", "numbers", `{"N": "1e-131"}`, `{"N": "-1E-130"}`, "Number underflow."),
	value("words for a number", "numbers", `{"N": "NaN"}`, `{"N": "-0.5"}`, "The parameter cannot be converted to a numeric value: NaN"),
	value("nothing for a number", "numbers", `{"N": ""}`, `{"N": "0"}`, "The parameter cannot be converted to a numeric value"),
	value("33 levels", "depth", lists(33), lists(31), "Nesting Levels have exceeded supported limits"),
	{Name: "an item above 400 KB", Rule: "item size", Operation: "PutItem",
		Invalid: `{@P, "x": {"S": "` + text(400<<10) + `"}}}`, Valid: `{@P, "x": {"S": "` + text(400<<10-7) + `"}}}`,
		Says: "Item size has exceeded the maximum allowed size"},
	{Name: "above 4 MB", Rule: "transaction size", Operation: "TransactWriteItems",
		Invalid: `{"TransactItems": [` + many(11, large, ",") + `]}`,
		Valid:   `{"TransactItems": [` + many(10, large, ",") + `]}`,
		Says:    "exceeding the 4MB limit"},
	{Name: "an empty expression", Rule: "empty expressions", Operation: "PutItem",
		Invalid: `{@P}, @C: ""}`, Valid: `{@P}, @C: "attribute_exists(pk)"}`,
		Says: "Invalid ConditionExpression: The expression can not be empty;"},
	{Name: "above 4 KB", Rule: "expression length", Operation: "GetItem",
		Invalid: `{@T, @J: "` + text(4097) + `"}`, Valid: `{@T, @J: "` + text(4096) + `"}`,
		Says: "Invalid ProjectionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097"},
	{Name: "301 operators", Rule: "operators", Operation: "UpdateItem",
		Invalid: `{@T, @U: "SET s = ` + many(302, `:v`, "+") + `", @V: {":v": {"N": "1"}}}`,
		Valid:   `{@T, @U: "SET s = :v + :v", @V: {":v": {"N": "1"}}}`,
		Says:    "Invalid UpdateExpression: "},
	{Name: "101 operands", Rule: "operands of IN", Operation: "PutItem",
		Invalid: `{@P}, @C: "pk IN (` + many(101, `:v%d`, ",") + `)", @V: {` + many(101, `":v%d": {"S": "a"}`, ",") + `}}`,
		Valid:   `{@P}, @C: "pk IN (` + many(100, `:v%d`, ",") + `)", @V: {` + many(100, `":v%d": {"S": "a"}`, ",") + `}}`,
		Says:    "Incorrect number of operands for operator or function; operator or function: IN", Dynoxide: true},
	{Name: "a reserved word", Rule: "reserved words", Operation: "UpdateItem",
		Invalid: `{@T, @U: "REMOVE status"}`, Valid: `{@T, @U: "REMOVE statuses"}`,
		Says: "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status"},
	{Name: "a reserved word in a map", Rule: "reserved words", Operation: "GetItem",
		Invalid: `{@T, @J: "a.Name"}`, Valid: `{@T, @J: "a.names_"}`,
		Says: "Attribute name is a reserved keyword; reserved keyword: Name"},
	{Name: "a reserved word in a condition", Rule: "reserved words", Operation: "PutItem",
		Invalid: `{@P}, @C: "attribute_not_exists(ttl)"}`, Valid: `{@P}, @C: "size(pk) > pk OR attribute_exists(pk)"}`,
		Says: "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: ttl"},
	{Name: "a name that is not defined", Rule: "undefined names", Operation: "GetItem",
		Invalid: `{@T, @J: "#a, #b", @N: {"#a": "a"}}`,
		Valid:   `{@T, @J: "#a, #b", @N: {"#a": "a", "#b": "b"}}`,
		Says:    "An expression attribute name used in the document path is not defined; attribute name: #b"},
	{Name: "a value that is not defined", Rule: "undefined values", Operation: "UpdateItem",
		Invalid: `{@T, @U: "SET a = :a, b = :b", @V: {":a": {"S": "a"}}}`,
		Valid:   `{@T, @U: "SET a = :a, b = :b", @V: {":a": {"S": "a"}, ":b": {"S": "a"}}}`,
		Says:    "An expression attribute value used in expression is not defined; attribute value: :b"},
	{Name: "a name that is not used", Rule: "unused names", Operation: "GetItem",
		Invalid: `{@T, @J: "#ab", @N: {"#a": "a", "#ab": "b"}}`,
		Valid:   `{@T, @J: "#ab, #a", @N: {"#a": "a", "#ab": "b"}}`,
		Says:    "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"},
	{Name: "a value that is not used", Rule: "unused values", Operation: "UpdateItem",
		Invalid: `{@T, @U: "SET a = :ab", @V: {":a": {"S": "a"}, ":ab": {"S": "a"}}}`,
		Valid: `{@T, @U: "SET a = :ab", @C: "pk = :a",
			@V: {":a": {"S": "a"}, ":ab": {"S": "a"}}}`,
		Says: "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a}"},
	{Name: "a value that is not used in a transaction", Rule: "unused values", Operation: "TransactWriteItems",
		Invalid: `{"TransactItems": [{"Update": {@T, @U: "REMOVE a", @C: "pk = :a",
			@V: {":a": {"S": "a"}, ":b": {"S": "a"}}}}]}`,
		Valid: `{"TransactItems": [{"Update": {@T, @U: "REMOVE a", @C: "pk = :a",
			@V: {":a": {"S": "a"}}}}]}`,
		Says: "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"},
	{Name: "a path in another", Rule: "overlapping paths", Operation: "UpdateItem",
		Invalid: `{@T, @U: "SET m = :a REMOVE #m.b", @N: {"#m": "m"}, @V: {":a": {"M": {}}}}`,
		Valid:   `{@T, @U: "SET m = :a REMOVE #m", @N: {"#m": "o"}, @V: {":a": {"M": {}}}}`,
		Says: "Invalid UpdateExpression: Two document paths overlap with each other; " +
			"must remove or rewrite one of these paths; path one: [m], path two: [m, b]"},
	{Name: "a map that is a list", Rule: "overlapping paths", Operation: "GetItem",
		Invalid: `{@T, @J: "m.a, m[0]"}`, Valid: `{@T, @J: "m[1], m[0]"}`,
		Says: "Invalid ProjectionExpression: Two document paths conflict with each other", Dynoxide: true},
	{Name: "adding a string", Rule: "operands of ADD and DELETE", Operation: "UpdateItem",
		Invalid: `{@T, @U: "ADD q :a", @V: {":a": {"S": "a"}}}`,
		Valid:   `{@T, @U: "ADD q :a", @V: {":a": {"N": "1"}}}`,
		Says:    "Incorrect operand type for operator or function; operator: ADD, operand type: STRING"},
	{Name: "deleting a number", Rule: "operands of ADD and DELETE", Operation: "UpdateItem",
		Invalid: `{@T, @U: "DELETE r :a", @V: {":a": {"N": "1"}}}`,
		Valid:   `{@T, @U: "DELETE r :a", @V: {":a": {"NS": ["1"]}}}`,
		Says:    "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER"},
	{Name: "half a key", Rule: "primary key", Operation: "GetItem",
		Invalid: `{@H, "Key": {"pk": {"S": "a"}}}`, Valid: `{@T}`,
		Says: "The provided key element does not match the schema"},
	{Name: "a key of another type", Rule: "primary key", Operation: "DeleteItem",
		Invalid: `{@H, "Key": {"pk": {"S": "a"}, "id": {"N": "1"}}}`, Valid: `{@T}`,
		Says: "The provided key element does not match the schema"},
	{Name: "an item without its key", Rule: "keys of an item", Operation: "PutItem",
		Invalid: `{@H, "Item": {"pk": {"S": "a"}}}`, Valid: `{@P}}`,
		Says: "One or more parameter values were invalid: Missing the key id in the item"},
	{Name: "an item with a key of another type", Rule: "keys of an item", Operation: "PutItem",
		Invalid: `{@H, "Item": {"pk": {"N": "1"}, "id": {"S": "a"}}}`, Valid: `{@P}}`,
		Says: "Type mismatch for key pk expected: S actual: N"},
	{Name: "in a transaction", Rule: "keys of an item", Operation: "TransactWriteItems",
		Invalid: `{"TransactItems": [{"Delete": {@T}}, {"Put": {@H, "Item": {"pk": {"N": "1"}, "id": {"S": "a"}}}}]}`,
		Valid:   `{"TransactItems": [{"Delete": {@T}}, {"Put": {@H, "Item": {"pk": {"S": "1"}, "id": {"S": "a"}}}}]}`,
		Says:    "TransactionCanceledException"},
	{Name: "an empty key", Rule: "empty keys", Operation: "PutItem",
		Invalid: `{@H, "Item": {"pk": {"S": "a"}, "id": {"S": ""}}}`, Valid: `{@P, "x": {"S": ""}}}`,
		Says: "The AttributeValue for a key attribute cannot contain an empty string value. Key: id"},
	{Name: "a long partition key", Rule: "key size", Operation: "PutItem",
		Invalid: `{@H, "Item": {"pk": {"S": "` + text(2049) + `"}, "id": {"S": "a"}}}`,
		Valid:   `{@H, "Item": {"pk": {"S": "` + text(2048) + `"}, "id": {"S": "a"}}}`,
		Says:    "Size of hashkey has exceeded the maximum size limit of2048 bytes"},
	{Name: "a long sort key", Rule: "key size", Operation: "GetItem",
		Invalid: `{@H, "Key": {"pk": {"S": "a"}, "id": {"S": "` + text(1025) + `"}}}`,
		Valid:   `{@H, "Key": {"pk": {"S": "a"}, "id": {"S": "` + text(1024) + `"}}}`,
		Says:    "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"},
	{Name: "an index key of another type", Rule: "index keys", Operation: "PutItem",
		Invalid: `{@P, "g": {"S": "a"}, "n": {"S": "a"}}}`, Valid: `{@P, "g": {"S": "a"}, "n": {"N": "1"}}}`,
		Says: "Type mismatch for Index Key n Expected: N Actual: S IndexName: by_g"},
	{Name: "an index key that is set to another type", Rule: "index keys", Operation: "UpdateItem",
		Invalid: `{@T, @U: "SET g = :g, n = :g", @V: {":g": {"S": "a"}}}`,
		Valid:   `{@T, @U: "SET g = :g, n = :n", @V: {":g": {"S": "a"}, ":n": {"N": "1"}}}`,
		Says:    "Type mismatch for Index Key n Expected: N Actual: S IndexName: by_g"},
	{Name: "an empty index key", Rule: "index keys", Operation: "PutItem",
		Invalid: `{@P, "g": {"S": ""}}}`, Valid: `{@P, "g": {"S": "a"}}}`,
		Says: "cannot contain an empty string value. IndexName: by_g, IndexKey: g"},
	{Name: "an empty index key that is set", Rule: "index keys", Operation: "UpdateItem",
		Invalid: `{@T, @U: "SET g = :g REMOVE x", @V: {":g": {"S": ""}}}`,
		Valid:   `{@T, @U: "REMOVE g"}`,
		Says:    "cannot contain an empty string value. IndexName: by_g, IndexKey: g"},
	{Name: "a long index key", Rule: "index keys", Operation: "PutItem",
		Invalid: `{@P, "g": {"S": "` + text(2049) + `"}}}`, Valid: `{@P, "g": {"S": "` + text(2048) + `"}}}`, Says: "2048 bytes", Dynoxide: true},
	{Name: "a key that is updated", Rule: "updated keys", Operation: "UpdateItem",
		Invalid: `{@T, @U: "SET #k = :a", @N: {"#k": "id"}, @V: {":a": {"S": "b"}}}`,
		Valid:   `{@T, @U: "SET #k = :a", @N: {"#k": "idx"}, @V: {":a": {"S": "b"}}}`,
		Says:    "Cannot update attribute id. This attribute is part of the key"},
	{Name: "a query without the partition key", Rule: "key condition", Operation: "Query",
		Invalid: `{@K: "id = :p", @V: {":p": {"S": "a"}}}`, Valid: `{@Q}}`,
		Says: "Query condition missed key schema element: pk"},
	{Name: "a query by another attribute", Rule: "key condition", Operation: "Query",
		Invalid: `{@K: "pk = :p AND x = :p", @V: {":p": {"S": "a"}}}`, Valid: `{@Q}}`,
		Says: "Query key condition not supported"},
	{Name: "a filter of the key", Rule: "filtered keys", Operation: "Query",
		Invalid: `{@Q}, "FilterExpression": "id = :p"}`, Valid: `{@Q}, "FilterExpression": "x = :p"}`,
		Says: "Filter Expression can only contain non-primary key attributes: Primary key attribute: id"},
	{Name: "half a start key", Rule: "start key", Operation: "Query",
		Invalid: `{@Q}, "ExclusiveStartKey": {"pk": {"S": "a"}}}`,
		Valid:   `{@Q}, "ExclusiveStartKey": {"pk": {"S": "a"}, "id": {"S": "b"}}}`, Says: "The provided starting key is invalid"},
	{Name: "a start key without the index's", Rule: "start key", Operation: "Query",
		Invalid: `{@G,
			"ExclusiveStartKey": {"pk": {"S": "a"}, "id": {"S": "b"}}}`,
		Valid: `{@G,
			"ExclusiveStartKey": {"pk": {"S": "a"}, "id": {"S": "b"}, "g": {"S": "a"}, "n": {"N": "1"}}}`,
		Says: "The provided starting key is invalid"},
	{Name: "a consistent read of a global index", Rule: "consistent index", Operation: "Query",
		Invalid: `{@G,
			"ConsistentRead": true}`,
		Valid: `{@Q}, "ConsistentRead": true}`, Says: "Consistent reads are not supported on global secondary indexes"},
	{Name: "an item twice in a transaction", Rule: "items at most once", Operation: "TransactWriteItems",
		Invalid: `{"TransactItems": [{"Put": {@P}}}, {"Delete": {@T}}]}`,
		Valid:   `{"TransactItems": [{"Put": {@P}}}, {"Delete": {@H, "Key": {"pk": {"S": "a"}, "id": {"S": "c"}}}}]}`,
		Says:    "Transaction request cannot include multiple operations on one item"},
	{Name: "an item twice in a batch of writes", Rule: "items at most once", Operation: "BatchWriteItem",
		Invalid: putAndDelete("b"),
		Valid:   putAndDelete("c"),
		Says:    "Provided list of item keys contains duplicates"},
	{Name: "a key twice in a batch of reads", Rule: "items at most once", Operation: "BatchGetItem",
		Invalid: `{"RequestItems": {"things": {"Keys": [{"pk": {"S": "a"}, "id": {"S": "b"}}, {"pk": {"S": "a"}, "id": {"S": "b"}}]}}}`,
		Valid:   `{"RequestItems": {"things": {"Keys": [{"pk": {"S": "a"}, "id": {"S": "b"}}]}}}`,
		Says:    "Provided list of item keys contains duplicates"},
}

// Members of a batch and of a transaction.
var (
	put   = `{"PutRequest": {"Item": {"pk": {"S": "a"}, "id": {"S": "%d"}}}}`
	large = `{"Put": {@H, "Item": {"pk": {"S": "z"}, "id": {"S": "%d"}, "x": {"S": "` + text(390<<10) + `"}}}}`
)

// putAndDelete is a batch that puts the item b and deletes another.
func putAndDelete(id string) string {
	return `{"RequestItems": {"things": [{"PutRequest": {"Item": {"pk": {"S": "a"}, "id": {"S": "b"}}}},
		{"DeleteRequest": {"Key": {"pk": {"S": "a"}, "id": {"S": "` + id + `"}}}}]}}`
}

// value is a case of an item's attribute.
func value(name, rule, invalid, valid, says string) Case {
	return Case{Name: name, Rule: rule, Operation: "PutItem", Says: says,
		Invalid: `{@P, "x": ` + invalid + `}}`, Valid: `{@P, "x": ` + valid + `}}`}
}

// startKey is a query from "c" to "d" with a start key whose sort key is behind that, or in it.
func startKey(condition, behind, in string) Case {
	query := func(id string) string {
		return `{@K: "pk = :p AND ` + condition + `",
			@V: {":p": {"S": "a"}, ":f": {"S": "c"}, ":l": {"S": "d"}},
			"ExclusiveStartKey": {"pk": {"S": "a"}, "id": {"S": "` + id + `"}}}`
	}
	return Case{Name: "a start key outside of " + condition, Rule: "start key", Operation: "Query",
		Invalid: query(behind), Valid: query(in), Says: "outside query boundaries", Dynoxide: true}
}

// aboveTen is a query of numbers above ten that starts behind one.
func aboveTen(n string) string {
	return `{@H, "IndexName": "by_g", "KeyConditionExpression": "g = :g AND n > :n", @V: {":g": {"S": "a"}, ":n": {"N": "10"}},
		"ExclusiveStartKey": {"pk": {"S": "a"}, "id": {"S": "b"}, "g": {"S": "a"}, "n": {"N": "` + n + `"}}}`
}

// transaction deletes so many items.
func transaction(items int) string {
	return `{"TransactItems": [` + many(items, `{"Delete": {@H, "Key": {"pk": {"S": "a"}, "id": {"S": "%d"}}}}`, ",") + `]}`
}

// lists are so many in one another.
func lists(deep int) string {
	inner := `{"S": "a"}`
	for range deep {
		inner = `{"L": [` + inner + `]}`
	}
	return inner
}
