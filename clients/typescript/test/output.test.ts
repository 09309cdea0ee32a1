import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { systemClock } from "../src/clock.js";
import { output } from "../src/output.js";
import { Streamer } from "../src/streamer.js";
import { FakeServer } from "../src/testing.js";
import { all, frames, newHarness, reaches, turn } from "./support/harness.js";

async function start(t: TestContext) {
  const { server, clock, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  const request = streamer.request("import", {}, { id: "r-1" });
  await peer.expect("import");
  return { server, clock, streamer, peer, request };
}

const f = frames("r-1");
const live = (offset: number, ...chunks: unknown[]) => ({ type: "output", request_id: "r-1", offset, chunks });

/** Answers one question for output. */
async function answer(peer: any, from: number, chunks: unknown[], final = false) {
  const asked = await peer.expect("streamer.output");
  assert.deepEqual(asked.payload, { request_id: "r-1", from });
  peer.send(frames(asked.id).response({ offset: from, chunks, final }));
}

test("chunks come in order and once: those that were there, live ones, and those between that were missed", async (t) => {
  const { streamer, peer, request } = await start(t);
  const chunks = output<string>(streamer, "r-1");
  const first = chunks.next();
  peer.send(f.ack(1));
  await answer(peer, 0, ["a", "b"]);
  assert.equal((await first).value, "a");
  assert.equal((await chunks.next()).value, "b");
  const third = chunks.next();
  await answer(peer, 2, []);
  peer.send(live(1, "b", "c"));
  assert.equal((await third).value, "c");
  const fourth = chunks.next();
  peer.send(live(4, "e")); // the one before it was lost
  await answer(peer, 3, ["d", "e"]);
  assert.equal((await fourth).value, "d");
  const rest = all(chunks);
  await answer(peer, 5, []);
  peer.send(f.complete("done", 9));
  await answer(peer, 5, ["f"], true);
  assert.deepEqual(await rest, ["e", "f"]);
  assert.equal(await request.result, "done");
});

test("after a lost connection it goes on where it was", async (t) => {
  const { server, clock, streamer, peer } = await start(t);
  const chunks = output(streamer, "r-1", 7);
  const first = chunks.next();
  peer.send(f.ack(1));
  await answer(peer, 7, ["h"]);
  assert.equal((await first).value, "h");
  const second = chunks.next();
  await answer(peer, 8, []);
  peer.cut();
  while (streamer.state !== "reconnecting") await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1000);
  const again = await server.connections.next();
  const asked = await again.expect("streamer.subscribe");
  again.send(f.snapshot(asked.id, "RUNNING", 2, { output: 9 }));
  await answer(again, 8, ["i"]);
  assert.equal((await second).value, "i");
});

test("a reader ends when its signal aborts, without a network too", async (t) => {
  const { streamer, peer } = await start(t);
  for (const [code, reason] of [
    ["ABORTED", undefined],
    ["TIMEOUT", new DOMException("it took long", "TimeoutError")],
  ] as const) {
    const controller = new AbortController();
    const read = all(output(streamer, "r-1", 0, { signal: controller.signal }));
    if (code === "TIMEOUT") peer.cut();
    controller.abort(reason);
    await assert.rejects(read, { code, requestId: "r-1" });
  }
});

test("it ends with the request that emits nothing, and throws when the client is closed", async (t) => {
  const { streamer, peer } = await start(t);
  const none = all(output(streamer, "r-1"));
  peer.send(f.error("PROCESSING_FAILED", 3));
  await answer(peer, 0, [], true);
  assert.deepEqual(await none, []);
  const closed = all(output(streamer, "r-2"));
  streamer.close();
  await assert.rejects(closed, { code: "CLOSED" });
});

/** A test that waits for ever on the faults that it is about, so that it has a shorter limit than others. */
const limit = { timeout: 10_000 };

