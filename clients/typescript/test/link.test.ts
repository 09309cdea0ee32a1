import assert from "node:assert/strict";
import { test } from "node:test";
import { deferred } from "../src/clock.js";
import { StreamerError } from "../src/error.js";
import { Streamer } from "../src/streamer.js";
import type { ManualClock } from "./support/clock.js";
import { ada, frames, jwt, newHarness, pass, reaches, turn } from "./support/harness.js";
import type { ServerConnection } from "./support/server.js";

const MINUTE = 60_000;

/** Waits until the client has nothing to do but to try again, and says in how long. */
async function retry(clock: ManualClock): Promise<number> {
  // A handshake has 15 s, a call 35 s.
  while (clock.due().length !== 1 || [15_000, 35_000].includes(clock.due()[0]!)) await turn(1);
  return clock.due()[0]!;
}

test("it connects, says so, and ends with close", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  assert.deepEqual([streamer.state, streamer.reason], ["connecting", "start"]);
  await reaches(streamer, "open", "connected");
  const peer = await server.connections.next();
  assert.deepEqual(peer.offered, ["streamer.v1", "bearer." + ada]);

  streamer.close();
  assert.deepEqual([streamer.state, streamer.reason], ["closed", "closed"]);
  assert.equal(await peer.closed, 1000);
  streamer.close();
});

test("a lost connection is replaced after a moment of chance", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  peer.close(1001); // as API Gateway does after two hours
  await reaches(streamer, "reconnecting", "lost");
  clock.advance(499);
  await turn();
  assert.equal(server.connections.waiting, 0);
  clock.advance(1);
  await server.connections.next();
  await reaches(streamer, "open", "connected");
});

test("while the server is away the waits double up to a limit, with full jitter", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  server.onCall = (call) => {
    call.cut();
    return true;
  };
  server.refuse = 503;
  clock.chance = () => 0.4;
  const streamer = connect();
  await reaches(streamer, "connecting", "unreachable");
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    waits.push(await retry(clock));
    clock.advance(waits.at(-1)!);
  }
  assert.deepEqual(waits, [400, 800, 1600, 3200, 6400, 12_000, 12_000]);
  await retry(clock);
  server.refuse = undefined;
  clock.advance(clock.due()[0]!);
  await reaches(streamer, "open");
});

test("a server that takes connections and drops them is not called in a tight loop", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  const streamer = connect();
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    const peer = await server.connections.next();
    await reaches(streamer, "open");
    peer.cut();
    await reaches(streamer, "reconnecting");
    waits.push(clock.due()[0]!);
    clock.advance(clock.due()[0]!);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000]);

  // One that was of use begins anew.
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  clock.advance(30_000);
  peer.cut();
  await reaches(streamer, "reconnecting");
  assert.equal(clock.due()[0], 500);

  // So does one over which a frame came.
  clock.advance(500);
  const useful = await server.connections.next();
  await reaches(streamer, "open");
  const heard = new Promise<unknown>((resolve) => streamer.onFrame(resolve));
  useful.send(frames("r-1").progress(10, 2));
  await heard;
  useful.cut();
  await reaches(streamer, "reconnecting");
  assert.equal(clock.due()[0], 500);
});

test("a token that is refused is replaced; refused again, it closes the client", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  server.refuse = 401;
  server.onCall = ({ reply }) => {
    reply(401, { code: "UNAUTHORIZED", detail: "the token has expired" });
    return true;
  };
  let given = 0;
  const streamer = connect({ token: () => jwt({ sub: "ada", exp: 4_000_000_000, n: given++ }) });
  const request = streamer.request("echo", 1);
  await reaches(streamer, "connecting", "unauthorized");
  assert.ok(given > 1);
  clock.advance(1000);
  await reaches(streamer, "closed", "unauthorized");
  await assert.rejects(request.result, { code: "UNAUTHORIZED", message: "the token has expired" });
  await assert.rejects(streamer.list(), { code: "UNAUTHORIZED" });
});

test("a token function that fails is asked again; one that says UNAUTHORIZED closes the client", async (t) => {
  const { clock, connect } = await newHarness(t);
  let fail = true;
  const streamer = connect({
    token: () => {
      if (fail) throw new Error("the sign-in is down");
      return ada;
    },
  });
  await reaches(streamer, "connecting", "token");
  fail = false;
  clock.advance(1000);
  await reaches(streamer, "open");

  const signedOut = connect({ token: () => Promise.reject(new StreamerError({ code: "UNAUTHORIZED", message: "signed out" })) });
  await reaches(signedOut, "closed", "unauthorized");
});

