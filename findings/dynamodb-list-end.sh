#!/usr/bin/env bash
# An element of a list that is set behind its end lands elsewhere by the implementation. Of
# SET l[5] on a list of one, DynamoDB says: "If the element doesn't already exist, SET appends the
# new element at the end of the list" (Amazon DynamoDB Developer Guide, "Using update
# expressions"). dynalite does so. dynoxide fills the gap with four nulls, so that code which was
# tested on it counts on places that are not there on AWS.
#
# Seen with @dynoxide/linux-x64@1.2.1 and dynalite@4.0.0 on Node.js 20: a list of six elements by
# the first, of two by the other.
#
# What the product does: store/dynamo creates its one list, of the last writes, with all of its
# elements, so that no update sets one behind the end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @dynoxide/linux-x64@1.2.1 dynalite@4.0.0
chmod +x node_modules/@dynoxide/linux-x64/dynoxide
cat >main.mjs <<'JS'
import { spawn } from "node:child_process";
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

const port = 20000 + (process.pid % 20000);
const child = spawn("node_modules/@dynoxide/linux-x64/dynoxide", ["--host", "127.0.0.1", "--port", String(port)]);
process.on("exit", () => child.kill());
while (!(await fetch(`http://127.0.0.1:${port}/`).catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20));
const server = dynalite({ createTableMs: 0 });
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const lengths = {};
for (const [name, at] of [["dynoxide", port], ["dynalite", server.address().port]]) {
	const url = `http://127.0.0.1:${at}/`;
	await call(url, "CreateTable", table);
	await call(url, "PutItem", { TableName: "things", Item: { pk: { S: "a" }, l: { L: [{ N: "1" }] } } });
	const { Attributes } = await call(url, "UpdateItem", { TableName: "things", Key: { pk: { S: "a" } }, UpdateExpression: "SET l[5] = :v",
		ExpressionAttributeValues: { ":v": { N: "2" } }, ReturnValues: "ALL_NEW" });
	console.log(name, JSON.stringify(Attributes.l.L));
	lengths[name] = Attributes.l.L.length;
}
if (lengths.dynoxide !== 6 || lengths.dynalite !== 2) throw new Error("another length than before: this finding is out of date");
process.exit();
JS
node main.mjs
