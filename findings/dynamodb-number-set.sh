#!/usr/bin/env bash
# A number is not found in a set of numbers. DynamoDB trims a number's zeros (Amazon DynamoDB
# Developer Guide, "Supported data types and naming rules", "Numbers"), so 2.0 is the 2 that a set
# has: ADD leaves the set as it is, and DELETE takes it out. dynoxide compares the texts: ADD fails
# with "Input collection contains duplicates", and DELETE leaves the 2, without an error. Of single
# numbers it knows that 2.0 is 2.
#
# Seen with @dynoxide/linux-x64@1.2.1 on Node.js 20.
#
# What the product does: it stores no set of numbers; permits and subscribers are strings in a list
# and names in a map.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @dynoxide/linux-x64@1.2.1
chmod +x node_modules/@dynoxide/linux-x64/dynoxide
cat >main.mjs <<'JS'
import { spawn } from "node:child_process";

// call sends a request that is signed in form, which is all that these servers look at.
async function call(url, operation, body) {
	const answer = await fetch(url, { method: "POST", body: JSON.stringify(body), headers: {
		"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": `DynamoDB_20120810.${operation}`, "X-Amz-Date": "20261128T000000Z",
		Authorization: "AWS4-HMAC-SHA256 Credential=a/20261128/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0" } });
	return answer.json();
}
const table = { TableName: "things", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
	KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }] };

const port = 20000 + (process.pid % 20000);
const child = spawn("node_modules/@dynoxide/linux-x64/dynoxide", ["--host", "127.0.0.1", "--port", String(port)]);
process.on("exit", () => child.kill());
while (!(await fetch(`http://127.0.0.1:${port}/`).catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20));
const url = `http://127.0.0.1:${port}/`;

await call(url, "CreateTable", table);
await call(url, "PutItem", { TableName: "things", Item: { pk: { S: "a" }, s: { NS: ["1", "2"] } } });
const change = (UpdateExpression, v) => call(url, "UpdateItem", { TableName: "things", Key: { pk: { S: "a" } }, UpdateExpression,
	ExpressionAttributeValues: { ":v": v }, ReturnValues: "ALL_NEW" });
const added = await change("ADD s :v", { NS: ["2.0"] });
const deleted = await change("DELETE s :v", { NS: ["2.0"] });
console.log("ADD 2.0 to the set of 1 and 2:", JSON.stringify(added));
console.log("DELETE 2.0:", JSON.stringify(deleted.Attributes.s));
const single = await change("SET n = :v", { N: "2.0" });
console.log("SET n = 2.0:", JSON.stringify(single.Attributes.n));
if (!/duplicates/.test(added.message) || deleted.Attributes.s.NS.length !== 2 || single.Attributes.n.N !== "2")
	throw new Error("another answer than before: this finding is out of date");
process.exit();
JS
node main.mjs
