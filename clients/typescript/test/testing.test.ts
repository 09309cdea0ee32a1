// The fake server that users test with: it must say what a server says, and no more.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { systemClock } from "../src/clock.js";
import type { Frame } from "../src/frame.js";
import { Operator } from "../src/operator.js";
import type { StreamerOptions } from "../src/options.js";
import { output } from "../src/output.js";
import { Streamer } from "../src/streamer.js";
import { FakeServer } from "../src/testing.js";
import { golden } from "./support/golden.js";
import { all, reaches, turn } from "./support/harness.js";

interface Actions {
  report: { payload: { year: number }; result: { rows: number } };
  double: { payload: number; result: number };
}

const short = {
  double: (n: number) => {
    if (n < 0) throw Object.assign(new Error("no negative"), { code: "VALIDATION_ERROR" });
    return 2 * n;
  },
};

function start(t: TestContext, options: Partial<StreamerOptions> = {}) {
  const server = new FakeServer<Actions>({ short });
  const streamer = new Streamer<Actions>(server.url, { ...server.options, ...options });
  t.after(() => streamer.close());
  return { server, streamer };
}

/** Waits for nothing before it tries again. */
const clock = { ...systemClock, random: () => 0 };

/** The same over both ways to the server. */
for (const way of ["WebSocket", "HTTP"]) {
  test(`over ${way} a request goes through its life as the test says`, async (t) => {
    const { server, streamer } = start(t, { clock });
    if (way === "HTTP") server.blockWebSocket();
    const call = streamer.request("report", { year: 2026 }, { id: "r-1", metadata: { source: "web" } });
    const seen: (string | number)[] = [];
    call.subscribe(({ message, state, percentage }) => seen.push(message || state || percentage));
    const request = await server.next("report");
    assert.deepEqual([request.payload, request.metadata, request.state], [{ year: 2026 }, { source: "web" }, "QUEUED"]);
    while (!seen.length) await turn(1);
    request.progress(40, "reading");
    while (seen.at(-1) !== "reading") await turn(1);
    request.emit("a", "b");
    await streamer.signal("r-1", "go", 7);
    assert.equal(request.signals.get("go"), 7);
    request.complete({ rows: 7 });
    assert.deepEqual(await call.result, { rows: 7 });
    assert.deepEqual(await all(output(streamer, "r-1")), ["a", "b"]);
    assert.equal(await streamer.request("double", 21).result, 42);
    await assert.rejects(streamer.request("double", -1).result, { code: "VALIDATION_ERROR", message: "no negative" });
    const { requests } = await streamer.list({ state: "SUCCEEDED", limit: 1 });
    assert.deepEqual([requests.length, requests[0]!.id, "result" in requests[0]!], [1, "r-1", false]);
    assert.deepEqual((await streamer.list({ until: new Date(0) })).requests, []);
    await assert.rejects(streamer.get("r-2"), { code: "NOT_FOUND" });
  });

  test(`over ${way} a cancel, a failure and a redrive do what they do on a server`, async (t) => {
    const { server, streamer } = start(t, { clock });
    if (way === "HTTP") server.blockWebSocket();
    const queued = streamer.request("report", { year: 1 }, { id: "r-1" });
    await server.next();
    assert.deepEqual(pick(await queued.cancel()), { state: "CANCELLED", changed: true });
    await assert.rejects(queued.result, { code: "CANCELLED" });
    assert.deepEqual(pick(await streamer.cancel("r-1")), { state: "CANCELLED", changed: false });

    const running = streamer.request("report", { year: 2 }, { id: "r-2" });
    const request = await server.next();
    request.progress(1);
    request.onCancel = () => request.progress(50, "stopping");
    assert.deepEqual(pick(await running.cancel()), { state: "RUNNING", changed: true });
    request.cancel();
    await assert.rejects(running.result, { code: "CANCELLED", message: "the request was cancelled" });

    const failing = streamer.request("report", { year: 3 }, { id: "r-3" });
    (await server.next()).fail("PROCESSING_FAILED", "no such year", { year: 3 });
    await assert.rejects(failing.result, { code: "PROCESSING_FAILED", details: { year: 3 } });
    assert.deepEqual(pick(await streamer.redrive("r-3")), { state: "QUEUED", changed: true });
    const again = streamer.resume("r-3").result;
    (await server.next("report")).complete({ rows: 3 });
    assert.deepEqual(await again, { rows: 3 });
    await turn();
    await assert.rejects(streamer.request("report", { year: 4 }, { id: "r-3" }).result, { code: "DUPLICATE_REQUEST" });
  });
}