/** A reader that has two chunks, the last of them pushed, and is busy with it. */
async function busy(t: TestContext) {
  const started = await start(t);
  const { streamer, peer } = started;
  const chunks = output(streamer, "r-1");
  const first = chunks.next();
  peer.send(f.ack(1));
  await answer(peer, 0, ["a"]);
  assert.equal((await first).value, "a");
  const second = chunks.next();
  await answer(peer, 1, []);
  peer.send(live(1, "b"));
  assert.equal((await second).value, "b");
  return { ...started, chunks };
}

for (const [what, ...pushed] of [
  ["the last chunk was pushed", live(2, "c")],
  ["a chunk that it has came late", live(1, "b")],
  ["nothing was pushed"],
] as const) {
  test(`a reader that was busy until the end reads what is stored, and ends, where ${what}`, limit, async (t) => {
    const { peer, request, chunks } = await busy(t);
    for (const frame of pushed) peer.send(frame);
    peer.send(f.complete("done", 9));
    await request.result;
    await turn();
    const rest = all(chunks);
    const { id, payload } = await peer.expect("streamer.output");
    assert.equal(payload.from, 2);
    peer.send(live(3, "d")); // behind the end
    peer.send(frames(id).response({ offset: 2, chunks: ["c"], final: false }));
    await answer(peer, 3, ["d"], true);
    assert.deepEqual(await rest, ["c", "d"]);
  });
}

for (const [what, ...pushed] of [
  ["an older one came behind", live(2, "c"), live(1, "b")],
  ["a snapshot said that there is more", live(2, "c"), f.snapshot("m-1", "RUNNING", 5, { output: 4 })],
] as const) {
  test(`a reader that was busy while a chunk was pushed asks for what is stored, where ${what}`, limit, async (t) => {
    const { streamer, peer, chunks } = await busy(t);
    const heard = new Promise<void>((resolve) => {
      let left = pushed.length;
      streamer.onFrame(() => --left || resolve());
    });
    for (const frame of pushed) peer.send(frame);
    await heard;
    const third = chunks.next();
    await answer(peer, 2, ["c", "d"]);
    assert.deepEqual([(await third).value, (await chunks.next()).value], ["c", "d"]);
  });
}

test("it throws when the client is closed behind the end, or is opened again before the reader looks", limit, async (t) => {
  const ended = await busy(t);
  ended.peer.send(live(2, "c"));
  ended.peer.send(f.complete("done", 9));
  await ended.request.result;
  await turn();
  const third = ended.chunks.next();
  await answer(ended.peer, 2, ["c"]);
  assert.equal((await third).value, "c");
  const fourth = ended.chunks.next();
  ended.streamer.close();
  await assert.rejects(fourth, { code: "CLOSED" });

  const { server, streamer, chunks } = await busy(t);
  streamer.close();
  streamer.connect();
  await turn();
  const rest = all(chunks);
  await answer(await server.connections.next(), 2, []);
  await assert.rejects(rest, { code: "CLOSED" });
});

test("over HTTP it asks for nothing before the request is stored", async (t) => {
  const server = new FakeServer();
  server.blockWebSocket();
  const streamer = new Streamer(server.url, { ...server.options, clock: { ...systemClock, random: () => 0 } });
  t.after(() => streamer.close());
  streamer.connect();
  await reaches(streamer, "open", "polling");
  const request = streamer.request("import");
  const states: unknown[] = [];
  const watched = {
    resume: (id: string) => streamer.resume(id),
    onFrame: (listener: Parameters<typeof streamer.onFrame>[0]) => streamer.onFrame(listener),
    output: (id: string, from?: number) => {
      states.push(request.current.state);
      return streamer.output(id, from);
    },
    reason: streamer.reason,
  };
  const read = all(output(watched, request.id));
  const job = await server.next("import");
  job.emit("a");
  job.complete(1);
  assert.deepEqual(await read, ["a"]);
  assert.ok(!states.includes(undefined), `it asked in the states ${states}`);
});
