import assert from "node:assert/strict";
import { test } from "node:test";
import { frames, jwt, newHarness, reaches, turn } from "./support/harness.js";
import { MemoryStorage } from "./support/storage.js";

const f = frames("r-1");

test("what was pending before a reload is pending after it, and finishes", async (t) => {
  const storage = new MemoryStorage();
  const { server, connect } = await newHarness(t, { storage });
  const before = connect();
  const peer = await server.connections.next();
  before.request("report", { a: 1 }, { id: "r-1" });
  await peer.expect("report");
  peer.send(f.ack());
  before.request("report", { a: 2 }, { id: "r-2" });
  const unanswered = await peer.expect("report");
  while (!storage.items.get(`streamer ${server.url}`)?.includes('"r-1",0')) await turn(1);
  before.close();

  const after = connect();
  const [first, second] = after.pending();
  assert.deepEqual([first!.id, second!.id], ["r-1", "r-2"]);
  const next = await server.connections.next();
  const subscribe = await next.expect("streamer.subscribe");
  assert.deepEqual(subscribe.payload, { request_id: "r-1" });
  assert.deepEqual(await next.messages.next(), unanswered);
  next.send(f.snapshot(subscribe.id, "SUCCEEDED", 5, { result: "one" }));
  next.send(frames("r-2").snapshot("r-2", "RUNNING", 2));
  next.send(frames("r-2").complete("two", 3));
  assert.deepEqual([await first!.result, await second!.result], ["one", "two"]);
  await turn();
  assert.equal(storage.items.size, 0);
});

test("an aborted request does not come back", async (t) => {
  const storage = new MemoryStorage();
  const { server, connect } = await newHarness(t, { storage });
  const streamer = connect();
  const peer = await server.connections.next();
  const controller = new AbortController();
  const request = streamer.request("report", {}, { id: "r-1", signal: controller.signal });
  await peer.expect("report");
  controller.abort();
  await assert.rejects(request.result, { code: "CANCELLED" });
  peer.send(f.ack());
  const cancel = await peer.expect("streamer.cancel");
  assert.equal(storage.items.size, 1);
  peer.send(f.snapshot(cancel.id, "CANCELLED", 2));
  while (storage.items.size) await turn(1);
});

test("a cancel that was asked for as the page was closed is sent by the next one", async (t) => {
  const storage = new MemoryStorage();
  const { server, clock, connect } = await newHarness(t, { storage });
  const before = connect();
  const controller = new AbortController();
  const peer = await server.connections.next();
  const request = before.request("charge", {}, { id: "r-1", signal: controller.signal });
  await peer.expect("charge");
  controller.abort();
  before.close();
  await assert.rejects(request.result, { code: "CANCELLED" });

  const after = connect();
  assert.deepEqual(after.pending(), []);
  const next = await server.connections.next();
  // The message may come to the server behind the first cancel.
  const early = await next.expect("streamer.cancel");
  assert.deepEqual(early.payload, { request_id: "r-1" });
  next.send(frames(early.id).error("NOT_FOUND"));
  while (!clock.due().includes(500)) await turn(1);
  clock.advance(500);
  next.send(f.snapshot((await next.expect("streamer.cancel")).id, "CANCELLED", 2));
  while (storage.items.size) await turn(1);
  assert.equal(next.messages.waiting, 0);
});

test("a cancel of a stored request without a network is sent by the next page", async (t) => {
  const storage = new MemoryStorage();
  const { server, connect } = await newHarness(t, { storage });
  const before = connect();
  const peer = await server.connections.next();
  const request = before.request("charge", {}, { id: "r-1" });
  await peer.expect("charge");
  peer.send(f.ack());
  while (!request.current.state) await turn(1);
  peer.cut();
  await reaches(before, "reconnecting");
  const answer = request.cancel();
  before.close();
  await assert.rejects(answer, { code: "CLOSED" });

  const after = connect();
  assert.deepEqual(after.pending(), []);
  const next = await server.connections.next();
  const cancel = await next.expect("streamer.cancel");
  assert.deepEqual(cancel.payload, { request_id: "r-1" });
  next.send(f.snapshot(cancel.id, "CANCELLED", 2));
  while (storage.items.size) await turn(1);
});

test("what was aborted before it was sent is not sent by the next page", async (t) => {
  const storage = new MemoryStorage();
  const { server, connect } = await newHarness(t, { storage });
  const controller = new AbortController();
  const before = connect();
  const request = before.request("charge", {}, { id: "r-1", signal: controller.signal });
  controller.abort();
  before.close();
  await assert.rejects(request.result, { code: "CANCELLED" });
  assert.equal(storage.items.size, 0);
  connect();
  await server.connections.next();
});

test("what a closed client is asked for is not kept for the next page", async (t) => {
  const storage = new MemoryStorage();
  const { connect } = await newHarness(t, { storage });
  const streamer = connect();
  await reaches(streamer, "open");
  streamer.close();
  await assert.rejects(streamer.request("report", {}).result, { code: "CLOSED" });
  assert.equal(storage.items.size, 0);
});

test("nothing that one person asked for is sent under another's token", async (t) => {
  const storage = new MemoryStorage();
  const { server, connect } = await newHarness(t, { storage });
  const before = connect();
  await reaches(before, "open");
  const peer = await server.connections.next();
  before.request("report", { secret: "ada's" }, { id: "r-1" });
  await peer.expect("report");
  before.close();
  assert.ok(storage.items.size > 0);

  const after = connect({ token: () => jwt({ tenant_id: "acme", sub: "bob", exp: 4_000_000_000 }) });
  const [kept] = after.pending();
  await assert.rejects(kept!.result, { code: "FORBIDDEN", requestId: "r-1" });
  const next = await server.connections.next();
  const own = after.request("echo", 1, { id: "r-2" });
  await next.expect("echo");
  next.send(frames("r-2").response(1));
  assert.equal(await own.result, 1);
  await turn();
  assert.equal(storage.items.size, 0);
});

test("a token that becomes another caller's ends what was under way", async (t) => {
  const storage = new MemoryStorage();
  const { server, clock, connect } = await newHarness(t, { storage });
  let token = jwt({ tenant_id: "acme", sub: "ada" });
  const streamer = connect({ token: () => token });
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  const request = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  token = jwt({ tenant_id: "acme", sub: "ada", another: true });
  peer.cut();
  await reaches(streamer, "reconnecting");
  clock.advance(1000);
  const next = await server.connections.next();
  await next.expect("report");
  token = jwt({ tenant_id: "other", sub: "ada" });
  next.cut();
  await reaches(streamer, "reconnecting");
  clock.advance(2000);
  await assert.rejects(request.result, { code: "FORBIDDEN" });
  const last = await server.connections.next();
  await reaches(streamer, "open");
  await turn();
  assert.equal(last.messages.waiting, 0);
});
