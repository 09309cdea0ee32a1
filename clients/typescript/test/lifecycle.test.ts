import assert from "node:assert/strict";
import { test } from "node:test";
import { output } from "../src/output.js";
import { Streamer } from "../src/streamer.js";
import { ada, frames, jwt, newHarness, reaches, refusesNumbers, Socket, turn } from "./support/harness.js";
import { MemoryStorage } from "./support/storage.js";

const f = frames("r-1");

test("making a client does nothing: no token, no socket, no storage, no timer", async (t) => {
  const { server, clock } = await newHarness(t);
  let asked = 0;
  const count = () => {
    asked++;
    throw new Error("there is no sessionStorage on a server");
  };
  const streamer = new Streamer(server.url, { token: count, WebSocket: Socket, clock, storage: count });
  await turn(10);
  assert.deepEqual([streamer.state, streamer.reason, asked, server.handshakes.waiting], ["idle", "start", 0, 0]);
  assert.deepEqual(streamer.pending(), []); // a component may ask for these while it renders
  assert.deepEqual([streamer.state, server.handshakes.waiting], ["idle", 0]);
  assert.deepEqual(clock.due(), []);
});

test("the first use connects", async (t) => {
  const { server, clock } = await newHarness(t);
  const uses: Record<string, (s: Streamer) => unknown> = {
    request: (s) => s.request("echo", 1),
    resume: (s) => s.resume("r-1"),
    get: (s) => s.get("r-1"),
    list: (s) => s.list(),
    connect: (s) => s.connect(),
  };
  for (const [name, use] of Object.entries(uses)) {
    const streamer = new Streamer(server.url, { token: () => ada, WebSocket: Socket, clock });
    t.after(() => streamer.close());
    Promise.resolve(use(streamer)).catch(() => {});
    assert.equal(streamer.state, "connecting", name);
    await server.connections.next();
  }
});

test("after disconnect nothing is open, and what is awaited is answered after the next use", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  const request = streamer.request("report", {}, { id: "r-1" });
  const result = request.result;
  await peer.expect("report");
  peer.send(f.ack());
  while (request.current.rev < 1) await turn(1);
  streamer.disconnect();
  assert.deepEqual([streamer.state, streamer.reason], ["idle", "disconnected"]);
  await peer.closed;
  await turn(10);
  clock.advance(600_000);
  await turn(10);
  assert.deepEqual([server.connections.waiting, clock.due()], [0, []]);

  streamer.connect();
  const next = await server.connections.next();
  const subscribe = await next.expect("streamer.subscribe");
  next.send(f.snapshot(subscribe.id, "SUCCEEDED", 5, { result: "done" }));
  assert.equal(await result, "done");
});

test("disconnecting while it connects leaves nothing behind, and it can connect again", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  let give = (_: string) => {};
  const streamer = connect({ token: () => new Promise((resolve) => (give = resolve)) });
  streamer.disconnect();
  give(ada);
  await turn(10);
  assert.deepEqual([streamer.state, server.handshakes.waiting, clock.due()], ["idle", 0, []]);
  streamer.connect();
  await reaches(streamer, "open");
});

test("a client that was closed is opened again, for the caller who is signed in then", async (t) => {
  const storage = new MemoryStorage();
  const { server, connect } = await newHarness(t, { storage });
  let caller = "ada";
  const streamer = connect({ token: () => jwt({ tenant_id: "acme", sub: caller, exp: 4_000_000_000 }) });
  const peer = await server.connections.next();
  const before = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  peer.send(f.ack());
  while (before.current.rev < 1) await turn(1);
  streamer.close();
  await assert.rejects(before.result, { code: "CLOSED" });
  await assert.rejects(streamer.list(), { code: "CLOSED" });

  streamer.connect();
  const again = await server.connections.next();
  const [kept] = streamer.pending();
  const subscribe = await again.expect("streamer.subscribe");
  again.send(f.snapshot(subscribe.id, "RUNNING", 3, { percentage: 30 }));
  while (kept!.current.percentage !== 30) await turn(1);
  streamer.close();

  caller = "bob";
  streamer.connect();
  const [others] = streamer.pending();
  await assert.rejects(others!.result, { code: "FORBIDDEN" });
});

test("nothing is sent again in another tenant of the same user", async (t) => {
  const { server, connect } = await newHarness(t, { storage: new MemoryStorage() });
  let organization = "org_1";
  const token = () => jwt({ o: { id: organization }, sub: "ada", exp: 4_000_000_000 });
  const streamer = connect({ token, tenant: (claims) => claims.o?.id });
  const peer = await server.connections.next();
  const asked = streamer.request("report", {}, { id: "r-1" });
  await peer.expect("report");
  streamer.close();
  await assert.rejects(asked.result, { code: "CLOSED" });

  organization = "org_2";
  streamer.connect();
  const [kept] = streamer.pending();
  await assert.rejects(kept!.result, { code: "FORBIDDEN" });
});