test("where WebSocket is blocked it polls, and goes back to WebSocket when it can", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  server.refuse = 403;
  const streamer = connect();
  await reaches(streamer, "connecting", "refused");
  clock.advance(1000);
  await reaches(streamer, "open", "polling");

  clock.advance(MINUTE);
  for (let i = 0; i < 3; i++) await server.handshakes.next();
  while (clock.due().length !== 1 || clock.due()[0] !== MINUTE) await turn(1);
  assert.equal(streamer.reason, "polling");

  server.refuse = undefined;
  clock.advance(MINUTE);
  await reaches(streamer, "open", "connected");
});

test("without a WebSocket class it polls from the start", async (t) => {
  const { server, clock } = await newHarness(t);
  const { WebSocket } = globalThis;
  Reflect.deleteProperty(globalThis, "WebSocket");
  t.after(() => WebSocket && Object.assign(globalThis, { WebSocket }));
  const streamer = new Streamer(server.url, { token: () => ada, clock });
  t.after(() => streamer.close());
  streamer.connect();
  await reaches(streamer, "open", "polling");
  assert.equal(server.handshakes.waiting, 0);
});

test("before API Gateway's two hours it hands over to a new connection, without a gap", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  const streamer = connect();
  const states: string[] = [];
  const first = await server.connections.next();
  await reaches(streamer, "open");
  streamer.onState(() => states.push(streamer.state));

  const f = frames("r-1");
  const heard: number[] = [];
  const request = streamer.request("report", 1, { id: "r-1", onProgress: (p) => heard.push(p.rev) });
  await first.expect("report");
  first.send(f.ack());
  first.send(f.progress(10, 2));
  while (heard.at(-1) !== 2) await turn(1);
  const begun = clock.now();
  while (server.connections.waiting === 0 && clock.now() - begun < 120 * MINUTE) {
    await pass(clock, MINUTE);
    await turn();
  }
  assert.ok(clock.now() - begun < 112 * MINUTE, `handed over after ${(clock.now() - begun) / MINUTE} minutes`);

  // A message that is on its way over the first connection is answered there.
  const second = await server.connections.next();
  first.send(f.progress(20, 3));
  const subscribe = await second.expect("streamer.subscribe");
  assert.deepEqual(subscribe.payload, { request_id: "r-1" });
  second.send(f.snapshot(subscribe.id, "RUNNING", 3, { percentage: 20 }));
  for (const peer of [first, second]) peer.send(f.progress(30, 4));
  first.send(f.progress(40, 5));
  while (heard.at(-1) !== 5) await turn(1);
  const short = streamer.request("echo", 2, { id: "r-2" });
  await second.expect("echo");
  second.send(frames("r-2").response(2));
  assert.equal(await short.result, 2);

  await pass(clock, 35_000);
  assert.equal(await first.closed, 1000);
  second.send(f.complete("done", 6));
  assert.equal(await request.result, "done");
  assert.deepEqual(heard, [1, 2, 3, 4, 5]);
  assert.deepEqual(states, []);
});

test("a half-open connection under a waiting request is noticed within a minute", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  server.pongs = false;
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  // The worst moment: the silence was looked at just before the last frame.
  clock.advance(14_000);
  const acknowledged = deferred<void>();
  const request = streamer.request("report", {}, { onProgress: () => acknowledged.settle() });
  const { id } = await peer.expect("report");
  peer.send(frames(id).ack());
  await acknowledged.promise;
  const begun = clock.now();
  while (streamer.state === "open") {
    assert.ok(clock.now() - begun < MINUTE, "a minute has passed, and the connection counts as open");
    clock.advance(1000);
    await turn();
  }
  assert.equal(streamer.reason, "silent");
  clock.advance(1000);
  const next = await server.connections.next();
  assert.deepEqual((await next.expect("streamer.subscribe")).payload, { request_id: id });
  next.send(frames(id).complete("done", 2));
  assert.equal(await request.result, "done");
});

test("a hand-over that fails leaves the connection as it is and is tried again", async (t) => {
  const { server, clock, connect } = await newHarness(t, { pingInterval: 2 ** 30 });
  const streamer = connect();
  const first = await server.connections.next();
  await reaches(streamer, "open");
  await server.handshakes.next();
  server.refuse = 503;
  clock.advance(105 * MINUTE);
  await server.handshakes.next();
  // One timer looks at the silence every quarter of a minute, the other is the next try.
  while (clock.due().slice(0, 2).join() !== `${MINUTE / 4},${MINUTE}`) await turn(1);
  assert.equal(streamer.state, "open");
  server.refuse = undefined;
  clock.advance(MINUTE);
  await server.connections.next();
  await turn();
  clock.advance(35_000);
  assert.equal(await first.closed, 1000);
  assert.deepEqual([streamer.state, streamer.reason], ["open", "connected"]);
});

