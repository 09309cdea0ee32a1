import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { StreamerOptions } from "../src/options.js";
import type { Progress } from "../src/request.js";
import { all, frames, newHarness, pass, reaches, snapshot, turn } from "./support/harness.js";

const f = frames("r-1");

/** A harness with one open client. */
async function open(t: TestContext, options: Partial<StreamerOptions> = {}) {
  const w = await newHarness(t, options);
  const streamer = w.connect();
  const peer = await w.server.connections.next();
  await reaches(streamer, "open");
  /** The connection after the one that was cut. */
  const again = async () => {
    await reaches(streamer, "reconnecting");
    w.clock.advance(w.clock.due()[0]!);
    const next = await w.server.connections.next();
    await reaches(streamer, "open");
    return next;
  };
  return { ...w, streamer, peer, again };
}

/** A harness whose client polls. */
async function polling(t: TestContext) {
  const w = await newHarness(t);
  w.server.refuse = 403;
  const streamer = w.connect();
  await reaches(streamer, "connecting", "refused");
  w.clock.advance(1000);
  await reaches(streamer, "open", "polling");
  return { ...w, streamer };
}

test("a short action is answered", async (t) => {
  const { streamer, peer } = await open(t);
  const request = streamer.request("echo", { text: "hello" }, { metadata: { source: "test" } });
  const message = await peer.messages.next();
  assert.deepEqual(message, { id: request.id, action: "echo", payload: { text: "hello" }, metadata: { source: "test" } });
  peer.send(frames(request.id).response({ text: "hello" }));
  assert.deepEqual(await request.result, { text: "hello" });
  assert.deepEqual(streamer.pending(), []);
});

test("a request that starts later says when, and one at no time is refused", async (t) => {
  const { streamer, peer } = await open(t);
  const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  const ask = (notBefore: Date, id = "r-1") => streamer.request("report", 1, { id, notBefore });
  const first = ask(at);
  const message = await peer.messages.next();
  assert.deepEqual(message, { id: "r-1", action: "report", payload: 1, not_before: "2026-01-02T03:04:05.678Z" });
  assert.ok(ask(new Date(at)) === first);
  await assert.rejects(ask(new Date(+at + 1)).result, { code: "DUPLICATE_REQUEST" });
  await assert.rejects(ask(new Date("tomorrow"), "r-2").result, { code: "VALIDATION_ERROR" });
  assert.equal(peer.messages.waiting, 0);
});

test("a long one shows its progress to a callback and to a loop, and ends both", async (t) => {
  const { streamer, peer } = await open(t);
  const heard: Progress[] = [];
  const request = streamer.request("report", {}, { id: "r-1", onProgress: (p) => heard.push(p) });
  const looped = all(request.progress);
  await peer.expect("report");
  peer.send(f.ack());
  while (heard.length < 1) await turn(1);
  for (const rev of [2, 3, 4]) {
    peer.send(f.progress(rev * 10, rev, `step ${rev}`));
    while (heard.at(-1)?.rev !== rev) await turn(1);
  }
  peer.send(f.complete({ url: "/report" }, 5));
  assert.deepEqual(await request.result, { url: "/report" });
  assert.deepEqual(
    heard.map((p) => [p.percentage, p.message, p.state]),
    [
      [0, "the request is queued", "QUEUED"],
      [20, "step 2", "RUNNING"],
      [30, "step 3", "RUNNING"],
      [40, "step 4", "RUNNING"],
    ],
  );
  assert.deepEqual(await looped, heard);
});

test("what is asked for before there is a connection is sent when there is one", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const request = streamer.request("echo", 1, { id: "r-1" });
  const page = streamer.list();
  const peer = await server.connections.next();
  await peer.expect("echo");
  const list = await peer.expect("streamer.list");
  peer.send(f.response(1));
  peer.send({ type: "response", request_id: list.id, success: true, data: { requests: [] } });
  assert.equal(await request.result, 1);
  assert.deepEqual(await page, { requests: [] });
});

test("an error frame rejects with all that it says", async (t) => {
  const { streamer, peer } = await open(t);
  const refused = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  peer.send(f.error("RATE_LIMITED", undefined, { details: { correlation_id: "c-1" }, retry: { retryable: true, after: 2 } }));
  await assert.rejects(refused.result, {
    name: "StreamerError",
    code: "RATE_LIMITED",
    message: "it is RATE_LIMITED",
    requestId: "r-1",
    details: { correlation_id: "c-1" },
    retry: { retryable: true, after: 2 },
  });

  const failed = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  peer.send(f.ack());
  peer.send(f.error("PROCESSING_FAILED", 3));
  await assert.rejects(failed.result, { code: "PROCESSING_FAILED" });
});

