import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamerError } from "../src/error.js";
import { Streamer } from "../src/streamer.js";
import { ada, frames, jwt, pass, reaches, turn, world } from "./support/world.js";
const MINUTE = 6e4;
async function retry(clock) {
  while (clock.due().length != 1 || [15e3, 35e3].includes(clock.due()[0])) await turn(1);
  return clock.due()[0];
}
test("it connects at once, says so, and ends with close", async (t) => {
  const { server, connect } = await world(t);
  const streamer = connect();
  assert.deepEqual([streamer.state, streamer.reason], ["connecting", "start"]);
  await reaches(streamer, "open", "connected");
  const peer = await server.connections.next();
  assert.deepEqual(peer.offered, ["streamer.v1", "bearer." + ada]);
  streamer.close();
  assert.deepEqual([streamer.state, streamer.reason], ["closed", "closed"]);
  assert.equal(await peer.closed, 1e3);
  streamer.close();
});
test("a lost connection is replaced after a moment of chance", async (t) => {
  const { server, clock, connect } = await world(t);
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  peer.close(1001);
  await reaches(streamer, "reconnecting", "lost");
  clock.advance(499);
  await turn();
  assert.equal(server.connections.waiting, 0);
  clock.advance(1);
  await server.connections.next();
  await reaches(streamer, "open", "connected");
});
test("while the server is away the waits double up to a limit, with full jitter", async (t) => {
  const { server, clock, connect } = await world(t);
  server.onCall = (call) => (call.cut(), true);
  server.refuse = 503;
  clock.chance = () => 0.4;
  const streamer = connect();
  await reaches(streamer, "connecting", "unreachable");
  const waits = [];
  for (let i = 0; i < 7; i++) {
    waits.push(await retry(clock));
    clock.advance(waits.at(-1));
  }
  assert.deepEqual(waits, [400, 800, 1600, 3200, 6400, 12e3, 12e3]);
  await retry(clock);
  server.refuse = void 0;
  clock.advance(clock.due()[0]);
  await reaches(streamer, "open");
});
test("a server that takes connections and drops them is not called in a tight loop", async (t) => {
  const { server, clock, connect } = await world(t);
  const streamer = connect();
  const waits = [];
  for (let i = 0; i < 4; i++) {
    const peer2 = await server.connections.next();
    await reaches(streamer, "open");
    peer2.cut();
    await reaches(streamer, "reconnecting");
    waits.push(clock.due()[0]);
    clock.advance(clock.due()[0]);
  }
  assert.deepEqual(waits, [500, 1e3, 2e3, 4e3]);
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  clock.advance(3e4);
  peer.cut();
  await reaches(streamer, "reconnecting");
  assert.equal(clock.due()[0], 500);
});
test("a token that is refused is replaced; refused again, it closes the client", async (t) => {
  const { server, clock, connect } = await world(t);
  server.refuse = 401;
  server.onCall = ({ reply }) => (reply(401, { code: "UNAUTHORIZED", detail: "the token has expired" }), true);
  let given = 0;
  const streamer = connect({ token: () => jwt({ sub: "ada", exp: 4e9, n: given++ }) });
  const request = streamer.request("echo", 1);
  await reaches(streamer, "connecting", "unauthorized");
  assert.ok(given > 1);
  clock.advance(1e3);
  await reaches(streamer, "closed", "unauthorized");
  await assert.rejects(request.result, { code: "UNAUTHORIZED", message: "the token has expired" });
  await assert.rejects(streamer.list(), { code: "UNAUTHORIZED" });
});
test("a token function that fails is asked again; one that says UNAUTHORIZED closes the client", async (t) => {
  const { clock, connect } = await world(t);
  let fail = true;
  const streamer = connect({
    token: () => {
      if (fail) throw new Error("the sign-in is down");
      return ada;
    }
  });
  await reaches(streamer, "connecting", "token");
  fail = false;
  clock.advance(1e3);
  await reaches(streamer, "open");
  const signedOut = connect({ token: () => Promise.reject(new StreamerError({ code: "UNAUTHORIZED", message: "signed out" })) });
  await reaches(signedOut, "closed", "unauthorized");
});
test("where WebSocket is blocked it polls, and goes back to WebSocket when it can", async (t) => {
  const { server, clock, connect } = await world(t);
  server.refuse = 403;
  const streamer = connect();
  await reaches(streamer, "connecting", "refused");
  clock.advance(1e3);
  await reaches(streamer, "open", "polling");
  clock.advance(MINUTE);
  for (let i = 0; i < 3; i++) await server.handshakes.next();
  while (clock.due().length != 1 || clock.due()[0] != MINUTE) await turn(1);
  assert.equal(streamer.reason, "polling");
  server.refuse = void 0;
  clock.advance(MINUTE);
  await reaches(streamer, "open", "connected");
});
test("without a WebSocket class it polls from the start", async (t) => {
  const { server, clock } = await world(t);
  const { WebSocket } = globalThis;
  Reflect.deleteProperty(globalThis, "WebSocket");
  t.after(() => WebSocket && Object.assign(globalThis, { WebSocket }));
  const streamer = new Streamer(server.url, { token: () => ada, clock });
  t.after(() => streamer.close());
  await reaches(streamer, "open", "polling");
  assert.equal(server.handshakes.waiting, 0);
});
test("before API Gateway's two hours it hands over to a new connection, without a gap", async (t) => {
  const { server, clock, connect } = await world(t);
  const streamer = connect();
  const states = [];
  const first = await server.connections.next();
  await reaches(streamer, "open");
  streamer.onState(() => states.push(streamer.state));
  const f = frames("r-1");
  const heard = [];
  const request = streamer.request("report", 1, { id: "r-1", onProgress: (p) => heard.push(p.rev) });
  await first.expect("report");
  first.send(f.ack());
  first.send(f.progress(10, 2));
  while (heard.at(-1) != 2) await turn(1);
  const begun = clock.now();
  while (server.connections.waiting == 0 && clock.now() - begun < 120 * MINUTE) {
    await pass(clock, MINUTE);
    await turn();
  }
  assert.ok(clock.now() - begun < 112 * MINUTE, `handed over after ${(clock.now() - begun) / MINUTE} minutes`);
  const second = await server.connections.next();
  first.send(f.progress(20, 3));
  const subscribe = await second.expect("streamer.subscribe");
  assert.deepEqual(subscribe.payload, { request_id: "r-1" });
  second.send(f.snapshot(subscribe.id, "RUNNING", 3, { percentage: 20 }));
  for (const peer of [first, second]) peer.send(f.progress(30, 4));
  first.send(f.progress(40, 5));
  while (heard.at(-1) != 5) await turn(1);
  const short = streamer.request("echo", 2, { id: "r-2" });
  await second.expect("echo");
  second.send(frames("r-2").response(2));
  assert.equal(await short.result, 2);
  await pass(clock, 35e3);
  assert.equal(await first.closed, 1e3);
  second.send(f.complete("done", 6));
  assert.equal(await request.result, "done");
  assert.deepEqual(heard, [1, 2, 3, 4, 5]);
  assert.deepEqual(states, []);
});
test("a hand-over that fails leaves the connection in place and is tried again", async (t) => {
  const { server, clock, connect } = await world(t, { pingInterval: 2 ** 30 });
  const streamer = connect();
  const first = await server.connections.next();
  await reaches(streamer, "open");
  await server.handshakes.next();
  server.refuse = 503;
  clock.advance(105 * MINUTE);
  await server.handshakes.next();
  while (clock.due().slice(0, 2).join() != `${MINUTE},${MINUTE}`) await turn(1);
  assert.equal(streamer.state, "open");
  server.refuse = void 0;
  clock.advance(MINUTE);
  await server.connections.next();
  await turn();
  clock.advance(35e3);
  assert.equal(await first.closed, 1e3);
  assert.deepEqual([streamer.state, streamer.reason], ["open", "connected"]);
});
test("the token is renewed on the live socket before it expires", async (t) => {
  const { server, clock, connect } = await world(t);
  let given = 0;
  const token = () => jwt({ tenant_id: "acme", sub: "ada", exp: clock.now() / 1e3 + 600, n: given++ });
  const streamer = connect({ token });
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  for (let renewals = 1; renewals <= 3; renewals++) {
    await pass(clock, 54e4);
    const message = await peer.expect("streamer.authenticate");
    assert.equal(given, renewals + 1);
    assert.match(Buffer.from(message.payload.token.split(".")[1], "base64url").toString(), new RegExp(`"n":${renewals}`));
    peer.send({ type: "response", request_id: message.id, success: true, data: { expires_at: "2027-01-02T03:04:05Z" } });
    while (!clock.due().includes(54e4)) await turn(1);
  }
  assert.equal(server.connections.waiting, 0);
});
test("a renewal that fails for now is tried again; one that is refused opens a new connection", async (t) => {
  const { server, clock, connect } = await world(t);
  let given = 0;
  let fail = false;
  const token = () => {
    if (fail) throw new Error("the sign-in is down");
    return jwt({ tenant_id: "acme", sub: "ada", exp: clock.now() / 1e3 + 600, n: given++ });
  };
  const streamer = connect({ token });
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  fail = true;
  await pass(clock, 54e4);
  while (!clock.due().includes(3e4)) await turn(1);
  fail = false;
  await pass(clock, 3e4);
  let message = await peer.expect("streamer.authenticate");
  peer.send(frames(message.id).error("SERVICE_UNAVAILABLE", void 0, { retry: { retryable: true } }));
  while (clock.due().slice(0, 2).join() != "30000,30000") await turn(1);
  await pass(clock, 3e4);
  message = await peer.expect("streamer.authenticate");
  peer.send(frames(message.id).error("FORBIDDEN"));
  await reaches(streamer, "reconnecting", "unauthorized");
  clock.advance(1e3);
  const next = await server.connections.next();
  assert.match(Buffer.from(next.offered[1].split(".")[2], "base64url").toString(), new RegExp(`"n":${given - 1}`));
});
test("the browser's word about the network is heard, and checked", async (t) => {
  const events = new EventTarget();
  const { server, clock, connect } = await world(t, { events });
  server.pongs = false;
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  events.dispatchEvent(new Event("offline"));
  let ping = await peer.expect("streamer.ping");
  peer.send({ type: "pong", request_id: ping.id, timestamp: "2026-01-02T03:04:05Z" });
  while (clock.due()[0] == 1e4) await turn(1);
  assert.equal(streamer.state, "open");
  events.dispatchEvent(new Event("offline"));
  ping = await peer.expect("streamer.ping");
  clock.advance(1e4);
  await reaches(streamer, "reconnecting", "offline");
  server.refuse = 503;
  server.onCall = (call) => (call.cut(), true);
  for (let i = 0; i < 4; i++) clock.advance(await retry(clock));
  assert.equal(await retry(clock), 8e3);
  assert.equal(streamer.reason, "offline");
  server.refuse = void 0;
  events.dispatchEvent(new Event("online"));
  assert.deepEqual(clock.due(), [500]);
  clock.advance(500);
  await reaches(streamer, "open", "connected");
});
test("a closed client hears nothing of the network any more", async (t) => {
  const events = new EventTarget();
  const { clock, connect } = await world(t, { events });
  const streamer = connect();
  await reaches(streamer, "open");
  streamer.close();
  events.dispatchEvent(new Event("online"));
  assert.deepEqual(clock.due(), []);
});
test("closing while it connects leaves nothing behind", async (t) => {
  const { server, clock, connect } = await world(t);
  let give = (_) => {
  };
  const early = connect({ token: () => new Promise((resolve) => give = resolve) });
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
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vdGVzdC9saW5rLnRlc3QudHMiXSwKICAic291cmNlc0NvbnRlbnQiOiBbImltcG9ydCBhc3NlcnQgZnJvbSBcIm5vZGU6YXNzZXJ0L3N0cmljdFwiO1xuaW1wb3J0IHsgdGVzdCB9IGZyb20gXCJub2RlOnRlc3RcIjtcbmltcG9ydCB7IFN0cmVhbWVyRXJyb3IgfSBmcm9tIFwiLi4vc3JjL2Vycm9yLmpzXCI7XG5pbXBvcnQgeyBTdHJlYW1lciB9IGZyb20gXCIuLi9zcmMvc3RyZWFtZXIuanNcIjtcbmltcG9ydCB0eXBlIHsgTWFudWFsQ2xvY2sgfSBmcm9tIFwiLi9zdXBwb3J0L2Nsb2NrLmpzXCI7XG5pbXBvcnQgdHlwZSB7IFNlcnZlckNvbm5lY3Rpb24gfSBmcm9tIFwiLi9zdXBwb3J0L3NlcnZlci5qc1wiO1xuaW1wb3J0IHsgYWRhLCBmcmFtZXMsIGp3dCwgcGFzcywgcmVhY2hlcywgdHVybiwgd29ybGQgfSBmcm9tIFwiLi9zdXBwb3J0L3dvcmxkLmpzXCI7XG5cbmNvbnN0IE1JTlVURSA9IDYwXzAwMDtcblxuLyoqIFdhaXRzIHVudGlsIHRoZSBjbGllbnQgaGFzIG5vdGhpbmcgdG8gZG8gYnV0IHRvIHRyeSBhZ2FpbiwgYW5kIHNheXMgaW4gaG93IGxvbmcuICovXG5hc3luYyBmdW5jdGlvbiByZXRyeShjbG9jazogTWFudWFsQ2xvY2spOiBQcm9taXNlPG51bWJlcj4ge1xuICAvLyBBIGhhbmRzaGFrZSBoYXMgMTUgcywgYSBjYWxsIDM1IHMuXG4gIHdoaWxlIChjbG9jay5kdWUoKS5sZW5ndGggIT0gMSB8fCBbMTVfMDAwLCAzNV8wMDBdLmluY2x1ZGVzKGNsb2NrLmR1ZSgpWzBdISkpIGF3YWl0IHR1cm4oMSk7XG4gIHJldHVybiBjbG9jay5kdWUoKVswXSE7XG59XG5cbnRlc3QoXCJpdCBjb25uZWN0cyBhdCBvbmNlLCBzYXlzIHNvLCBhbmQgZW5kcyB3aXRoIGNsb3NlXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc2VydmVyLCBjb25uZWN0IH0gPSBhd2FpdCB3b3JsZCh0KTtcbiAgY29uc3Qgc3RyZWFtZXIgPSBjb25uZWN0KCk7XG4gIGFzc2VydC5kZWVwRXF1YWwoW3N0cmVhbWVyLnN0YXRlLCBzdHJlYW1lci5yZWFzb25dLCBbXCJjb25uZWN0aW5nXCIsIFwic3RhcnRcIl0pO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcIm9wZW5cIiwgXCJjb25uZWN0ZWRcIik7XG4gIGNvbnN0IHBlZXIgPSBhd2FpdCBzZXJ2ZXIuY29ubmVjdGlvbnMubmV4dCgpO1xuICBhc3NlcnQuZGVlcEVxdWFsKHBlZXIub2ZmZXJlZCwgW1wic3RyZWFtZXIudjFcIiwgXCJiZWFyZXIuXCIgKyBhZGFdKTtcblxuICBzdHJlYW1lci5jbG9zZSgpO1xuICBhc3NlcnQuZGVlcEVxdWFsKFtzdHJlYW1lci5zdGF0ZSwgc3RyZWFtZXIucmVhc29uXSwgW1wiY2xvc2VkXCIsIFwiY2xvc2VkXCJdKTtcbiAgYXNzZXJ0LmVxdWFsKGF3YWl0IHBlZXIuY2xvc2VkLCAxMDAwKTtcbiAgc3RyZWFtZXIuY2xvc2UoKTtcbn0pO1xuXG50ZXN0KFwiYSBsb3N0IGNvbm5lY3Rpb24gaXMgcmVwbGFjZWQgYWZ0ZXIgYSBtb21lbnQgb2YgY2hhbmNlXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc2VydmVyLCBjbG9jaywgY29ubmVjdCB9ID0gYXdhaXQgd29ybGQodCk7XG4gIGNvbnN0IHN0cmVhbWVyID0gY29ubmVjdCgpO1xuICBjb25zdCBwZWVyID0gYXdhaXQgc2VydmVyLmNvbm5lY3Rpb25zLm5leHQoKTtcbiAgYXdhaXQgcmVhY2hlcyhzdHJlYW1lciwgXCJvcGVuXCIpO1xuICBwZWVyLmNsb3NlKDEwMDEpOyAvLyBhcyBBUEkgR2F0ZXdheSBkb2VzIGFmdGVyIHR3byBob3Vyc1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcInJlY29ubmVjdGluZ1wiLCBcImxvc3RcIik7XG4gIGNsb2NrLmFkdmFuY2UoNDk5KTtcbiAgYXdhaXQgdHVybigpO1xuICBhc3NlcnQuZXF1YWwoc2VydmVyLmNvbm5lY3Rpb25zLndhaXRpbmcsIDApO1xuICBjbG9jay5hZHZhbmNlKDEpO1xuICBhd2FpdCBzZXJ2ZXIuY29ubmVjdGlvbnMubmV4dCgpO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcIm9wZW5cIiwgXCJjb25uZWN0ZWRcIik7XG59KTtcblxudGVzdChcIndoaWxlIHRoZSBzZXJ2ZXIgaXMgYXdheSB0aGUgd2FpdHMgZG91YmxlIHVwIHRvIGEgbGltaXQsIHdpdGggZnVsbCBqaXR0ZXJcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzZXJ2ZXIsIGNsb2NrLCBjb25uZWN0IH0gPSBhd2FpdCB3b3JsZCh0KTtcbiAgc2VydmVyLm9uQ2FsbCA9IChjYWxsKSA9PiAoY2FsbC5jdXQoKSwgdHJ1ZSk7XG4gIHNlcnZlci5yZWZ1c2UgPSA1MDM7XG4gIGNsb2NrLmNoYW5jZSA9ICgpID0+IDAuNDtcbiAgY29uc3Qgc3RyZWFtZXIgPSBjb25uZWN0KCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwiY29ubmVjdGluZ1wiLCBcInVucmVhY2hhYmxlXCIpO1xuICBjb25zdCB3YWl0czogbnVtYmVyW10gPSBbXTtcbiAgZm9yIChsZXQgaSA9IDA7IGkgPCA3OyBpKyspIHtcbiAgICB3YWl0cy5wdXNoKGF3YWl0IHJldHJ5KGNsb2NrKSk7XG4gICAgY2xvY2suYWR2YW5jZSh3YWl0cy5hdCgtMSkhKTtcbiAgfVxuICBhc3NlcnQuZGVlcEVxdWFsKHdhaXRzLCBbNDAwLCA4MDAsIDE2MDAsIDMyMDAsIDY0MDAsIDEyXzAwMCwgMTJfMDAwXSk7XG4gIGF3YWl0IHJldHJ5KGNsb2NrKTtcbiAgc2VydmVyLnJlZnVzZSA9IHVuZGVmaW5lZDtcbiAgY2xvY2suYWR2YW5jZShjbG9jay5kdWUoKVswXSEpO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcIm9wZW5cIik7XG59KTtcblxudGVzdChcImEgc2VydmVyIHRoYXQgdGFrZXMgY29ubmVjdGlvbnMgYW5kIGRyb3BzIHRoZW0gaXMgbm90IGNhbGxlZCBpbiBhIHRpZ2h0IGxvb3BcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzZXJ2ZXIsIGNsb2NrLCBjb25uZWN0IH0gPSBhd2FpdCB3b3JsZCh0KTtcbiAgY29uc3Qgc3RyZWFtZXIgPSBjb25uZWN0KCk7XG4gIGNvbnN0IHdhaXRzOiBudW1iZXJbXSA9IFtdO1xuICBmb3IgKGxldCBpID0gMDsgaSA8IDQ7IGkrKykge1xuICAgIGNvbnN0IHBlZXIgPSBhd2FpdCBzZXJ2ZXIuY29ubmVjdGlvbnMubmV4dCgpO1xuICAgIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwib3BlblwiKTtcbiAgICBwZWVyLmN1dCgpO1xuICAgIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwicmVjb25uZWN0aW5nXCIpO1xuICAgIHdhaXRzLnB1c2goY2xvY2suZHVlKClbMF0hKTtcbiAgICBjbG9jay5hZHZhbmNlKGNsb2NrLmR1ZSgpWzBdISk7XG4gIH1cbiAgYXNzZXJ0LmRlZXBFcXVhbCh3YWl0cywgWzUwMCwgMTAwMCwgMjAwMCwgNDAwMF0pO1xuXG4gIC8vIE9uZSB0aGF0IHdhcyBvZiB1c2UgYmVnaW5zIGFuZXcuXG4gIGNvbnN0IHBlZXIgPSBhd2FpdCBzZXJ2ZXIuY29ubmVjdGlvbnMubmV4dCgpO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcIm9wZW5cIik7XG4gIGNsb2NrLmFkdmFuY2UoMzBfMDAwKTtcbiAgcGVlci5jdXQoKTtcbiAgYXdhaXQgcmVhY2hlcyhzdHJlYW1lciwgXCJyZWNvbm5lY3RpbmdcIik7XG4gIGFzc2VydC5lcXVhbChjbG9jay5kdWUoKVswXSwgNTAwKTtcbn0pO1xuXG50ZXN0KFwiYSB0b2tlbiB0aGF0IGlzIHJlZnVzZWQgaXMgcmVwbGFjZWQ7IHJlZnVzZWQgYWdhaW4sIGl0IGNsb3NlcyB0aGUgY2xpZW50XCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc2VydmVyLCBjbG9jaywgY29ubmVjdCB9ID0gYXdhaXQgd29ybGQodCk7XG4gIHNlcnZlci5yZWZ1c2UgPSA0MDE7XG4gIHNlcnZlci5vbkNhbGwgPSAoeyByZXBseSB9KSA9PiAocmVwbHkoNDAxLCB7IGNvZGU6IFwiVU5BVVRIT1JJWkVEXCIsIGRldGFpbDogXCJ0aGUgdG9rZW4gaGFzIGV4cGlyZWRcIiB9KSwgdHJ1ZSk7XG4gIGxldCBnaXZlbiA9IDA7XG4gIGNvbnN0IHN0cmVhbWVyID0gY29ubmVjdCh7IHRva2VuOiAoKSA9PiBqd3QoeyBzdWI6IFwiYWRhXCIsIGV4cDogNF8wMDBfMDAwXzAwMCwgbjogZ2l2ZW4rKyB9KSB9KTtcbiAgY29uc3QgcmVxdWVzdCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJlY2hvXCIsIDEpO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcImNvbm5lY3RpbmdcIiwgXCJ1bmF1dGhvcml6ZWRcIik7XG4gIGFzc2VydC5vayhnaXZlbiA+IDEpO1xuICBjbG9jay5hZHZhbmNlKDEwMDApO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcImNsb3NlZFwiLCBcInVuYXV0aG9yaXplZFwiKTtcbiAgYXdhaXQgYXNzZXJ0LnJlamVjdHMocmVxdWVzdC5yZXN1bHQsIHsgY29kZTogXCJVTkFVVEhPUklaRURcIiwgbWVzc2FnZTogXCJ0aGUgdG9rZW4gaGFzIGV4cGlyZWRcIiB9KTtcbiAgYXdhaXQgYXNzZXJ0LnJlamVjdHMoc3RyZWFtZXIubGlzdCgpLCB7IGNvZGU6IFwiVU5BVVRIT1JJWkVEXCIgfSk7XG59KTtcblxudGVzdChcImEgdG9rZW4gZnVuY3Rpb24gdGhhdCBmYWlscyBpcyBhc2tlZCBhZ2Fpbjsgb25lIHRoYXQgc2F5cyBVTkFVVEhPUklaRUQgY2xvc2VzIHRoZSBjbGllbnRcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBjbG9jaywgY29ubmVjdCB9ID0gYXdhaXQgd29ybGQodCk7XG4gIGxldCBmYWlsID0gdHJ1ZTtcbiAgY29uc3Qgc3RyZWFtZXIgPSBjb25uZWN0KHtcbiAgICB0b2tlbjogKCkgPT4ge1xuICAgICAgaWYgKGZhaWwpIHRocm93IG5ldyBFcnJvcihcInRoZSBzaWduLWluIGlzIGRvd25cIik7XG4gICAgICByZXR1cm4gYWRhO1xuICAgIH0sXG4gIH0pO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcImNvbm5lY3RpbmdcIiwgXCJ0b2tlblwiKTtcbiAgZmFpbCA9IGZhbHNlO1xuICBjbG9jay5hZHZhbmNlKDEwMDApO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcIm9wZW5cIik7XG5cbiAgY29uc3Qgc2lnbmVkT3V0ID0gY29ubmVjdCh7IHRva2VuOiAoKSA9PiBQcm9taXNlLnJlamVjdChuZXcgU3RyZWFtZXJFcnJvcih7IGNvZGU6IFwiVU5BVVRIT1JJWkVEXCIsIG1lc3NhZ2U6IFwic2lnbmVkIG91dFwiIH0pKSB9KTtcbiAgYXdhaXQgcmVhY2hlcyhzaWduZWRPdXQsIFwiY2xvc2VkXCIsIFwidW5hdXRob3JpemVkXCIpO1xufSk7XG5cbnRlc3QoXCJ3aGVyZSBXZWJTb2NrZXQgaXMgYmxvY2tlZCBpdCBwb2xscywgYW5kIGdvZXMgYmFjayB0byBXZWJTb2NrZXQgd2hlbiBpdCBjYW5cIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzZXJ2ZXIsIGNsb2NrLCBjb25uZWN0IH0gPSBhd2FpdCB3b3JsZCh0KTtcbiAgc2VydmVyLnJlZnVzZSA9IDQwMztcbiAgY29uc3Qgc3RyZWFtZXIgPSBjb25uZWN0KCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwiY29ubmVjdGluZ1wiLCBcInJlZnVzZWRcIik7XG4gIGNsb2NrLmFkdmFuY2UoMTAwMCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwib3BlblwiLCBcInBvbGxpbmdcIik7XG5cbiAgY2xvY2suYWR2YW5jZShNSU5VVEUpO1xuICBmb3IgKGxldCBpID0gMDsgaSA8IDM7IGkrKykgYXdhaXQgc2VydmVyLmhhbmRzaGFrZXMubmV4dCgpO1xuICB3aGlsZSAoY2xvY2suZHVlKCkubGVuZ3RoICE9IDEgfHwgY2xvY2suZHVlKClbMF0gIT0gTUlOVVRFKSBhd2FpdCB0dXJuKDEpO1xuICBhc3NlcnQuZXF1YWwoc3RyZWFtZXIucmVhc29uLCBcInBvbGxpbmdcIik7XG5cbiAgc2VydmVyLnJlZnVzZSA9IHVuZGVmaW5lZDtcbiAgY2xvY2suYWR2YW5jZShNSU5VVEUpO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcIm9wZW5cIiwgXCJjb25uZWN0ZWRcIik7XG59KTtcblxudGVzdChcIndpdGhvdXQgYSBXZWJTb2NrZXQgY2xhc3MgaXQgcG9sbHMgZnJvbSB0aGUgc3RhcnRcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzZXJ2ZXIsIGNsb2NrIH0gPSBhd2FpdCB3b3JsZCh0KTtcbiAgY29uc3QgeyBXZWJTb2NrZXQgfSA9IGdsb2JhbFRoaXM7XG4gIFJlZmxlY3QuZGVsZXRlUHJvcGVydHkoZ2xvYmFsVGhpcywgXCJXZWJTb2NrZXRcIik7XG4gIHQuYWZ0ZXIoKCkgPT4gV2ViU29ja2V0ICYmIE9iamVjdC5hc3NpZ24oZ2xvYmFsVGhpcywgeyBXZWJTb2NrZXQgfSkpO1xuICBjb25zdCBzdHJlYW1lciA9IG5ldyBTdHJlYW1lcihzZXJ2ZXIudXJsLCB7IHRva2VuOiAoKSA9PiBhZGEsIGNsb2NrIH0pO1xuICB0LmFmdGVyKCgpID0+IHN0cmVhbWVyLmNsb3NlKCkpO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcIm9wZW5cIiwgXCJwb2xsaW5nXCIpO1xuICBhc3NlcnQuZXF1YWwoc2VydmVyLmhhbmRzaGFrZXMud2FpdGluZywgMCk7XG59KTtcblxudGVzdChcImJlZm9yZSBBUEkgR2F0ZXdheSdzIHR3byBob3VycyBpdCBoYW5kcyBvdmVyIHRvIGEgbmV3IGNvbm5lY3Rpb24sIHdpdGhvdXQgYSBnYXBcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzZXJ2ZXIsIGNsb2NrLCBjb25uZWN0IH0gPSBhd2FpdCB3b3JsZCh0KTtcbiAgY29uc3Qgc3RyZWFtZXIgPSBjb25uZWN0KCk7XG4gIGNvbnN0IHN0YXRlczogc3RyaW5nW10gPSBbXTtcbiAgY29uc3QgZmlyc3QgPSBhd2FpdCBzZXJ2ZXIuY29ubmVjdGlvbnMubmV4dCgpO1xuICBhd2FpdCByZWFjaGVzKHN0cmVhbWVyLCBcIm9wZW5cIik7XG4gIHN0cmVhbWVyLm9uU3RhdGUoKCkgPT4gc3RhdGVzLnB1c2goc3RyZWFtZXIuc3RhdGUpKTtcblxuICBjb25zdCBmID0gZnJhbWVzKFwici0xXCIpO1xuICBjb25zdCBoZWFyZDogbnVtYmVyW10gPSBbXTtcbiAgY29uc3QgcmVxdWVzdCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJyZXBvcnRcIiwgMSwgeyBpZDogXCJyLTFcIiwgb25Qcm9ncmVzczogKHApID0+IGhlYXJkLnB1c2gocC5yZXYpIH0pO1xuICBhd2FpdCBmaXJzdC5leHBlY3QoXCJyZXBvcnRcIik7XG4gIGZpcnN0LnNlbmQoZi5hY2soKSk7XG4gIGZpcnN0LnNlbmQoZi5wcm9ncmVzcygxMCwgMikpO1xuICB3aGlsZSAoaGVhcmQuYXQoLTEpICE9IDIpIGF3YWl0IHR1cm4oMSk7XG4gIGNvbnN0IGJlZ3VuID0gY2xvY2subm93KCk7XG4gIHdoaWxlIChzZXJ2ZXIuY29ubmVjdGlvbnMud2FpdGluZyA9PSAwICYmIGNsb2NrLm5vdygpIC0gYmVndW4gPCAxMjAgKiBNSU5VVEUpIHtcbiAgICBhd2FpdCBwYXNzKGNsb2NrLCBNSU5VVEUpO1xuICAgIGF3YWl0IHR1cm4oKTtcbiAgfVxuICBhc3NlcnQub2soY2xvY2subm93KCkgLSBiZWd1biA8IDExMiAqIE1JTlVURSwgYGhhbmRlZCBvdmVyIGFmdGVyICR7KGNsb2NrLm5vdygpIC0gYmVndW4pIC8gTUlOVVRFfSBtaW51dGVzYCk7XG5cbiAgLy8gQSBtZXNzYWdlIHRoYXQgaXMgb24gaXRzIHdheSBvdmVyIHRoZSBmaXJzdCBjb25uZWN0aW9uIGlzIGFuc3dlcmVkIHRoZXJlLlxuICBjb25zdCBzZWNvbmQgPSBhd2FpdCBzZXJ2ZXIuY29ubmVjdGlvbnMubmV4dCgpO1xuICBmaXJzdC5zZW5kKGYucHJvZ3Jlc3MoMjAsIDMpKTtcbiAgY29uc3Qgc3Vic2NyaWJlID0gYXdhaXQgc2Vjb25kLmV4cGVjdChcInN0cmVhbWVyLnN1YnNjcmliZVwiKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChzdWJzY3JpYmUucGF5bG9hZCwgeyByZXF1ZXN0X2lkOiBcInItMVwiIH0pO1xuICBzZWNvbmQuc2VuZChmLnNuYXBzaG90KHN1YnNjcmliZS5pZCwgXCJSVU5OSU5HXCIsIDMsIHsgcGVyY2VudGFnZTogMjAgfSkpO1xuICBmb3IgKGNvbnN0IHBlZXIgb2YgW2ZpcnN0LCBzZWNvbmRdKSBwZWVyLnNlbmQoZi5wcm9ncmVzcygzMCwgNCkpO1xuICBmaXJzdC5zZW5kKGYucHJvZ3Jlc3MoNDAsIDUpKTtcbiAgd2hpbGUgKGhlYXJkLmF0KC0xKSAhPSA1KSBhd2FpdCB0dXJuKDEpO1xuICBjb25zdCBzaG9ydCA9IHN0cmVhbWVyLnJlcXVlc3QoXCJlY2hvXCIsIDIsIHsgaWQ6IFwici0yXCIgfSk7XG4gIGF3YWl0IHNlY29uZC5leHBlY3QoXCJlY2hvXCIpO1xuICBzZWNvbmQuc2VuZChmcmFtZXMoXCJyLTJcIikucmVzcG9uc2UoMikpO1xuICBhc3NlcnQuZXF1YWwoYXdhaXQgc2hvcnQucmVzdWx0LCAyKTtcblxuICBhd2FpdCBwYXNzKGNsb2NrLCAzNV8wMDApO1xuICBhc3NlcnQuZXF1YWwoYXdhaXQgZmlyc3QuY2xvc2VkLCAxMDAwKTtcbiAgc2Vjb25kLnNlbmQoZi5jb21wbGV0ZShcImRvbmVcIiwgNikpO1xuICBhc3NlcnQuZXF1YWwoYXdhaXQgcmVxdWVzdC5yZXN1bHQsIFwiZG9uZVwiKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChoZWFyZCwgWzEsIDIsIDMsIDQsIDVdKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChzdGF0ZXMsIFtdKTtcbn0pO1xuXG50ZXN0KFwiYSBoYW5kLW92ZXIgdGhhdCBmYWlscyBsZWF2ZXMgdGhlIGNvbm5lY3Rpb24gaW4gcGxhY2UgYW5kIGlzIHRyaWVkIGFnYWluXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc2VydmVyLCBjbG9jaywgY29ubmVjdCB9ID0gYXdhaXQgd29ybGQodCwgeyBwaW5nSW50ZXJ2YWw6IDIgKiogMzAgfSk7XG4gIGNvbnN0IHN0cmVhbWVyID0gY29ubmVjdCgpO1xuICBjb25zdCBmaXJzdCA9IGF3YWl0IHNlcnZlci5jb25uZWN0aW9ucy5uZXh0KCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwib3BlblwiKTtcbiAgYXdhaXQgc2VydmVyLmhhbmRzaGFrZXMubmV4dCgpO1xuICBzZXJ2ZXIucmVmdXNlID0gNTAzO1xuICBjbG9jay5hZHZhbmNlKDEwNSAqIE1JTlVURSk7XG4gIGF3YWl0IHNlcnZlci5oYW5kc2hha2VzLm5leHQoKTtcbiAgLy8gT25lIHRpbWVyIGxvb2tzIGF0IHRoZSBzaWxlbmNlIGV2ZXJ5IG1pbnV0ZSwgdGhlIG90aGVyIGlzIHRoZSBuZXh0IHRyeS5cbiAgd2hpbGUgKGNsb2NrLmR1ZSgpLnNsaWNlKDAsIDIpLmpvaW4oKSAhPSBgJHtNSU5VVEV9LCR7TUlOVVRFfWApIGF3YWl0IHR1cm4oMSk7XG4gIGFzc2VydC5lcXVhbChzdHJlYW1lci5zdGF0ZSwgXCJvcGVuXCIpO1xuICBzZXJ2ZXIucmVmdXNlID0gdW5kZWZpbmVkO1xuICBjbG9jay5hZHZhbmNlKE1JTlVURSk7XG4gIGF3YWl0IHNlcnZlci5jb25uZWN0aW9ucy5uZXh0KCk7XG4gIGF3YWl0IHR1cm4oKTtcbiAgY2xvY2suYWR2YW5jZSgzNV8wMDApO1xuICBhc3NlcnQuZXF1YWwoYXdhaXQgZmlyc3QuY2xvc2VkLCAxMDAwKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChbc3RyZWFtZXIuc3RhdGUsIHN0cmVhbWVyLnJlYXNvbl0sIFtcIm9wZW5cIiwgXCJjb25uZWN0ZWRcIl0pO1xufSk7XG5cbnRlc3QoXCJ0aGUgdG9rZW4gaXMgcmVuZXdlZCBvbiB0aGUgbGl2ZSBzb2NrZXQgYmVmb3JlIGl0IGV4cGlyZXNcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgeyBzZXJ2ZXIsIGNsb2NrLCBjb25uZWN0IH0gPSBhd2FpdCB3b3JsZCh0KTtcbiAgbGV0IGdpdmVuID0gMDtcbiAgY29uc3QgdG9rZW4gPSAoKSA9PiBqd3QoeyB0ZW5hbnRfaWQ6IFwiYWNtZVwiLCBzdWI6IFwiYWRhXCIsIGV4cDogY2xvY2subm93KCkgLyAxMDAwICsgNjAwLCBuOiBnaXZlbisrIH0pO1xuICBjb25zdCBzdHJlYW1lciA9IGNvbm5lY3QoeyB0b2tlbiB9KTtcbiAgY29uc3QgcGVlciA9IGF3YWl0IHNlcnZlci5jb25uZWN0aW9ucy5uZXh0KCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwib3BlblwiKTtcbiAgZm9yIChsZXQgcmVuZXdhbHMgPSAxOyByZW5ld2FscyA8PSAzOyByZW5ld2FscysrKSB7XG4gICAgYXdhaXQgcGFzcyhjbG9jaywgNTQwXzAwMCk7XG4gICAgY29uc3QgbWVzc2FnZSA9IGF3YWl0IHBlZXIuZXhwZWN0KFwic3RyZWFtZXIuYXV0aGVudGljYXRlXCIpO1xuICAgIGFzc2VydC5lcXVhbChnaXZlbiwgcmVuZXdhbHMgKyAxKTtcbiAgICBhc3NlcnQubWF0Y2goQnVmZmVyLmZyb20obWVzc2FnZS5wYXlsb2FkLnRva2VuLnNwbGl0KFwiLlwiKVsxXSwgXCJiYXNlNjR1cmxcIikudG9TdHJpbmcoKSwgbmV3IFJlZ0V4cChgXCJuXCI6JHtyZW5ld2Fsc31gKSk7XG4gICAgcGVlci5zZW5kKHsgdHlwZTogXCJyZXNwb25zZVwiLCByZXF1ZXN0X2lkOiBtZXNzYWdlLmlkLCBzdWNjZXNzOiB0cnVlLCBkYXRhOiB7IGV4cGlyZXNfYXQ6IFwiMjAyNy0wMS0wMlQwMzowNDowNVpcIiB9IH0pO1xuICAgIHdoaWxlICghY2xvY2suZHVlKCkuaW5jbHVkZXMoNTQwXzAwMCkpIGF3YWl0IHR1cm4oMSk7XG4gIH1cbiAgYXNzZXJ0LmVxdWFsKHNlcnZlci5jb25uZWN0aW9ucy53YWl0aW5nLCAwKTtcbn0pO1xuXG50ZXN0KFwiYSByZW5ld2FsIHRoYXQgZmFpbHMgZm9yIG5vdyBpcyB0cmllZCBhZ2Fpbjsgb25lIHRoYXQgaXMgcmVmdXNlZCBvcGVucyBhIG5ldyBjb25uZWN0aW9uXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc2VydmVyLCBjbG9jaywgY29ubmVjdCB9ID0gYXdhaXQgd29ybGQodCk7XG4gIGxldCBnaXZlbiA9IDA7XG4gIGxldCBmYWlsID0gZmFsc2U7XG4gIGNvbnN0IHRva2VuID0gKCkgPT4ge1xuICAgIGlmIChmYWlsKSB0aHJvdyBuZXcgRXJyb3IoXCJ0aGUgc2lnbi1pbiBpcyBkb3duXCIpO1xuICAgIHJldHVybiBqd3QoeyB0ZW5hbnRfaWQ6IFwiYWNtZVwiLCBzdWI6IFwiYWRhXCIsIGV4cDogY2xvY2subm93KCkgLyAxMDAwICsgNjAwLCBuOiBnaXZlbisrIH0pO1xuICB9O1xuICBjb25zdCBzdHJlYW1lciA9IGNvbm5lY3QoeyB0b2tlbiB9KTtcbiAgY29uc3QgcGVlciA9IGF3YWl0IHNlcnZlci5jb25uZWN0aW9ucy5uZXh0KCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwib3BlblwiKTtcbiAgZmFpbCA9IHRydWU7XG4gIGF3YWl0IHBhc3MoY2xvY2ssIDU0MF8wMDApO1xuICB3aGlsZSAoIWNsb2NrLmR1ZSgpLmluY2x1ZGVzKDMwXzAwMCkpIGF3YWl0IHR1cm4oMSk7XG4gIGZhaWwgPSBmYWxzZTtcbiAgYXdhaXQgcGFzcyhjbG9jaywgMzBfMDAwKTtcbiAgbGV0IG1lc3NhZ2UgPSBhd2FpdCBwZWVyLmV4cGVjdChcInN0cmVhbWVyLmF1dGhlbnRpY2F0ZVwiKTtcbiAgcGVlci5zZW5kKGZyYW1lcyhtZXNzYWdlLmlkKS5lcnJvcihcIlNFUlZJQ0VfVU5BVkFJTEFCTEVcIiwgdW5kZWZpbmVkLCB7IHJldHJ5OiB7IHJldHJ5YWJsZTogdHJ1ZSB9IH0pKTtcbiAgLy8gVGhlIG90aGVyIHRpbWVyIGxvb2tzIGF0IHRoZSBzaWxlbmNlLlxuICB3aGlsZSAoY2xvY2suZHVlKCkuc2xpY2UoMCwgMikuam9pbigpICE9IFwiMzAwMDAsMzAwMDBcIikgYXdhaXQgdHVybigxKTtcbiAgYXdhaXQgcGFzcyhjbG9jaywgMzBfMDAwKTtcbiAgbWVzc2FnZSA9IGF3YWl0IHBlZXIuZXhwZWN0KFwic3RyZWFtZXIuYXV0aGVudGljYXRlXCIpO1xuICBwZWVyLnNlbmQoZnJhbWVzKG1lc3NhZ2UuaWQpLmVycm9yKFwiRk9SQklEREVOXCIpKTtcbiAgYXdhaXQgcmVhY2hlcyhzdHJlYW1lciwgXCJyZWNvbm5lY3RpbmdcIiwgXCJ1bmF1dGhvcml6ZWRcIik7XG4gIGNsb2NrLmFkdmFuY2UoMTAwMCk7XG4gIGNvbnN0IG5leHQ6IFNlcnZlckNvbm5lY3Rpb24gPSBhd2FpdCBzZXJ2ZXIuY29ubmVjdGlvbnMubmV4dCgpO1xuICBhc3NlcnQubWF0Y2goQnVmZmVyLmZyb20obmV4dC5vZmZlcmVkWzFdIS5zcGxpdChcIi5cIilbMl0hLCBcImJhc2U2NHVybFwiKS50b1N0cmluZygpLCBuZXcgUmVnRXhwKGBcIm5cIjoke2dpdmVuIC0gMX1gKSk7XG59KTtcblxudGVzdChcInRoZSBicm93c2VyJ3Mgd29yZCBhYm91dCB0aGUgbmV0d29yayBpcyBoZWFyZCwgYW5kIGNoZWNrZWRcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgZXZlbnRzID0gbmV3IEV2ZW50VGFyZ2V0KCk7XG4gIGNvbnN0IHsgc2VydmVyLCBjbG9jaywgY29ubmVjdCB9ID0gYXdhaXQgd29ybGQodCwgeyBldmVudHMgfSk7XG4gIHNlcnZlci5wb25ncyA9IGZhbHNlO1xuICBjb25zdCBzdHJlYW1lciA9IGNvbm5lY3QoKTtcbiAgY29uc3QgcGVlciA9IGF3YWl0IHNlcnZlci5jb25uZWN0aW9ucy5uZXh0KCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwib3BlblwiKTtcblxuICAvLyBJdCBtYXkgYmUgd3Jvbmc6IGFuIGFuc3dlcmVkIHBpbmcgbGVhdmVzIGFsbCBhcyBpdCBpcy5cbiAgZXZlbnRzLmRpc3BhdGNoRXZlbnQobmV3IEV2ZW50KFwib2ZmbGluZVwiKSk7XG4gIGxldCBwaW5nID0gYXdhaXQgcGVlci5leHBlY3QoXCJzdHJlYW1lci5waW5nXCIpO1xuICBwZWVyLnNlbmQoeyB0eXBlOiBcInBvbmdcIiwgcmVxdWVzdF9pZDogcGluZy5pZCwgdGltZXN0YW1wOiBcIjIwMjYtMDEtMDJUMDM6MDQ6MDVaXCIgfSk7XG4gIHdoaWxlIChjbG9jay5kdWUoKVswXSA9PSAxMF8wMDApIGF3YWl0IHR1cm4oMSk7XG4gIGFzc2VydC5lcXVhbChzdHJlYW1lci5zdGF0ZSwgXCJvcGVuXCIpO1xuXG4gIGV2ZW50cy5kaXNwYXRjaEV2ZW50KG5ldyBFdmVudChcIm9mZmxpbmVcIikpO1xuICBwaW5nID0gYXdhaXQgcGVlci5leHBlY3QoXCJzdHJlYW1lci5waW5nXCIpO1xuICBjbG9jay5hZHZhbmNlKDEwXzAwMCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwicmVjb25uZWN0aW5nXCIsIFwib2ZmbGluZVwiKTtcblxuICBzZXJ2ZXIucmVmdXNlID0gNTAzO1xuICBzZXJ2ZXIub25DYWxsID0gKGNhbGwpID0+IChjYWxsLmN1dCgpLCB0cnVlKTtcbiAgZm9yIChsZXQgaSA9IDA7IGkgPCA0OyBpKyspIGNsb2NrLmFkdmFuY2UoYXdhaXQgcmV0cnkoY2xvY2spKTtcbiAgYXNzZXJ0LmVxdWFsKGF3YWl0IHJldHJ5KGNsb2NrKSwgODAwMCk7XG4gIGFzc2VydC5lcXVhbChzdHJlYW1lci5yZWFzb24sIFwib2ZmbGluZVwiKTtcbiAgc2VydmVyLnJlZnVzZSA9IHVuZGVmaW5lZDtcbiAgZXZlbnRzLmRpc3BhdGNoRXZlbnQobmV3IEV2ZW50KFwib25saW5lXCIpKTtcbiAgYXNzZXJ0LmRlZXBFcXVhbChjbG9jay5kdWUoKSwgWzUwMF0pO1xuICBjbG9jay5hZHZhbmNlKDUwMCk7XG4gIGF3YWl0IHJlYWNoZXMoc3RyZWFtZXIsIFwib3BlblwiLCBcImNvbm5lY3RlZFwiKTtcbn0pO1xuXG50ZXN0KFwiYSBjbG9zZWQgY2xpZW50IGhlYXJzIG5vdGhpbmcgb2YgdGhlIG5ldHdvcmsgYW55IG1vcmVcIiwgYXN5bmMgKHQpID0+IHtcbiAgY29uc3QgZXZlbnRzID0gbmV3IEV2ZW50VGFyZ2V0KCk7XG4gIGNvbnN0IHsgY2xvY2ssIGNvbm5lY3QgfSA9IGF3YWl0IHdvcmxkKHQsIHsgZXZlbnRzIH0pO1xuICBjb25zdCBzdHJlYW1lciA9IGNvbm5lY3QoKTtcbiAgYXdhaXQgcmVhY2hlcyhzdHJlYW1lciwgXCJvcGVuXCIpO1xuICBzdHJlYW1lci5jbG9zZSgpO1xuICBldmVudHMuZGlzcGF0Y2hFdmVudChuZXcgRXZlbnQoXCJvbmxpbmVcIikpO1xuICBhc3NlcnQuZGVlcEVxdWFsKGNsb2NrLmR1ZSgpLCBbXSk7XG59KTtcblxudGVzdChcImNsb3Npbmcgd2hpbGUgaXQgY29ubmVjdHMgbGVhdmVzIG5vdGhpbmcgYmVoaW5kXCIsIGFzeW5jICh0KSA9PiB7XG4gIGNvbnN0IHsgc2VydmVyLCBjbG9jaywgY29ubmVjdCB9ID0gYXdhaXQgd29ybGQodCk7XG4gIGxldCBnaXZlID0gKF86IHN0cmluZykgPT4ge307XG4gIGNvbnN0IGVhcmx5ID0gY29ubmVjdCh7IHRva2VuOiAoKSA9PiBuZXcgUHJvbWlzZSgocmVzb2x2ZSkgPT4gKGdpdmUgPSByZXNvbHZlKSkgfSk7XG4gIGVhcmx5LmNsb3NlKCk7XG4gIGdpdmUoYWRhKTtcbiAgY29uc3Qgc29vbiA9IGNvbm5lY3QoKTtcbiAgYXdhaXQgdHVybigxKTtcbiAgc29vbi5jbG9zZSgpO1xuICBzZXJ2ZXIub25DYWxsID0gKCkgPT4gZmFsc2U7XG4gIHNlcnZlci5yZWZ1c2UgPSA1MDM7XG4gIGNvbnN0IHByb2JpbmcgPSBjb25uZWN0KCk7XG4gIGF3YWl0IHNlcnZlci5jYWxscy5uZXh0KCk7XG4gIHByb2JpbmcuY2xvc2UoKTtcbiAgYXdhaXQgdHVybigxMCk7XG4gIGFzc2VydC5kZWVwRXF1YWwoY2xvY2suZHVlKCksIFtdKTtcbiAgZm9yIChjb25zdCBzdHJlYW1lciBvZiBbZWFybHksIHNvb24sIHByb2JpbmddKSBhc3NlcnQuZXF1YWwoc3RyZWFtZXIucmVhc29uLCBcImNsb3NlZFwiKTtcbn0pO1xuIl0sCiAgIm1hcHBpbmdzIjogIkFBQUEsT0FBTyxZQUFZO0FBQ25CLFNBQVMsWUFBWTtBQUNyQixTQUFTLHFCQUFxQjtBQUM5QixTQUFTLGdCQUFnQjtBQUd6QixTQUFTLEtBQUssUUFBUSxLQUFLLE1BQU0sU0FBUyxNQUFNLGFBQWE7QUFFN0QsTUFBTSxTQUFTO0FBR2YsZUFBZSxNQUFNLE9BQXFDO0FBRXhELFNBQU8sTUFBTSxJQUFJLEVBQUUsVUFBVSxLQUFLLENBQUMsTUFBUSxJQUFNLEVBQUUsU0FBUyxNQUFNLElBQUksRUFBRSxDQUFDLENBQUUsRUFBRyxPQUFNLEtBQUssQ0FBQztBQUMxRixTQUFPLE1BQU0sSUFBSSxFQUFFLENBQUM7QUFDdEI7QUFFQSxLQUFLLHFEQUFxRCxPQUFPLE1BQU07QUFDckUsUUFBTSxFQUFFLFFBQVEsUUFBUSxJQUFJLE1BQU0sTUFBTSxDQUFDO0FBQ3pDLFFBQU0sV0FBVyxRQUFRO0FBQ3pCLFNBQU8sVUFBVSxDQUFDLFNBQVMsT0FBTyxTQUFTLE1BQU0sR0FBRyxDQUFDLGNBQWMsT0FBTyxDQUFDO0FBQzNFLFFBQU0sUUFBUSxVQUFVLFFBQVEsV0FBVztBQUMzQyxRQUFNLE9BQU8sTUFBTSxPQUFPLFlBQVksS0FBSztBQUMzQyxTQUFPLFVBQVUsS0FBSyxTQUFTLENBQUMsZUFBZSxZQUFZLEdBQUcsQ0FBQztBQUUvRCxXQUFTLE1BQU07QUFDZixTQUFPLFVBQVUsQ0FBQyxTQUFTLE9BQU8sU0FBUyxNQUFNLEdBQUcsQ0FBQyxVQUFVLFFBQVEsQ0FBQztBQUN4RSxTQUFPLE1BQU0sTUFBTSxLQUFLLFFBQVEsR0FBSTtBQUNwQyxXQUFTLE1BQU07QUFDakIsQ0FBQztBQUVELEtBQUssMERBQTBELE9BQU8sTUFBTTtBQUMxRSxRQUFNLEVBQUUsUUFBUSxPQUFPLFFBQVEsSUFBSSxNQUFNLE1BQU0sQ0FBQztBQUNoRCxRQUFNLFdBQVcsUUFBUTtBQUN6QixRQUFNLE9BQU8sTUFBTSxPQUFPLFlBQVksS0FBSztBQUMzQyxRQUFNLFFBQVEsVUFBVSxNQUFNO0FBQzlCLE9BQUssTUFBTSxJQUFJO0FBQ2YsUUFBTSxRQUFRLFVBQVUsZ0JBQWdCLE1BQU07QUFDOUMsUUFBTSxRQUFRLEdBQUc7QUFDakIsUUFBTSxLQUFLO0FBQ1gsU0FBTyxNQUFNLE9BQU8sWUFBWSxTQUFTLENBQUM7QUFDMUMsUUFBTSxRQUFRLENBQUM7QUFDZixRQUFNLE9BQU8sWUFBWSxLQUFLO0FBQzlCLFFBQU0sUUFBUSxVQUFVLFFBQVEsV0FBVztBQUM3QyxDQUFDO0FBRUQsS0FBSyw2RUFBNkUsT0FBTyxNQUFNO0FBQzdGLFFBQU0sRUFBRSxRQUFRLE9BQU8sUUFBUSxJQUFJLE1BQU0sTUFBTSxDQUFDO0FBQ2hELFNBQU8sU0FBUyxDQUFDLFVBQVUsS0FBSyxJQUFJLEdBQUc7QUFDdkMsU0FBTyxTQUFTO0FBQ2hCLFFBQU0sU0FBUyxNQUFNO0FBQ3JCLFFBQU0sV0FBVyxRQUFRO0FBQ3pCLFFBQU0sUUFBUSxVQUFVLGNBQWMsYUFBYTtBQUNuRCxRQUFNLFFBQWtCLENBQUM7QUFDekIsV0FBUyxJQUFJLEdBQUcsSUFBSSxHQUFHLEtBQUs7QUFDMUIsVUFBTSxLQUFLLE1BQU0sTUFBTSxLQUFLLENBQUM7QUFDN0IsVUFBTSxRQUFRLE1BQU0sR0FBRyxFQUFFLENBQUU7QUFBQSxFQUM3QjtBQUNBLFNBQU8sVUFBVSxPQUFPLENBQUMsS0FBSyxLQUFLLE1BQU0sTUFBTSxNQUFNLE1BQVEsSUFBTSxDQUFDO0FBQ3BFLFFBQU0sTUFBTSxLQUFLO0FBQ2pCLFNBQU8sU0FBUztBQUNoQixRQUFNLFFBQVEsTUFBTSxJQUFJLEVBQUUsQ0FBQyxDQUFFO0FBQzdCLFFBQU0sUUFBUSxVQUFVLE1BQU07QUFDaEMsQ0FBQztBQUVELEtBQUssZ0ZBQWdGLE9BQU8sTUFBTTtBQUNoRyxRQUFNLEVBQUUsUUFBUSxPQUFPLFFBQVEsSUFBSSxNQUFNLE1BQU0sQ0FBQztBQUNoRCxRQUFNLFdBQVcsUUFBUTtBQUN6QixRQUFNLFFBQWtCLENBQUM7QUFDekIsV0FBUyxJQUFJLEdBQUcsSUFBSSxHQUFHLEtBQUs7QUFDMUIsVUFBTUEsUUFBTyxNQUFNLE9BQU8sWUFBWSxLQUFLO0FBQzNDLFVBQU0sUUFBUSxVQUFVLE1BQU07QUFDOUIsSUFBQUEsTUFBSyxJQUFJO0FBQ1QsVUFBTSxRQUFRLFVBQVUsY0FBYztBQUN0QyxVQUFNLEtBQUssTUFBTSxJQUFJLEVBQUUsQ0FBQyxDQUFFO0FBQzFCLFVBQU0sUUFBUSxNQUFNLElBQUksRUFBRSxDQUFDLENBQUU7QUFBQSxFQUMvQjtBQUNBLFNBQU8sVUFBVSxPQUFPLENBQUMsS0FBSyxLQUFNLEtBQU0sR0FBSSxDQUFDO0FBRy9DLFFBQU0sT0FBTyxNQUFNLE9BQU8sWUFBWSxLQUFLO0FBQzNDLFFBQU0sUUFBUSxVQUFVLE1BQU07QUFDOUIsUUFBTSxRQUFRLEdBQU07QUFDcEIsT0FBSyxJQUFJO0FBQ1QsUUFBTSxRQUFRLFVBQVUsY0FBYztBQUN0QyxTQUFPLE1BQU0sTUFBTSxJQUFJLEVBQUUsQ0FBQyxHQUFHLEdBQUc7QUFDbEMsQ0FBQztBQUVELEtBQUssNEVBQTRFLE9BQU8sTUFBTTtBQUM1RixRQUFNLEVBQUUsUUFBUSxPQUFPLFFBQVEsSUFBSSxNQUFNLE1BQU0sQ0FBQztBQUNoRCxTQUFPLFNBQVM7QUFDaEIsU0FBTyxTQUFTLENBQUMsRUFBRSxNQUFNLE9BQU8sTUFBTSxLQUFLLEVBQUUsTUFBTSxnQkFBZ0IsUUFBUSx3QkFBd0IsQ0FBQyxHQUFHO0FBQ3ZHLE1BQUksUUFBUTtBQUNaLFFBQU0sV0FBVyxRQUFRLEVBQUUsT0FBTyxNQUFNLElBQUksRUFBRSxLQUFLLE9BQU8sS0FBSyxLQUFlLEdBQUcsUUFBUSxDQUFDLEVBQUUsQ0FBQztBQUM3RixRQUFNLFVBQVUsU0FBUyxRQUFRLFFBQVEsQ0FBQztBQUMxQyxRQUFNLFFBQVEsVUFBVSxjQUFjLGNBQWM7QUFDcEQsU0FBTyxHQUFHLFFBQVEsQ0FBQztBQUNuQixRQUFNLFFBQVEsR0FBSTtBQUNsQixRQUFNLFFBQVEsVUFBVSxVQUFVLGNBQWM7QUFDaEQsUUFBTSxPQUFPLFFBQVEsUUFBUSxRQUFRLEVBQUUsTUFBTSxnQkFBZ0IsU0FBUyx3QkFBd0IsQ0FBQztBQUMvRixRQUFNLE9BQU8sUUFBUSxTQUFTLEtBQUssR0FBRyxFQUFFLE1BQU0sZUFBZSxDQUFDO0FBQ2hFLENBQUM7QUFFRCxLQUFLLDRGQUE0RixPQUFPLE1BQU07QUFDNUcsUUFBTSxFQUFFLE9BQU8sUUFBUSxJQUFJLE1BQU0sTUFBTSxDQUFDO0FBQ3hDLE1BQUksT0FBTztBQUNYLFFBQU0sV0FBVyxRQUFRO0FBQUEsSUFDdkIsT0FBTyxNQUFNO0FBQ1gsVUFBSSxLQUFNLE9BQU0sSUFBSSxNQUFNLHFCQUFxQjtBQUMvQyxhQUFPO0FBQUEsSUFDVDtBQUFBLEVBQ0YsQ0FBQztBQUNELFFBQU0sUUFBUSxVQUFVLGNBQWMsT0FBTztBQUM3QyxTQUFPO0FBQ1AsUUFBTSxRQUFRLEdBQUk7QUFDbEIsUUFBTSxRQUFRLFVBQVUsTUFBTTtBQUU5QixRQUFNLFlBQVksUUFBUSxFQUFFLE9BQU8sTUFBTSxRQUFRLE9BQU8sSUFBSSxjQUFjLEVBQUUsTUFBTSxnQkFBZ0IsU0FBUyxhQUFhLENBQUMsQ0FBQyxFQUFFLENBQUM7QUFDN0gsUUFBTSxRQUFRLFdBQVcsVUFBVSxjQUFjO0FBQ25ELENBQUM7QUFFRCxLQUFLLCtFQUErRSxPQUFPLE1BQU07QUFDL0YsUUFBTSxFQUFFLFFBQVEsT0FBTyxRQUFRLElBQUksTUFBTSxNQUFNLENBQUM7QUFDaEQsU0FBTyxTQUFTO0FBQ2hCLFFBQU0sV0FBVyxRQUFRO0FBQ3pCLFFBQU0sUUFBUSxVQUFVLGNBQWMsU0FBUztBQUMvQyxRQUFNLFFBQVEsR0FBSTtBQUNsQixRQUFNLFFBQVEsVUFBVSxRQUFRLFNBQVM7QUFFekMsUUFBTSxRQUFRLE1BQU07QUFDcEIsV0FBUyxJQUFJLEdBQUcsSUFBSSxHQUFHLElBQUssT0FBTSxPQUFPLFdBQVcsS0FBSztBQUN6RCxTQUFPLE1BQU0sSUFBSSxFQUFFLFVBQVUsS0FBSyxNQUFNLElBQUksRUFBRSxDQUFDLEtBQUssT0FBUSxPQUFNLEtBQUssQ0FBQztBQUN4RSxTQUFPLE1BQU0sU0FBUyxRQUFRLFNBQVM7QUFFdkMsU0FBTyxTQUFTO0FBQ2hCLFFBQU0sUUFBUSxNQUFNO0FBQ3BCLFFBQU0sUUFBUSxVQUFVLFFBQVEsV0FBVztBQUM3QyxDQUFDO0FBRUQsS0FBSyxxREFBcUQsT0FBTyxNQUFNO0FBQ3JFLFFBQU0sRUFBRSxRQUFRLE1BQU0sSUFBSSxNQUFNLE1BQU0sQ0FBQztBQUN2QyxRQUFNLEVBQUUsVUFBVSxJQUFJO0FBQ3RCLFVBQVEsZUFBZSxZQUFZLFdBQVc7QUFDOUMsSUFBRSxNQUFNLE1BQU0sYUFBYSxPQUFPLE9BQU8sWUFBWSxFQUFFLFVBQVUsQ0FBQyxDQUFDO0FBQ25FLFFBQU0sV0FBVyxJQUFJLFNBQVMsT0FBTyxLQUFLLEVBQUUsT0FBTyxNQUFNLEtBQUssTUFBTSxDQUFDO0FBQ3JFLElBQUUsTUFBTSxNQUFNLFNBQVMsTUFBTSxDQUFDO0FBQzlCLFFBQU0sUUFBUSxVQUFVLFFBQVEsU0FBUztBQUN6QyxTQUFPLE1BQU0sT0FBTyxXQUFXLFNBQVMsQ0FBQztBQUMzQyxDQUFDO0FBRUQsS0FBSyxtRkFBbUYsT0FBTyxNQUFNO0FBQ25HLFFBQU0sRUFBRSxRQUFRLE9BQU8sUUFBUSxJQUFJLE1BQU0sTUFBTSxDQUFDO0FBQ2hELFFBQU0sV0FBVyxRQUFRO0FBQ3pCLFFBQU0sU0FBbUIsQ0FBQztBQUMxQixRQUFNLFFBQVEsTUFBTSxPQUFPLFlBQVksS0FBSztBQUM1QyxRQUFNLFFBQVEsVUFBVSxNQUFNO0FBQzlCLFdBQVMsUUFBUSxNQUFNLE9BQU8sS0FBSyxTQUFTLEtBQUssQ0FBQztBQUVsRCxRQUFNLElBQUksT0FBTyxLQUFLO0FBQ3RCLFFBQU0sUUFBa0IsQ0FBQztBQUN6QixRQUFNLFVBQVUsU0FBUyxRQUFRLFVBQVUsR0FBRyxFQUFFLElBQUksT0FBTyxZQUFZLENBQUMsTUFBTSxNQUFNLEtBQUssRUFBRSxHQUFHLEVBQUUsQ0FBQztBQUNqRyxRQUFNLE1BQU0sT0FBTyxRQUFRO0FBQzNCLFFBQU0sS0FBSyxFQUFFLElBQUksQ0FBQztBQUNsQixRQUFNLEtBQUssRUFBRSxTQUFTLElBQUksQ0FBQyxDQUFDO0FBQzVCLFNBQU8sTUFBTSxHQUFHLEVBQUUsS0FBSyxFQUFHLE9BQU0sS0FBSyxDQUFDO0FBQ3RDLFFBQU0sUUFBUSxNQUFNLElBQUk7QUFDeEIsU0FBTyxPQUFPLFlBQVksV0FBVyxLQUFLLE1BQU0sSUFBSSxJQUFJLFFBQVEsTUFBTSxRQUFRO0FBQzVFLFVBQU0sS0FBSyxPQUFPLE1BQU07QUFDeEIsVUFBTSxLQUFLO0FBQUEsRUFDYjtBQUNBLFNBQU8sR0FBRyxNQUFNLElBQUksSUFBSSxRQUFRLE1BQU0sUUFBUSxzQkFBc0IsTUFBTSxJQUFJLElBQUksU0FBUyxNQUFNLFVBQVU7QUFHM0csUUFBTSxTQUFTLE1BQU0sT0FBTyxZQUFZLEtBQUs7QUFDN0MsUUFBTSxLQUFLLEVBQUUsU0FBUyxJQUFJLENBQUMsQ0FBQztBQUM1QixRQUFNLFlBQVksTUFBTSxPQUFPLE9BQU8sb0JBQW9CO0FBQzFELFNBQU8sVUFBVSxVQUFVLFNBQVMsRUFBRSxZQUFZLE1BQU0sQ0FBQztBQUN6RCxTQUFPLEtBQUssRUFBRSxTQUFTLFVBQVUsSUFBSSxXQUFXLEdBQUcsRUFBRSxZQUFZLEdBQUcsQ0FBQyxDQUFDO0FBQ3RFLGFBQVcsUUFBUSxDQUFDLE9BQU8sTUFBTSxFQUFHLE1BQUssS0FBSyxFQUFFLFNBQVMsSUFBSSxDQUFDLENBQUM7QUFDL0QsUUFBTSxLQUFLLEVBQUUsU0FBUyxJQUFJLENBQUMsQ0FBQztBQUM1QixTQUFPLE1BQU0sR0FBRyxFQUFFLEtBQUssRUFBRyxPQUFNLEtBQUssQ0FBQztBQUN0QyxRQUFNLFFBQVEsU0FBUyxRQUFRLFFBQVEsR0FBRyxFQUFFLElBQUksTUFBTSxDQUFDO0FBQ3ZELFFBQU0sT0FBTyxPQUFPLE1BQU07QUFDMUIsU0FBTyxLQUFLLE9BQU8sS0FBSyxFQUFFLFNBQVMsQ0FBQyxDQUFDO0FBQ3JDLFNBQU8sTUFBTSxNQUFNLE1BQU0sUUFBUSxDQUFDO0FBRWxDLFFBQU0sS0FBSyxPQUFPLElBQU07QUFDeEIsU0FBTyxNQUFNLE1BQU0sTUFBTSxRQUFRLEdBQUk7QUFDckMsU0FBTyxLQUFLLEVBQUUsU0FBUyxRQUFRLENBQUMsQ0FBQztBQUNqQyxTQUFPLE1BQU0sTUFBTSxRQUFRLFFBQVEsTUFBTTtBQUN6QyxTQUFPLFVBQVUsT0FBTyxDQUFDLEdBQUcsR0FBRyxHQUFHLEdBQUcsQ0FBQyxDQUFDO0FBQ3ZDLFNBQU8sVUFBVSxRQUFRLENBQUMsQ0FBQztBQUM3QixDQUFDO0FBRUQsS0FBSyw0RUFBNEUsT0FBTyxNQUFNO0FBQzVGLFFBQU0sRUFBRSxRQUFRLE9BQU8sUUFBUSxJQUFJLE1BQU0sTUFBTSxHQUFHLEVBQUUsY0FBYyxLQUFLLEdBQUcsQ0FBQztBQUMzRSxRQUFNLFdBQVcsUUFBUTtBQUN6QixRQUFNLFFBQVEsTUFBTSxPQUFPLFlBQVksS0FBSztBQUM1QyxRQUFNLFFBQVEsVUFBVSxNQUFNO0FBQzlCLFFBQU0sT0FBTyxXQUFXLEtBQUs7QUFDN0IsU0FBTyxTQUFTO0FBQ2hCLFFBQU0sUUFBUSxNQUFNLE1BQU07QUFDMUIsUUFBTSxPQUFPLFdBQVcsS0FBSztBQUU3QixTQUFPLE1BQU0sSUFBSSxFQUFFLE1BQU0sR0FBRyxDQUFDLEVBQUUsS0FBSyxLQUFLLEdBQUcsTUFBTSxJQUFJLE1BQU0sR0FBSSxPQUFNLEtBQUssQ0FBQztBQUM1RSxTQUFPLE1BQU0sU0FBUyxPQUFPLE1BQU07QUFDbkMsU0FBTyxTQUFTO0FBQ2hCLFFBQU0sUUFBUSxNQUFNO0FBQ3BCLFFBQU0sT0FBTyxZQUFZLEtBQUs7QUFDOUIsUUFBTSxLQUFLO0FBQ1gsUUFBTSxRQUFRLElBQU07QUFDcEIsU0FBTyxNQUFNLE1BQU0sTUFBTSxRQUFRLEdBQUk7QUFDckMsU0FBTyxVQUFVLENBQUMsU0FBUyxPQUFPLFNBQVMsTUFBTSxHQUFHLENBQUMsUUFBUSxXQUFXLENBQUM7QUFDM0UsQ0FBQztBQUVELEtBQUssNkRBQTZELE9BQU8sTUFBTTtBQUM3RSxRQUFNLEVBQUUsUUFBUSxPQUFPLFFBQVEsSUFBSSxNQUFNLE1BQU0sQ0FBQztBQUNoRCxNQUFJLFFBQVE7QUFDWixRQUFNLFFBQVEsTUFBTSxJQUFJLEVBQUUsV0FBVyxRQUFRLEtBQUssT0FBTyxLQUFLLE1BQU0sSUFBSSxJQUFJLE1BQU8sS0FBSyxHQUFHLFFBQVEsQ0FBQztBQUNwRyxRQUFNLFdBQVcsUUFBUSxFQUFFLE1BQU0sQ0FBQztBQUNsQyxRQUFNLE9BQU8sTUFBTSxPQUFPLFlBQVksS0FBSztBQUMzQyxRQUFNLFFBQVEsVUFBVSxNQUFNO0FBQzlCLFdBQVMsV0FBVyxHQUFHLFlBQVksR0FBRyxZQUFZO0FBQ2hELFVBQU0sS0FBSyxPQUFPLElBQU87QUFDekIsVUFBTSxVQUFVLE1BQU0sS0FBSyxPQUFPLHVCQUF1QjtBQUN6RCxXQUFPLE1BQU0sT0FBTyxXQUFXLENBQUM7QUFDaEMsV0FBTyxNQUFNLE9BQU8sS0FBSyxRQUFRLFFBQVEsTUFBTSxNQUFNLEdBQUcsRUFBRSxDQUFDLEdBQUcsV0FBVyxFQUFFLFNBQVMsR0FBRyxJQUFJLE9BQU8sT0FBTyxRQUFRLEVBQUUsQ0FBQztBQUNwSCxTQUFLLEtBQUssRUFBRSxNQUFNLFlBQVksWUFBWSxRQUFRLElBQUksU0FBUyxNQUFNLE1BQU0sRUFBRSxZQUFZLHVCQUF1QixFQUFFLENBQUM7QUFDbkgsV0FBTyxDQUFDLE1BQU0sSUFBSSxFQUFFLFNBQVMsSUFBTyxFQUFHLE9BQU0sS0FBSyxDQUFDO0FBQUEsRUFDckQ7QUFDQSxTQUFPLE1BQU0sT0FBTyxZQUFZLFNBQVMsQ0FBQztBQUM1QyxDQUFDO0FBRUQsS0FBSywyRkFBMkYsT0FBTyxNQUFNO0FBQzNHLFFBQU0sRUFBRSxRQUFRLE9BQU8sUUFBUSxJQUFJLE1BQU0sTUFBTSxDQUFDO0FBQ2hELE1BQUksUUFBUTtBQUNaLE1BQUksT0FBTztBQUNYLFFBQU0sUUFBUSxNQUFNO0FBQ2xCLFFBQUksS0FBTSxPQUFNLElBQUksTUFBTSxxQkFBcUI7QUFDL0MsV0FBTyxJQUFJLEVBQUUsV0FBVyxRQUFRLEtBQUssT0FBTyxLQUFLLE1BQU0sSUFBSSxJQUFJLE1BQU8sS0FBSyxHQUFHLFFBQVEsQ0FBQztBQUFBLEVBQ3pGO0FBQ0EsUUFBTSxXQUFXLFFBQVEsRUFBRSxNQUFNLENBQUM7QUFDbEMsUUFBTSxPQUFPLE1BQU0sT0FBTyxZQUFZLEtBQUs7QUFDM0MsUUFBTSxRQUFRLFVBQVUsTUFBTTtBQUM5QixTQUFPO0FBQ1AsUUFBTSxLQUFLLE9BQU8sSUFBTztBQUN6QixTQUFPLENBQUMsTUFBTSxJQUFJLEVBQUUsU0FBUyxHQUFNLEVBQUcsT0FBTSxLQUFLLENBQUM7QUFDbEQsU0FBTztBQUNQLFFBQU0sS0FBSyxPQUFPLEdBQU07QUFDeEIsTUFBSSxVQUFVLE1BQU0sS0FBSyxPQUFPLHVCQUF1QjtBQUN2RCxPQUFLLEtBQUssT0FBTyxRQUFRLEVBQUUsRUFBRSxNQUFNLHVCQUF1QixRQUFXLEVBQUUsT0FBTyxFQUFFLFdBQVcsS0FBSyxFQUFFLENBQUMsQ0FBQztBQUVwRyxTQUFPLE1BQU0sSUFBSSxFQUFFLE1BQU0sR0FBRyxDQUFDLEVBQUUsS0FBSyxLQUFLLGNBQWUsT0FBTSxLQUFLLENBQUM7QUFDcEUsUUFBTSxLQUFLLE9BQU8sR0FBTTtBQUN4QixZQUFVLE1BQU0sS0FBSyxPQUFPLHVCQUF1QjtBQUNuRCxPQUFLLEtBQUssT0FBTyxRQUFRLEVBQUUsRUFBRSxNQUFNLFdBQVcsQ0FBQztBQUMvQyxRQUFNLFFBQVEsVUFBVSxnQkFBZ0IsY0FBYztBQUN0RCxRQUFNLFFBQVEsR0FBSTtBQUNsQixRQUFNLE9BQXlCLE1BQU0sT0FBTyxZQUFZLEtBQUs7QUFDN0QsU0FBTyxNQUFNLE9BQU8sS0FBSyxLQUFLLFFBQVEsQ0FBQyxFQUFHLE1BQU0sR0FBRyxFQUFFLENBQUMsR0FBSSxXQUFXLEVBQUUsU0FBUyxHQUFHLElBQUksT0FBTyxPQUFPLFFBQVEsQ0FBQyxFQUFFLENBQUM7QUFDbkgsQ0FBQztBQUVELEtBQUssOERBQThELE9BQU8sTUFBTTtBQUM5RSxRQUFNLFNBQVMsSUFBSSxZQUFZO0FBQy9CLFFBQU0sRUFBRSxRQUFRLE9BQU8sUUFBUSxJQUFJLE1BQU0sTUFBTSxHQUFHLEVBQUUsT0FBTyxDQUFDO0FBQzVELFNBQU8sUUFBUTtBQUNmLFFBQU0sV0FBVyxRQUFRO0FBQ3pCLFFBQU0sT0FBTyxNQUFNLE9BQU8sWUFBWSxLQUFLO0FBQzNDLFFBQU0sUUFBUSxVQUFVLE1BQU07QUFHOUIsU0FBTyxjQUFjLElBQUksTUFBTSxTQUFTLENBQUM7QUFDekMsTUFBSSxPQUFPLE1BQU0sS0FBSyxPQUFPLGVBQWU7QUFDNUMsT0FBSyxLQUFLLEVBQUUsTUFBTSxRQUFRLFlBQVksS0FBSyxJQUFJLFdBQVcsdUJBQXVCLENBQUM7QUFDbEYsU0FBTyxNQUFNLElBQUksRUFBRSxDQUFDLEtBQUssSUFBUSxPQUFNLEtBQUssQ0FBQztBQUM3QyxTQUFPLE1BQU0sU0FBUyxPQUFPLE1BQU07QUFFbkMsU0FBTyxjQUFjLElBQUksTUFBTSxTQUFTLENBQUM7QUFDekMsU0FBTyxNQUFNLEtBQUssT0FBTyxlQUFlO0FBQ3hDLFFBQU0sUUFBUSxHQUFNO0FBQ3BCLFFBQU0sUUFBUSxVQUFVLGdCQUFnQixTQUFTO0FBRWpELFNBQU8sU0FBUztBQUNoQixTQUFPLFNBQVMsQ0FBQyxVQUFVLEtBQUssSUFBSSxHQUFHO0FBQ3ZDLFdBQVMsSUFBSSxHQUFHLElBQUksR0FBRyxJQUFLLE9BQU0sUUFBUSxNQUFNLE1BQU0sS0FBSyxDQUFDO0FBQzVELFNBQU8sTUFBTSxNQUFNLE1BQU0sS0FBSyxHQUFHLEdBQUk7QUFDckMsU0FBTyxNQUFNLFNBQVMsUUFBUSxTQUFTO0FBQ3ZDLFNBQU8sU0FBUztBQUNoQixTQUFPLGNBQWMsSUFBSSxNQUFNLFFBQVEsQ0FBQztBQUN4QyxTQUFPLFVBQVUsTUFBTSxJQUFJLEdBQUcsQ0FBQyxHQUFHLENBQUM7QUFDbkMsUUFBTSxRQUFRLEdBQUc7QUFDakIsUUFBTSxRQUFRLFVBQVUsUUFBUSxXQUFXO0FBQzdDLENBQUM7QUFFRCxLQUFLLHlEQUF5RCxPQUFPLE1BQU07QUFDekUsUUFBTSxTQUFTLElBQUksWUFBWTtBQUMvQixRQUFNLEVBQUUsT0FBTyxRQUFRLElBQUksTUFBTSxNQUFNLEdBQUcsRUFBRSxPQUFPLENBQUM7QUFDcEQsUUFBTSxXQUFXLFFBQVE7QUFDekIsUUFBTSxRQUFRLFVBQVUsTUFBTTtBQUM5QixXQUFTLE1BQU07QUFDZixTQUFPLGNBQWMsSUFBSSxNQUFNLFFBQVEsQ0FBQztBQUN4QyxTQUFPLFVBQVUsTUFBTSxJQUFJLEdBQUcsQ0FBQyxDQUFDO0FBQ2xDLENBQUM7QUFFRCxLQUFLLG1EQUFtRCxPQUFPLE1BQU07QUFDbkUsUUFBTSxFQUFFLFFBQVEsT0FBTyxRQUFRLElBQUksTUFBTSxNQUFNLENBQUM7QUFDaEQsTUFBSSxPQUFPLENBQUMsTUFBYztBQUFBLEVBQUM7QUFDM0IsUUFBTSxRQUFRLFFBQVEsRUFBRSxPQUFPLE1BQU0sSUFBSSxRQUFRLENBQUMsWUFBYSxPQUFPLE9BQVEsRUFBRSxDQUFDO0FBQ2pGLFFBQU0sTUFBTTtBQUNaLE9BQUssR0FBRztBQUNSLFFBQU0sT0FBTyxRQUFRO0FBQ3JCLFFBQU0sS0FBSyxDQUFDO0FBQ1osT0FBSyxNQUFNO0FBQ1gsU0FBTyxTQUFTLE1BQU07QUFDdEIsU0FBTyxTQUFTO0FBQ2hCLFFBQU0sVUFBVSxRQUFRO0FBQ3hCLFFBQU0sT0FBTyxNQUFNLEtBQUs7QUFDeEIsVUFBUSxNQUFNO0FBQ2QsUUFBTSxLQUFLLEVBQUU7QUFDYixTQUFPLFVBQVUsTUFBTSxJQUFJLEdBQUcsQ0FBQyxDQUFDO0FBQ2hDLGFBQVcsWUFBWSxDQUFDLE9BQU8sTUFBTSxPQUFPLEVBQUcsUUFBTyxNQUFNLFNBQVMsUUFBUSxRQUFRO0FBQ3ZGLENBQUM7IiwKICAibmFtZXMiOiBbInBlZXIiXQp9Cg==
