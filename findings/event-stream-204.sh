#!/usr/bin/env bash
# An event stream that is over is asked for again without an end. A server says "do not connect
# again" with 204 (HTML Standard, "Server-sent events": a status other than 200 fails the
# connection for good), and npm's eventsource stops there. @microsoft/fetch-event-source, which
# is what pages use to send a token, wants a Content-Type first, takes the 204 for an error and
# asks again after the retry time, for as long as the page is open; each is a billed call.
#
# Seen with eventsource@5.1.5 and @microsoft/fetch-event-source@2.0.1 on Node.js 20: two requests
# by the first, and by the other as many as it is given time for; here it is stopped at ten.
#
# What the product does: GET /requests/{id}/events ends with an event of its own (complete, or
# error), behind which a reader closes, and answers 204 to who asks again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund eventsource@5.1.5 @microsoft/fetch-event-source@2.0.1
cat >main.mjs <<'JS'
import { createServer } from "node:http";
import { fetchEventSource } from "@microsoft/fetch-event-source";
import { EventSource } from "eventsource";

// What the second library expects of a page.
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
globalThis.window = globalThis;

let requests = 0;
const server = createServer((request, response) => {
	requests++;
	if (request.headers["last-event-id"]) return response.writeHead(204).end();
	response.writeHead(200, { "Content-Type": "text/event-stream" });
	response.end("retry: 20\nid: 9\nevent: complete\ndata: {}\n\n");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

const source = new EventSource(url);
await new Promise((resolve) => {
	source.onerror = () => source.readyState === EventSource.CLOSED && resolve();
});
await new Promise((resolve) => setTimeout(resolve, 500));
console.log("eventsource:", requests, "requests, and closed");
if (requests !== 2) throw new Error("another number than before: this finding is out of date");

requests = 0;
const controller = new AbortController();
let said;
await fetchEventSource(url, {
	signal: controller.signal,
	onclose() {
		throw new Error("the stream ended");
	},
	onerror(error) {
		said = error.message;
		if (requests >= 10) controller.abort();
		return 20;
	},
});
console.log("fetch-event-source:", requests, "requests, and on; it says:", said);
if (requests < 10) throw new Error("it stops at 204: this finding is out of date");
process.exit();
JS
node main.mjs
