import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Timers } from "../src/clock.js";
import { encode, plain, reserved } from "../src/frame.js";
import { Http, Polling } from "../src/http.js";
import type { Reason } from "../src/session.js";
import { Tokens } from "../src/token.js";
import { ManualClock } from "./support/clock.js";
import { ada, frames, snapshot } from "./support/harness.js";
import { FakeServer } from "./support/server.js";

async function start(t: TestContext, token: () => string = () => ada) {
  const server = await FakeServer.start();
  t.after(() => server.stop());
  server.onCall = () => false;
  const clock = new ManualClock();
  const timers = new Timers(clock);
  t.after(() => timers.clear());
  return { server, clock, timers, http: new Http(server.httpUrl, new Tokens(token, clock), JSON, timers, fetch, plain) };
}

const message = encode("r-1", "report", { year: 2026 }, JSON);
const f = frames("r-1");

test("a message is posted, and answered by the same frame as over a socket", async (t) => {
  const { server, http } = await start(t);
  for (const [status, frame] of [
    [201, f.response({ a: 1 })],
    [202, f.ack()],
    [200, f.snapshot("r-1", "RUNNING", 3)],
  ] as const) {
    const answer = http.call(message);
    const call = await server.calls.next();
    assert.deepEqual([call.method, call.url, call.token, call.type], ["POST", "/requests", ada, "application/json"]);
    assert.deepEqual(call.body, { id: "r-1", action: "report", payload: { year: 2026 } });
    call.reply(status, frame);
    assert.deepEqual(await answer, frame);
  }
});

test("the reserved actions are the calls that mean the same", async (t) => {
  const { server, http } = await start(t);
  const ref = { request_id: "r-1" };
  const cases = [
    [reserved("get", ref), 0, "GET", "/requests/r-1"],
    [reserved("subscribe", ref), 0, "GET", "/requests/r-1"],
    [reserved("subscribe", ref), 7, "GET", "/requests/r-1?wait=20s&rev=7"],
    [reserved("cancel", ref), 0, "DELETE", "/requests/r-1"],
    [reserved("redrive", ref), 0, "POST", "/requests/r-1/redrive"],
    [reserved("signal", { ...ref, token: "approval", payload: { by: "ada" } }), 0, "POST", "/requests/r-1/signals/approval"],
  ] as const;
  for (const [sent, rev, method, url] of cases) {
    const answer = http.call(sent, rev);
    const call = await server.calls.next();
    assert.deepEqual([call.method, call.url], [method, url]);
    call.reply(200, snapshot("r-1", "RUNNING", 8));
    assert.deepEqual(await answer, { type: "request", request_id: sent.id, request: snapshot("r-1", "RUNNING", 8) });
  }
  const page = http.call(reserved("list", { state: "FAILED", limit: 5, cursor: "a/b" }));
  const call = await server.calls.next();
  assert.deepEqual([call.method, call.url], ["GET", "/requests?state=FAILED&limit=5&cursor=a%2Fb"]);
  call.reply(200, { requests: [], cursor: "c" });
  assert.deepEqual((await page).data, { requests: [], cursor: "c" });
  const piece = http.call(reserved("output", { ...ref, from: 3 }));
  const asked = await server.calls.next();
  assert.deepEqual([asked.method, asked.url], ["GET", "/requests/r-1/output?from=3"]);
  asked.reply(200, { offset: 3, chunks: ["a"], final: false });
  assert.deepEqual((await piece).data, { offset: 3, chunks: ["a"], final: false });
});

test("what a caller names stays one part of the path, and a signal keeps its digits", async (t) => {
  const timers = new Timers(new ManualClock());
  t.after(() => timers.clear());
  const sent: unknown[] = [];
  const fetcher: typeof fetch = async (url, init) => {
    sent.push([init?.method, url, init?.body]);
    return new Response(JSON.stringify(snapshot("r-1", "QUEUED", 8)));
  };
  // A number that JSON.parse would round is a text with a mark.
  const codec = {
    parse: (text: string) => JSON.parse(text.replaceAll(/:(\d{16,})/g, ':"big:$1"')),
    stringify: (value: unknown) => JSON.stringify(value)?.replaceAll(/"big:(\d+)"/g, "$1"),
  };
  const http = new Http("", new Tokens(() => ada, new ManualClock()), codec, timers, fetcher, plain);
  await http.call(reserved("cancel", { request_id: "../connections?x" }));
  await http.call(reserved("signal", { request_id: "r-1", token: "a/b c?d", payload: { n: "big:9007199254740993" } }, codec));
  await http.call(reserved("signal", { request_id: "r-1", token: "t" }, codec));
  assert.deepEqual(sent, [
    ["DELETE", "/requests/..%2Fconnections%3Fx", undefined],
    ["POST", "/requests/r-1/signals/a%2Fb%20c%3Fd", '{"n":9007199254740993}'],
    ["POST", "/requests/r-1/signals/t", undefined],
  ]);
});

