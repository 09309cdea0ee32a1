import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamerError } from "../src/error.js";
import type { Frame } from "../src/frame.js";
import { type Progress, Tracked } from "../src/request.js";
import { all, frames } from "./support/harness.js";
import { sequence } from "./support/random.js";

const f = frames("r-1");
const cancel = async () => undefined;
const make = () => new Tracked("r-1", "text", async (ref) => `fetched from ${ref}`, cancel);
const steps = (list: Progress[]) => list.map((p) => [p.percentage, p.rev]);

test("rev decides: what is old or doubled is dropped", async () => {
  const request = make();
  const heard: Progress[] = [];
  request.watch((p) => heard.push(p));
  for (const frame of [f.progress(20, 3), f.ack(1), f.progress(10, 2), f.progress(20, 3), f.progress(50, 7)])
    request.offer(frame);
  request.offer(f.complete("the result", 9));
  request.offer(f.complete("another", 9));
  request.offer(f.error("TIMEOUT", 10));
  request.offer(f.progress(99, 11));
  assert.equal(await request.handle.result, "the result");
  assert.deepEqual(steps(heard), [
    [20, 3],
    [50, 7],
  ]);
  assert.ok(request.stored);
});

test("frames in any order and doubled at will give progress that only rises and one end", async () => {
  const next = sequence(7);
  for (let round = 0; round < 200; round++) {
    const sent: Frame[] = [f.ack(1), f.snapshot("m", "RUNNING", 4, { percentage: 30 }), f.complete(round, 100)];
    for (let rev = 2; rev < 12; rev++) sent.push(f.progress(rev, rev), f.progress(rev, rev));
    sent.sort(() => next(3) - 1);
    sent.push(f.complete(round, 100));
    const request = make();
    const heard: Progress[] = [];
    request.watch((p) => heard.push(p));
    for (const frame of sent) request.offer(frame);
    assert.equal(await request.handle.result, round);
    const revs = heard.map((p) => p.rev);
    assert.deepEqual(
      revs,
      [...new Set(revs)].sort((a, b) => a - b),
      `round ${round}`,
    );
  }
});

test("a snapshot says where a request stands, and how it ended", async () => {
  const running = make();
  running.offer(f.snapshot("m", "RUNNING", 4, { percentage: 40, message: "half way", metadata: { rows: 7 } }));
  const last = running.handle.progress[Symbol.asyncIterator]();
  assert.deepEqual((await last.next()).value, {
    percentage: 40,
    message: "half way",
    metadata: { rows: 7 },
    state: "RUNNING",
    rev: 4,
    action: "report",
    status: "pending",
    waiting: undefined,
    children: undefined,
  });
  running.offer(f.snapshot("m", "SUCCEEDED", 5, { result: [1] }));
  assert.deepEqual(await running.handle.result, [1]);

  for (const [state, code] of [
    ["FAILED", "PROCESSING_FAILED"],
    ["CANCELLED", "CANCELLED"],
  ] as const) {
    const request = make();
    request.offer(f.snapshot("m", state, 4, { error: { code, message: "so it is" } }));
    await assert.rejects(request.handle.result, { code, requestId: "r-1" });
  }

  const waiting = make();
  waiting.offer(f.snapshot("m", "QUEUED", 6, { error: { code: "INTERNAL_ERROR", message: "of the last attempt" } }));
  assert.ok(!waiting.isOver);
});

test("an error frame says which end it was, as the server does", () => {
  for (const [code, state] of [
    ["CANCELLED", "CANCELLED"],
    ["PROCESSING_FAILED", "FAILED"],
  ] as const) {
    const request = make();
    request.offer(f.progress(40, 2));
    request.offer(f.error(code, 3));
    assert.deepEqual([request.current.status, request.current.state], ["failed", state], code);
  }
});

const limit = { for: "limit", limit: "tenant:acme", running: 3, position: 7 };

test("what a request waits for comes with a pushed snapshot, and goes with the next progress", () => {
  const request = make();
  request.offer(f.ack(1));
  // Pushed to the page that submitted it, so that it names the request and no message of this client.
  for (const [rev, waiting] of [
    [2, limit],
    [3, { for: "retry", until: "2026-01-02T03:04:05Z" }],
    [4, { for: "signal", token: "go" }],
    [5, { for: "time", until: "2026-01-02T03:04:05Z" }],
  ] as const) {
    request.offer(f.snapshot("r-1", "QUEUED", rev, { waiting }));
    assert.deepEqual([request.current.state, request.current.waiting], ["QUEUED", waiting]);
  }
  request.offer(f.progress(40, 6));
  const { state, waiting, action } = request.current;
  assert.deepEqual([state, waiting, action], ["RUNNING", undefined, "report"]);
});