test("a number that an option cannot have is refused at once, with or without a network", async (t) => {
  const { connect } = await newHarness(t);
  const streamer = connect();
  await refusesNumbers({
    pingInterval: async (pingInterval) => connect({ pingInterval }),
    "timeout of request": (timeout) => streamer.request("echo", 1, { timeout }).result,
    "timeout of resume": (timeout) => streamer.resume("r-1", { timeout }).result,
    "timeout of get": (timeout) => streamer.get("r-1", { timeout }),
    "timeout of list": (timeout) => streamer.list({ timeout }),
    "timeout of cancel": (timeout) => streamer.cancel("r-1", { timeout }),
    "timeout of redrive": (timeout) => streamer.redrive("r-1", { timeout }),
    "timeout of signal": (timeout) => streamer.signal("r-1", "approve", 1, { timeout }),
    "timeout of output": (timeout) => streamer.output("r-1", 0, { timeout }),
    limit: (limit) => streamer.list({ limit }),
    from: (from) => streamer.output("r-1", from),
    "from of a reader": (from) => output(streamer, "r-1", from).next(),
  });
  streamer.close();
});

test("calls end when their signal or their time-out says so, without a network too", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  server.refuse = 503;
  server.onCall = (call) => {
    call.cut();
    return true;
  };
  const streamer = connect();
  const calls: Record<string, (options: { signal?: AbortSignal; timeout?: number }) => Promise<unknown>> = {
    get: (o) => streamer.get("r-1", o),
    list: (o) => streamer.list(o),
    cancel: (o) => streamer.cancel("r-1", o),
    redrive: (o) => streamer.redrive("r-1", o),
    signal: (o) => streamer.signal("r-1", "approve", undefined, o),
    output: (o) => streamer.output("r-1", 0, o),
    resume: (o) => streamer.resume("r-2", o).result,
  };
  for (const [name, call] of Object.entries(calls)) {
    const controller = new AbortController();
    const aborted = call({ signal: controller.signal });
    controller.abort("the user left");
    await assert.rejects(aborted, { code: "ABORTED", cause: "the user left" }, name);
    await assert.rejects(call({ signal: AbortSignal.abort() }), { code: "ABORTED" }, name);
    const late = new DOMException("late", "TimeoutError"); // what AbortSignal.timeout gives
    await assert.rejects(call({ signal: AbortSignal.abort(late) }), { code: "TIMEOUT" }, name);
    const slow = call({ timeout: 200 });
    clock.advance(200);
    await assert.rejects(slow, { code: "TIMEOUT", message: "200 ms are over" }, name);
  }
  await assert.rejects(streamer.request("echo", 1, { signal: AbortSignal.abort(new DOMException("", "TimeoutError")) }).result, {
    code: "TIMEOUT",
  });
  // What was given up is not sent once there is a network.
  server.refuse = undefined;
  while (server.connections.waiting === 0) {
    clock.advance(1000);
    await turn();
  }
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  await turn();
  assert.equal(peer.messages.waiting, 0);
});

test("what the server would refuse for its form is refused at once", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  const wrong = { code: "VALIDATION_ERROR" };
  const calls: Record<string, (id: any) => Promise<unknown>> = {
    request: (id) => streamer.request("echo", 1, { id }).result,
    resume: (id) => streamer.resume(id).result,
    "resume within a time": (id) => streamer.resume(id, { timeout: 60_000 }).result,
    get: (id) => streamer.get(id),
    cancel: (id) => streamer.cancel(id),
    redrive: (id) => streamer.redrive(id),
    signal: (id) => streamer.signal(id, "token"),
    output: (id) => streamer.output(id),
  };
  const ids = ["", "a b", "größe", "a/b", "..", "x".repeat(129), 7, null, true, ["a"], { id: "a" }];
  for (const [name, call] of Object.entries(calls)) {
    for (const id of ids) {
      const message = `${JSON.stringify(id)} is not a valid id: use a string of 1 to 128 A-Za-z0-9_.:-`;
      await assert.rejects(call(id), { ...wrong, message }, `${name} ${JSON.stringify(id)}`);
    }
    const noId = { ...wrong, message: /^undefined is not a valid id/ };
    if (name !== "request") await assert.rejects(call(undefined), noId, name);
  }
  const cyclic: any = {};
  cyclic.self = cyclic;
  for (const payload of [() => {}, Symbol("s"), cyclic, 7n]) {
    await assert.rejects(streamer.request("echo", payload as any).result, wrong);
  }
  for (const payload of [cyclic, 7n]) {
    await assert.rejects(streamer.signal("r-1", "token", payload), { ...wrong, requestId: "r-1" });
  }
  await turn();
  assert.equal(peer.messages.waiting, 0);
  assert.deepEqual(streamer.pending(), []);
});