function pick({ state, changed }: any = {}) {
  return { state, changed };
}

test("connections are lost and the network goes as the test says", async (t) => {
  const { server, streamer } = start(t);
  const call = streamer.request("report", { year: 2026 });
  const request = await server.next("report");
  assert.equal(server.connections, 1);
  server.offline();
  await reaches(streamer, "reconnecting");
  request.progress(60);
  request.complete({ rows: 7 });
  server.online();
  assert.deepEqual(await call.result, { rows: 7 });
  assert.equal(request.watchers, 0);
});

test("what a reader leaves is not watched any more, and children are listed by their parent", async (t) => {
  const { server, streamer } = start(t);
  const parent = server.add("r-1", "report");
  for (const id of ["c-2", "c-1"]) server.add(id, "report", undefined, "r-1");
  parent.wait({ for: "children" }, { total: 2, ended: 0 });
  const handle = streamer.resume("r-1");
  const leave = handle.subscribe(() => {});
  while (handle.current.state !== "QUEUED") await turn(1);
  assert.deepEqual(handle.current.waiting, { for: "children" });
  assert.equal(parent.watchers, 1);
  leave();
  while (parent.watchers) await turn(1);
  const { requests } = await streamer.list({ parent: "r-1" });
  assert.deepEqual(
    requests.map(({ id, parent }) => [id, parent]),
    [
      ["c-1", "r-1"],
      ["c-2", "r-1"],
    ],
  );
  assert.deepEqual((await streamer.get("r-1")).children, { total: 2, ended: 0 });
});

test("a result too large for a frame comes by reference", async (t) => {
  const { server, streamer } = start(t);
  const call = streamer.request("report", { year: 2026 });
  const rows = "x".repeat(130_000) as any;
  (await server.next("report")).complete({ rows });
  assert.equal((await call.result).rows, rows);
});

test("an operator reads and steers the requests of the fake server by their subject", async (t) => {
  const { server, streamer } = start(t);
  const operator = new Operator(server.httpUrl, server.options);
  const handle = streamer.request("report", { year: 2026 }, { id: "r-1" });
  const request = await server.next("report");
  const subjects = async (options?: object) =>
    (await operator.requests(options)).requests.map(({ id, subject }) => [id, subject]);
  assert.deepEqual(await subjects(), [["r-1", "test"]]);
  assert.deepEqual(await subjects({ subject: "bo" }), []);
  await assert.rejects(operator.requests({ parent: "r-1" }), { code: "VALIDATION_ERROR" });
  assert.equal((await streamer.get("r-1")).subject, undefined);
  const { subject, detail } = await operator.request("r-1", { subject: "test" });
  assert.deepEqual([subject, detail!.payload, detail!.subscribers], ["test", { year: 2026 }, 1]);
  await assert.rejects(operator.cancel("r-1", { subject: "bo" }), { code: "NOT_FOUND" });
  assert.deepEqual(pick(await operator.signal("r-1", "go", 7, { subject: "test" })), { state: "QUEUED", changed: true });
  request.fail("PROCESSING_FAILED", "no such year");
  await assert.rejects(handle.result, { code: "PROCESSING_FAILED" });
  assert.deepEqual(pick(await operator.redrive("r-1", { subject: "test" })), { state: "QUEUED", changed: true });
});

for (const [name, call] of Object.entries<(operator: Operator) => Promise<unknown>>({
  "GET /stats/states": (o) => o.states().next(),
  "GET /stats/waiting": (o) => o.waiting().next(),
  "GET /stats/failures": (o) => o.failures().next(),
  "GET /actions": (o) => o.actions(),
  "GET /connections": (o) => o.connections(),
  "DELETE /connections": (o) => o.closeAll("test"),
  "GET /schedules": (o) => o.schedules(),
  "POST /schedules/nightly/pause": (o) => o.pauseSchedule("nightly"),
  "POST /schedules/nightly/run": (o) => o.runSchedule("nightly"),
})) {
  test(`the fake server says that it has no ${name}`, async () => {
    const server = new FakeServer();
    const operator = new Operator(server.httpUrl, server.options);
    const message = `FakeServer has no ${name}: it has requests, and neither connections, schedules, actions nor counts`;
    await assert.rejects(call(operator), { code: "NOT_FOUND", message });
  });
}