for (const [name, end, state] of [
  ["cancelled", f.error("CANCELLED", 3), "CANCELLED"],
  ["failed", f.error("TIMEOUT", 3), "FAILED"],
  ["done", f.complete(1, 3), "SUCCEEDED"],
] as const) {
  test(`a request that is ${name} waits for nothing more`, async () => {
    const parked = make();
    parked.offer(f.snapshot("r-1", "QUEUED", 2, { waiting: limit, message: "read 7 rows" }));
    parked.offer(end);
    await parked.over;
    const { waiting, message } = parked.current;
    assert.deepEqual([parked.current.state, waiting, message], [state, undefined, "read 7 rows"]);

    const queued = make();
    queued.offer(f.ack(1));
    assert.equal(queued.current.message, "the request is queued");
    queued.offer(end);
    await queued.over;
    assert.equal(queued.current.message, "");
  });
}

test("a parent waits for its children while they end, and no longer than that", () => {
  const request = make();
  const children = { total: 2, ended: 0 };
  request.offer(f.snapshot("r-1", "QUEUED", 2, { waiting: { for: "children" }, children }));
  const one = { ...children, ended: 1 };
  request.offer(f.snapshot("r-1", "QUEUED", 3, { percentage: 50, waiting: { for: "children" }, children: one }));
  const { state, waiting, percentage } = request.current;
  assert.deepEqual([state, waiting, percentage, request.current.children], ["QUEUED", { for: "children" }, 50, one]);
  request.offer(f.progress(60, 4, "adding up"));
  assert.deepEqual([request.current.state, request.current.waiting], ["RUNNING", undefined]);
  assert.deepEqual(request.current.children, one);
});

test("a large result is fetched from where the frame says", async () => {
  const request = make();
  request.offer({ type: "complete", request_id: "r-1", result_ref: "/requests/r-1", rev: 9 });
  assert.equal(await request.handle.result, "fetched from /requests/r-1");
});

test("closing while the result is fetched ends the wait", async () => {
  const request = new Tracked("r-1", "text", () => new Promise(() => {}), cancel);
  request.offer({ type: "complete", request_id: "r-1", result_ref: "/requests/r-1", rev: 9 });
  request.failWith(new StreamerError({ code: "CLOSED", message: "closed" }));
  await assert.rejects(request.handle.result, { code: "CLOSED" });
});

test("an error without a rev answers a message and ends nothing", () => {
  const request = make();
  request.offer(f.error("RATE_LIMITED"));
  assert.ok(!request.isOver && !request.stored);
});

test("a slow reader of progress misses steps, never the newest, and ends with the request", async () => {
  const request = make();
  const reader = request.handle.progress[Symbol.asyncIterator]();
  for (const [percentage, rev] of [
    [10, 2],
    [20, 3],
    [30, 4],
  ] as const)
    request.offer(f.progress(percentage, rev));
  assert.equal((await reader.next()).value!.percentage, 30);
  request.offer(f.progress(40, 5));
  assert.equal((await reader.next()).value!.percentage, 40);
  request.offer(f.progress(50, 6));
  request.offer(f.complete(1, 7));
  await request.handle.result;
  const last = (await reader.next()).value!;
  assert.deepEqual([last.percentage, last.state], [100, "SUCCEEDED"]);
  assert.ok((await reader.next()).done);
});

test("every reader of progress sees all of it by itself, also one that comes late", async () => {
  const request = make();
  request.offer(f.progress(10, 2));
  const both = Promise.all([all(request.handle.progress), all(request.handle.progress)]);
  await Promise.resolve();
  request.offer(f.error("TIMEOUT", 3));
  assert.deepEqual((await both).map(steps), [[[10, 2]], [[10, 2]]]);
  assert.deepEqual(steps(await all(request.handle.progress)), [[10, 2]]);
  await assert.rejects(request.handle.result, { code: "TIMEOUT" });
});

test("a listener that comes late hears the newest progress", async () => {
  const request = make();
  request.offer(f.progress(10, 2));
  request.offer(f.progress(20, 3));
  const heard: Progress[] = [];
  request.watch((p) => heard.push(p));
  await Promise.resolve();
  assert.deepEqual(steps(heard), [[20, 3]]);
});