test("after a cut it asks where its requests stand, and no final frame is lost or doubled", async (t) => {
  const { streamer, peer, again } = await open(t);
  const revs: number[] = [];
  const running = streamer.request("report", {}, { id: "r-1", onProgress: (p) => revs.push(p.rev) });
  const finished = streamer.request("report", {}, { id: "r-2" });
  for (const id of ["r-1", "r-2"]) {
    await peer.expect("report");
    peer.send(frames(id).ack());
  }
  peer.send(f.progress(10, 2));
  while (revs.at(-1) !== 2) await turn(1);
  peer.cut();

  const next = await again();
  const asked = new Map(
    [await next.expect("streamer.subscribe"), await next.expect("streamer.subscribe")].map((m) => [m.payload.request_id, m.id]),
  );
  next.send(f.progress(30, 5)); // live frames may overtake the snapshot
  next.send(f.snapshot(asked.get("r-1"), "RUNNING", 4, { percentage: 20 }));
  next.send(frames("r-2").snapshot(asked.get("r-2"), "SUCCEEDED", 9, { result: "it ended while disconnected" }));
  next.send(frames("r-2").complete("it ended while disconnected", 9));
  assert.equal(await finished.result, "it ended while disconnected");
  next.send(f.complete("done", 6));
  next.send(f.complete("done", 6));
  assert.equal(await running.result, "done");
  assert.deepEqual(revs, [1, 2, 5]);
});

test("a message whose answer was lost is sent again as it was", async (t) => {
  const { streamer, peer, again } = await open(t);
  const request = streamer.request("report", { rows: [1, 2] });
  const first = await peer.messages.next();
  peer.cut();
  const next = await again();
  assert.deepEqual(await next.messages.next(), first);
  next.send(frames(request.id).snapshot(request.id, "SUCCEEDED", 4, { result: 7 }));
  assert.equal(await request.result, 7);
});

test("a message that is never answered is given up, and may be tried again", async (t) => {
  const { clock, streamer, peer } = await open(t);
  const request = streamer.request("report", {}, { id: "r-1" });
  for (let tries = 0; tries < 5; tries++) {
    await peer.expect("report");
    await pass(clock, 35_000);
    await turn();
    await pass(clock, 20_000);
  }
  await assert.rejects(request.result, { code: "SERVICE_UNAVAILABLE", requestId: "r-1", retry: { retryable: true } });
  assert.equal(streamer.state, "open");
});

test("a subscription that fails for now is tried again, one that is refused ends the wait", async (t) => {
  const { clock, streamer, peer } = await open(t);
  const request = streamer.resume("r-1");
  let asked = await peer.expect("streamer.subscribe");
  peer.send(frames(asked.id).error("SERVICE_UNAVAILABLE", undefined, { retry: { retryable: true, after: 3 } }));
  while (clock.due()[0] !== 3500) await turn(1);
  clock.advance(3500);
  asked = await peer.expect("streamer.subscribe");
  peer.send(frames(asked.id).error("SERVICE_UNAVAILABLE", undefined, { retry: { retryable: true, after: 3 } }));
  while (clock.due()[0] !== 4000) await turn(1); // the moment of chance grows
  clock.advance(4000);
  asked = await peer.expect("streamer.subscribe");
  peer.send(frames(asked.id).error("NOT_FOUND"));
  await assert.rejects(request.result, { code: "NOT_FOUND", requestId: "r-1" });
});

test("a token that expired on the live socket is replaced, and the message sent again", async (t) => {
  const { streamer, peer, again } = await open(t);
  const request = streamer.request("echo", 1, { id: "r-1" });
  await peer.expect("echo");
  peer.send(f.error("UNAUTHORIZED"));
  const next = await again();
  await next.expect("echo");
  next.send(f.error("UNAUTHORIZED"));
  await assert.rejects(request.result, { code: "UNAUTHORIZED" });
  assert.equal(streamer.state, "open");
});

