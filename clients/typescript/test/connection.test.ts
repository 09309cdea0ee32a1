import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Timers } from "../src/clock.js";
import { Connection } from "../src/connection.js";
import { encode, type Frame } from "../src/frame.js";
import type { Reason } from "../src/session.js";
import { ManualClock } from "./support/clock.js";
import { frames, Socket, turn } from "./support/harness.js";
import { Queue } from "./support/queue.js";
import { FakeServer } from "./support/server.js";

const message = encode("r-1", "echo", 1, JSON);
const f = frames("r-1");

async function start(t: TestContext, token = "a.b.c") {
  const server = await FakeServer.start();
  t.after(() => server.stop());
  server.pongs = false;
  const clock = new ManualClock();
  const timers = new Timers(clock);
  t.after(() => timers.clear());
  const heard = new Queue<Frame>();
  const ends = new Queue<Reason>();
  const events = { onAny: (frame: Frame) => heard.put(frame), silence: () => 240_000 };
  const connection = new Connection(Socket, server.url, token, JSON, timers, events, (reason) => ends.put(reason));
  t.after(() => connection.close());
  return { server, clock, timers, heard, ends, connection };
}

async function open(t: TestContext) {
  const all = await start(t);
  assert.equal(await all.connection.opened.promise, true);
  return { ...all, peer: await all.server.connections.next() };
}

test("the token travels as a subprotocol, and not in the URL", async (t) => {
  const { peer } = await open(t);
  assert.deepEqual(peer.offered, ["streamer.v1", "bearer.a.b.c"]);
  assert.equal(peer.url, "/dev");
});

test("an answer goes to its message, and every frame to the listener", async (t) => {
  const { peer, connection, heard } = await open(t);
  const answer = connection.call(message);
  assert.deepEqual(await peer.messages.next(), { id: "r-1", action: "echo", payload: 1 });
  peer.send(frames("another").progress(10, 2));
  peer.send(f.response(1));
  assert.deepEqual(await answer, f.response(1));
  assert.equal((await heard.next()).request_id, "another");
  assert.equal((await heard.next()).type, "response");
});

test("a handshake that is refused, that never ends, or that cannot be made is not open", async (t) => {
  const server = await FakeServer.start();
  t.after(() => server.stop());
  server.refuse = 401;
  const events = { onAny: () => {}, silence: () => 1000 };
  const onEnd = () => assert.fail("it was never open");
  const clock = new ManualClock();
  const refused = new Connection(Socket, server.url, "a.b.c", JSON, new Timers(clock), events, onEnd);
  assert.equal(await refused.opened.promise, false);

  class Silent {
    onopen = null;
    onmessage = null;
    onclose = null;
    onerror = null;
    send() {}
    close() {}
  }
  const silent = new Connection(Silent, server.url, "a.b.c", JSON, new Timers(clock), events, onEnd);
  clock.advance(15_000);
  assert.equal(await silent.opened.promise, false);

  const impossible = new Connection(Socket, server.url, "no subprotocol, this", JSON, new Timers(clock), events, onEnd);
  assert.equal(await impossible.opened.promise, false);
  await assert.rejects(impossible.call(message));
});

test("when the connection is cut, what is unanswered fails and the end is reported once", async (t) => {
  const { peer, connection, ends } = await open(t);
  const answer = connection.call(message);
  await peer.messages.next();
  peer.cut();
  await assert.rejects(answer);
  assert.equal(await ends.next(), "lost");
  await connection.over;
  connection.drop("silent");
  assert.equal(ends.waiting, 0);
  await assert.rejects(connection.call(message));
});

test("closing says nothing of an end and takes nothing more", async (t) => {
  const { peer, connection, ends, heard } = await open(t);
  peer.send(f.ack());
  await heard.next();
  connection.close();
  peer.send(f.progress(1, 2));
  assert.equal(await peer.closed, 1000);
  assert.equal(ends.waiting + heard.waiting, 0);
});

test("an idle connection is kept alive below API Gateway's ten minutes", async (t) => {
  const { peer, clock, heard } = await open(t);
  const begun = clock.now();
  for (let pings = 0; pings < 3; pings++) {
    // A ping that was sent waits ten seconds for its answer.
    for (let minutes = 0; clock.due()[0] !== 10_000 && minutes < 10; minutes++) clock.advance(60_000);
    const ping = await peer.expect("streamer.ping");
    peer.send({ type: "pong", request_id: ping.id, timestamp: "2026-01-02T03:04:05Z" });
    await heard.next();
    await turn();
  }
  assert.ok(clock.now() - begun < 3 * 600_000, `${(clock.now() - begun) / 60_000} minutes for three pings`);
});

test("a connection that hears frames is not asked", async (t) => {
  const { peer, clock, heard } = await open(t);
  for (let i = 0; i < 10; i++) {
    peer.send(f.progress(i, i + 1));
    await heard.next();
    clock.advance(60_000);
  }
  assert.equal(peer.messages.waiting, 0);
});

test("a connection that answers no ping is given up", async (t) => {
  const { peer, clock, ends } = await open(t);
  clock.advance(240_000);
  await peer.expect("streamer.ping");
  clock.advance(10_000);
  assert.equal(await ends.next(), "silent");
});

test("a busy connection whose pong is late is kept", async (t) => {
  const { peer, clock, connection, heard, ends } = await open(t);
  connection.check();
  await peer.expect("streamer.ping");
  peer.send(f.progress(1, 2));
  await heard.next();
  clock.advance(10_000);
  await turn();
  assert.equal(ends.waiting, 0);
  const answer = connection.call(message);
  await peer.expect("echo");
  peer.send(f.response(1));
  assert.deepEqual(await answer, f.response(1));
});

test("a message without an answer fails, and asks whether anybody is there", async (t) => {
  const { peer, clock, connection, ends } = await open(t);
  const answer = connection.call(message);
  await peer.messages.next();
  clock.advance(35_000);
  await assert.rejects(answer);
  const ping = await peer.expect("streamer.ping");
  const again = connection.call(message);
  peer.send({ type: "pong", request_id: ping.id, timestamp: "2026-01-02T03:04:05Z" });
  peer.send(f.response(1));
  assert.deepEqual(await again, f.response(1));
  assert.equal(ends.waiting, 0);
});

test("the gateway's own error, which names no message, fails those that are unanswered, and a later answer is a frame", async (t) => {
  const { peer, connection, ends, heard } = await open(t);
  const calls = [connection.call(message), connection.call(encode("r-2", "echo", 2, JSON))];
  peer.send('{"message": "Internal server error", "connectionId":"a=", "requestId":"b="}');
  for (const call of calls) await assert.rejects(call);
  peer.send(frames("r-2").response(2));
  assert.deepEqual(await heard.next(), frames("r-2").response(2));
  assert.equal(ends.waiting, 0);
});

test("a retired connection still brings its answers, and closes after them", async (t) => {
  const { peer, clock, connection, ends } = await open(t);
  const answer = connection.call(message);
  connection.retire();
  await connection.over;
  peer.send(f.response(1));
  assert.deepEqual(await answer, f.response(1));
  clock.advance(35_000);
  assert.equal(await peer.closed, 1000);
  assert.equal(ends.waiting, 0);
});

test("a retired connection closes at once with the client", async (t) => {
  const { peer, timers, connection } = await open(t);
  connection.retire();
  timers.clear();
  assert.equal(await peer.closed, 1000);
});
