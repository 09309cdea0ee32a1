import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Current } from "../src/request.js";
import { frames, newHarness, reaches, turn } from "./support/harness.js";
import { MemoryStorage } from "./support/storage.js";

const f = frames("r-1");

async function open(t: TestContext, options = {}) {
  const w = await newHarness(t, options);
  const streamer = w.connect();
  const peer = await w.server.connections.next();
  await reaches(streamer, "open");
  return { ...w, streamer, peer };
}

test("watching stops when the last reader leaves, and begins again with the next", async (t) => {
  const { streamer, peer } = await open(t);
  const handle = streamer.resume("r-1");
  const leave = [handle.subscribe(() => {}), handle.subscribe(() => {})];
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(f.snapshot(subscribe.id, "RUNNING", 3, { percentage: 30 }));
  while (handle.current.rev < 3) await turn(1);
  leave[0]!();
  await turn();
  assert.equal(peer.messages.waiting, 0, "one reader is left");
  leave[1]!();
  const unsubscribe = await peer.expect("streamer.unsubscribe");
  assert.deepEqual(unsubscribe.payload, { request_id: "r-1" });

  // A new subscribe must not overtake the unsubscribe.
  const again = streamer.resume("r-1");
  const { result } = again;
  await turn();
  assert.equal(peer.messages.waiting, 0);
  peer.send(f.snapshot(unsubscribe.id, "RUNNING", 4, { percentage: 40 }));
  const next = await peer.expect("streamer.subscribe");
  peer.send(f.snapshot(next.id, "SUCCEEDED", 5, { result: "done" }));
  assert.equal(await result, "done");
});

test("a reader that is replaced at once sends nothing", async (t) => {
  const { streamer, peer } = await open(t);
  const handle = streamer.resume("r-1");
  const leave = handle.subscribe(() => {});
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(f.snapshot(subscribe.id, "RUNNING", 3));
  while (handle.current.rev < 3) await turn(1);
  leave();
  handle.subscribe(() => {});
  await turn(10);
  assert.equal(peer.messages.waiting, 0);
});

test("a request that was made and is never read is seen to its end", async (t) => {
  const storage = new MemoryStorage();
  const { streamer, peer } = await open(t, { storage });
  streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  peer.send(f.ack());
  await turn(10);
  assert.equal(peer.messages.waiting, 0);
  peer.send(f.complete("done", 2));
  while (storage.items.size) await turn(1);
});

test("a page of 50 requests costs one frame each when it is left, and none after it", async (t) => {
  const { streamer, peer, again } = await openList(t);
  const ids = Array.from({ length: 50 }, (_, i) => `r-${i}`);
  const controller = new AbortController();
  for (const id of ids) streamer.resume(id, { onProgress: () => {}, signal: controller.signal });
  for (const _ of ids) {
    const { id, payload } = await peer.expect("streamer.subscribe");
    peer.send(frames(payload.request_id).snapshot(id, "RUNNING", 2));
  }
  await turn(10);
  controller.abort();
  const left = new Set<string>();
  for (const _ of ids) {
    const { id, payload } = await peer.expect("streamer.unsubscribe");
    left.add(payload.request_id);
    peer.send(frames(payload.request_id).snapshot(id, "RUNNING", 2));
  }
  assert.deepEqual(left, new Set(ids));
  peer.cut();
  const next = await again();
  await turn(10);
  assert.equal(next.messages.waiting, 0, "they are asked for again");
});

async function openList(t: TestContext) {
  const w = await open(t);
  const again = async () => {
    await reaches(w.streamer, "reconnecting");
    w.clock.advance(w.clock.due()[0]!);
    const next = await w.server.connections.next();
    await reaches(w.streamer, "open");
    return next;
  };
  return { ...w, again };
}

test("current says all that is known, is a new object with each change, and reaches 100", async (t) => {
  const { streamer, peer } = await open(t);
  const request = streamer.request("report", {}, { id: "r-1" });
  const seen: Current[] = [];
  request.subscribe((current) => seen.push(current));
  assert.deepEqual(request.current, { status: "pending", percentage: 0, message: "", rev: 0 });
  await peer.expect("report");
  peer.send(f.ack());
  peer.send(f.progress(40, 2, "reading"));
  peer.send(f.progress(40, 2, "reading"));
  const waiting = { for: "limit", limit: "tenant", running: 3, position: 2 };
  peer.send(f.snapshot("m", "QUEUED", 3, { percentage: 40, waiting }));
  peer.send(f.complete({ rows: 7 }, 4));
  await request.result;
  await turn();
  assert.deepEqual(
    seen.map(({ status, state, percentage, rev }) => [status, state, percentage, rev]),
    [
      ["pending", "QUEUED", 0, 1],
      ["pending", "RUNNING", 40, 2],
      ["pending", "QUEUED", 40, 3],
      ["done", "SUCCEEDED", 100, 4],
    ],
  );
  assert.deepEqual(seen[2]!.waiting, waiting);
  assert.equal(request.current, seen[3]);
  assert.deepEqual(request.current.result, { rows: 7 });

  const failed = streamer.request("report", {}, { id: "r-2" });
  await peer.expect("report");
  peer.send(frames("r-2").ack());
  peer.send(frames("r-2").error("PROCESSING_FAILED", 3));
  await assert.rejects(failed.result);
  assert.deepEqual(
    [failed.current.status, failed.current.state, failed.current.error?.code],
    ["failed", "FAILED", "PROCESSING_FAILED"],
  );
});

test("after a reload the bar begins where it was", async (t) => {
  const storage = new MemoryStorage();
  const { server, connect, streamer, peer } = await open(t, { storage });
  const before = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  peer.send(f.ack());
  peer.send(f.progress(62.5, 2));
  while (before.current.percentage !== 62.5) await turn(1);
  streamer.close();
  const after = connect();
  const [request] = after.pending();
  assert.equal(request!.current.percentage, 62);
  await (await server.connections.next()).expect("streamer.subscribe");
});