test("aborting rejects at once and cancels on the server, as soon as it can", async (t) => {
  const { streamer, peer, again } = await open(t);
  const abort = (id: string) => {
    const controller = new AbortController();
    const request = streamer.request("report", {}, { id, signal: controller.signal });
    return async () => {
      controller.abort("the user left");
      await assert.rejects(request.result, { code: "CANCELLED", requestId: id, cause: "the user left" });
    };
  };
  const acknowledged = abort("r-1");
  await peer.expect("report");
  peer.send(f.ack());
  await turn();
  await acknowledged();
  let cancel = await peer.expect("streamer.cancel");
  assert.deepEqual(cancel.payload, { request_id: "r-1" });
  peer.send(f.snapshot(cancel.id, "CANCELLED", 2, { error: { code: "CANCELLED", message: "cancelled" } }));

  // The cancel must not overtake the message.
  const unanswered = abort("r-2");
  await peer.expect("report");
  await unanswered();
  await turn();
  assert.equal(peer.messages.waiting, 0);
  peer.send(frames("r-2").ack());
  cancel = await peer.expect("streamer.cancel");
  assert.deepEqual(cancel.payload, { request_id: "r-2" });
  peer.send(frames(cancel.id).error("NOT_FOUND"));

  const short = abort("r-3");
  await peer.expect("report");
  await short();
  peer.send(frames("r-3").response(1));
  await turn();
  assert.equal(peer.messages.waiting, 0);

  const lost = abort("r-4");
  await peer.expect("report");
  peer.cut();
  await reaches(streamer, "reconnecting");
  await lost();
  const unsent = abort("r-5");
  await unsent();
  const next = await again();
  cancel = await next.expect("streamer.cancel");
  assert.deepEqual(cancel.payload, { request_id: "r-4" });
  await turn();
  assert.equal(next.messages.waiting, 0);
  assert.deepEqual(streamer.pending(), []);
});

test("a signal that has fired already sends nothing", async (t) => {
  const { streamer, peer } = await open(t);
  const request = streamer.request("report", {}, { signal: AbortSignal.abort() });
  await assert.rejects(request.result, { code: "CANCELLED" });
  await turn();
  assert.equal(peer.messages.waiting, 0);
});

test("a timeout cancels too, and one that was not needed leaves no timer", async (t) => {
  const { clock, streamer, peer } = await open(t);
  const request = streamer.request("report", {}, { id: "r-1", timeout: 5000 });
  await peer.expect("report");
  peer.send(f.ack());
  await turn();
  clock.advance(5000);
  await assert.rejects(request.result, { code: "TIMEOUT", message: "5000 ms are over" });
  const cancel = await peer.expect("streamer.cancel");
  peer.send(f.snapshot(cancel.id, "CANCELLED", 2));

  const quick = streamer.request("echo", 1, { id: "r-2", timeout: 5000 });
  await peer.expect("echo");
  peer.send(frames("r-2").response(1));
  await quick.result;
  await turn();
  assert.ok(!clock.due().includes(5000));
});

test("a message too large for a frame goes by HTTP, and is watched on the socket", async (t) => {
  const { server, clock, streamer, peer } = await open(t);
  const payload = "ä".repeat(16_000); // 32,000 bytes and the rest of the message
  const request = streamer.request("profile", payload, { id: "r-1" });
  let call = await server.calls.next();
  assert.deepEqual([call.method, call.url, call.body], ["POST", "/requests", { id: "r-1", action: "profile", payload }]);
  call.cut(); // the network fails once
  while (clock.due()[0]! > 1000) await turn(1);
  clock.advance(1000);
  call = await server.calls.next();
  call.reply(202, f.ack());
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(f.snapshot(subscribe.id, "RUNNING", 2, { percentage: 5 }));
  peer.send(f.complete("done", 3));
  assert.equal(await request.result, "done");

  const short = streamer.request("echo", payload, { id: "r-2" });
  (await server.calls.next()).reply(201, frames("r-2").response(payload.length));
  assert.equal(await short.result, 16_000);

  streamer.request("echo", "ä".repeat(15_900));
  await peer.expect("echo");
});