test("a problem document is an error frame", async (t) => {
  const { server, http } = await start(t);
  const answer = http.call(message);
  (await server.calls.next()).reply(429, {
    type: "about:blank",
    title: "Too Many Requests",
    status: 429,
    detail: "100 a minute",
    code: "RATE_LIMITED",
    correlation_id: "c-1",
    details: { limit: 100 },
    retry: { retryable: true, after: 2.5 },
  });
  assert.deepEqual(await answer, {
    type: "error",
    request_id: "r-1",
    error: {
      code: "RATE_LIMITED",
      message: "100 a minute",
      details: { limit: 100, correlation_id: "c-1" },
      retry: { retryable: true, after: 2.5 },
    },
  });
});

test("what a gateway refuses by itself gets the code of its status", async (t) => {
  const { server, http } = await start(t);
  const cases = [
    [403, "FORBIDDEN"],
    [404, "NOT_FOUND"],
    [413, "PAYLOAD_TOO_LARGE"],
    [418, "INTERNAL_ERROR"],
  ] as const;
  for (const [status, code] of cases) {
    const answer = http.call(message);
    (await server.calls.next()).reply(status, { message: "no" });
    const { error } = await answer;
    assert.deepEqual([error!.code, error!.message], [code, `HTTP status ${status}`]);
  }
});

test("answers that are not of the API are errors: gateways, captive portals, cut connections", async (t) => {
  const { server, http } = await start(t);
  for (const [status, body] of [
    [503, { message: "Service Unavailable" }],
    [429, "slow down"],
    [200, "<html>sign in"],
    [200, {}],
  ] as const) {
    const answer = http.call(message);
    (await server.calls.next()).reply(status, body);
    await assert.rejects(answer);
  }
  const answer = http.call(message);
  (await server.calls.next()).cut();
  await assert.rejects(answer, TypeError);
});

test("a token that is refused is replaced once", async (t) => {
  let given = 0;
  const { server, http } = await start(t, () => `token-${given++}`);
  let answer = http.call(message);
  (await server.calls.next()).reply(401, {});
  const second = await server.calls.next();
  assert.equal(second.token, "token-1");
  second.reply(202, f.ack());
  assert.equal((await answer).type, "acknowledgment");

  answer = http.call(message);
  (await server.calls.next()).reply(401, {});
  (await server.calls.next()).reply(401, {});
  assert.equal((await answer).error!.code, "UNAUTHORIZED");
});

test("a call without an answer ends, by its time limit, its signal or with the client", async (t) => {
  const { server, clock, timers, http } = await start(t);
  const slow = http.call(message);
  await server.calls.next();
  clock.advance(35_000);
  await assert.rejects(slow, { name: "AbortError" });

  const leave = new AbortController();
  const left = http.read("GET", "/actions", undefined, leave.signal);
  await server.calls.next();
  leave.abort();
  await assert.rejects(left, { name: "AbortError" });

  const open = http.call(message);
  await server.calls.next();
  timers.clear();
  await assert.rejects(open, { name: "AbortError" });
  await assert.rejects(http.call(message), { name: "AbortError" });
});

test("a result is fetched below the HTTP API, wherever the reference points", async (t) => {
  const { server, http } = await start(t);
  for (const ref of ["/requests/r-1", "requests/r-1", "//requests/r-1"]) {
    const answer = http.call({ id: "r-1", encoded: "", ref });
    const call = await server.calls.next();
    assert.equal(call.url, "/requests/r-1");
    call.reply(200, snapshot("r-1", "SUCCEEDED", 9, { result: "large" }));
    assert.equal((await answer).request!.result, "large");
  }
});

test("polling is lost with the network, not with a bad answer", async (t) => {
  const { server, http } = await start(t);
  const ends: Reason[] = [];
  const polling = new Polling(http, (reason) => ends.push(reason));
  const bad = polling.call(message);
  (await server.calls.next()).reply(502, {});
  await assert.rejects(bad);
  assert.deepEqual([ends, polling.heard], [[], 0]);

  const good = polling.call(message);
  (await server.calls.next()).reply(202, f.ack());
  await good;
  assert.equal(polling.heard, 1);

  const cut = polling.call(message);
  (await server.calls.next()).cut();
  await assert.rejects(cut);
  await polling.over;
  assert.deepEqual(ends, ["unreachable"]);
});