test("the token is renewed on the live socket before it expires", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  let given = 0;
  const token = () => jwt({ tenant_id: "acme", sub: "ada", exp: clock.now() / 1000 + 600, n: given++ });
  const streamer = connect({ token });
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  for (let renewals = 1; renewals <= 3; renewals++) {
    await pass(clock, 540_000);
    const message = await peer.expect("streamer.authenticate");
    assert.equal(given, renewals + 1);
    assert.match(Buffer.from(message.payload.token.split(".")[1], "base64url").toString(), new RegExp(`"n":${renewals}`));
    peer.send({ type: "response", request_id: message.id, success: true, data: { expires_at: "2027-01-02T03:04:05Z" } });
    while (!clock.due().includes(540_000)) await turn(1);
  }
  assert.equal(server.connections.waiting, 0);
});

test("a renewal that fails for now is tried again; one that is refused opens a new connection", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  let given = 0;
  let fail = false;
  const token = () => {
    if (fail) throw new Error("the sign-in is down");
    return jwt({ tenant_id: "acme", sub: "ada", exp: clock.now() / 1000 + 600, n: given++ });
  };
  const streamer = connect({ token });
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  fail = true;
  await pass(clock, 540_000);
  while (!clock.due().includes(30_000)) await turn(1);
  fail = false;
  await pass(clock, 30_000);
  let message = await peer.expect("streamer.authenticate");
  peer.send(frames(message.id).error("SERVICE_UNAVAILABLE", undefined, { retry: { retryable: true } }));
  // The other timer looks at the silence.
  while (clock.due().slice(0, 2).join() !== "15000,30000") await turn(1);
  await pass(clock, 30_000);
  message = await peer.expect("streamer.authenticate");
  const refused = given;
  peer.send(frames(message.id).error("FORBIDDEN"));
  await reaches(streamer, "reconnecting", "unauthorized");
  clock.advance(1000);
  const next: ServerConnection = await server.connections.next();
  assert.equal(given, refused + 1);
  assert.match(Buffer.from(next.offered[1]!.split(".")[2]!, "base64url").toString(), new RegExp(`"n":${given - 1}`));
});

test("the browser's word about the network is heard, and checked", async (t) => {
  const events = new EventTarget();
  const { server, clock, connect } = await newHarness(t, { events });
  server.pongs = false;
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");

  // It may be wrong: an answered ping leaves all as it is.
  events.dispatchEvent(new Event("offline"));
  let ping = await peer.expect("streamer.ping");
  peer.send({ type: "pong", request_id: ping.id, timestamp: "2026-01-02T03:04:05Z" });
  while (clock.due()[0] === 10_000) await turn(1);
  assert.equal(streamer.state, "open");

  events.dispatchEvent(new Event("offline"));
  ping = await peer.expect("streamer.ping");
  clock.advance(10_000);
  await reaches(streamer, "reconnecting", "offline");

  server.refuse = 503;
  server.onCall = (call) => {
    call.cut();
    return true;
  };
  for (let i = 0; i < 4; i++) clock.advance(await retry(clock));
  assert.equal(await retry(clock), 8000);
  assert.equal(streamer.reason, "offline");
  events.dispatchEvent(new Event("online"));
  assert.deepEqual(clock.due(), [500]);
  clock.advance(500); // the server is not back yet: the waits begin anew
  assert.equal(await retry(clock), 500);
  server.refuse = undefined;
  clock.advance(500);
  await reaches(streamer, "open", "connected");
});

test("a closed client hears nothing of the network any more", async (t) => {
  const events = new EventTarget();
  const { clock, connect } = await newHarness(t, { events });
  const streamer = connect();
  await reaches(streamer, "open");
  streamer.close();
  events.dispatchEvent(new Event("online"));
  assert.deepEqual(clock.due(), []);
});

test("closing while it connects leaves nothing behind", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  let give = (_: string) => {};
  const early = connect({ token: () => new Promise((resolve) => (give = resolve)) });
  early.close();
  give(ada);
  const soon = connect();
  await turn(1);
  soon.close();
  server.onCall = () => false;
  server.refuse = 503;
  const probing = connect();
  await server.calls.next();
  probing.close();
  await turn(10);
  assert.deepEqual(clock.due(), []);
  for (const streamer of [early, soon, probing]) assert.equal(streamer.reason, "closed");
});