test("over HTTP alone a request has the same lifecycle", async (t) => {
  const { server, clock, streamer } = await polling(t);
  const heard: Progress[] = [];
  const request = streamer.request("report", { year: 2026 }, { id: "r-1", onProgress: (p) => heard.push(p) });
  let call = await server.calls.next();
  assert.deepEqual([call.method, call.body.action], ["POST", "report"]);
  call.reply(202, f.ack());
  call = await server.calls.next();
  assert.deepEqual([call.method, call.url], ["GET", "/requests/r-1?wait=20s&rev=1"]);
  call.reply(200, snapshot("r-1", "RUNNING", 4, { percentage: 40, message: "reading" }));
  call = await server.calls.next();
  assert.equal(call.url, "/requests/r-1?wait=20s&rev=4");

  // A server that does not wait is not asked again at once.
  call.reply(200, snapshot("r-1", "RUNNING", 4, { percentage: 40 }));
  while (!clock.due().includes(1000)) await turn(1);
  assert.equal(server.calls.waiting, 0);
  clock.advance(1000);
  call = await server.calls.next();
  call.reply(200, snapshot("r-1", "SUCCEEDED", 9, { result: "done" }));
  assert.equal(await request.result, "done");
  assert.deepEqual(
    heard.map((p) => p.message),
    ["the request is queued", "reading"],
  );

  const short = streamer.request("echo", 1, { id: "r-2" });
  (await server.calls.next()).reply(201, frames("r-2").response(1));
  assert.equal(await short.result, 1);

  const cancelled = streamer.cancel("r-3");
  call = await server.calls.next();
  assert.deepEqual([call.method, call.url], ["DELETE", "/requests/r-3"]);
  call.reply(200, snapshot("r-3", "CANCELLED", 2));
  assert.equal((await cancelled)?.state, "CANCELLED");
});

test("an abort does not wait for the poll that is under way", async (t) => {
  const { server, streamer } = await polling(t);
  const controller = new AbortController();
  const request = streamer.request("report", {}, { id: "r-1", signal: controller.signal });
  (await server.calls.next()).reply(202, f.ack(4));
  await server.calls.next();
  controller.abort();
  await assert.rejects(request.result, { code: "CANCELLED" });
  const call = await server.calls.next();
  assert.deepEqual([call.method, call.url], ["DELETE", "/requests/r-1"]);
  call.reply(200, snapshot("r-1", "CANCELLED", 5));
});

test("polling survives the network too", async (t) => {
  const { server, clock, streamer } = await polling(t);
  const request = streamer.resume("r-1");
  (await server.calls.next()).cut();
  await reaches(streamer, "reconnecting", "unreachable");
  clock.advance(1000);
  await reaches(streamer, "open", "polling");
  (await server.calls.next()).reply(200, snapshot("r-1", "SUCCEEDED", 9, { result: 7 }));
  assert.equal(await request.result, 7);
});

test("from polling it moves to the socket with its requests", async (t) => {
  const { server, clock, streamer } = await polling(t);
  const request = streamer.resume("r-1");
  (await server.calls.next()).reply(200, snapshot("r-1", "RUNNING", 4));
  const waiting = await server.calls.next();
  server.refuse = undefined;
  clock.advance(30_000); // less than the call's limit, and then the rest of the minute
  waiting.reply(200, snapshot("r-1", "RUNNING", 5));
  const last = await server.calls.next();
  clock.advance(30_000);
  const peer = await server.connections.next();
  await reaches(streamer, "open", "connected");
  last.reply(200, snapshot("r-1", "RUNNING", 6));
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(f.snapshot(subscribe.id, "RUNNING", 6));
  peer.send(f.complete("done", 7));
  assert.equal(await request.result, "done");
});

test("a result too large for a frame is fetched, also when that fails at first", async (t) => {
  const { server, clock, streamer, peer } = await open(t);
  const request = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  peer.send({ type: "complete", request_id: "r-1", success: true, result_ref: "/requests/r-1", rev: 5 });
  (await server.calls.next()).cut();
  while (clock.due()[0]! > 1000) await turn(1);
  clock.advance(1000);
  const call = await server.calls.next();
  assert.equal(call.url, "/requests/r-1");
  call.reply(200, snapshot("r-1", "SUCCEEDED", 5, { result: "x".repeat(150_000) }));
  assert.equal(((await request.result) as string).length, 150_000);

  const lost = streamer.resume("r-2");
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(frames("r-2").snapshot(subscribe.id, "SUCCEEDED", 5, { result_ref: "/requests/r-2" }));
  (await server.calls.next()).reply(404, { code: "NOT_FOUND", detail: "past its retention" });
  await assert.rejects(lost.result, { code: "NOT_FOUND", requestId: "r-2" });
});

