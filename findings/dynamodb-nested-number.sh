#!/usr/bin/env bash
# A number is equal to itself, but not in a list. DynamoDB trims a number's zeros (Amazon DynamoDB
# Developer Guide, "Supported data types and naming rules", "Numbers"), wherever it is. dynalite
# does for an attribute: a condition n = 1 holds where 1.0 was stored. In a list or a map it keeps
# the text, and a condition l = [1] fails where [1.0] was stored, as languages write whole floats.
#
# Seen with dynalite@4.0.0 on Node.js 20.
#
# What the product does: the conditions of store/dynamo compare strings and single numbers; numbers
# inside of maps are read only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts dynalite@4.0.0
cat >main.mjs <<'JS'
import dynalite from "dynalite";

// call sends a request that is signed in form, which is all that these servers look at.
async function call(url, operation, body) {
	const answer = await fetch(url, { method: "POST", body: JSON.stringify(body), headers: {
		"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": `DynamoDB_20120810.${operation}`, "X-Amz-Date": "20261128T000000Z",
		Authorization: "AWS4-HMAC-SHA256 Credential=a/20261128/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0" } });
	return answer.json();
}
const table = { TableName: "things", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
	KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }] };

const server = dynalite({ createTableMs: 0 });
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

await call(url, "CreateTable", table);
const TableName = "things";
await call(url, "PutItem", { TableName, Item: { pk: { S: "a" }, n: { N: "1.0" }, l: { L: [{ N: "1.0" }] } } });
const holds = async (path, v) => {
	const answer = await call(url, "UpdateItem", { TableName, Key: { pk: { S: "a" } }, UpdateExpression: "REMOVE absent",
		ConditionExpression: `${path} = :v`, ExpressionAttributeValues: { ":v": v } });
	return !answer.__type;
};
const single = await holds("n", { N: "1" });
const inList = await holds("l", { L: [{ N: "1" }] });
console.log("stored 1.0 = 1:", single);
console.log("stored [1.0] = [1]:", inList);
if (!single || inList) throw new Error("another answer than before: this finding is out of date");
process.exit();
JS
node main.mjs
