import assert from "node:assert/strict";
import { test } from "node:test";
import { all, frames, reaches, snapshot, turn, world } from "./support/world.js";
const f = frames("r-1");
async function open(t, options = {}) {
  const w = await world(t, options);
  const streamer = w.connect();
  const peer = await w.server.connections.next();
  await reaches(streamer, "open");
  const again = async () => {
    await reaches(streamer, "reconnecting");
    w.clock.advance(w.clock.due()[0]);
    const next = await w.server.connections.next();
    await reaches(streamer, "open");
    return next;
  };
  return { ...w, streamer, peer, again };
}
async function polling(t) {
  const w = await world(t);
  w.server.refuse = 403;
  const streamer = w.connect();
  await reaches(streamer, "connecting", "refused");
  w.clock.advance(1e3);
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
test("a long one shows its progress to a callback and to a loop, and ends both", async (t) => {
  const { streamer, peer } = await open(t);
  const heard = [];
  const request = streamer.request("report", {}, { id: "r-1", onProgress: (p) => heard.push(p) });
  const looped = all(request.progress);
  await peer.expect("report");
  peer.send(f.ack());
  while (heard.length < 1) await turn(1);
  for (const rev of [2, 3, 4]) {
    peer.send(f.progress(rev * 10, rev, `step ${rev}`));
    while (heard.at(-1)?.rev != rev) await turn(1);
  }
  peer.send(f.complete({ url: "/report" }, 5));
  assert.deepEqual(await request.result, { url: "/report" });
  assert.deepEqual(heard.map((p) => [p.percentage, p.message, p.state]), [
    [0, "the request is queued", "QUEUED"],
    [20, "step 2", "RUNNING"],
    [30, "step 3", "RUNNING"],
    [40, "step 4", "RUNNING"]
  ]);
  assert.deepEqual(await looped, heard);
});
test("what is asked for before there is a connection is sent when there is one", async (t) => {
  const { server, connect } = await world(t);
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
  peer.send(f.error("RATE_LIMITED", void 0, { details: { correlation_id: "c-1" }, retry: { retryable: true, after: 2 } }));
  await assert.rejects(refused.result, {
    name: "StreamerError",
    code: "RATE_LIMITED",
    message: "it is RATE_LIMITED",
    requestId: "r-1",
    details: { correlation_id: "c-1" },
    retry: { retryable: true, after: 2 }
  });
  const failed = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  peer.send(f.ack());
  peer.send(f.error("PROCESSING_FAILED", 3));
  await assert.rejects(failed.result, { code: "PROCESSING_FAILED" });
});
test("after a cut it asks where its requests stand, and no final frame is lost or doubled", async (t) => {
  const { streamer, peer, again } = await open(t);
  const revs = [];
  const running = streamer.request("report", {}, { id: "r-1", onProgress: (p) => revs.push(p.rev) });
  const finished = streamer.request("report", {}, { id: "r-2" });
  for (const id of ["r-1", "r-2"]) {
    await peer.expect("report");
    peer.send(frames(id).ack());
  }
  peer.send(f.progress(10, 2));
  while (revs.at(-1) != 2) await turn(1);
  peer.cut();
  const next = await again();
  const asked = new Map([await next.expect("streamer.subscribe"), await next.expect("streamer.subscribe")].map((m) => [m.payload.request_id, m.id]));
  next.send(f.progress(30, 5));
  next.send(f.snapshot(asked.get("r-1"), "RUNNING", 4, { percentage: 20 }));
  next.send(frames("r-2").snapshot(asked.get("r-2"), "SUCCEEDED", 9, { result: "it ended while nobody looked" }));
  next.send(frames("r-2").complete("it ended while nobody looked", 9));
  assert.equal(await finished.result, "it ended while nobody looked");
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
test("a message that nobody ever answers is given up, and may be tried again", async (t) => {
  const { clock, streamer, peer } = await open(t);
  const request = streamer.request("report", {}, { id: "r-1" });
  for (let tries = 0; tries < 5; tries++) {
    await peer.expect("report");
    clock.advance(35e3);
    while (clock.due()[0] == 1e4) await turn(1);
    await turn();
    clock.advance(2e4);
  }
  await assert.rejects(request.result, { code: "SERVICE_UNAVAILABLE", requestId: "r-1", retry: { retryable: true } });
  assert.equal(streamer.state, "open");
});
test("a subscription that fails for now is tried again, one that is refused ends the wait", async (t) => {
  const { clock, streamer, peer } = await open(t);
  const request = streamer.resume("r-1");
  let asked = await peer.expect("streamer.subscribe");
  peer.send(frames(asked.id).error("SERVICE_UNAVAILABLE", void 0, { retry: { retryable: true, after: 3 } }));
  while (clock.due()[0] != 3500) await turn(1);
  clock.advance(3500);
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
  const abort = (id) => {
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
  const request = streamer.request("report", {}, { id: "r-1", timeout: 5e3 });
  await peer.expect("report");
  peer.send(f.ack());
  await turn();
  clock.advance(5e3);
  await assert.rejects(request.result, { code: "TIMEOUT", message: "no result within 5000 ms" });
  const cancel = await peer.expect("streamer.cancel");
  peer.send(f.snapshot(cancel.id, "CANCELLED", 2));
  const quick = streamer.request("echo", 1, { id: "r-2", timeout: 5e3 });
  await peer.expect("echo");
  peer.send(frames("r-2").response(1));
  await quick.result;
  await turn();
  assert.ok(!clock.due().includes(5e3));
});
test("a message too large for a frame goes by HTTP, and is watched on the socket", async (t) => {
  const { server, clock, streamer, peer } = await open(t);
  const payload = "\xE4".repeat(16e3);
  const request = streamer.request("profile", payload, { id: "r-1" });
  let call = await server.calls.next();
  assert.deepEqual([call.method, call.url, call.body], ["POST", "/requests", { id: "r-1", action: "profile", payload }]);
  call.cut();
  while (clock.due()[0] > 1e3) await turn(1);
  clock.advance(1e3);
  call = await server.calls.next();
  call.reply(202, f.ack());
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(f.snapshot(subscribe.id, "RUNNING", 2, { percentage: 5 }));
  peer.send(f.complete("done", 3));
  assert.equal(await request.result, "done");
  const short = streamer.request("echo", payload, { id: "r-2" });
  (await server.calls.next()).reply(201, frames("r-2").response(payload.length));
  assert.equal(await short.result, 16e3);
  streamer.request("echo", "\xE4".repeat(15900));
  await peer.expect("echo");
});
test("over HTTP alone a request has the same life", async (t) => {
  const { server, clock, streamer } = await polling(t);
  const heard = [];
  const request = streamer.request("report", { year: 2026 }, { id: "r-1", onProgress: (p) => heard.push(p) });
  let call = await server.calls.next();
  assert.deepEqual([call.method, call.body.action], ["POST", "report"]);
  call.reply(202, f.ack());
  call = await server.calls.next();
  assert.deepEqual([call.method, call.url], ["GET", "/requests/r-1?wait=20s&rev=1"]);
  call.reply(200, snapshot("r-1", "RUNNING", 4, { percentage: 40, message: "reading" }));
  call = await server.calls.next();
  assert.equal(call.url, "/requests/r-1?wait=20s&rev=4");
  call.reply(200, snapshot("r-1", "RUNNING", 4, { percentage: 40 }));
  while (!clock.due().includes(1e3)) await turn(1);
  assert.equal(server.calls.waiting, 0);
  clock.advance(1e3);
  call = await server.calls.next();
  call.reply(200, snapshot("r-1", "SUCCEEDED", 9, { result: "done" }));
  assert.equal(await request.result, "done");
  assert.deepEqual(heard.map((p) => p.message), ["the request is queued", "reading"]);
  const short = streamer.request("echo", 1, { id: "r-2" });
  (await server.calls.next()).reply(201, frames("r-2").response(1));
  assert.equal(await short.result, 1);
  const cancelled = streamer.cancel("r-3");
  call = await server.calls.next();
  assert.deepEqual([call.method, call.url], ["DELETE", "/requests/r-3"]);
  call.reply(200, snapshot("r-3", "CANCELLED", 2));
  assert.equal((await cancelled).state, "CANCELLED");
});
test("an abort does not wait for the poll that is under way", async (t) => {
  const { server, streamer } = await polling(t);
  const controller = new AbortController();
  const request = streamer.resume("r-1", { signal: controller.signal });
  (await server.calls.next()).reply(200, snapshot("r-1", "RUNNING", 4));
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
  clock.advance(1e3);
  await reaches(streamer, "open", "polling");
  (await server.calls.next()).reply(200, snapshot("r-1", "SUCCEEDED", 9, { result: 7 }));
  assert.equal(await request.result, 7);
});
test("from polling it moves to the socket with its requests", async (t) => {
  const { server, clock, streamer } = await polling(t);
  const request = streamer.resume("r-1");
  (await server.calls.next()).reply(200, snapshot("r-1", "RUNNING", 4));
  const waiting = await server.calls.next();
  server.refuse = void 0;
  clock.advance(3e4);
  waiting.reply(200, snapshot("r-1", "RUNNING", 5));
  const last = await server.calls.next();
  clock.advance(3e4);
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
  while (clock.due()[0] > 1e3) await turn(1);
  clock.advance(1e3);
  const call = await server.calls.next();
  assert.equal(call.url, "/requests/r-1");
  call.reply(200, snapshot("r-1", "SUCCEEDED", 5, { result: "x".repeat(15e4) }));
  assert.equal((await request.result).length, 15e4);
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
  assert.equal((await cancel).cancelling, true);
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
  const heard = [];
  const second = streamer.request("report", { a: 1 }, { id: "r-1", onProgress: (p) => heard.push(p.rev) });
  const third = streamer.resume("r-1");
  assert.ok(first == second && second == third);
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
  const running = streamer.request("report", {}, { id: "r-1", timeout: 6e4 });
  await peer.expect("report");
  peer.send(f.ack());
  const fetching = streamer.resume("r-2");
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(frames("r-2").snapshot(subscribe.id, "SUCCEEDED", 5, { result_ref: "/requests/r-2" }));
  await server.calls.next();
  const reading = streamer.get("r-3");
  await peer.expect("streamer.get");
  const large = streamer.request("echo", "x".repeat(4e4));
  await server.calls.next();
  streamer.close();
  for (const wait of [running.result, fetching.result, reading, large.result, streamer.request("echo", 1).result, streamer.list()]) {
    await assert.rejects(wait, { code: "CLOSED" });
  }
  assert.deepEqual((await all(running.progress)).map((p) => p.state), ["QUEUED"]);
  await turn();
  assert.deepEqual(clock.due(), []);
  assert.equal(peer.messages.waiting, 0);
});
test("an error that nobody awaits stops nothing", async (t) => {
  const { streamer, peer } = await open(t);
  streamer.request("report", {}, { id: "r-2" });
  await peer.expect("report");
  peer.send(frames("r-2").error("TIMEOUT"));
  const request = streamer.request("echo", 1, { id: "r-1" });
  await peer.expect("echo");
  peer.send(f.response(1));
  assert.equal(await request.result, 1);
});
test("frames of nobody's requests and garbage stop nothing", async (t) => {
  const { streamer, peer } = await open(t);
  const request = streamer.request("echo", 1, { id: "r-1" });
  await peer.expect("echo");
  for (const text of ["", "{", "null", '{"type":"hologram","request_id":"r-1","rev":3}', '{"type":"complete","request_id":"r-9","rev":3}']) peer.send(text);
  peer.send(f.response(1));
  assert.equal(await request.result, 1);
});
test("large integers survive with a parse and a stringify that keep them", async (t) => {
  const parse = (text) => JSON.parse(text.replaceAll(/([:[,])(\d{16,})/g, '$1"big:$2"'), (_, v) => /^big:/.test(v) ? BigInt(v.slice(4)) : v);
  const stringify = (value) => JSON.stringify(value, (_, v) => typeof v == "bigint" ? `big:${v}` : v).replaceAll(/"big:(\d+)"/g, "$1");
  const { streamer, peer } = await open(t, { parse, stringify });
  const request = streamer.request("echo", { n: 9007199254740993n }, { id: "r-1" });
  await peer.expect("echo");
  peer.send('{"type":"response","request_id":"r-1","success":true,"data":{"n":9007199254740993}}');
  assert.deepEqual(await request.result, { n: 9007199254740993n });
});
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vdGVzdC9zdHJlYW1lci50ZXN0LnRzIl0sCiAgInNvdXJjZXNDb250ZW50IjogWyJpbXBvcnQgYXNzZXJ0IGZyb20gXCJub2RlOmFzc2VydC9zdHJpY3RcIjtcbmltcG9ydCB7IHRlc3QsIHR5cGUgVGVzdENvbnRleHQgfSBmcm9tIFwibm9kZTp0ZXN0XCI7XG5pbXBvcnQgdHlwZSB7IFN0cmVhbWVyT3B0aW9ucyB9IGZyb20gXCIuLi9zcmMvc3RyZWFtZXIuanNcIjtcbmltcG9ydCB0eXBlIHsgUHJvZ3Jlc3MgfSBmcm9tIFwiLi4vc3JjL3JlcXVlc3QuanNcIjtcbmltcG9ydCB7IGFsbCwgZnJhbWVzLCByZWFjaGVzLCBzbmFwc2hvdCwgdHVybiwgd29ybGQgfSBmcm9tIFwiLi9zdXBwb3J0L3dvcmxkLmpzXCI7XG5cbmNvbnN0IGYgPSBmcmFtZXMoXCJyLTFcIik7XG5cbi8qKiBBIHdvcmxkIHdpdGggb25lIG9wZW4gY2xpZW50LiAqL1xuYXN5bmMgZnVuY3Rpb24gb3Blbih0OiBUZXN0Q29udGV4dCwgb3B0aW9uczogUGFydGlhbDxTdHJlYW1lck9wdGlvbnM+ID0ge30pIHtcbiAgY29uc3QgdyA9IGF3YWl0IHdvcmxkKHQsIG9wdGlvbnMpO1xuICBjb25zdCBzdHJlYW1lciA9IHcuY29ubmVjdCgpO1xuICBjb25zdCBwZWVyID0gYXdhaXQgdy5zZXJ2ZXIuY29ubmVjdGlvbnMubmV4dCgpO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcIm9wZW5cIik7XG4gIC8qKiBUaGUgY29ubmVjdGlvbiBhZnRlciB0aGUgb25lIHRoYXQgd2FzIGN1dC4gKi9cbiAgY29uc3QgYWdhaW4gPSBhc3luYyAoKSA9PiB7XG4gICAgYXdhaXQgcmVhY2hlcyhzdHJlYW1lciwgXCJyZWNvbm5lY3RpbmdcIik7XG4gICAgdy5jbG9jay5hZHZhbmNlKHcuY2xvY2suZHVlKClbMF0hKTtcbiAgICBjb25zdCBuZXh0ID0gYXdhaXQgdy5zZXJ2ZXIuY29ubmVjdGlvbnMubmV4dCgpO1xuICAgIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwib3BlblwiKTtcbiAgICByZXR1cm4gbmV4dDtcbiAgfTtcbiAgcmV0dXJuIHsgLi4udywgc3RyZWFtZXIsIHBlZXIsIGFnYWluIH07XG59XG5cbi8qKiBBIHdvcmxkIHdob3NlIGNsaWVudCBwb2xscy4gKi9cbmFzeW5jIGZ1bmN0aW9uIHBvbGxpbmcodDogVGVzdENvbnRleHQpIHtcbiAgY29uc3QgdyA9IGF3YWl0IHdvcmxkKHQpO1xuICB3LnNlcnZlci5yZWZ1c2UgPSA0MDM7XG4gIGNvbnN0IHN0cmVhbWVyID0gdy5jb25uZWN0KCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwiY29ubmVjdGluZ1wiLCBcInJlZnVzZWRcIik7XG4gIHcuY2xvY2suYWR2YW5jZSgxMDAwKTtcbiAgYXdhaXQgcmVhY2hlcyhzdHJlYW1lciwgXCJvcGVuXCIsIFwicG9sbGluZ1wiKTtcbiAgcmV0dXJuIHsgLi4udywgc3RyZWFtZXIgfTtcbn1cblxudGVzdChcImEgc2hvcnQgYWN0aW9uIGlzIGFuc3dlcmVkXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc3RyZWFtZXIsIHBlZXIgfSA9IGF3YWl0IG9wZW4odCk7XG4gIGNvbnN0IHJlcXVlc3QgPSBzdHJlYW1lci5yZXF1ZXN0KFwiZWNob1wiLCB7IHRleHQ6IFwiaGVsbG9cIiB9LCB7IG1ldGFkYXRhOiB7IHNvdXJjZTogXCJ0ZXN0XCIgfSB9KTtcbiAgY29uc3QgbWVzc2FnZSA9IGF3YWl0IHBlZXIubWVzc2FnZXMubmV4dCgpO1xuICBhc3NlcnQuZGVlcEVxdWFsKG1lc3NhZ2UsIHsgaWQ6IHJlcXVlc3QuaWQsIGFjdGlvbjogXCJlY2hvXCIsIHBheWxvYWQ6IHsgdGV4dDogXCJoZWxsb1wiIH0sIG1ldGFkYXRhOiB7IHNvdXJjZTogXCJ0ZXN0XCIgfSB9KTtcbiAgcGVlci5zZW5kKGZyYW1lcyhyZXF1ZXN0LmlkKS5yZXNwb25zZSh7IHRleHQ6IFwiaGVsbG9cIiB9KSk7XG4gIGFzc2VydC5kZWVwRXF1YWwoYXdhaXQgcmVxdWVzdC5yZXN1bHQsIHsgdGV4dDogXCJoZWxsb1wiIH0pO1xuICBhc3NlcnQuZGVlcEVxdWFsKHN0cmVhbWVyLnBlbmRpbmcoKSwgW10pO1xufSk7XG5cbnRlc3QoXCJhIGxvbmcgb25lIHNob3dzIGl0cyBwcm9ncmVzcyB0byBhIGNhbGxiYWNrIGFuZCB0byBhIGxvb3AsIGFuZCBlbmRzIGJvdGhcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzdHJlYW1lciwgcGVlciB9ID0gYXdhaXQgb3Blbih0KTtcbiAgY29uc3QgaGVhcmQ6IFByb2dyZXNzW10gPSBbXTtcbiAgY29uc3QgcmVxdWVzdCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJyZXBvcnRcIiwge30sIHsgaWQ6IFwici0xXCIsIG9uUHJvZ3Jlc3M6IChwKSA9PiBoZWFyZC5wdXNoKHApIH0pO1xuICBjb25zdCBsb29wZWQgPSBhbGwocmVxdWVzdC5wcm9ncmVzcyk7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwicmVwb3J0XCIpO1xuICBwZWVyLnNlbmQoZi5hY2soKSk7XG4gIHdoaWxlIChoZWFyZC5sZW5ndGggPCAxKSBhd2FpdCB0dXJuKDEpO1xuICBmb3IgKGNvbnN0IHJldiBvZiBbMiwgMywgNF0pIHtcbiAgICBwZWVyLnNlbmQoZi5wcm9ncmVzcyhyZXYgKiAxMCwgcmV2LCBgc3RlcCAke3Jldn1gKSk7XG4gICAgd2hpbGUgKGhlYXJkLmF0KC0xKT8ucmV2ICE9IHJldikgYXdhaXQgdHVybigxKTtcbiAgfVxuICBwZWVyLnNlbmQoZi5jb21wbGV0ZSh7IHVybDogXCIvcmVwb3J0XCIgfSwgNSkpO1xuICBhc3NlcnQuZGVlcEVxdWFsKGF3YWl0IHJlcXVlc3QucmVzdWx0LCB7IHVybDogXCIvcmVwb3J0XCIgfSk7XG4gIGFzc2VydC5kZWVwRXF1YWwoaGVhcmQubWFwKChwKSA9PiBbcC5wZXJjZW50YWdlLCBwLm1lc3NhZ2UsIHAuc3RhdGVdKSwgW1xuICAgIFswLCBcInRoZSByZXF1ZXN0IGlzIHF1ZXVlZFwiLCBcIlFVRVVFRFwiXSxcbiAgICBbMjAsIFwic3RlcCAyXCIsIFwiUlVOTklOR1wiXSxcbiAgICBbMzAsIFwic3RlcCAzXCIsIFwiUlVOTklOR1wiXSxcbiAgICBbNDAsIFwic3RlcCA0XCIsIFwiUlVOTklOR1wiXSxcbiAgXSk7XG4gIGFzc2VydC5kZWVwRXF1YWwoYXdhaXQgbG9vcGVkLCBoZWFyZCk7XG59KTtcblxudGVzdChcIndoYXQgaXMgYXNrZWQgZm9yIGJlZm9yZSB0aGVyZSBpcyBhIGNvbm5lY3Rpb24gaXMgc2VudCB3aGVuIHRoZXJlIGlzIG9uZVwiLCBhc3luYyAodCkgPT4ge1xuICBjb25zdCB7IHNlcnZlciwgY29ubmVjdCB9ID0gYXdhaXQgd29ybGQodCk7XG4gIGNvbnN0IHN0cmVhbWVyID0gY29ubmVjdCgpO1xuICBjb25zdCByZXF1ZXN0ID0gc3RyZWFtZXIucmVxdWVzdChcImVjaG9cIiwgMSwgeyBpZDogXCJyLTFcIiB9KTtcbiAgY29uc3QgcGFnZSA9IHN0cmVhbWVyLmxpc3QoKTtcbiAgY29uc3QgcGVlciA9IGF3YWl0IHNlcnZlci5jb25uZWN0aW9ucy5uZXh0KCk7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwiZWNob1wiKTtcbiAgY29uc3QgbGlzdCA9IGF3YWl0IHBlZXIuZXhwZWN0KFwic3RyZWFtZXIubGlzdFwiKTtcbiAgcGVlci5zZW5kKGYucmVzcG9uc2UoMSkpO1xuICBwZWVyLnNlbmQoeyB0eXBlOiBcInJlc3BvbnNlXCIsIHJlcXVlc3RfaWQ6IGxpc3QuaWQsIHN1Y2Nlc3M6IHRydWUsIGRhdGE6IHsgcmVxdWVzdHM6IFtdIH0gfSk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCByZXF1ZXN0LnJlc3VsdCwgMSk7XG4gIGFzc2VydC5kZWVwRXF1YWwoYXdhaXQgcGFnZSwgeyByZXF1ZXN0czogW10gfSk7XG59KTtcblxudGVzdChcImFuIGVycm9yIGZyYW1lIHJlamVjdHMgd2l0aCBhbGwgdGhhdCBpdCBzYXlzXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc3RyZWFtZXIsIHBlZXIgfSA9IGF3YWl0IG9wZW4odCk7XG4gIGNvbnN0IHJlZnVzZWQgPSBzdHJlYW1lci5yZXF1ZXN0KFwicmVwb3J0XCIsIHt9LCB7IGlkOiBcInItMVwiIH0pO1xuICBhd2FpdCBwZWVyLmV4cGVjdChcInJlcG9ydFwiKTtcbiAgcGVlci5zZW5kKGYuZXJyb3IoXCJSQVRFX0xJTUlURURcIiwgdW5kZWZpbmVkLCB7IGRldGFpbHM6IHsgY29ycmVsYXRpb25faWQ6IFwiYy0xXCIgfSwgcmV0cnk6IHsgcmV0cnlhYmxlOiB0cnVlLCBhZnRlcjogMiB9IH0pKTtcbiAgYXdhaXQgYXNzZXJ0LnJlamVjdHMocmVmdXNlZC5yZXN1bHQsIHtcbiAgICBuYW1lOiBcIlN0cmVhbWVyRXJyb3JcIixcbiAgICBjb2RlOiBcIlJBVEVfTElNSVRFRFwiLFxuICAgIG1lc3NhZ2U6IFwiaXQgaXMgUkFURV9MSU1JVEVEXCIsXG4gICAgcmVxdWVzdElkOiBcInItMVwiLFxuICAgIGRldGFpbHM6IHsgY29ycmVsYXRpb25faWQ6IFwiYy0xXCIgfSxcbiAgICByZXRyeTogeyByZXRyeWFibGU6IHRydWUsIGFmdGVyOiAyIH0sXG4gIH0pO1xuXG4gIGNvbnN0IGZhaWxlZCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJyZXBvcnRcIiwge30sIHsgaWQ6IFwici0xXCIgfSk7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwicmVwb3J0XCIpO1xuICBwZWVyLnNlbmQoZi5hY2soKSk7XG4gIHBlZXIuc2VuZChmLmVycm9yKFwiUFJPQ0VTU0lOR19GQUlMRURcIiwgMykpO1xuICBhd2FpdCBhc3NlcnQucmVqZWN0cyhmYWlsZWQucmVzdWx0LCB7IGNvZGU6IFwiUFJPQ0VTU0lOR19GQUlMRURcIiB9KTtcbn0pO1xuXG50ZXN0KFwiYWZ0ZXIgYSBjdXQgaXQgYXNrcyB3aGVyZSBpdHMgcmVxdWVzdHMgc3RhbmQsIGFuZCBubyBmaW5hbCBmcmFtZSBpcyBsb3N0IG9yIGRvdWJsZWRcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzdHJlYW1lciwgcGVlciwgYWdhaW4gfSA9IGF3YWl0IG9wZW4odCk7XG4gIGNvbnN0IHJldnM6IG51bWJlcltdID0gW107XG4gIGNvbnN0IHJ1bm5pbmcgPSBzdHJlYW1lci5yZXF1ZXN0KFwicmVwb3J0XCIsIHt9LCB7IGlkOiBcInItMVwiLCBvblByb2dyZXNzOiAocCkgPT4gcmV2cy5wdXNoKHAucmV2KSB9KTtcbiAgY29uc3QgZmluaXNoZWQgPSBzdHJlYW1lci5yZXF1ZXN0KFwicmVwb3J0XCIsIHt9LCB7IGlkOiBcInItMlwiIH0pO1xuICBmb3IgKGNvbnN0IGlkIG9mIFtcInItMVwiLCBcInItMlwiXSkge1xuICAgIGF3YWl0IHBlZXIuZXhwZWN0KFwicmVwb3J0XCIpO1xuICAgIHBlZXIuc2VuZChmcmFtZXMoaWQpLmFjaygpKTtcbiAgfVxuICBwZWVyLnNlbmQoZi5wcm9ncmVzcygxMCwgMikpO1xuICB3aGlsZSAocmV2cy5hdCgtMSkgIT0gMikgYXdhaXQgdHVybigxKTtcbiAgcGVlci5jdXQoKTtcblxuICBjb25zdCBuZXh0ID0gYXdhaXQgYWdhaW4oKTtcbiAgY29uc3QgYXNrZWQgPSBuZXcgTWFwKFthd2FpdCBuZXh0LmV4cGVjdChcInN0cmVhbWVyLnN1YnNjcmliZVwiKSwgYXdhaXQgbmV4dC5leHBlY3QoXCJzdHJlYW1lci5zdWJzY3JpYmVcIildLm1hcCgobSkgPT4gW20ucGF5bG9hZC5yZXF1ZXN0X2lkLCBtLmlkXSkpO1xuICBuZXh0LnNlbmQoZi5wcm9ncmVzcygzMCwgNSkpOyAvLyBsaXZlIGZyYW1lcyBtYXkgb3ZlcnRha2UgdGhlIHNuYXBzaG90XG4gIG5leHQuc2VuZChmLnNuYXBzaG90KGFza2VkLmdldChcInItMVwiKSwgXCJSVU5OSU5HXCIsIDQsIHsgcGVyY2VudGFnZTogMjAgfSkpO1xuICBuZXh0LnNlbmQoZnJhbWVzKFwici0yXCIpLnNuYXBzaG90KGFza2VkLmdldChcInItMlwiKSwgXCJTVUNDRUVERURcIiwgOSwgeyByZXN1bHQ6IFwiaXQgZW5kZWQgd2hpbGUgbm9ib2R5IGxvb2tlZFwiIH0pKTtcbiAgbmV4dC5zZW5kKGZyYW1lcyhcInItMlwiKS5jb21wbGV0ZShcIml0IGVuZGVkIHdoaWxlIG5vYm9keSBsb29rZWRcIiwgOSkpO1xuICBhc3NlcnQuZXF1YWwoYXdhaXQgZmluaXNoZWQucmVzdWx0LCBcIml0IGVuZGVkIHdoaWxlIG5vYm9keSBsb29rZWRcIik7XG4gIG5leHQuc2VuZChmLmNvbXBsZXRlKFwiZG9uZVwiLCA2KSk7XG4gIG5leHQuc2VuZChmLmNvbXBsZXRlKFwiZG9uZVwiLCA2KSk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCBydW5uaW5nLnJlc3VsdCwgXCJkb25lXCIpO1xuICBhc3NlcnQuZGVlcEVxdWFsKHJldnMsIFsxLCAyLCA1XSk7XG59KTtcblxudGVzdChcImEgbWVzc2FnZSB3aG9zZSBhbnN3ZXIgd2FzIGxvc3QgaXMgc2VudCBhZ2FpbiBhcyBpdCB3YXNcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzdHJlYW1lciwgcGVlciwgYWdhaW4gfSA9IGF3YWl0IG9wZW4odCk7XG4gIGNvbnN0IHJlcXVlc3QgPSBzdHJlYW1lci5yZXF1ZXN0KFwicmVwb3J0XCIsIHsgcm93czogWzEsIDJdIH0pO1xuICBjb25zdCBmaXJzdCA9IGF3YWl0IHBlZXIubWVzc2FnZXMubmV4dCgpO1xuICBwZWVyLmN1dCgpO1xuICBjb25zdCBuZXh0ID0gYXdhaXQgYWdhaW4oKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChhd2FpdCBuZXh0Lm1lc3NhZ2VzLm5leHQoKSwgZmlyc3QpO1xuICBuZXh0LnNlbmQoZnJhbWVzKHJlcXVlc3QuaWQpLnNuYXBzaG90KHJlcXVlc3QuaWQsIFwiU1VDQ0VFREVEXCIsIDQsIHsgcmVzdWx0OiA3IH0pKTtcbiAgYXNzZXJ0LmVxdWFsKGF3YWl0IHJlcXVlc3QucmVzdWx0LCA3KTtcbn0pO1xuXG50ZXN0KFwiYSBtZXNzYWdlIHRoYXQgbm9ib2R5IGV2ZXIgYW5zd2VycyBpcyBnaXZlbiB1cCwgYW5kIG1heSBiZSB0cmllZCBhZ2FpblwiLCBhc3luYyAodCkgPT4ge1xuICBjb25zdCB7IGNsb2NrLCBzdHJlYW1lciwgcGVlciB9ID0gYXdhaXQgb3Blbih0KTtcbiAgY29uc3QgcmVxdWVzdCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJyZXBvcnRcIiwge30sIHsgaWQ6IFwici0xXCIgfSk7XG4gIGZvciAobGV0IHRyaWVzID0gMDsgdHJpZXMgPCA1OyB0cmllcysrKSB7XG4gICAgYXdhaXQgcGVlci5leHBlY3QoXCJyZXBvcnRcIik7XG4gICAgY2xvY2suYWR2YW5jZSgzNV8wMDApO1xuICAgIHdoaWxlIChjbG9jay5kdWUoKVswXSA9PSAxMF8wMDApIGF3YWl0IHR1cm4oMSk7IC8vIGl0IGFza3Mgd2hldGhlciBhbnlib2R5IGlzIHRoZXJlXG4gICAgYXdhaXQgdHVybigpO1xuICAgIGNsb2NrLmFkdmFuY2UoMjBfMDAwKTtcbiAgfVxuICBhd2FpdCBhc3NlcnQucmVqZWN0cyhyZXF1ZXN0LnJlc3VsdCwgeyBjb2RlOiBcIlNFUlZJQ0VfVU5BVkFJTEFCTEVcIiwgcmVxdWVzdElkOiBcInItMVwiLCByZXRyeTogeyByZXRyeWFibGU6IHRydWUgfSB9KTtcbiAgYXNzZXJ0LmVxdWFsKHN0cmVhbWVyLnN0YXRlLCBcIm9wZW5cIik7XG59KTtcblxudGVzdChcImEgc3Vic2NyaXB0aW9uIHRoYXQgZmFpbHMgZm9yIG5vdyBpcyB0cmllZCBhZ2Fpbiwgb25lIHRoYXQgaXMgcmVmdXNlZCBlbmRzIHRoZSB3YWl0XCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgY2xvY2ssIHN0cmVhbWVyLCBwZWVyIH0gPSBhd2FpdCBvcGVuKHQpO1xuICBjb25zdCByZXF1ZXN0ID0gc3RyZWFtZXIucmVzdW1lKFwici0xXCIpO1xuICBsZXQgYXNrZWQgPSBhd2FpdCBwZWVyLmV4cGVjdChcInN0cmVhbWVyLnN1YnNjcmliZVwiKTtcbiAgcGVlci5zZW5kKGZyYW1lcyhhc2tlZC5pZCkuZXJyb3IoXCJTRVJWSUNFX1VOQVZBSUxBQkxFXCIsIHVuZGVmaW5lZCwgeyByZXRyeTogeyByZXRyeWFibGU6IHRydWUsIGFmdGVyOiAzIH0gfSkpO1xuICB3aGlsZSAoY2xvY2suZHVlKClbMF0gIT0gMzUwMCkgYXdhaXQgdHVybigxKTtcbiAgY2xvY2suYWR2YW5jZSgzNTAwKTtcbiAgYXNrZWQgPSBhd2FpdCBwZWVyLmV4cGVjdChcInN0cmVhbWVyLnN1YnNjcmliZVwiKTtcbiAgcGVlci5zZW5kKGZyYW1lcyhhc2tlZC5pZCkuZXJyb3IoXCJOT1RfRk9VTkRcIikpO1xuICBhd2FpdCBhc3NlcnQucmVqZWN0cyhyZXF1ZXN0LnJlc3VsdCwgeyBjb2RlOiBcIk5PVF9GT1VORFwiLCByZXF1ZXN0SWQ6IFwici0xXCIgfSk7XG59KTtcblxudGVzdChcImEgdG9rZW4gdGhhdCBleHBpcmVkIG9uIHRoZSBsaXZlIHNvY2tldCBpcyByZXBsYWNlZCwgYW5kIHRoZSBtZXNzYWdlIHNlbnQgYWdhaW5cIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzdHJlYW1lciwgcGVlciwgYWdhaW4gfSA9IGF3YWl0IG9wZW4odCk7XG4gIGNvbnN0IHJlcXVlc3QgPSBzdHJlYW1lci5yZXF1ZXN0KFwiZWNob1wiLCAxLCB7IGlkOiBcInItMVwiIH0pO1xuICBhd2FpdCBwZWVyLmV4cGVjdChcImVjaG9cIik7XG4gIHBlZXIuc2VuZChmLmVycm9yKFwiVU5BVVRIT1JJWkVEXCIpKTtcbiAgY29uc3QgbmV4dCA9IGF3YWl0IGFnYWluKCk7XG4gIGF3YWl0IG5leHQuZXhwZWN0KFwiZWNob1wiKTtcbiAgbmV4dC5zZW5kKGYuZXJyb3IoXCJVTkFVVEhPUklaRURcIikpO1xuICBhd2FpdCBhc3NlcnQucmVqZWN0cyhyZXF1ZXN0LnJlc3VsdCwgeyBjb2RlOiBcIlVOQVVUSE9SSVpFRFwiIH0pO1xuICBhc3NlcnQuZXF1YWwoc3RyZWFtZXIuc3RhdGUsIFwib3BlblwiKTtcbn0pO1xuXG50ZXN0KFwiYWJvcnRpbmcgcmVqZWN0cyBhdCBvbmNlIGFuZCBjYW5jZWxzIG9uIHRoZSBzZXJ2ZXIsIGFzIHNvb24gYXMgaXQgY2FuXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc3RyZWFtZXIsIHBlZXIsIGFnYWluIH0gPSBhd2FpdCBvcGVuKHQpO1xuICBjb25zdCBhYm9ydCA9IChpZDogc3RyaW5nKSA9PiB7XG4gICAgY29uc3QgY29udHJvbGxlciA9IG5ldyBBYm9ydENvbnRyb2xsZXIoKTtcbiAgICBjb25zdCByZXF1ZXN0ID0gc3RyZWFtZXIucmVxdWVzdChcInJlcG9ydFwiLCB7fSwgeyBpZCwgc2lnbmFsOiBjb250cm9sbGVyLnNpZ25hbCB9KTtcbiAgICByZXR1cm4gYXN5bmMgKCkgPT4ge1xuICAgICAgY29udHJvbGxlci5hYm9ydChcInRoZSB1c2VyIGxlZnRcIik7XG4gICAgICBhd2FpdCBhc3NlcnQucmVqZWN0cyhyZXF1ZXN0LnJlc3VsdCwgeyBjb2RlOiBcIkNBTkNFTExFRFwiLCByZXF1ZXN0SWQ6IGlkLCBjYXVzZTogXCJ0aGUgdXNlciBsZWZ0XCIgfSk7XG4gICAgfTtcbiAgfTtcbiAgY29uc3QgYWNrbm93bGVkZ2VkID0gYWJvcnQoXCJyLTFcIik7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwicmVwb3J0XCIpO1xuICBwZWVyLnNlbmQoZi5hY2soKSk7XG4gIGF3YWl0IHR1cm4oKTtcbiAgYXdhaXQgYWNrbm93bGVkZ2VkKCk7XG4gIGxldCBjYW5jZWwgPSBhd2FpdCBwZWVyLmV4cGVjdChcInN0cmVhbWVyLmNhbmNlbFwiKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChjYW5jZWwucGF5bG9hZCwgeyByZXF1ZXN0X2lkOiBcInItMVwiIH0pO1xuICBwZWVyLnNlbmQoZi5zbmFwc2hvdChjYW5jZWwuaWQsIFwiQ0FOQ0VMTEVEXCIsIDIsIHsgZXJyb3I6IHsgY29kZTogXCJDQU5DRUxMRURcIiwgbWVzc2FnZTogXCJjYW5jZWxsZWRcIiB9IH0pKTtcblxuICAvLyBUaGUgY2FuY2VsIG11c3Qgbm90IG92ZXJ0YWtlIHRoZSBtZXNzYWdlLlxuICBjb25zdCB1bmFuc3dlcmVkID0gYWJvcnQoXCJyLTJcIik7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwicmVwb3J0XCIpO1xuICBhd2FpdCB1bmFuc3dlcmVkKCk7XG4gIGF3YWl0IHR1cm4oKTtcbiAgYXNzZXJ0LmVxdWFsKHBlZXIubWVzc2FnZXMud2FpdGluZywgMCk7XG4gIHBlZXIuc2VuZChmcmFtZXMoXCJyLTJcIikuYWNrKCkpO1xuICBjYW5jZWwgPSBhd2FpdCBwZWVyLmV4cGVjdChcInN0cmVhbWVyLmNhbmNlbFwiKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChjYW5jZWwucGF5bG9hZCwgeyByZXF1ZXN0X2lkOiBcInItMlwiIH0pO1xuICBwZWVyLnNlbmQoZnJhbWVzKGNhbmNlbC5pZCkuZXJyb3IoXCJOT1RfRk9VTkRcIikpO1xuXG4gIGNvbnN0IHNob3J0ID0gYWJvcnQoXCJyLTNcIik7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwicmVwb3J0XCIpO1xuICBhd2FpdCBzaG9ydCgpO1xuICBwZWVyLnNlbmQoZnJhbWVzKFwici0zXCIpLnJlc3BvbnNlKDEpKTtcbiAgYXdhaXQgdHVybigpO1xuICBhc3NlcnQuZXF1YWwocGVlci5tZXNzYWdlcy53YWl0aW5nLCAwKTtcblxuICBjb25zdCBsb3N0ID0gYWJvcnQoXCJyLTRcIik7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwicmVwb3J0XCIpO1xuICBwZWVyLmN1dCgpO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcInJlY29ubmVjdGluZ1wiKTtcbiAgYXdhaXQgbG9zdCgpO1xuICBjb25zdCB1bnNlbnQgPSBhYm9ydChcInItNVwiKTtcbiAgYXdhaXQgdW5zZW50KCk7XG4gIGNvbnN0IG5leHQgPSBhd2FpdCBhZ2FpbigpO1xuICBjYW5jZWwgPSBhd2FpdCBuZXh0LmV4cGVjdChcInN0cmVhbWVyLmNhbmNlbFwiKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChjYW5jZWwucGF5bG9hZCwgeyByZXF1ZXN0X2lkOiBcInItNFwiIH0pO1xuICBhd2FpdCB0dXJuKCk7XG4gIGFzc2VydC5lcXVhbChuZXh0Lm1lc3NhZ2VzLndhaXRpbmcsIDApO1xuICBhc3NlcnQuZGVlcEVxdWFsKHN0cmVhbWVyLnBlbmRpbmcoKSwgW10pO1xufSk7XG5cbnRlc3QoXCJhIHNpZ25hbCB0aGF0IGhhcyBmaXJlZCBhbHJlYWR5IHNlbmRzIG5vdGhpbmdcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzdHJlYW1lciwgcGVlciB9ID0gYXdhaXQgb3Blbih0KTtcbiAgY29uc3QgcmVxdWVzdCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJyZXBvcnRcIiwge30sIHsgc2lnbmFsOiBBYm9ydFNpZ25hbC5hYm9ydCgpIH0pO1xuICBhd2FpdCBhc3NlcnQucmVqZWN0cyhyZXF1ZXN0LnJlc3VsdCwgeyBjb2RlOiBcIkNBTkNFTExFRFwiIH0pO1xuICBhd2FpdCB0dXJuKCk7XG4gIGFzc2VydC5lcXVhbChwZWVyLm1lc3NhZ2VzLndhaXRpbmcsIDApO1xufSk7XG5cbnRlc3QoXCJhIHRpbWVvdXQgY2FuY2VscyB0b28sIGFuZCBvbmUgdGhhdCB3YXMgbm90IG5lZWRlZCBsZWF2ZXMgbm8gdGltZXJcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBjbG9jaywgc3RyZWFtZXIsIHBlZXIgfSA9IGF3YWl0IG9wZW4odCk7XG4gIGNvbnN0IHJlcXVlc3QgPSBzdHJlYW1lci5yZXF1ZXN0KFwicmVwb3J0XCIsIHt9LCB7IGlkOiBcInItMVwiLCB0aW1lb3V0OiA1MDAwIH0pO1xuICBhd2FpdCBwZWVyLmV4cGVjdChcInJlcG9ydFwiKTtcbiAgcGVlci5zZW5kKGYuYWNrKCkpO1xuICBhd2FpdCB0dXJuKCk7XG4gIGNsb2NrLmFkdmFuY2UoNTAwMCk7XG4gIGF3YWl0IGFzc2VydC5yZWplY3RzKHJlcXVlc3QucmVzdWx0LCB7IGNvZGU6IFwiVElNRU9VVFwiLCBtZXNzYWdlOiBcIm5vIHJlc3VsdCB3aXRoaW4gNTAwMCBtc1wiIH0pO1xuICBjb25zdCBjYW5jZWwgPSBhd2FpdCBwZWVyLmV4cGVjdChcInN0cmVhbWVyLmNhbmNlbFwiKTtcbiAgcGVlci5zZW5kKGYuc25hcHNob3QoY2FuY2VsLmlkLCBcIkNBTkNFTExFRFwiLCAyKSk7XG5cbiAgY29uc3QgcXVpY2sgPSBzdHJlYW1lci5yZXF1ZXN0KFwiZWNob1wiLCAxLCB7IGlkOiBcInItMlwiLCB0aW1lb3V0OiA1MDAwIH0pO1xuICBhd2FpdCBwZWVyLmV4cGVjdChcImVjaG9cIik7XG4gIHBlZXIuc2VuZChmcmFtZXMoXCJyLTJcIikucmVzcG9uc2UoMSkpO1xuICBhd2FpdCBxdWljay5yZXN1bHQ7XG4gIGF3YWl0IHR1cm4oKTtcbiAgYXNzZXJ0Lm9rKCFjbG9jay5kdWUoKS5pbmNsdWRlcyg1MDAwKSk7XG59KTtcblxudGVzdChcImEgbWVzc2FnZSB0b28gbGFyZ2UgZm9yIGEgZnJhbWUgZ29lcyBieSBIVFRQLCBhbmQgaXMgd2F0Y2hlZCBvbiB0aGUgc29ja2V0XCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc2VydmVyLCBjbG9jaywgc3RyZWFtZXIsIHBlZXIgfSA9IGF3YWl0IG9wZW4odCk7XG4gIGNvbnN0IHBheWxvYWQgPSBcIlx1MDBFNFwiLnJlcGVhdCgxNl8wMDApOyAvLyAzMiwwMDAgYnl0ZXMgYW5kIHRoZSByZXN0IG9mIHRoZSBtZXNzYWdlXG4gIGNvbnN0IHJlcXVlc3QgPSBzdHJlYW1lci5yZXF1ZXN0KFwicHJvZmlsZVwiLCBwYXlsb2FkLCB7IGlkOiBcInItMVwiIH0pO1xuICBsZXQgY2FsbCA9IGF3YWl0IHNlcnZlci5jYWxscy5uZXh0KCk7XG4gIGFzc2VydC5kZWVwRXF1YWwoW2NhbGwubWV0aG9kLCBjYWxsLnVybCwgY2FsbC5ib2R5XSwgW1wiUE9TVFwiLCBcIi9yZXF1ZXN0c1wiLCB7IGlkOiBcInItMVwiLCBhY3Rpb246IFwicHJvZmlsZVwiLCBwYXlsb2FkIH1dKTtcbiAgY2FsbC5jdXQoKTsgLy8gdGhlIG5ldHdvcmsgZmFpbHMgb25jZVxuICB3aGlsZSAoY2xvY2suZHVlKClbMF0hID4gMTAwMCkgYXdhaXQgdHVybigxKTtcbiAgY2xvY2suYWR2YW5jZSgxMDAwKTtcbiAgY2FsbCA9IGF3YWl0IHNlcnZlci5jYWxscy5uZXh0KCk7XG4gIGNhbGwucmVwbHkoMjAyLCBmLmFjaygpKTtcbiAgY29uc3Qgc3Vic2NyaWJlID0gYXdhaXQgcGVlci5leHBlY3QoXCJzdHJlYW1lci5zdWJzY3JpYmVcIik7XG4gIHBlZXIuc2VuZChmLnNuYXBzaG90KHN1YnNjcmliZS5pZCwgXCJSVU5OSU5HXCIsIDIsIHsgcGVyY2VudGFnZTogNSB9KSk7XG4gIHBlZXIuc2VuZChmLmNvbXBsZXRlKFwiZG9uZVwiLCAzKSk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCByZXF1ZXN0LnJlc3VsdCwgXCJkb25lXCIpO1xuXG4gIGNvbnN0IHNob3J0ID0gc3RyZWFtZXIucmVxdWVzdChcImVjaG9cIiwgcGF5bG9hZCwgeyBpZDogXCJyLTJcIiB9KTtcbiAgKGF3YWl0IHNlcnZlci5jYWxscy5uZXh0KCkpLnJlcGx5KDIwMSwgZnJhbWVzKFwici0yXCIpLnJlc3BvbnNlKHBheWxvYWQubGVuZ3RoKSk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCBzaG9ydC5yZXN1bHQsIDE2XzAwMCk7XG5cbiAgc3RyZWFtZXIucmVxdWVzdChcImVjaG9cIiwgXCJcdTAwRTRcIi5yZXBlYXQoMTVfOTAwKSk7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwiZWNob1wiKTtcbn0pO1xuXG50ZXN0KFwib3ZlciBIVFRQIGFsb25lIGEgcmVxdWVzdCBoYXMgdGhlIHNhbWUgbGlmZVwiLCBhc3luYyAodCkgPT4ge1xuICBjb25zdCB7IHNlcnZlciwgY2xvY2ssIHN0cmVhbWVyIH0gPSBhd2FpdCBwb2xsaW5nKHQpO1xuICBjb25zdCBoZWFyZDogUHJvZ3Jlc3NbXSA9IFtdO1xuICBjb25zdCByZXF1ZXN0ID0gc3RyZWFtZXIucmVxdWVzdChcInJlcG9ydFwiLCB7IHllYXI6IDIwMjYgfSwgeyBpZDogXCJyLTFcIiwgb25Qcm9ncmVzczogKHApID0+IGhlYXJkLnB1c2gocCkgfSk7XG4gIGxldCBjYWxsID0gYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChbY2FsbC5tZXRob2QsIGNhbGwuYm9keS5hY3Rpb25dLCBbXCJQT1NUXCIsIFwicmVwb3J0XCJdKTtcbiAgY2FsbC5yZXBseSgyMDIsIGYuYWNrKCkpO1xuICBjYWxsID0gYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChbY2FsbC5tZXRob2QsIGNhbGwudXJsXSwgW1wiR0VUXCIsIFwiL3JlcXVlc3RzL3ItMT93YWl0PTIwcyZyZXY9MVwiXSk7XG4gIGNhbGwucmVwbHkoMjAwLCBzbmFwc2hvdChcInItMVwiLCBcIlJVTk5JTkdcIiwgNCwgeyBwZXJjZW50YWdlOiA0MCwgbWVzc2FnZTogXCJyZWFkaW5nXCIgfSkpO1xuICBjYWxsID0gYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKTtcbiAgYXNzZXJ0LmVxdWFsKGNhbGwudXJsLCBcIi9yZXF1ZXN0cy9yLTE/d2FpdD0yMHMmcmV2PTRcIik7XG5cbiAgLy8gQSBzZXJ2ZXIgdGhhdCBkb2VzIG5vdCB3YWl0IGlzIG5vdCBhc2tlZCBhZ2FpbiBhdCBvbmNlLlxuICBjYWxsLnJlcGx5KDIwMCwgc25hcHNob3QoXCJyLTFcIiwgXCJSVU5OSU5HXCIsIDQsIHsgcGVyY2VudGFnZTogNDAgfSkpO1xuICB3aGlsZSAoIWNsb2NrLmR1ZSgpLmluY2x1ZGVzKDEwMDApKSBhd2FpdCB0dXJuKDEpO1xuICBhc3NlcnQuZXF1YWwoc2VydmVyLmNhbGxzLndhaXRpbmcsIDApO1xuICBjbG9jay5hZHZhbmNlKDEwMDApO1xuICBjYWxsID0gYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKTtcbiAgY2FsbC5yZXBseSgyMDAsIHNuYXBzaG90KFwici0xXCIsIFwiU1VDQ0VFREVEXCIsIDksIHsgcmVzdWx0OiBcImRvbmVcIiB9KSk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCByZXF1ZXN0LnJlc3VsdCwgXCJkb25lXCIpO1xuICBhc3NlcnQuZGVlcEVxdWFsKGhlYXJkLm1hcCgocCkgPT4gcC5tZXNzYWdlKSwgW1widGhlIHJlcXVlc3QgaXMgcXVldWVkXCIsIFwicmVhZGluZ1wiXSk7XG5cbiAgY29uc3Qgc2hvcnQgPSBzdHJlYW1lci5yZXF1ZXN0KFwiZWNob1wiLCAxLCB7IGlkOiBcInItMlwiIH0pO1xuICAoYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKSkucmVwbHkoMjAxLCBmcmFtZXMoXCJyLTJcIikucmVzcG9uc2UoMSkpO1xuICBhc3NlcnQuZXF1YWwoYXdhaXQgc2hvcnQucmVzdWx0LCAxKTtcblxuICBjb25zdCBjYW5jZWxsZWQgPSBzdHJlYW1lci5jYW5jZWwoXCJyLTNcIik7XG4gIGNhbGwgPSBhd2FpdCBzZXJ2ZXIuY2FsbHMubmV4dCgpO1xuICBhc3NlcnQuZGVlcEVxdWFsKFtjYWxsLm1ldGhvZCwgY2FsbC51cmxdLCBbXCJERUxFVEVcIiwgXCIvcmVxdWVzdHMvci0zXCJdKTtcbiAgY2FsbC5yZXBseSgyMDAsIHNuYXBzaG90KFwici0zXCIsIFwiQ0FOQ0VMTEVEXCIsIDIpKTtcbiAgYXNzZXJ0LmVxdWFsKChhd2FpdCBjYW5jZWxsZWQpLnN0YXRlLCBcIkNBTkNFTExFRFwiKTtcbn0pO1xuXG50ZXN0KFwiYW4gYWJvcnQgZG9lcyBub3Qgd2FpdCBmb3IgdGhlIHBvbGwgdGhhdCBpcyB1bmRlciB3YXlcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzZXJ2ZXIsIHN0cmVhbWVyIH0gPSBhd2FpdCBwb2xsaW5nKHQpO1xuICBjb25zdCBjb250cm9sbGVyID0gbmV3IEFib3J0Q29udHJvbGxlcigpO1xuICBjb25zdCByZXF1ZXN0ID0gc3RyZWFtZXIucmVzdW1lKFwici0xXCIsIHsgc2lnbmFsOiBjb250cm9sbGVyLnNpZ25hbCB9KTtcbiAgKGF3YWl0IHNlcnZlci5jYWxscy5uZXh0KCkpLnJlcGx5KDIwMCwgc25hcHNob3QoXCJyLTFcIiwgXCJSVU5OSU5HXCIsIDQpKTtcbiAgYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKTtcbiAgY29udHJvbGxlci5hYm9ydCgpO1xuICBhd2FpdCBhc3NlcnQucmVqZWN0cyhyZXF1ZXN0LnJlc3VsdCwgeyBjb2RlOiBcIkNBTkNFTExFRFwiIH0pO1xuICBjb25zdCBjYWxsID0gYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChbY2FsbC5tZXRob2QsIGNhbGwudXJsXSwgW1wiREVMRVRFXCIsIFwiL3JlcXVlc3RzL3ItMVwiXSk7XG4gIGNhbGwucmVwbHkoMjAwLCBzbmFwc2hvdChcInItMVwiLCBcIkNBTkNFTExFRFwiLCA1KSk7XG59KTtcblxudGVzdChcInBvbGxpbmcgc3Vydml2ZXMgdGhlIG5ldHdvcmsgdG9vXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc2VydmVyLCBjbG9jaywgc3RyZWFtZXIgfSA9IGF3YWl0IHBvbGxpbmcodCk7XG4gIGNvbnN0IHJlcXVlc3QgPSBzdHJlYW1lci5yZXN1bWUoXCJyLTFcIik7XG4gIChhd2FpdCBzZXJ2ZXIuY2FsbHMubmV4dCgpKS5jdXQoKTtcbiAgYXdhaXQgcmVhY2hlcyhzdHJlYW1lciwgXCJyZWNvbm5lY3RpbmdcIiwgXCJ1bnJlYWNoYWJsZVwiKTtcbiAgY2xvY2suYWR2YW5jZSgxMDAwKTtcbiAgYXdhaXQgcmVhY2hlcyhzdHJlYW1lciwgXCJvcGVuXCIsIFwicG9sbGluZ1wiKTtcbiAgKGF3YWl0IHNlcnZlci5jYWxscy5uZXh0KCkpLnJlcGx5KDIwMCwgc25hcHNob3QoXCJyLTFcIiwgXCJTVUNDRUVERURcIiwgOSwgeyByZXN1bHQ6IDcgfSkpO1xuICBhc3NlcnQuZXF1YWwoYXdhaXQgcmVxdWVzdC5yZXN1bHQsIDcpO1xufSk7XG5cbnRlc3QoXCJmcm9tIHBvbGxpbmcgaXQgbW92ZXMgdG8gdGhlIHNvY2tldCB3aXRoIGl0cyByZXF1ZXN0c1wiLCBhc3luYyAodCkgPT4ge1xuICBjb25zdCB7IHNlcnZlciwgY2xvY2ssIHN0cmVhbWVyIH0gPSBhd2FpdCBwb2xsaW5nKHQpO1xuICBjb25zdCByZXF1ZXN0ID0gc3RyZWFtZXIucmVzdW1lKFwici0xXCIpO1xuICAoYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKSkucmVwbHkoMjAwLCBzbmFwc2hvdChcInItMVwiLCBcIlJVTk5JTkdcIiwgNCkpO1xuICBjb25zdCB3YWl0aW5nID0gYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKTtcbiAgc2VydmVyLnJlZnVzZSA9IHVuZGVmaW5lZDtcbiAgY2xvY2suYWR2YW5jZSgzMF8wMDApOyAvLyBsZXNzIHRoYW4gdGhlIGNhbGwncyBsaW1pdCwgYW5kIHRoZW4gdGhlIHJlc3Qgb2YgdGhlIG1pbnV0ZVxuICB3YWl0aW5nLnJlcGx5KDIwMCwgc25hcHNob3QoXCJyLTFcIiwgXCJSVU5OSU5HXCIsIDUpKTtcbiAgY29uc3QgbGFzdCA9IGF3YWl0IHNlcnZlci5jYWxscy5uZXh0KCk7XG4gIGNsb2NrLmFkdmFuY2UoMzBfMDAwKTtcbiAgY29uc3QgcGVlciA9IGF3YWl0IHNlcnZlci5jb25uZWN0aW9ucy5uZXh0KCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwib3BlblwiLCBcImNvbm5lY3RlZFwiKTtcbiAgbGFzdC5yZXBseSgyMDAsIHNuYXBzaG90KFwici0xXCIsIFwiUlVOTklOR1wiLCA2KSk7XG4gIGNvbnN0IHN1YnNjcmliZSA9IGF3YWl0IHBlZXIuZXhwZWN0KFwic3RyZWFtZXIuc3Vic2NyaWJlXCIpO1xuICBwZWVyLnNlbmQoZi5zbmFwc2hvdChzdWJzY3JpYmUuaWQsIFwiUlVOTklOR1wiLCA2KSk7XG4gIHBlZXIuc2VuZChmLmNvbXBsZXRlKFwiZG9uZVwiLCA3KSk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCByZXF1ZXN0LnJlc3VsdCwgXCJkb25lXCIpO1xufSk7XG5cbnRlc3QoXCJhIHJlc3VsdCB0b28gbGFyZ2UgZm9yIGEgZnJhbWUgaXMgZmV0Y2hlZCwgYWxzbyB3aGVuIHRoYXQgZmFpbHMgYXQgZmlyc3RcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzZXJ2ZXIsIGNsb2NrLCBzdHJlYW1lciwgcGVlciB9ID0gYXdhaXQgb3Blbih0KTtcbiAgY29uc3QgcmVxdWVzdCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJyZXBvcnRcIiwge30sIHsgaWQ6IFwici0xXCIgfSk7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwicmVwb3J0XCIpO1xuICBwZWVyLnNlbmQoeyB0eXBlOiBcImNvbXBsZXRlXCIsIHJlcXVlc3RfaWQ6IFwici0xXCIsIHN1Y2Nlc3M6IHRydWUsIHJlc3VsdF9yZWY6IFwiL3JlcXVlc3RzL3ItMVwiLCByZXY6IDUgfSk7XG4gIChhd2FpdCBzZXJ2ZXIuY2FsbHMubmV4dCgpKS5jdXQoKTtcbiAgd2hpbGUgKGNsb2NrLmR1ZSgpWzBdISA+IDEwMDApIGF3YWl0IHR1cm4oMSk7XG4gIGNsb2NrLmFkdmFuY2UoMTAwMCk7XG4gIGNvbnN0IGNhbGwgPSBhd2FpdCBzZXJ2ZXIuY2FsbHMubmV4dCgpO1xuICBhc3NlcnQuZXF1YWwoY2FsbC51cmwsIFwiL3JlcXVlc3RzL3ItMVwiKTtcbiAgY2FsbC5yZXBseSgyMDAsIHNuYXBzaG90KFwici0xXCIsIFwiU1VDQ0VFREVEXCIsIDUsIHsgcmVzdWx0OiBcInhcIi5yZXBlYXQoMTUwXzAwMCkgfSkpO1xuICBhc3NlcnQuZXF1YWwoKChhd2FpdCByZXF1ZXN0LnJlc3VsdCkgYXMgc3RyaW5nKS5sZW5ndGgsIDE1MF8wMDApO1xuXG4gIGNvbnN0IGxvc3QgPSBzdHJlYW1lci5yZXN1bWUoXCJyLTJcIik7XG4gIGNvbnN0IHN1YnNjcmliZSA9IGF3YWl0IHBlZXIuZXhwZWN0KFwic3RyZWFtZXIuc3Vic2NyaWJlXCIpO1xuICBwZWVyLnNlbmQoZnJhbWVzKFwici0yXCIpLnNuYXBzaG90KHN1YnNjcmliZS5pZCwgXCJTVUNDRUVERURcIiwgNSwgeyByZXN1bHRfcmVmOiBcIi9yZXF1ZXN0cy9yLTJcIiB9KSk7XG4gIChhd2FpdCBzZXJ2ZXIuY2FsbHMubmV4dCgpKS5yZXBseSg0MDQsIHsgY29kZTogXCJOT1RfRk9VTkRcIiwgZGV0YWlsOiBcInBhc3QgaXRzIHJldGVudGlvblwiIH0pO1xuICBhd2FpdCBhc3NlcnQucmVqZWN0cyhsb3N0LnJlc3VsdCwgeyBjb2RlOiBcIk5PVF9GT1VORFwiLCByZXF1ZXN0SWQ6IFwici0yXCIgfSk7XG59KTtcblxudGVzdChcImdldCwgbGlzdCBhbmQgY2FuY2VsIGFuc3dlciB3aXRoIHdoYXQgdGhlIHNlcnZlciBzYXlzXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc2VydmVyLCBzdHJlYW1lciwgcGVlciB9ID0gYXdhaXQgb3Blbih0KTtcbiAgY29uc3QgZ2V0ID0gc3RyZWFtZXIuZ2V0KFwici0xXCIpO1xuICBsZXQgbWVzc2FnZSA9IGF3YWl0IHBlZXIuZXhwZWN0KFwic3RyZWFtZXIuZ2V0XCIpO1xuICBhc3NlcnQuZGVlcEVxdWFsKG1lc3NhZ2UucGF5bG9hZCwgeyByZXF1ZXN0X2lkOiBcInItMVwiIH0pO1xuICBwZWVyLnNlbmQoZi5zbmFwc2hvdChtZXNzYWdlLmlkLCBcIlNVQ0NFRURFRFwiLCA0LCB7IHJlc3VsdF9yZWY6IFwiL3JlcXVlc3RzL3ItMVwiIH0pKTtcbiAgKGF3YWl0IHNlcnZlci5jYWxscy5uZXh0KCkpLnJlcGx5KDIwMCwgc25hcHNob3QoXCJyLTFcIiwgXCJTVUNDRUVERURcIiwgNCwgeyByZXN1bHQ6IFwibGFyZ2VcIiB9KSk7XG4gIGFzc2VydC5lcXVhbCgoYXdhaXQgZ2V0KS5yZXN1bHQsIFwibGFyZ2VcIik7XG5cbiAgY29uc3QgbGlzdCA9IHN0cmVhbWVyLmxpc3QoeyBzdGF0ZTogXCJGQUlMRURcIiwgbGltaXQ6IDIsIGN1cnNvcjogXCJjXCIgfSk7XG4gIG1lc3NhZ2UgPSBhd2FpdCBwZWVyLmV4cGVjdChcInN0cmVhbWVyLmxpc3RcIik7XG4gIGFzc2VydC5kZWVwRXF1YWwobWVzc2FnZS5wYXlsb2FkLCB7IHN0YXRlOiBcIkZBSUxFRFwiLCBsaW1pdDogMiwgY3Vyc29yOiBcImNcIiB9KTtcbiAgY29uc3QgcGFnZSA9IHsgcmVxdWVzdHM6IFtzbmFwc2hvdChcInItMVwiLCBcIkZBSUxFRFwiLCAzKSwgc25hcHNob3QoXCJyLTJcIiwgXCJGQUlMRURcIiwgNCldLCBjdXJzb3I6IFwiZFwiIH07XG4gIHBlZXIuc2VuZCh7IHR5cGU6IFwicmVzcG9uc2VcIiwgcmVxdWVzdF9pZDogbWVzc2FnZS5pZCwgc3VjY2VzczogdHJ1ZSwgZGF0YTogcGFnZSB9KTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChhd2FpdCBsaXN0LCBwYWdlKTtcblxuICBjb25zdCBtaXNzaW5nID0gc3RyZWFtZXIuZ2V0KFwici05XCIpO1xuICBtZXNzYWdlID0gYXdhaXQgcGVlci5leHBlY3QoXCJzdHJlYW1lci5nZXRcIik7XG4gIHBlZXIuc2VuZChmcmFtZXMobWVzc2FnZS5pZCkuZXJyb3IoXCJOT1RfRk9VTkRcIikpO1xuICBhd2FpdCBhc3NlcnQucmVqZWN0cyhtaXNzaW5nLCB7IGNvZGU6IFwiTk9UX0ZPVU5EXCIgfSk7XG59KTtcblxudGVzdChcImEgY2FuY2VsbGVkIHJlcXVlc3QgcmVqZWN0cyB3aXRoIENBTkNFTExFRCB3aGVuIHRoZSBzZXJ2ZXIgc2F5cyBzb1wiLCBhc3luYyAodCkgPT4ge1xuICBjb25zdCB7IHN0cmVhbWVyLCBwZWVyIH0gPSBhd2FpdCBvcGVuKHQpO1xuICBjb25zdCByZXF1ZXN0ID0gc3RyZWFtZXIucmVxdWVzdChcInJlcG9ydFwiLCB7fSwgeyBpZDogXCJyLTFcIiB9KTtcbiAgYXdhaXQgcGVlci5leHBlY3QoXCJyZXBvcnRcIik7XG4gIHBlZXIuc2VuZChmLmFjaygpKTtcbiAgY29uc3QgY2FuY2VsID0gc3RyZWFtZXIuY2FuY2VsKFwici0xXCIpO1xuICBjb25zdCBtZXNzYWdlID0gYXdhaXQgcGVlci5leHBlY3QoXCJzdHJlYW1lci5jYW5jZWxcIik7XG4gIHBlZXIuc2VuZChmLnNuYXBzaG90KG1lc3NhZ2UuaWQsIFwiUlVOTklOR1wiLCAyLCB7IGNhbmNlbGxpbmc6IHRydWUgfSkpO1xuICBhc3NlcnQuZXF1YWwoKGF3YWl0IGNhbmNlbCkuY2FuY2VsbGluZywgdHJ1ZSk7XG4gIHBlZXIuc2VuZChmLmVycm9yKFwiQ0FOQ0VMTEVEXCIsIDMpKTtcbiAgYXdhaXQgYXNzZXJ0LnJlamVjdHMocmVxdWVzdC5yZXN1bHQsIHsgY29kZTogXCJDQU5DRUxMRURcIiB9KTtcbn0pO1xuXG50ZXN0KFwiYSByZWFkIGlzIGFza2VkIGFnYWluIG9uIHRoZSBuZXh0IGNvbm5lY3Rpb25cIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzdHJlYW1lciwgcGVlciwgYWdhaW4gfSA9IGF3YWl0IG9wZW4odCk7XG4gIGNvbnN0IGdldCA9IHN0cmVhbWVyLmdldChcInItMVwiKTtcbiAgYXdhaXQgcGVlci5leHBlY3QoXCJzdHJlYW1lci5nZXRcIik7XG4gIHBlZXIuY3V0KCk7XG4gIGNvbnN0IG5leHQgPSBhd2FpdCBhZ2FpbigpO1xuICBjb25zdCBtZXNzYWdlID0gYXdhaXQgbmV4dC5leHBlY3QoXCJzdHJlYW1lci5nZXRcIik7XG4gIG5leHQuc2VuZChmLnNuYXBzaG90KG1lc3NhZ2UuaWQsIFwiUlVOTklOR1wiLCAzKSk7XG4gIGFzc2VydC5lcXVhbCgoYXdhaXQgZ2V0KS5yZXYsIDMpO1xufSk7XG5cbnRlc3QoXCJhbiBpZCB0aGF0IGlzIHBlbmRpbmcgaXMgb25lIHJlcXVlc3Q6IHRoZSBzYW1lIGFnYWluIHNoYXJlcyBpdCwgYW5vdGhlciBpcyByZWZ1c2VkXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc3RyZWFtZXIsIHBlZXIgfSA9IGF3YWl0IG9wZW4odCk7XG4gIGNvbnN0IGZpcnN0ID0gc3RyZWFtZXIucmVxdWVzdChcInJlcG9ydFwiLCB7IGE6IDEgfSwgeyBpZDogXCJyLTFcIiB9KTtcbiAgY29uc3QgaGVhcmQ6IG51bWJlcltdID0gW107XG4gIGNvbnN0IHNlY29uZCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJyZXBvcnRcIiwgeyBhOiAxIH0sIHsgaWQ6IFwici0xXCIsIG9uUHJvZ3Jlc3M6IChwKSA9PiBoZWFyZC5wdXNoKHAucmV2KSB9KTtcbiAgY29uc3QgdGhpcmQgPSBzdHJlYW1lci5yZXN1bWUoXCJyLTFcIik7XG4gIGFzc2VydC5vayhmaXJzdCA9PSBzZWNvbmQgJiYgc2Vjb25kID09IHRoaXJkKTtcbiAgYXdhaXQgYXNzZXJ0LnJlamVjdHMoc3RyZWFtZXIucmVxdWVzdChcInJlcG9ydFwiLCB7IGE6IDIgfSwgeyBpZDogXCJyLTFcIiB9KS5yZXN1bHQsIHsgY29kZTogXCJEVVBMSUNBVEVfUkVRVUVTVFwiIH0pO1xuICBhd2FpdCBwZWVyLmV4cGVjdChcInJlcG9ydFwiKTtcbiAgcGVlci5zZW5kKGYucHJvZ3Jlc3MoNSwgMikpO1xuICBwZWVyLnNlbmQoZi5jb21wbGV0ZSg3LCAzKSk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCBmaXJzdC5yZXN1bHQsIDcpO1xuICBhc3NlcnQuZGVlcEVxdWFsKGhlYXJkLCBbMl0pO1xuICBhc3NlcnQuZXF1YWwocGVlci5tZXNzYWdlcy53YWl0aW5nLCAwKTtcbn0pO1xuXG50ZXN0KFwiY2xvc2luZyBlbmRzIGV2ZXJ5IHdhaXQgd2l0aCBDTE9TRUQgYW5kIHNlbmRzIG5vdGhpbmcgbW9yZVwiLCBhc3luYyAodCkgPT4ge1xuICBjb25zdCB7IHNlcnZlciwgY2xvY2ssIHN0cmVhbWVyLCBwZWVyIH0gPSBhd2FpdCBvcGVuKHQpO1xuICBjb25zdCBydW5uaW5nID0gc3RyZWFtZXIucmVxdWVzdChcInJlcG9ydFwiLCB7fSwgeyBpZDogXCJyLTFcIiwgdGltZW91dDogNjBfMDAwIH0pO1xuICBhd2FpdCBwZWVyLmV4cGVjdChcInJlcG9ydFwiKTtcbiAgcGVlci5zZW5kKGYuYWNrKCkpO1xuICBjb25zdCBmZXRjaGluZyA9IHN0cmVhbWVyLnJlc3VtZShcInItMlwiKTtcbiAgY29uc3Qgc3Vic2NyaWJlID0gYXdhaXQgcGVlci5leHBlY3QoXCJzdHJlYW1lci5zdWJzY3JpYmVcIik7XG4gIHBlZXIuc2VuZChmcmFtZXMoXCJyLTJcIikuc25hcHNob3Qoc3Vic2NyaWJlLmlkLCBcIlNVQ0NFRURFRFwiLCA1LCB7IHJlc3VsdF9yZWY6IFwiL3JlcXVlc3RzL3ItMlwiIH0pKTtcbiAgYXdhaXQgc2VydmVyLmNhbGxzLm5leHQoKTtcbiAgY29uc3QgcmVhZGluZyA9IHN0cmVhbWVyLmdldChcInItM1wiKTtcbiAgYXdhaXQgcGVlci5leHBlY3QoXCJzdHJlYW1lci5nZXRcIik7XG4gIGNvbnN0IGxhcmdlID0gc3RyZWFtZXIucmVxdWVzdChcImVjaG9cIiwgXCJ4XCIucmVwZWF0KDQwXzAwMCkpO1xuICBhd2FpdCBzZXJ2ZXIuY2FsbHMubmV4dCgpO1xuICBzdHJlYW1lci5jbG9zZSgpO1xuICBmb3IgKGNvbnN0IHdhaXQgb2YgW3J1bm5pbmcucmVzdWx0LCBmZXRjaGluZy5yZXN1bHQsIHJlYWRpbmcsIGxhcmdlLnJlc3VsdCwgc3RyZWFtZXIucmVxdWVzdChcImVjaG9cIiwgMSkucmVzdWx0LCBzdHJlYW1lci5saXN0KCldKSB7XG4gICAgYXdhaXQgYXNzZXJ0LnJlamVjdHMod2FpdCwgeyBjb2RlOiBcIkNMT1NFRFwiIH0pO1xuICB9XG4gIGFzc2VydC5kZWVwRXF1YWwoKGF3YWl0IGFsbChydW5uaW5nLnByb2dyZXNzKSkubWFwKChwKSA9PiBwLnN0YXRlKSwgW1wiUVVFVUVEXCJdKTtcbiAgYXdhaXQgdHVybigpO1xuICBhc3NlcnQuZGVlcEVxdWFsKGNsb2NrLmR1ZSgpLCBbXSk7XG4gIGFzc2VydC5lcXVhbChwZWVyLm1lc3NhZ2VzLndhaXRpbmcsIDApO1xufSk7XG5cbnRlc3QoXCJhbiBlcnJvciB0aGF0IG5vYm9keSBhd2FpdHMgc3RvcHMgbm90aGluZ1wiLCBhc3luYyAodCkgPT4ge1xuICBjb25zdCB7IHN0cmVhbWVyLCBwZWVyIH0gPSBhd2FpdCBvcGVuKHQpO1xuICBzdHJlYW1lci5yZXF1ZXN0KFwicmVwb3J0XCIsIHt9LCB7IGlkOiBcInItMlwiIH0pO1xuICBhd2FpdCBwZWVyLmV4cGVjdChcInJlcG9ydFwiKTtcbiAgcGVlci5zZW5kKGZyYW1lcyhcInItMlwiKS5lcnJvcihcIlRJTUVPVVRcIikpO1xuICBjb25zdCByZXF1ZXN0ID0gc3RyZWFtZXIucmVxdWVzdChcImVjaG9cIiwgMSwgeyBpZDogXCJyLTFcIiB9KTtcbiAgYXdhaXQgcGVlci5leHBlY3QoXCJlY2hvXCIpO1xuICBwZWVyLnNlbmQoZi5yZXNwb25zZSgxKSk7XG4gIGFzc2VydC5lcXVhbChhd2FpdCByZXF1ZXN0LnJlc3VsdCwgMSk7XG59KTtcblxudGVzdChcImZyYW1lcyBvZiBub2JvZHkncyByZXF1ZXN0cyBhbmQgZ2FyYmFnZSBzdG9wIG5vdGhpbmdcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzdHJlYW1lciwgcGVlciB9ID0gYXdhaXQgb3Blbih0KTtcbiAgY29uc3QgcmVxdWVzdCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJlY2hvXCIsIDEsIHsgaWQ6IFwici0xXCIgfSk7XG4gIGF3YWl0IHBlZXIuZXhwZWN0KFwiZWNob1wiKTtcbiAgZm9yIChjb25zdCB0ZXh0IG9mIFtcIlwiLCBcIntcIiwgXCJudWxsXCIsICd7XCJ0eXBlXCI6XCJob2xvZ3JhbVwiLFwicmVxdWVzdF9pZFwiOlwici0xXCIsXCJyZXZcIjozfScsICd7XCJ0eXBlXCI6XCJjb21wbGV0ZVwiLFwicmVxdWVzdF9pZFwiOlwici05XCIsXCJyZXZcIjozfSddKSBwZWVyLnNlbmQodGV4dCk7XG4gIHBlZXIuc2VuZChmLnJlc3BvbnNlKDEpKTtcbiAgYXNzZXJ0LmVxdWFsKGF3YWl0IHJlcXVlc3QucmVzdWx0LCAxKTtcbn0pO1xuXG50ZXN0KFwibGFyZ2UgaW50ZWdlcnMgc3Vydml2ZSB3aXRoIGEgcGFyc2UgYW5kIGEgc3RyaW5naWZ5IHRoYXQga2VlcCB0aGVtXCIsIGFzeW5jICh0KSA9PiB7XG4gIC8vIFRoZSBkaWdpdHMgb2YgYSBudW1iZXIgb2YgbW9yZSB0aGFuIDE1IGJlY29tZSBhIGJpZ2ludCwgYW5kIHRoZSBvdGhlciB3YXkgcm91bmQuXG4gIGNvbnN0IHBhcnNlID0gKHRleHQ6IHN0cmluZykgPT5cbiAgICBKU09OLnBhcnNlKHRleHQucmVwbGFjZUFsbCgvKFs6WyxdKShcXGR7MTYsfSkvZywgJyQxXCJiaWc6JDJcIicpLCAoXywgdikgPT4gKC9eYmlnOi8udGVzdCh2KSA/IEJpZ0ludCh2LnNsaWNlKDQpKSA6IHYpKTtcbiAgY29uc3Qgc3RyaW5naWZ5ID0gKHZhbHVlOiB1bmtub3duKSA9PlxuICAgIEpTT04uc3RyaW5naWZ5KHZhbHVlLCAoXywgdikgPT4gKHR5cGVvZiB2ID09IFwiYmlnaW50XCIgPyBgYmlnOiR7dn1gIDogdikpLnJlcGxhY2VBbGwoL1wiYmlnOihcXGQrKVwiL2csIFwiJDFcIik7XG4gIGNvbnN0IHsgc3RyZWFtZXIsIHBlZXIgfSA9IGF3YWl0IG9wZW4odCwgeyBwYXJzZSwgc3RyaW5naWZ5IH0pO1xuICBjb25zdCByZXF1ZXN0ID0gc3RyZWFtZXIucmVxdWVzdChcImVjaG9cIiwgeyBuOiA5MDA3MTk5MjU0NzQwOTkzbiB9LCB7IGlkOiBcInItMVwiIH0pO1xuICBhd2FpdCBwZWVyLmV4cGVjdChcImVjaG9cIik7XG4gIHBlZXIuc2VuZCgne1widHlwZVwiOlwicmVzcG9uc2VcIixcInJlcXVlc3RfaWRcIjpcInItMVwiLFwic3VjY2Vzc1wiOnRydWUsXCJkYXRhXCI6e1wiblwiOjkwMDcxOTkyNTQ3NDA5OTN9fScpO1xuICBhc3NlcnQuZGVlcEVxdWFsKGF3YWl0IHJlcXVlc3QucmVzdWx0LCB7IG46IDkwMDcxOTkyNTQ3NDA5OTNuIH0pO1xufSk7XG4iXSwKICAibWFwcGluZ3MiOiAiQUFBQSxPQUFPLFlBQVk7QUFDbkIsU0FBUyxZQUE4QjtBQUd2QyxTQUFTLEtBQUssUUFBUSxTQUFTLFVBQVUsTUFBTSxhQUFhO0FBRTVELE1BQU0sSUFBSSxPQUFPLEtBQUs7QUFHdEIsZUFBZSxLQUFLLEdBQWdCLFVBQW9DLENBQUMsR0FBRztBQUMxRSxRQUFNLElBQUksTUFBTSxNQUFNLEdBQUcsT0FBTztBQUNoQyxRQUFNLFdBQVcsRUFBRSxRQUFRO0FBQzNCLFFBQU0sT0FBTyxNQUFNLEVBQUUsT0FBTyxZQUFZLEtBQUs7QUFDN0MsUUFBTSxRQUFRLFVBQVUsTUFBTTtBQUU5QixRQUFNLFFBQVEsWUFBWTtBQUN4QixVQUFNLFFBQVEsVUFBVSxjQUFjO0FBQ3RDLE1BQUUsTUFBTSxRQUFRLEVBQUUsTUFBTSxJQUFJLEVBQUUsQ0FBQyxDQUFFO0FBQ2pDLFVBQU0sT0FBTyxNQUFNLEVBQUUsT0FBTyxZQUFZLEtBQUs7QUFDN0MsVUFBTSxRQUFRLFVBQVUsTUFBTTtBQUM5QixXQUFPO0FBQUEsRUFDVDtBQUNBLFNBQU8sRUFBRSxHQUFHLEdBQUcsVUFBVSxNQUFNLE1BQU07QUFDdkM7QUFHQSxlQUFlLFFBQVEsR0FBZ0I7QUFDckMsUUFBTSxJQUFJLE1BQU0sTUFBTSxDQUFDO0FBQ3ZCLElBQUUsT0FBTyxTQUFTO0FBQ2xCLFFBQU0sV0FBVyxFQUFFLFFBQVE7QUFDM0IsUUFBTSxRQUFRLFVBQVUsY0FBYyxTQUFTO0FBQy9DLElBQUUsTUFBTSxRQUFRLEdBQUk7QUFDcEIsUUFBTSxRQUFRLFVBQVUsUUFBUSxTQUFTO0FBQ3pDLFNBQU8sRUFBRSxHQUFHLEdBQUcsU0FBUztBQUMxQjtBQUVBLEtBQUssOEJBQThCLE9BQU8sTUFBTTtBQUM5QyxRQUFNLEVBQUUsVUFBVSxLQUFLLElBQUksTUFBTSxLQUFLLENBQUM7QUFDdkMsUUFBTSxVQUFVLFNBQVMsUUFBUSxRQUFRLEVBQUUsTUFBTSxRQUFRLEdBQUcsRUFBRSxVQUFVLEVBQUUsUUFBUSxPQUFPLEVBQUUsQ0FBQztBQUM1RixRQUFNLFVBQVUsTUFBTSxLQUFLLFNBQVMsS0FBSztBQUN6QyxTQUFPLFVBQVUsU0FBUyxFQUFFLElBQUksUUFBUSxJQUFJLFFBQVEsUUFBUSxTQUFTLEVBQUUsTUFBTSxRQUFRLEdBQUcsVUFBVSxFQUFFLFFBQVEsT0FBTyxFQUFFLENBQUM7QUFDdEgsT0FBSyxLQUFLLE9BQU8sUUFBUSxFQUFFLEVBQUUsU0FBUyxFQUFFLE1BQU0sUUFBUSxDQUFDLENBQUM7QUFDeEQsU0FBTyxVQUFVLE1BQU0sUUFBUSxRQUFRLEVBQUUsTUFBTSxRQUFRLENBQUM7QUFDeEQsU0FBTyxVQUFVLFNBQVMsUUFBUSxHQUFHLENBQUMsQ0FBQztBQUN6QyxDQUFDO0FBRUQsS0FBSyw0RUFBNEUsT0FBTyxNQUFNO0FBQzVGLFFBQU0sRUFBRSxVQUFVLEtBQUssSUFBSSxNQUFNLEtBQUssQ0FBQztBQUN2QyxRQUFNLFFBQW9CLENBQUM7QUFDM0IsUUFBTSxVQUFVLFNBQVMsUUFBUSxVQUFVLENBQUMsR0FBRyxFQUFFLElBQUksT0FBTyxZQUFZLENBQUMsTUFBTSxNQUFNLEtBQUssQ0FBQyxFQUFFLENBQUM7QUFDOUYsUUFBTSxTQUFTLElBQUksUUFBUSxRQUFRO0FBQ25DLFFBQU0sS0FBSyxPQUFPLFFBQVE7QUFDMUIsT0FBSyxLQUFLLEVBQUUsSUFBSSxDQUFDO0FBQ2pCLFNBQU8sTUFBTSxTQUFTLEVBQUcsT0FBTSxLQUFLLENBQUM7QUFDckMsYUFBVyxPQUFPLENBQUMsR0FBRyxHQUFHLENBQUMsR0FBRztBQUMzQixTQUFLLEtBQUssRUFBRSxTQUFTLE1BQU0sSUFBSSxLQUFLLFFBQVEsR0FBRyxFQUFFLENBQUM7QUFDbEQsV0FBTyxNQUFNLEdBQUcsRUFBRSxHQUFHLE9BQU8sSUFBSyxPQUFNLEtBQUssQ0FBQztBQUFBLEVBQy9DO0FBQ0EsT0FBSyxLQUFLLEVBQUUsU0FBUyxFQUFFLEtBQUssVUFBVSxHQUFHLENBQUMsQ0FBQztBQUMzQyxTQUFPLFVBQVUsTUFBTSxRQUFRLFFBQVEsRUFBRSxLQUFLLFVBQVUsQ0FBQztBQUN6RCxTQUFPLFVBQVUsTUFBTSxJQUFJLENBQUMsTUFBTSxDQUFDLEVBQUUsWUFBWSxFQUFFLFNBQVMsRUFBRSxLQUFLLENBQUMsR0FBRztBQUFBLElBQ3JFLENBQUMsR0FBRyx5QkFBeUIsUUFBUTtBQUFBLElBQ3JDLENBQUMsSUFBSSxVQUFVLFNBQVM7QUFBQSxJQUN4QixDQUFDLElBQUksVUFBVSxTQUFTO0FBQUEsSUFDeEIsQ0FBQyxJQUFJLFVBQVUsU0FBUztBQUFBLEVBQzFCLENBQUM7QUFDRCxTQUFPLFVBQVUsTUFBTSxRQUFRLEtBQUs7QUFDdEMsQ0FBQztBQUVELEtBQUssNEVBQTRFLE9BQU8sTUFBTTtBQUM1RixRQUFNLEVBQUUsUUFBUSxRQUFRLElBQUksTUFBTSxNQUFNLENBQUM7QUFDekMsUUFBTSxXQUFXLFFBQVE7QUFDekIsUUFBTSxVQUFVLFNBQVMsUUFBUSxRQUFRLEdBQUcsRUFBRSxJQUFJLE1BQU0sQ0FBQztBQUN6RCxRQUFNLE9BQU8sU0FBUyxLQUFLO0FBQzNCLFFBQU0sT0FBTyxNQUFNLE9BQU8sWUFBWSxLQUFLO0FBQzNDLFFBQU0sS0FBSyxPQUFPLE1BQU07QUFDeEIsUUFBTSxPQUFPLE1BQU0sS0FBSyxPQUFPLGVBQWU7QUFDOUMsT0FBSyxLQUFLLEVBQUUsU0FBUyxDQUFDLENBQUM7QUFDdkIsT0FBSyxLQUFLLEVBQUUsTUFBTSxZQUFZLFlBQVksS0FBSyxJQUFJLFNBQVMsTUFBTSxNQUFNLEVBQUUsVUFBVSxDQUFDLEVBQUUsRUFBRSxDQUFDO0FBQzFGLFNBQU8sTUFBTSxNQUFNLFFBQVEsUUFBUSxDQUFDO0FBQ3BDLFNBQU8sVUFBVSxNQUFNLE1BQU0sRUFBRSxVQUFVLENBQUMsRUFBRSxDQUFDO0FBQy9DLENBQUM7QUFFRCxLQUFLLGdEQUFnRCxPQUFPLE1BQU07QUFDaEUsUUFBTSxFQUFFLFVBQVUsS0FBSyxJQUFJLE1BQU0sS0FBSyxDQUFDO0FBQ3ZDLFFBQU0sVUFBVSxTQUFTLFFBQVEsVUFBVSxDQUFDLEdBQUcsRUFBRSxJQUFJLE1BQU0sQ0FBQztBQUM1RCxRQUFNLEtBQUssT0FBTyxRQUFRO0FBQzFCLE9BQUssS0FBSyxFQUFFLE1BQU0sZ0JBQWdCLFFBQVcsRUFBRSxTQUFTLEVBQUUsZ0JBQWdCLE1BQU0sR0FBRyxPQUFPLEVBQUUsV0FBVyxNQUFNLE9BQU8sRUFBRSxFQUFFLENBQUMsQ0FBQztBQUMxSCxRQUFNLE9BQU8sUUFBUSxRQUFRLFFBQVE7QUFBQSxJQUNuQyxNQUFNO0FBQUEsSUFDTixNQUFNO0FBQUEsSUFDTixTQUFTO0FBQUEsSUFDVCxXQUFXO0FBQUEsSUFDWCxTQUFTLEVBQUUsZ0JBQWdCLE1BQU07QUFBQSxJQUNqQyxPQUFPLEVBQUUsV0FBVyxNQUFNLE9BQU8sRUFBRTtBQUFBLEVBQ3JDLENBQUM7QUFFRCxRQUFNLFNBQVMsU0FBUyxRQUFRLFVBQVUsQ0FBQyxHQUFHLEVBQUUsSUFBSSxNQUFNLENBQUM7QUFDM0QsUUFBTSxLQUFLLE9BQU8sUUFBUTtBQUMxQixPQUFLLEtBQUssRUFBRSxJQUFJLENBQUM7QUFDakIsT0FBSyxLQUFLLEVBQUUsTUFBTSxxQkFBcUIsQ0FBQyxDQUFDO0FBQ3pDLFFBQU0sT0FBTyxRQUFRLE9BQU8sUUFBUSxFQUFFLE1BQU0sb0JBQW9CLENBQUM7QUFDbkUsQ0FBQztBQUVELEtBQUssdUZBQXVGLE9BQU8sTUFBTTtBQUN2RyxRQUFNLEVBQUUsVUFBVSxNQUFNLE1BQU0sSUFBSSxNQUFNLEtBQUssQ0FBQztBQUM5QyxRQUFNLE9BQWlCLENBQUM7QUFDeEIsUUFBTSxVQUFVLFNBQVMsUUFBUSxVQUFVLENBQUMsR0FBRyxFQUFFLElBQUksT0FBTyxZQUFZLENBQUMsTUFBTSxLQUFLLEtBQUssRUFBRSxHQUFHLEVBQUUsQ0FBQztBQUNqRyxRQUFNLFdBQVcsU0FBUyxRQUFRLFVBQVUsQ0FBQyxHQUFHLEVBQUUsSUFBSSxNQUFNLENBQUM7QUFDN0QsYUFBVyxNQUFNLENBQUMsT0FBTyxLQUFLLEdBQUc7QUFDL0IsVUFBTSxLQUFLLE9BQU8sUUFBUTtBQUMxQixTQUFLLEtBQUssT0FBTyxFQUFFLEVBQUUsSUFBSSxDQUFDO0FBQUEsRUFDNUI7QUFDQSxPQUFLLEtBQUssRUFBRSxTQUFTLElBQUksQ0FBQyxDQUFDO0FBQzNCLFNBQU8sS0FBSyxHQUFHLEVBQUUsS0FBSyxFQUFHLE9BQU0sS0FBSyxDQUFDO0FBQ3JDLE9BQUssSUFBSTtBQUVULFFBQU0sT0FBTyxNQUFNLE1BQU07QUFDekIsUUFBTSxRQUFRLElBQUksSUFBSSxDQUFDLE1BQU0sS0FBSyxPQUFPLG9CQUFvQixHQUFHLE1BQU0sS0FBSyxPQUFPLG9CQUFvQixDQUFDLEVBQUUsSUFBSSxDQUFDLE1BQU0sQ0FBQyxFQUFFLFFBQVEsWUFBWSxFQUFFLEVBQUUsQ0FBQyxDQUFDO0FBQ2pKLE9BQUssS0FBSyxFQUFFLFNBQVMsSUFBSSxDQUFDLENBQUM7QUFDM0IsT0FBSyxLQUFLLEVBQUUsU0FBUyxNQUFNLElBQUksS0FBSyxHQUFHLFdBQVcsR0FBRyxFQUFFLFlBQVksR0FBRyxDQUFDLENBQUM7QUFDeEUsT0FBSyxLQUFLLE9BQU8sS0FBSyxFQUFFLFNBQVMsTUFBTSxJQUFJLEtBQUssR0FBRyxhQUFhLEdBQUcsRUFBRSxRQUFRLCtCQUErQixDQUFDLENBQUM7QUFDOUcsT0FBSyxLQUFLLE9BQU8sS0FBSyxFQUFFLFNBQVMsZ0NBQWdDLENBQUMsQ0FBQztBQUNuRSxTQUFPLE1BQU0sTUFBTSxTQUFTLFFBQVEsOEJBQThCO0FBQ2xFLE9BQUssS0FBSyxFQUFFLFNBQVMsUUFBUSxDQUFDLENBQUM7QUFDL0IsT0FBSyxLQUFLLEVBQUUsU0FBUyxRQUFRLENBQUMsQ0FBQztBQUMvQixTQUFPLE1BQU0sTUFBTSxRQUFRLFFBQVEsTUFBTTtBQUN6QyxTQUFPLFVBQVUsTUFBTSxDQUFDLEdBQUcsR0FBRyxDQUFDLENBQUM7QUFDbEMsQ0FBQztBQUVELEtBQUssMkRBQTJELE9BQU8sTUFBTTtBQUMzRSxRQUFNLEVBQUUsVUFBVSxNQUFNLE1BQU0sSUFBSSxNQUFNLEtBQUssQ0FBQztBQUM5QyxRQUFNLFVBQVUsU0FBUyxRQUFRLFVBQVUsRUFBRSxNQUFNLENBQUMsR0FBRyxDQUFDLEVBQUUsQ0FBQztBQUMzRCxRQUFNLFFBQVEsTUFBTSxLQUFLLFNBQVMsS0FBSztBQUN2QyxPQUFLLElBQUk7QUFDVCxRQUFNLE9BQU8sTUFBTSxNQUFNO0FBQ3pCLFNBQU8sVUFBVSxNQUFNLEtBQUssU0FBUyxLQUFLLEdBQUcsS0FBSztBQUNsRCxPQUFLLEtBQUssT0FBTyxRQUFRLEVBQUUsRUFBRSxTQUFTLFFBQVEsSUFBSSxhQUFhLEdBQUcsRUFBRSxRQUFRLEVBQUUsQ0FBQyxDQUFDO0FBQ2hGLFNBQU8sTUFBTSxNQUFNLFFBQVEsUUFBUSxDQUFDO0FBQ3RDLENBQUM7QUFFRCxLQUFLLDBFQUEwRSxPQUFPLE1BQU07QUFDMUYsUUFBTSxFQUFFLE9BQU8sVUFBVSxLQUFLLElBQUksTUFBTSxLQUFLLENBQUM7QUFDOUMsUUFBTSxVQUFVLFNBQVMsUUFBUSxVQUFVLENBQUMsR0FBRyxFQUFFLElBQUksTUFBTSxDQUFDO0FBQzVELFdBQVMsUUFBUSxHQUFHLFFBQVEsR0FBRyxTQUFTO0FBQ3RDLFVBQU0sS0FBSyxPQUFPLFFBQVE7QUFDMUIsVUFBTSxRQUFRLElBQU07QUFDcEIsV0FBTyxNQUFNLElBQUksRUFBRSxDQUFDLEtBQUssSUFBUSxPQUFNLEtBQUssQ0FBQztBQUM3QyxVQUFNLEtBQUs7QUFDWCxVQUFNLFFBQVEsR0FBTTtBQUFBLEVBQ3RCO0FBQ0EsUUFBTSxPQUFPLFFBQVEsUUFBUSxRQUFRLEVBQUUsTUFBTSx1QkFBdUIsV0FBVyxPQUFPLE9BQU8sRUFBRSxXQUFXLEtBQUssRUFBRSxDQUFDO0FBQ2xILFNBQU8sTUFBTSxTQUFTLE9BQU8sTUFBTTtBQUNyQyxDQUFDO0FBRUQsS0FBSyx1RkFBdUYsT0FBTyxNQUFNO0FBQ3ZHLFFBQU0sRUFBRSxPQUFPLFVBQVUsS0FBSyxJQUFJLE1BQU0sS0FBSyxDQUFDO0FBQzlDLFFBQU0sVUFBVSxTQUFTLE9BQU8sS0FBSztBQUNyQyxNQUFJLFFBQVEsTUFBTSxLQUFLLE9BQU8sb0JBQW9CO0FBQ2xELE9BQUssS0FBSyxPQUFPLE1BQU0sRUFBRSxFQUFFLE1BQU0sdUJBQXVCLFFBQVcsRUFBRSxPQUFPLEVBQUUsV0FBVyxNQUFNLE9BQU8sRUFBRSxFQUFFLENBQUMsQ0FBQztBQUM1RyxTQUFPLE1BQU0sSUFBSSxFQUFFLENBQUMsS0FBSyxLQUFNLE9BQU0sS0FBSyxDQUFDO0FBQzNDLFFBQU0sUUFBUSxJQUFJO0FBQ2xCLFVBQVEsTUFBTSxLQUFLLE9BQU8sb0JBQW9CO0FBQzlDLE9BQUssS0FBSyxPQUFPLE1BQU0sRUFBRSxFQUFFLE1BQU0sV0FBVyxDQUFDO0FBQzdDLFFBQU0sT0FBTyxRQUFRLFFBQVEsUUFBUSxFQUFFLE1BQU0sYUFBYSxXQUFXLE1BQU0sQ0FBQztBQUM5RSxDQUFDO0FBRUQsS0FBSyxtRkFBbUYsT0FBTyxNQUFNO0FBQ25HLFFBQU0sRUFBRSxVQUFVLE1BQU0sTUFBTSxJQUFJLE1BQU0sS0FBSyxDQUFDO0FBQzlDLFFBQU0sVUFBVSxTQUFTLFFBQVEsUUFBUSxHQUFHLEVBQUUsSUFBSSxNQUFNLENBQUM7QUFDekQsUUFBTSxLQUFLLE9BQU8sTUFBTTtBQUN4QixPQUFLLEtBQUssRUFBRSxNQUFNLGNBQWMsQ0FBQztBQUNqQyxRQUFNLE9BQU8sTUFBTSxNQUFNO0FBQ3pCLFFBQU0sS0FBSyxPQUFPLE1BQU07QUFDeEIsT0FBSyxLQUFLLEVBQUUsTUFBTSxjQUFjLENBQUM7QUFDakMsUUFBTSxPQUFPLFFBQVEsUUFBUSxRQUFRLEVBQUUsTUFBTSxlQUFlLENBQUM7QUFDN0QsU0FBTyxNQUFNLFNBQVMsT0FBTyxNQUFNO0FBQ3JDLENBQUM7QUFFRCxLQUFLLHlFQUF5RSxPQUFPLE1BQU07QUFDekYsUUFBTSxFQUFFLFVBQVUsTUFBTSxNQUFNLElBQUksTUFBTSxLQUFLLENBQUM7QUFDOUMsUUFBTSxRQUFRLENBQUMsT0FBZTtBQUM1QixVQUFNLGFBQWEsSUFBSSxnQkFBZ0I7QUFDdkMsVUFBTSxVQUFVLFNBQVMsUUFBUSxVQUFVLENBQUMsR0FBRyxFQUFFLElBQUksUUFBUSxXQUFXLE9BQU8sQ0FBQztBQUNoRixXQUFPLFlBQVk7QUFDakIsaUJBQVcsTUFBTSxlQUFlO0FBQ2hDLFlBQU0sT0FBTyxRQUFRLFFBQVEsUUFBUSxFQUFFLE1BQU0sYUFBYSxXQUFXLElBQUksT0FBTyxnQkFBZ0IsQ0FBQztBQUFBLElBQ25HO0FBQUEsRUFDRjtBQUNBLFFBQU0sZUFBZSxNQUFNLEtBQUs7QUFDaEMsUUFBTSxLQUFLLE9BQU8sUUFBUTtBQUMxQixPQUFLLEtBQUssRUFBRSxJQUFJLENBQUM7QUFDakIsUUFBTSxLQUFLO0FBQ1gsUUFBTSxhQUFhO0FBQ25CLE1BQUksU0FBUyxNQUFNLEtBQUssT0FBTyxpQkFBaUI7QUFDaEQsU0FBTyxVQUFVLE9BQU8sU0FBUyxFQUFFLFlBQVksTUFBTSxDQUFDO0FBQ3RELE9BQUssS0FBSyxFQUFFLFNBQVMsT0FBTyxJQUFJLGFBQWEsR0FBRyxFQUFFLE9BQU8sRUFBRSxNQUFNLGFBQWEsU0FBUyxZQUFZLEVBQUUsQ0FBQyxDQUFDO0FBR3ZHLFFBQU0sYUFBYSxNQUFNLEtBQUs7QUFDOUIsUUFBTSxLQUFLLE9BQU8sUUFBUTtBQUMxQixRQUFNLFdBQVc7QUFDakIsUUFBTSxLQUFLO0FBQ1gsU0FBTyxNQUFNLEtBQUssU0FBUyxTQUFTLENBQUM7QUFDckMsT0FBSyxLQUFLLE9BQU8sS0FBSyxFQUFFLElBQUksQ0FBQztBQUM3QixXQUFTLE1BQU0sS0FBSyxPQUFPLGlCQUFpQjtBQUM1QyxTQUFPLFVBQVUsT0FBTyxTQUFTLEVBQUUsWUFBWSxNQUFNLENBQUM7QUFDdEQsT0FBSyxLQUFLLE9BQU8sT0FBTyxFQUFFLEVBQUUsTUFBTSxXQUFXLENBQUM7QUFFOUMsUUFBTSxRQUFRLE1BQU0sS0FBSztBQUN6QixRQUFNLEtBQUssT0FBTyxRQUFRO0FBQzFCLFFBQU0sTUFBTTtBQUNaLE9BQUssS0FBSyxPQUFPLEtBQUssRUFBRSxTQUFTLENBQUMsQ0FBQztBQUNuQyxRQUFNLEtBQUs7QUFDWCxTQUFPLE1BQU0sS0FBSyxTQUFTLFNBQVMsQ0FBQztBQUVyQyxRQUFNLE9BQU8sTUFBTSxLQUFLO0FBQ3hCLFFBQU0sS0FBSyxPQUFPLFFBQVE7QUFDMUIsT0FBSyxJQUFJO0FBQ1QsUUFBTSxRQUFRLFVBQVUsY0FBYztBQUN0QyxRQUFNLEtBQUs7QUFDWCxRQUFNLFNBQVMsTUFBTSxLQUFLO0FBQzFCLFFBQU0sT0FBTztBQUNiLFFBQU0sT0FBTyxNQUFNLE1BQU07QUFDekIsV0FBUyxNQUFNLEtBQUssT0FBTyxpQkFBaUI7QUFDNUMsU0FBTyxVQUFVLE9BQU8sU0FBUyxFQUFFLFlBQVksTUFBTSxDQUFDO0FBQ3RELFFBQU0sS0FBSztBQUNYLFNBQU8sTUFBTSxLQUFLLFNBQVMsU0FBUyxDQUFDO0FBQ3JDLFNBQU8sVUFBVSxTQUFTLFFBQVEsR0FBRyxDQUFDLENBQUM7QUFDekMsQ0FBQztBQUVELEtBQUssaURBQWlELE9BQU8sTUFBTTtBQUNqRSxRQUFNLEVBQUUsVUFBVSxLQUFLLElBQUksTUFBTSxLQUFLLENBQUM7QUFDdkMsUUFBTSxVQUFVLFNBQVMsUUFBUSxVQUFVLENBQUMsR0FBRyxFQUFFLFFBQVEsWUFBWSxNQUFNLEVBQUUsQ0FBQztBQUM5RSxRQUFNLE9BQU8sUUFBUSxRQUFRLFFBQVEsRUFBRSxNQUFNLFlBQVksQ0FBQztBQUMxRCxRQUFNLEtBQUs7QUFDWCxTQUFPLE1BQU0sS0FBSyxTQUFTLFNBQVMsQ0FBQztBQUN2QyxDQUFDO0FBRUQsS0FBSyxzRUFBc0UsT0FBTyxNQUFNO0FBQ3RGLFFBQU0sRUFBRSxPQUFPLFVBQVUsS0FBSyxJQUFJLE1BQU0sS0FBSyxDQUFDO0FBQzlDLFFBQU0sVUFBVSxTQUFTLFFBQVEsVUFBVSxDQUFDLEdBQUcsRUFBRSxJQUFJLE9BQU8sU0FBUyxJQUFLLENBQUM7QUFDM0UsUUFBTSxLQUFLLE9BQU8sUUFBUTtBQUMxQixPQUFLLEtBQUssRUFBRSxJQUFJLENBQUM7QUFDakIsUUFBTSxLQUFLO0FBQ1gsUUFBTSxRQUFRLEdBQUk7QUFDbEIsUUFBTSxPQUFPLFFBQVEsUUFBUSxRQUFRLEVBQUUsTUFBTSxXQUFXLFNBQVMsMkJBQTJCLENBQUM7QUFDN0YsUUFBTSxTQUFTLE1BQU0sS0FBSyxPQUFPLGlCQUFpQjtBQUNsRCxPQUFLLEtBQUssRUFBRSxTQUFTLE9BQU8sSUFBSSxhQUFhLENBQUMsQ0FBQztBQUUvQyxRQUFNLFFBQVEsU0FBUyxRQUFRLFFBQVEsR0FBRyxFQUFFLElBQUksT0FBTyxTQUFTLElBQUssQ0FBQztBQUN0RSxRQUFNLEtBQUssT0FBTyxNQUFNO0FBQ3hCLE9BQUssS0FBSyxPQUFPLEtBQUssRUFBRSxTQUFTLENBQUMsQ0FBQztBQUNuQyxRQUFNLE1BQU07QUFDWixRQUFNLEtBQUs7QUFDWCxTQUFPLEdBQUcsQ0FBQyxNQUFNLElBQUksRUFBRSxTQUFTLEdBQUksQ0FBQztBQUN2QyxDQUFDO0FBRUQsS0FBSyw4RUFBOEUsT0FBTyxNQUFNO0FBQzlGLFFBQU0sRUFBRSxRQUFRLE9BQU8sVUFBVSxLQUFLLElBQUksTUFBTSxLQUFLLENBQUM7QUFDdEQsUUFBTSxVQUFVLE9BQUksT0FBTyxJQUFNO0FBQ2pDLFFBQU0sVUFBVSxTQUFTLFFBQVEsV0FBVyxTQUFTLEVBQUUsSUFBSSxNQUFNLENBQUM7QUFDbEUsTUFBSSxPQUFPLE1BQU0sT0FBTyxNQUFNLEtBQUs7QUFDbkMsU0FBTyxVQUFVLENBQUMsS0FBSyxRQUFRLEtBQUssS0FBSyxLQUFLLElBQUksR0FBRyxDQUFDLFFBQVEsYUFBYSxFQUFFLElBQUksT0FBTyxRQUFRLFdBQVcsUUFBUSxDQUFDLENBQUM7QUFDckgsT0FBSyxJQUFJO0FBQ1QsU0FBTyxNQUFNLElBQUksRUFBRSxDQUFDLElBQUssSUFBTSxPQUFNLEtBQUssQ0FBQztBQUMzQyxRQUFNLFFBQVEsR0FBSTtBQUNsQixTQUFPLE1BQU0sT0FBTyxNQUFNLEtBQUs7QUFDL0IsT0FBSyxNQUFNLEtBQUssRUFBRSxJQUFJLENBQUM7QUFDdkIsUUFBTSxZQUFZLE1BQU0sS0FBSyxPQUFPLG9CQUFvQjtBQUN4RCxPQUFLLEtBQUssRUFBRSxTQUFTLFVBQVUsSUFBSSxXQUFXLEdBQUcsRUFBRSxZQUFZLEVBQUUsQ0FBQyxDQUFDO0FBQ25FLE9BQUssS0FBSyxFQUFFLFNBQVMsUUFBUSxDQUFDLENBQUM7QUFDL0IsU0FBTyxNQUFNLE1BQU0sUUFBUSxRQUFRLE1BQU07QUFFekMsUUFBTSxRQUFRLFNBQVMsUUFBUSxRQUFRLFNBQVMsRUFBRSxJQUFJLE1BQU0sQ0FBQztBQUM3RCxHQUFDLE1BQU0sT0FBTyxNQUFNLEtBQUssR0FBRyxNQUFNLEtBQUssT0FBTyxLQUFLLEVBQUUsU0FBUyxRQUFRLE1BQU0sQ0FBQztBQUM3RSxTQUFPLE1BQU0sTUFBTSxNQUFNLFFBQVEsSUFBTTtBQUV2QyxXQUFTLFFBQVEsUUFBUSxPQUFJLE9BQU8sS0FBTSxDQUFDO0FBQzNDLFFBQU0sS0FBSyxPQUFPLE1BQU07QUFDMUIsQ0FBQztBQUVELEtBQUssK0NBQStDLE9BQU8sTUFBTTtBQUMvRCxRQUFNLEVBQUUsUUFBUSxPQUFPLFNBQVMsSUFBSSxNQUFNLFFBQVEsQ0FBQztBQUNuRCxRQUFNLFFBQW9CLENBQUM7QUFDM0IsUUFBTSxVQUFVLFNBQVMsUUFBUSxVQUFVLEVBQUUsTUFBTSxLQUFLLEdBQUcsRUFBRSxJQUFJLE9BQU8sWUFBWSxDQUFDLE1BQU0sTUFBTSxLQUFLLENBQUMsRUFBRSxDQUFDO0FBQzFHLE1BQUksT0FBTyxNQUFNLE9BQU8sTUFBTSxLQUFLO0FBQ25DLFNBQU8sVUFBVSxDQUFDLEtBQUssUUFBUSxLQUFLLEtBQUssTUFBTSxHQUFHLENBQUMsUUFBUSxRQUFRLENBQUM7QUFDcEUsT0FBSyxNQUFNLEtBQUssRUFBRSxJQUFJLENBQUM7QUFDdkIsU0FBTyxNQUFNLE9BQU8sTUFBTSxLQUFLO0FBQy9CLFNBQU8sVUFBVSxDQUFDLEtBQUssUUFBUSxLQUFLLEdBQUcsR0FBRyxDQUFDLE9BQU8sOEJBQThCLENBQUM7QUFDakYsT0FBSyxNQUFNLEtBQUssU0FBUyxPQUFPLFdBQVcsR0FBRyxFQUFFLFlBQVksSUFBSSxTQUFTLFVBQVUsQ0FBQyxDQUFDO0FBQ3JGLFNBQU8sTUFBTSxPQUFPLE1BQU0sS0FBSztBQUMvQixTQUFPLE1BQU0sS0FBSyxLQUFLLDhCQUE4QjtBQUdyRCxPQUFLLE1BQU0sS0FBSyxTQUFTLE9BQU8sV0FBVyxHQUFHLEVBQUUsWUFBWSxHQUFHLENBQUMsQ0FBQztBQUNqRSxTQUFPLENBQUMsTUFBTSxJQUFJLEVBQUUsU0FBUyxHQUFJLEVBQUcsT0FBTSxLQUFLLENBQUM7QUFDaEQsU0FBTyxNQUFNLE9BQU8sTUFBTSxTQUFTLENBQUM7QUFDcEMsUUFBTSxRQUFRLEdBQUk7QUFDbEIsU0FBTyxNQUFNLE9BQU8sTUFBTSxLQUFLO0FBQy9CLE9BQUssTUFBTSxLQUFLLFNBQVMsT0FBTyxhQUFhLEdBQUcsRUFBRSxRQUFRLE9BQU8sQ0FBQyxDQUFDO0FBQ25FLFNBQU8sTUFBTSxNQUFNLFFBQVEsUUFBUSxNQUFNO0FBQ3pDLFNBQU8sVUFBVSxNQUFNLElBQUksQ0FBQyxNQUFNLEVBQUUsT0FBTyxHQUFHLENBQUMseUJBQXlCLFNBQVMsQ0FBQztBQUVsRixRQUFNLFFBQVEsU0FBUyxRQUFRLFFBQVEsR0FBRyxFQUFFLElBQUksTUFBTSxDQUFDO0FBQ3ZELEdBQUMsTUFBTSxPQUFPLE1BQU0sS0FBSyxHQUFHLE1BQU0sS0FBSyxPQUFPLEtBQUssRUFBRSxTQUFTLENBQUMsQ0FBQztBQUNoRSxTQUFPLE1BQU0sTUFBTSxNQUFNLFFBQVEsQ0FBQztBQUVsQyxRQUFNLFlBQVksU0FBUyxPQUFPLEtBQUs7QUFDdkMsU0FBTyxNQUFNLE9BQU8sTUFBTSxLQUFLO0FBQy9CLFNBQU8sVUFBVSxDQUFDLEtBQUssUUFBUSxLQUFLLEdBQUcsR0FBRyxDQUFDLFVBQVUsZUFBZSxDQUFDO0FBQ3JFLE9BQUssTUFBTSxLQUFLLFNBQVMsT0FBTyxhQUFhLENBQUMsQ0FBQztBQUMvQyxTQUFPLE9BQU8sTUFBTSxXQUFXLE9BQU8sV0FBVztBQUNuRCxDQUFDO0FBRUQsS0FBSyx5REFBeUQsT0FBTyxNQUFNO0FBQ3pFLFFBQU0sRUFBRSxRQUFRLFNBQVMsSUFBSSxNQUFNLFFBQVEsQ0FBQztBQUM1QyxRQUFNLGFBQWEsSUFBSSxnQkFBZ0I7QUFDdkMsUUFBTSxVQUFVLFNBQVMsT0FBTyxPQUFPLEVBQUUsUUFBUSxXQUFXLE9BQU8sQ0FBQztBQUNwRSxHQUFDLE1BQU0sT0FBTyxNQUFNLEtBQUssR0FBRyxNQUFNLEtBQUssU0FBUyxPQUFPLFdBQVcsQ0FBQyxDQUFDO0FBQ3BFLFFBQU0sT0FBTyxNQUFNLEtBQUs7QUFDeEIsYUFBVyxNQUFNO0FBQ2pCLFFBQU0sT0FBTyxRQUFRLFFBQVEsUUFBUSxFQUFFLE1BQU0sWUFBWSxDQUFDO0FBQzFELFFBQU0sT0FBTyxNQUFNLE9BQU8sTUFBTSxLQUFLO0FBQ3JDLFNBQU8sVUFBVSxDQUFDLEtBQUssUUFBUSxLQUFLLEdBQUcsR0FBRyxDQUFDLFVBQVUsZUFBZSxDQUFDO0FBQ3JFLE9BQUssTUFBTSxLQUFLLFNBQVMsT0FBTyxhQUFhLENBQUMsQ0FBQztBQUNqRCxDQUFDO0FBRUQsS0FBSyxvQ0FBb0MsT0FBTyxNQUFNO0FBQ3BELFFBQU0sRUFBRSxRQUFRLE9BQU8sU0FBUyxJQUFJLE1BQU0sUUFBUSxDQUFDO0FBQ25ELFFBQU0sVUFBVSxTQUFTLE9BQU8sS0FBSztBQUNyQyxHQUFDLE1BQU0sT0FBTyxNQUFNLEtBQUssR0FBRyxJQUFJO0FBQ2hDLFFBQU0sUUFBUSxVQUFVLGdCQUFnQixhQUFhO0FBQ3JELFFBQU0sUUFBUSxHQUFJO0FBQ2xCLFFBQU0sUUFBUSxVQUFVLFFBQVEsU0FBUztBQUN6QyxHQUFDLE1BQU0sT0FBTyxNQUFNLEtBQUssR0FBRyxNQUFNLEtBQUssU0FBUyxPQUFPLGFBQWEsR0FBRyxFQUFFLFFBQVEsRUFBRSxDQUFDLENBQUM7QUFDckYsU0FBTyxNQUFNLE1BQU0sUUFBUSxRQUFRLENBQUM7QUFDdEMsQ0FBQztBQUVELEtBQUsseURBQXlELE9BQU8sTUFBTTtBQUN6RSxRQUFNLEVBQUUsUUFBUSxPQUFPLFNBQVMsSUFBSSxNQUFNLFFBQVEsQ0FBQztBQUNuRCxRQUFNLFVBQVUsU0FBUyxPQUFPLEtBQUs7QUFDckMsR0FBQyxNQUFNLE9BQU8sTUFBTSxLQUFLLEdBQUcsTUFBTSxLQUFLLFNBQVMsT0FBTyxXQUFXLENBQUMsQ0FBQztBQUNwRSxRQUFNLFVBQVUsTUFBTSxPQUFPLE1BQU0sS0FBSztBQUN4QyxTQUFPLFNBQVM7QUFDaEIsUUFBTSxRQUFRLEdBQU07QUFDcEIsVUFBUSxNQUFNLEtBQUssU0FBUyxPQUFPLFdBQVcsQ0FBQyxDQUFDO0FBQ2hELFFBQU0sT0FBTyxNQUFNLE9BQU8sTUFBTSxLQUFLO0FBQ3JDLFFBQU0sUUFBUSxHQUFNO0FBQ3BCLFFBQU0sT0FBTyxNQUFNLE9BQU8sWUFBWSxLQUFLO0FBQzNDLFFBQU0sUUFBUSxVQUFVLFFBQVEsV0FBVztBQUMzQyxPQUFLLE1BQU0sS0FBSyxTQUFTLE9BQU8sV0FBVyxDQUFDLENBQUM7QUFDN0MsUUFBTSxZQUFZLE1BQU0sS0FBSyxPQUFPLG9CQUFvQjtBQUN4RCxPQUFLLEtBQUssRUFBRSxTQUFTLFVBQVUsSUFBSSxXQUFXLENBQUMsQ0FBQztBQUNoRCxPQUFLLEtBQUssRUFBRSxTQUFTLFFBQVEsQ0FBQyxDQUFDO0FBQy9CLFNBQU8sTUFBTSxNQUFNLFFBQVEsUUFBUSxNQUFNO0FBQzNDLENBQUM7QUFFRCxLQUFLLDRFQUE0RSxPQUFPLE1BQU07QUFDNUYsUUFBTSxFQUFFLFFBQVEsT0FBTyxVQUFVLEtBQUssSUFBSSxNQUFNLEtBQUssQ0FBQztBQUN0RCxRQUFNLFVBQVUsU0FBUyxRQUFRLFVBQVUsQ0FBQyxHQUFHLEVBQUUsSUFBSSxNQUFNLENBQUM7QUFDNUQsUUFBTSxLQUFLLE9BQU8sUUFBUTtBQUMxQixPQUFLLEtBQUssRUFBRSxNQUFNLFlBQVksWUFBWSxPQUFPLFNBQVMsTUFBTSxZQUFZLGlCQUFpQixLQUFLLEVBQUUsQ0FBQztBQUNyRyxHQUFDLE1BQU0sT0FBTyxNQUFNLEtBQUssR0FBRyxJQUFJO0FBQ2hDLFNBQU8sTUFBTSxJQUFJLEVBQUUsQ0FBQyxJQUFLLElBQU0sT0FBTSxLQUFLLENBQUM7QUFDM0MsUUFBTSxRQUFRLEdBQUk7QUFDbEIsUUFBTSxPQUFPLE1BQU0sT0FBTyxNQUFNLEtBQUs7QUFDckMsU0FBTyxNQUFNLEtBQUssS0FBSyxlQUFlO0FBQ3RDLE9BQUssTUFBTSxLQUFLLFNBQVMsT0FBTyxhQUFhLEdBQUcsRUFBRSxRQUFRLElBQUksT0FBTyxJQUFPLEVBQUUsQ0FBQyxDQUFDO0FBQ2hGLFNBQU8sT0FBUSxNQUFNLFFBQVEsUUFBbUIsUUFBUSxJQUFPO0FBRS9ELFFBQU0sT0FBTyxTQUFTLE9BQU8sS0FBSztBQUNsQyxRQUFNLFlBQVksTUFBTSxLQUFLLE9BQU8sb0JBQW9CO0FBQ3hELE9BQUssS0FBSyxPQUFPLEtBQUssRUFBRSxTQUFTLFVBQVUsSUFBSSxhQUFhLEdBQUcsRUFBRSxZQUFZLGdCQUFnQixDQUFDLENBQUM7QUFDL0YsR0FBQyxNQUFNLE9BQU8sTUFBTSxLQUFLLEdBQUcsTUFBTSxLQUFLLEVBQUUsTUFBTSxhQUFhLFFBQVEscUJBQXFCLENBQUM7QUFDMUYsUUFBTSxPQUFPLFFBQVEsS0FBSyxRQUFRLEVBQUUsTUFBTSxhQUFhLFdBQVcsTUFBTSxDQUFDO0FBQzNFLENBQUM7QUFFRCxLQUFLLHlEQUF5RCxPQUFPLE1BQU07QUFDekUsUUFBTSxFQUFFLFFBQVEsVUFBVSxLQUFLLElBQUksTUFBTSxLQUFLLENBQUM7QUFDL0MsUUFBTSxNQUFNLFNBQVMsSUFBSSxLQUFLO0FBQzlCLE1BQUksVUFBVSxNQUFNLEtBQUssT0FBTyxjQUFjO0FBQzlDLFNBQU8sVUFBVSxRQUFRLFNBQVMsRUFBRSxZQUFZLE1BQU0sQ0FBQztBQUN2RCxPQUFLLEtBQUssRUFBRSxTQUFTLFFBQVEsSUFBSSxhQUFhLEdBQUcsRUFBRSxZQUFZLGdCQUFnQixDQUFDLENBQUM7QUFDakYsR0FBQyxNQUFNLE9BQU8sTUFBTSxLQUFLLEdBQUcsTUFBTSxLQUFLLFNBQVMsT0FBTyxhQUFhLEdBQUcsRUFBRSxRQUFRLFFBQVEsQ0FBQyxDQUFDO0FBQzNGLFNBQU8sT0FBTyxNQUFNLEtBQUssUUFBUSxPQUFPO0FBRXhDLFFBQU0sT0FBTyxTQUFTLEtBQUssRUFBRSxPQUFPLFVBQVUsT0FBTyxHQUFHLFFBQVEsSUFBSSxDQUFDO0FBQ3JFLFlBQVUsTUFBTSxLQUFLLE9BQU8sZUFBZTtBQUMzQyxTQUFPLFVBQVUsUUFBUSxTQUFTLEVBQUUsT0FBTyxVQUFVLE9BQU8sR0FBRyxRQUFRLElBQUksQ0FBQztBQUM1RSxRQUFNLE9BQU8sRUFBRSxVQUFVLENBQUMsU0FBUyxPQUFPLFVBQVUsQ0FBQyxHQUFHLFNBQVMsT0FBTyxVQUFVLENBQUMsQ0FBQyxHQUFHLFFBQVEsSUFBSTtBQUNuRyxPQUFLLEtBQUssRUFBRSxNQUFNLFlBQVksWUFBWSxRQUFRLElBQUksU0FBUyxNQUFNLE1BQU0sS0FBSyxDQUFDO0FBQ2pGLFNBQU8sVUFBVSxNQUFNLE1BQU0sSUFBSTtBQUVqQyxRQUFNLFVBQVUsU0FBUyxJQUFJLEtBQUs7QUFDbEMsWUFBVSxNQUFNLEtBQUssT0FBTyxjQUFjO0FBQzFDLE9BQUssS0FBSyxPQUFPLFFBQVEsRUFBRSxFQUFFLE1BQU0sV0FBVyxDQUFDO0FBQy9DLFFBQU0sT0FBTyxRQUFRLFNBQVMsRUFBRSxNQUFNLFlBQVksQ0FBQztBQUNyRCxDQUFDO0FBRUQsS0FBSyxzRUFBc0UsT0FBTyxNQUFNO0FBQ3RGLFFBQU0sRUFBRSxVQUFVLEtBQUssSUFBSSxNQUFNLEtBQUssQ0FBQztBQUN2QyxRQUFNLFVBQVUsU0FBUyxRQUFRLFVBQVUsQ0FBQyxHQUFHLEVBQUUsSUFBSSxNQUFNLENBQUM7QUFDNUQsUUFBTSxLQUFLLE9BQU8sUUFBUTtBQUMxQixPQUFLLEtBQUssRUFBRSxJQUFJLENBQUM7QUFDakIsUUFBTSxTQUFTLFNBQVMsT0FBTyxLQUFLO0FBQ3BDLFFBQU0sVUFBVSxNQUFNLEtBQUssT0FBTyxpQkFBaUI7QUFDbkQsT0FBSyxLQUFLLEVBQUUsU0FBUyxRQUFRLElBQUksV0FBVyxHQUFHLEVBQUUsWUFBWSxLQUFLLENBQUMsQ0FBQztBQUNwRSxTQUFPLE9BQU8sTUFBTSxRQUFRLFlBQVksSUFBSTtBQUM1QyxPQUFLLEtBQUssRUFBRSxNQUFNLGFBQWEsQ0FBQyxDQUFDO0FBQ2pDLFFBQU0sT0FBTyxRQUFRLFFBQVEsUUFBUSxFQUFFLE1BQU0sWUFBWSxDQUFDO0FBQzVELENBQUM7QUFFRCxLQUFLLGdEQUFnRCxPQUFPLE1BQU07QUFDaEUsUUFBTSxFQUFFLFVBQVUsTUFBTSxNQUFNLElBQUksTUFBTSxLQUFLLENBQUM7QUFDOUMsUUFBTSxNQUFNLFNBQVMsSUFBSSxLQUFLO0FBQzlCLFFBQU0sS0FBSyxPQUFPLGNBQWM7QUFDaEMsT0FBSyxJQUFJO0FBQ1QsUUFBTSxPQUFPLE1BQU0sTUFBTTtBQUN6QixRQUFNLFVBQVUsTUFBTSxLQUFLLE9BQU8sY0FBYztBQUNoRCxPQUFLLEtBQUssRUFBRSxTQUFTLFFBQVEsSUFBSSxXQUFXLENBQUMsQ0FBQztBQUM5QyxTQUFPLE9BQU8sTUFBTSxLQUFLLEtBQUssQ0FBQztBQUNqQyxDQUFDO0FBRUQsS0FBSyxzRkFBc0YsT0FBTyxNQUFNO0FBQ3RHLFFBQU0sRUFBRSxVQUFVLEtBQUssSUFBSSxNQUFNLEtBQUssQ0FBQztBQUN2QyxRQUFNLFFBQVEsU0FBUyxRQUFRLFVBQVUsRUFBRSxHQUFHLEVBQUUsR0FBRyxFQUFFLElBQUksTUFBTSxDQUFDO0FBQ2hFLFFBQU0sUUFBa0IsQ0FBQztBQUN6QixRQUFNLFNBQVMsU0FBUyxRQUFRLFVBQVUsRUFBRSxHQUFHLEVBQUUsR0FBRyxFQUFFLElBQUksT0FBTyxZQUFZLENBQUMsTUFBTSxNQUFNLEtBQUssRUFBRSxHQUFHLEVBQUUsQ0FBQztBQUN2RyxRQUFNLFFBQVEsU0FBUyxPQUFPLEtBQUs7QUFDbkMsU0FBTyxHQUFHLFNBQVMsVUFBVSxVQUFVLEtBQUs7QUFDNUMsUUFBTSxPQUFPLFFBQVEsU0FBUyxRQUFRLFVBQVUsRUFBRSxHQUFHLEVBQUUsR0FBRyxFQUFFLElBQUksTUFBTSxDQUFDLEVBQUUsUUFBUSxFQUFFLE1BQU0sb0JBQW9CLENBQUM7QUFDOUcsUUFBTSxLQUFLLE9BQU8sUUFBUTtBQUMxQixPQUFLLEtBQUssRUFBRSxTQUFTLEdBQUcsQ0FBQyxDQUFDO0FBQzFCLE9BQUssS0FBSyxFQUFFLFNBQVMsR0FBRyxDQUFDLENBQUM7QUFDMUIsU0FBTyxNQUFNLE1BQU0sTUFBTSxRQUFRLENBQUM7QUFDbEMsU0FBTyxVQUFVLE9BQU8sQ0FBQyxDQUFDLENBQUM7QUFDM0IsU0FBTyxNQUFNLEtBQUssU0FBUyxTQUFTLENBQUM7QUFDdkMsQ0FBQztBQUVELEtBQUssOERBQThELE9BQU8sTUFBTTtBQUM5RSxRQUFNLEVBQUUsUUFBUSxPQUFPLFVBQVUsS0FBSyxJQUFJLE1BQU0sS0FBSyxDQUFDO0FBQ3RELFFBQU0sVUFBVSxTQUFTLFFBQVEsVUFBVSxDQUFDLEdBQUcsRUFBRSxJQUFJLE9BQU8sU0FBUyxJQUFPLENBQUM7QUFDN0UsUUFBTSxLQUFLLE9BQU8sUUFBUTtBQUMxQixPQUFLLEtBQUssRUFBRSxJQUFJLENBQUM7QUFDakIsUUFBTSxXQUFXLFNBQVMsT0FBTyxLQUFLO0FBQ3RDLFFBQU0sWUFBWSxNQUFNLEtBQUssT0FBTyxvQkFBb0I7QUFDeEQsT0FBSyxLQUFLLE9BQU8sS0FBSyxFQUFFLFNBQVMsVUFBVSxJQUFJLGFBQWEsR0FBRyxFQUFFLFlBQVksZ0JBQWdCLENBQUMsQ0FBQztBQUMvRixRQUFNLE9BQU8sTUFBTSxLQUFLO0FBQ3hCLFFBQU0sVUFBVSxTQUFTLElBQUksS0FBSztBQUNsQyxRQUFNLEtBQUssT0FBTyxjQUFjO0FBQ2hDLFFBQU0sUUFBUSxTQUFTLFFBQVEsUUFBUSxJQUFJLE9BQU8sR0FBTSxDQUFDO0FBQ3pELFFBQU0sT0FBTyxNQUFNLEtBQUs7QUFDeEIsV0FBUyxNQUFNO0FBQ2YsYUFBVyxRQUFRLENBQUMsUUFBUSxRQUFRLFNBQVMsUUFBUSxTQUFTLE1BQU0sUUFBUSxTQUFTLFFBQVEsUUFBUSxDQUFDLEVBQUUsUUFBUSxTQUFTLEtBQUssQ0FBQyxHQUFHO0FBQ2hJLFVBQU0sT0FBTyxRQUFRLE1BQU0sRUFBRSxNQUFNLFNBQVMsQ0FBQztBQUFBLEVBQy9DO0FBQ0EsU0FBTyxXQUFXLE1BQU0sSUFBSSxRQUFRLFFBQVEsR0FBRyxJQUFJLENBQUMsTUFBTSxFQUFFLEtBQUssR0FBRyxDQUFDLFFBQVEsQ0FBQztBQUM5RSxRQUFNLEtBQUs7QUFDWCxTQUFPLFVBQVUsTUFBTSxJQUFJLEdBQUcsQ0FBQyxDQUFDO0FBQ2hDLFNBQU8sTUFBTSxLQUFLLFNBQVMsU0FBUyxDQUFDO0FBQ3ZDLENBQUM7QUFFRCxLQUFLLDZDQUE2QyxPQUFPLE1BQU07QUFDN0QsUUFBTSxFQUFFLFVBQVUsS0FBSyxJQUFJLE1BQU0sS0FBSyxDQUFDO0FBQ3ZDLFdBQVMsUUFBUSxVQUFVLENBQUMsR0FBRyxFQUFFLElBQUksTUFBTSxDQUFDO0FBQzVDLFFBQU0sS0FBSyxPQUFPLFFBQVE7QUFDMUIsT0FBSyxLQUFLLE9BQU8sS0FBSyxFQUFFLE1BQU0sU0FBUyxDQUFDO0FBQ3hDLFFBQU0sVUFBVSxTQUFTLFFBQVEsUUFBUSxHQUFHLEVBQUUsSUFBSSxNQUFNLENBQUM7QUFDekQsUUFBTSxLQUFLLE9BQU8sTUFBTTtBQUN4QixPQUFLLEtBQUssRUFBRSxTQUFTLENBQUMsQ0FBQztBQUN2QixTQUFPLE1BQU0sTUFBTSxRQUFRLFFBQVEsQ0FBQztBQUN0QyxDQUFDO0FBRUQsS0FBSyx3REFBd0QsT0FBTyxNQUFNO0FBQ3hFLFFBQU0sRUFBRSxVQUFVLEtBQUssSUFBSSxNQUFNLEtBQUssQ0FBQztBQUN2QyxRQUFNLFVBQVUsU0FBUyxRQUFRLFFBQVEsR0FBRyxFQUFFLElBQUksTUFBTSxDQUFDO0FBQ3pELFFBQU0sS0FBSyxPQUFPLE1BQU07QUFDeEIsYUFBVyxRQUFRLENBQUMsSUFBSSxLQUFLLFFBQVEsa0RBQWtELGdEQUFnRCxFQUFHLE1BQUssS0FBSyxJQUFJO0FBQ3hKLE9BQUssS0FBSyxFQUFFLFNBQVMsQ0FBQyxDQUFDO0FBQ3ZCLFNBQU8sTUFBTSxNQUFNLFFBQVEsUUFBUSxDQUFDO0FBQ3RDLENBQUM7QUFFRCxLQUFLLHNFQUFzRSxPQUFPLE1BQU07QUFFdEYsUUFBTSxRQUFRLENBQUMsU0FDYixLQUFLLE1BQU0sS0FBSyxXQUFXLHFCQUFxQixZQUFZLEdBQUcsQ0FBQyxHQUFHLE1BQU8sUUFBUSxLQUFLLENBQUMsSUFBSSxPQUFPLEVBQUUsTUFBTSxDQUFDLENBQUMsSUFBSSxDQUFFO0FBQ3JILFFBQU0sWUFBWSxDQUFDLFVBQ2pCLEtBQUssVUFBVSxPQUFPLENBQUMsR0FBRyxNQUFPLE9BQU8sS0FBSyxXQUFXLE9BQU8sQ0FBQyxLQUFLLENBQUUsRUFBRSxXQUFXLGdCQUFnQixJQUFJO0FBQzFHLFFBQU0sRUFBRSxVQUFVLEtBQUssSUFBSSxNQUFNLEtBQUssR0FBRyxFQUFFLE9BQU8sVUFBVSxDQUFDO0FBQzdELFFBQU0sVUFBVSxTQUFTLFFBQVEsUUFBUSxFQUFFLEdBQUcsa0JBQWtCLEdBQUcsRUFBRSxJQUFJLE1BQU0sQ0FBQztBQUNoRixRQUFNLEtBQUssT0FBTyxNQUFNO0FBQ3hCLE9BQUssS0FBSyxxRkFBcUY7QUFDL0YsU0FBTyxVQUFVLE1BQU0sUUFBUSxRQUFRLEVBQUUsR0FBRyxrQkFBa0IsQ0FBQztBQUNqRSxDQUFDOyIsCiAgIm5hbWVzIjogW10KfQo=