test("get, list and cancel answer with what the server says", async (t) => {
  const { server, streamer, peer } = await open(t);
  const get = streamer.get("r-1");
  let message = await peer.expect("streamer.get");
  assert.deepEqual(message.payload, { request_id: "r-1" });
  peer.send(f.snapshot(message.id, "SUCCEEDED", 4, { result_ref: "/requests/r-1" }));
  (await server.calls.next()).reply(200, snapshot("r-1", "SUCCEEDED", 4, { result: "large" }));
  assert.equal((await get).result, "large");

  const list = streamer.list({ state: "FAILED", limit: 2, cursor: "c" });
  message = await peer.expect("streamer.list");
  assert.deepEqual(message.payload, { state: "FAILED", limit: 2, cursor: "c" });
  const page = { requests: [snapshot("r-1", "FAILED", 3), snapshot("r-2", "FAILED", 4)], cursor: "d" };
  peer.send({ type: "response", request_id: message.id, success: true, data: page });
  assert.deepEqual(await list, page);

  const missing = streamer.get("r-9");
  message = await peer.expect("streamer.get");
  peer.send(frames(message.id).error("NOT_FOUND"));
  await assert.rejects(missing, { code: "NOT_FOUND" });
});

test("a cancelled request rejects with CANCELLED when the server says so", async (t) => {
  const { streamer, peer } = await open(t);
  const request = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  peer.send(f.ack());
  const cancel = streamer.cancel("r-1");
  const message = await peer.expect("streamer.cancel");
  peer.send(f.snapshot(message.id, "RUNNING", 2, { cancelling: true }));
  assert.equal((await cancel)?.cancelling, true);
  peer.send(f.error("CANCELLED", 3));
  await assert.rejects(request.result, { code: "CANCELLED" });
});

test("a read is asked again on the next connection", async (t) => {
  const { streamer, peer, again } = await open(t);
  const get = streamer.get("r-1");
  await peer.expect("streamer.get");
  peer.cut();
  const next = await again();
  const message = await next.expect("streamer.get");
  next.send(f.snapshot(message.id, "RUNNING", 3));
  assert.equal((await get).rev, 3);
});

test("an id that is pending is one request: the same again shares it, another is refused", async (t) => {
  const { streamer, peer } = await open(t);
  const first = streamer.request("report", { a: 1 }, { id: "r-1" });
  const heard: number[] = [];
  const second = streamer.request("report", { a: 1 }, { id: "r-1", onProgress: (p) => heard.push(p.rev) });
  const third = streamer.resume("r-1");
  assert.ok(first === second && second === third);
  await assert.rejects(streamer.request("report", { a: 2 }, { id: "r-1" }).result, { code: "DUPLICATE_REQUEST" });
  await peer.expect("report");
  peer.send(f.progress(5, 2));
  peer.send(f.complete(7, 3));
  assert.equal(await first.result, 7);
  assert.deepEqual(heard, [2]);
  assert.equal(peer.messages.waiting, 0);
});

test("closing ends every wait with CLOSED and sends nothing more", async (t) => {
  const { server, clock, streamer, peer } = await open(t);
  const running = streamer.request("report", {}, { id: "r-1", timeout: 60_000 });
  await peer.expect("report");
  peer.send(f.ack());
  const fetching = streamer.resume("r-2");
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(frames("r-2").snapshot(subscribe.id, "SUCCEEDED", 5, { result_ref: "/requests/r-2" }));
  await server.calls.next();
  const reading = streamer.get("r-3");
  await peer.expect("streamer.get");
  const large = streamer.request("echo", "x".repeat(40_000));
  await server.calls.next();
  streamer.close();
  for (const wait of [
    running.result,
    fetching.result,
    reading,
    large.result,
    streamer.request("echo", 1).result,
    streamer.list(),
  ]) {
    await assert.rejects(wait, { code: "CLOSED" });
  }
  assert.deepEqual(
    (await all(running.progress)).map((p) => p.state),
    ["QUEUED"],
  );
  await turn();
  assert.deepEqual(clock.due(), []);
  assert.equal(peer.messages.waiting, 0);
});