test("an option of the wrong kind is refused at once, by its name", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  const never = new Date(Number.NaN);
  const calls: Record<string, [call: (value: any) => Promise<unknown>, values: unknown[]]> = {
    "signal of a request": [(signal) => streamer.request("echo", 1, { signal }).result, [5, null, "abort"]],
    "signal of resume": [(signal) => streamer.resume("r-1", { signal }).result, [5, "abort"]],
    "signal of get": [(signal) => streamer.get("r-1", { signal }), [5, null, {}]],
    "signal of a list": [(signal) => streamer.list({ signal }), [5]],
    "notBefore of a request": [(notBefore) => streamer.request("report", 1, { notBefore }).result, [123, null, never]],
    "since of a list": [(since) => streamer.list({ since }), [123, null, never]],
    "until of a list": [(until) => streamer.list({ until }), [123, null, never]],
  };
  for (const [name, [call, values]] of Object.entries(calls)) {
    for (const value of values) {
      const message = `${value} is not a valid ${name.split(" ")[0]}`;
      await assert.rejects(call(value), { name: "StreamerError", code: "VALIDATION_ERROR", message }, `${name} ${value}`);
    }
  }
  assert.deepEqual(
    streamer.pending().map(({ id }) => id),
    ["r-1"],
  ); // which is watched again, and made by none of these
  assert.equal((await peer.expect("streamer.subscribe")).payload.request_id, "r-1");
  assert.equal(peer.messages.waiting, 0);
});

test("a request whose id is the name of a property is one like others", async (t) => {
  const storage = new MemoryStorage();
  const { server, connect } = await newHarness(t, { storage });
  const before = connect();
  const peer = await server.connections.next();
  before.request("report", {}, { id: "__proto__" });
  await peer.expect("report");
  before.close();
  const after = connect();
  assert.deepEqual(
    after.pending().map(({ id }) => id),
    ["__proto__"],
  );
  const next = await server.connections.next();
  assert.equal((await next.expect("report")).id, "__proto__");
  next.send(frames("__proto__").response(7));
  assert.equal(await after.pending()[0]?.result, 7);
});

test("a listener that throws is reported, and stops neither the frames nor the process", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  const reported: unknown[] = [];
  t.mock.method(console, "error", (error: unknown) => reported.push(error));
  const fault = new Error("a fault of the page");
  const { result } = streamer.request(
    "report",
    {},
    {
      id: "r-1",
      onProgress: () => {
        throw fault;
      },
    },
  );
  await peer.expect("report");
  peer.send(f.ack());
  peer.send(f.complete("done", 2));
  assert.equal(await result, "done");
  await turn();
  assert.equal(reported[0], fault);
});

test("the log hears each change of state and each failure, and no token", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  const heard: string[] = [];
  const streamer = connect({ log: (message, details) => heard.push(`${message} ${details ?? ""}`) });
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  const reading = streamer.get("r-1");
  await peer.expect("streamer.get");
  peer.cut();
  await reaches(streamer, "reconnecting");
  await turn();
  streamer.close();
  await assert.rejects(reading, { code: "CLOSED" });
  assert.deepEqual(
    heard.map((line) => line.trim()),
    [
      "connecting: start",
      "open: connected",
      "reconnecting: lost",
      "the server did not answer StreamerError: the server did not answer",
      "closed: closed",
    ],
  );
  assert.deepEqual(clock.due(), []);
});

test("a handshake that ends in an error event alone is over at once", async (t) => {
  const { server, clock } = await newHarness(t);
  // As undici 6 of Node 22 does: `error`, and never `close`.
  class Refused {
    onopen = null;
    onmessage = null;
    onclose = null;
    onerror: ((event: unknown) => void) | null = null;
    constructor() {
      setImmediate(() => this.onerror?.({}));
    }
    send() {}
    close() {}
  }
  const streamer = new Streamer(server.url, { token: () => ada, WebSocket: Refused, clock });
  t.after(() => streamer.close());
  streamer.connect();
  await reaches(streamer, "connecting", "refused");
});