test("a request that has ended does not go on", () => {
  const request = new FakeServer().add("r-1", "report");
  request.complete(1);
  assert.throws(() => request.progress(50), /the request r-1 has ended SUCCEEDED/);
});

/** Each field of a value by its path, with the type of its value. What actions put in is one field. */
function fields(value: unknown, path = ""): string[] {
  const free = /(result|data|metadata|details|chunks)$/.test(path);
  if (free || typeof value !== "object" || value === null) return [`${path}: ${free ? "any" : typeof value}`];
  if (Array.isArray(value)) return value.flatMap((item) => fields(item, path + "[]"));
  return Object.entries(value).flatMap(([key, item]) => fields(item, `${path}.${key}`));
}

test("every frame of the fake server has fields of the golden frames of its type, and what all of those have", async (t) => {
  const allowed = new Map<string, Set<string>>();
  const required = new Map<string, Set<string>>();
  const kind = ({ type, request }: any) => (request ? `${type} ${request.state}` : type);
  for (const text of golden("frames").values()) {
    const frame = JSON.parse(text);
    const paths = new Set(fields(frame));
    for (const path of paths) allowed.set(frame.type, (allowed.get(frame.type) ?? new Set()).add(path));
    const before = required.get(kind(frame));
    required.set(kind(frame), before ? new Set([...before].filter((path) => paths.has(path))) : paths);
  }

  const seen = new Map<string, number>();
  const faults: string[] = [];
  const hear = (frame: Frame) => {
    const paths = fields(frame);
    for (const path of paths) if (!allowed.get(frame.type)?.has(path)) faults.push(`no server sends ${path} in ${frame.type}`);
    for (const path of required.get(kind(frame)) ?? []) {
      if (!paths.includes(path)) faults.push(`${path} is left out of ${JSON.stringify(frame)}`);
    }
    seen.set(kind(frame), (seen.get(kind(frame)) ?? 0) + 1);
  };
  const { server, streamer } = start(t, { pingInterval: 5 });
  streamer.onFrame(hear);
  const call = streamer.request("report", { year: 1 }, { id: "r-1", notBefore: new Date(Date.now() + 60_000) });
  const request = await server.next("report");
  await streamer.get("r-1");
  request.progress(10, "reading", { of: 100 });
  request.emit("a", { n: 1 });
  await streamer.get("r-1");
  request.retry("INTERNAL_ERROR", "internal error");
  await streamer.get("r-1");
  request.wait({ for: "limit", limit: "tenant:acme", running: 3, position: 7 });
  await streamer.get("r-1");
  await streamer.signal("r-1", "go", 1);
  request.complete({ rows: 1 });
  await call.result;
  await streamer.get("r-1");
  for (const [id, end] of [
    ["r-2", () => {}],
    ["r-3", (r: any) => r.progress(1)],
    ["r-4", (r: any) => r.fail("PROCESSING_FAILED", "no such year")],
  ] as const) {
    const call = streamer.request("report", { year: 2 }, { id });
    const request = await server.next("report");
    end(request);
    if (!request.isFinal) await call.cancel();
    await call.result.catch(() => {});
    await streamer.get(id);
  }
  await streamer.redrive("r-4");
  server.add("c-1", "report", undefined, "r-4").complete("x".repeat(130_000) as any);
  server.add("p-1", "report").wait({ for: "children" }, { total: 1, ended: 0 });
  await Promise.all([streamer.get("c-1"), streamer.get("p-1"), streamer.list(), streamer.list({ limit: 1 })]);
  await streamer.request("double", 1).result;
  await streamer.request("double", -1).result.catch(() => {});
  await streamer.request("streamer.nonsense" as any, 1 as any).result.catch(() => {});
  await streamer.get("unknown").catch(() => {});
  while (!seen.has("pong")) await new Promise((resolve) => setTimeout(resolve, 5));
  await turn();
  assert.deepEqual(faults, []);
  const kinds = ["acknowledgment", "complete", "error", "output", "pong", "progress", "response"];
  const states = ["CANCELLED", "FAILED", "QUEUED", "RUNNING", "SUCCEEDED"];
  assert.deepEqual([...seen.keys()].sort(), [...kinds, ...states.map((state) => "request " + state)].sort());
});