test("an error that is not awaited stops nothing", async (t) => {
  const { streamer, peer } = await open(t);
  streamer.request("report", {}, { id: "r-2" });
  await peer.expect("report");
  peer.send(frames("r-2").error("TIMEOUT"));
  const request = streamer.request("echo", 1, { id: "r-1" });
  await peer.expect("echo");
  peer.send(f.response(1));
  assert.equal(await request.result, 1);
});

test("frames of unknown requests and garbage stop nothing", async (t) => {
  const { streamer, peer } = await open(t);
  const request = streamer.request("echo", 1, { id: "r-1" });
  await peer.expect("echo");
  for (const text of [
    "",
    "{",
    "null",
    '{"type":"hologram","request_id":"r-1","rev":3}',
    '{"type":"complete","request_id":"r-9","rev":3}',
  ])
    peer.send(text);
  peer.send(f.response(1));
  assert.equal(await request.result, 1);
});

test("large integers survive with a parse and a stringify that keep them", async (t) => {
  // The digits of a number of more than 15 become a bigint, and the other way round.
  const parse = (text: string) =>
    JSON.parse(text.replaceAll(/([:[,])(\d{16,})/g, '$1"big:$2"'), (_, v) => (/^big:/.test(v) ? BigInt(v.slice(4)) : v));
  const stringify = (value: unknown) =>
    JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `big:${v}` : v)).replaceAll(/"big:(\d+)"/g, "$1");
  const { streamer, peer } = await open(t, { parse, stringify });
  const request = streamer.request("echo", { n: 9007199254740993n }, { id: "r-1" });
  await peer.expect("echo");
  peer.send('{"type":"response","request_id":"r-1","success":true,"data":{"n":9007199254740993}}');
  assert.deepEqual(await request.result, { n: 9007199254740993n });
  void streamer.signal("r-2", "approval", { n: 9007199254740993n }).catch(() => {});
  assert.equal(typeof (await peer.expect("streamer.signal")).payload.payload.n, "number");
});

test("when the gateway throttles, what has no answer is sent again after a moment of chance, and ends once", async (t) => {
  const { clock, streamer, peer } = await open(t);
  const requests = ["r-1", "r-2"].map((id) => streamer.request("report", {}, { id }));
  for (const { id } of requests) assert.equal((await peer.expect("report")).id, id);
  peer.send('{"message": "Internal server error", "connectionId":"a=", "requestId":"b="}');
  await turn(5);
  assert.equal(peer.messages.waiting, 0, "sent again at once");
  clock.advance(2000);
  for (let i = 0; i < 2; i++) peer.send(frames((await peer.expect("report")).id).ack(1));
  for (const { id } of requests) peer.send(frames(id).complete(id, 2));
  assert.deepEqual(await Promise.all(requests.map((r) => r.result)), ["r-1", "r-2"]);
});

test("redrive, signal and output ask the server, and answer with what it says", async (t) => {
  const { streamer, peer } = await open(t);
  const redriven = streamer.redrive("r-1");
  let asked = await peer.expect("streamer.redrive");
  assert.deepEqual(asked.payload, { request_id: "r-1" });
  peer.send(frames("r-1").snapshot(asked.id, "QUEUED", 9));
  assert.equal((await redriven).state, "QUEUED");
  const signalled = streamer.signal("r-1", "approval", { by: "ada" });
  asked = await peer.expect("streamer.signal");
  assert.deepEqual(asked.payload, { request_id: "r-1", token: "approval", payload: { by: "ada" } });
  peer.send(frames("r-1").snapshot(asked.id, "QUEUED", 10));
  assert.equal((await signalled).rev, 10);
  const piece = streamer.output("r-1", 2);
  asked = await peer.expect("streamer.output");
  assert.deepEqual(asked.payload, { request_id: "r-1", from: 2 });
  peer.send(frames(asked.id).response({ offset: 2, chunks: [1], final: true }));
  assert.deepEqual(await piece, { offset: 2, chunks: [1], final: true });
});

test("a message that the server cannot take for now is sent again", async (t) => {
  const { clock, streamer, peer } = await open(t);
  const request = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  peer.send(frames("r-1").error("SERVICE_UNAVAILABLE", undefined, { retry: { retryable: true } }));
  await turn(5);
  clock.advance(2000);
  await peer.expect("report");
  peer.send(frames("r-1").ack(1));
  peer.send(frames("r-1").complete("done", 2));
  assert.equal(await request.result, "done");
});
