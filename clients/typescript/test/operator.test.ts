import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { StreamerError } from "../src/error.js";
import { Operator, type OperatorOptions, parseExact } from "../src/operator.js";
import { ada, all, refusesNumbers, snapshot } from "./support/harness.js";
import { type Call, FakeServer } from "./support/server.js";

async function start(t: TestContext, options: Partial<OperatorOptions> = {}) {
  const server = await FakeServer.start();
  t.after(() => server.stop());
  server.onCall = () => false;
  return { server, operator: new Operator(server.httpUrl, { token: () => ada, ...options }) };
}

const at = "2026-01-02T03:04:05Z";
const page = { requests: [snapshot("r-1", "QUEUED", 1)], cursor: "c" };

interface Case {
  run: (operator: Operator) => Promise<unknown>;
  call: string;
  body?: unknown;
  answer?: unknown;
  want?: unknown;
}

const cases: Record<string, Case> = {
  "requests of everyone": { run: (o) => o.requests(), call: "GET /requests?subject=*", answer: page },
  "requests by filter": {
    run: (o) =>
      o.requests({
        state: "FAILED",
        action: "",
        subject: "bo",
        since: new Date(at),
        until: at,
        limit: 5,
        cursor: "a/b",
        parent: "p",
      }),
    call: "GET /requests?state=FAILED&subject=bo&since=2026-01-02T03:04:05.000Z&until=2026-01-02T03:04:05Z&limit=5&cursor=a/b&parent=p",
    answer: page,
  },
  "a request": { run: (o) => o.request("r-1", { subject: "b o" }), call: "GET /requests/r-1?subject=b+o&detail=true" },
  cancel: { run: (o) => o.cancel("r-1", { subject: "bo" }), call: "DELETE /requests/r-1?subject=bo" },
  "cancel of one's own": { run: (o) => o.cancel("r-1"), call: "DELETE /requests/r-1" },
  redrive: { run: (o) => o.redrive("r-1", { subject: "bo" }), call: "POST /requests/r-1/redrive?subject=bo" },
  signal: {
    run: (o) => o.signal("r-1", "a b", { by: "ada" }, { subject: "bo" }),
    call: "POST /requests/r-1/signals/a%20b?subject=bo",
    body: { by: "ada" },
  },
  "signal without a payload": { run: (o) => o.signal("r-1", "go"), call: "POST /requests/r-1/signals/go", body: "" },
  output: {
    run: (o) => o.output("r-1", { from: 0, limit: 7, subject: "bo" }),
    call: "GET /requests/r-1/output?from=0&limit=7&subject=bo",
    answer: { offset: 0, chunks: [1], final: true },
  },
  connections: {
    run: (o) => o.connections({ limit: 9 }),
    call: "GET /connections?limit=9&subject=*",
    answer: { connections: [] },
  },
  closeAll: { run: (o) => o.closeAll("bo"), call: "DELETE /connections?subject=bo", answer: { closed: 2 } },
  schedules: { run: (o) => o.schedules(), call: "GET /schedules", answer: { schedules: [{ name: "s" }] }, want: [{ name: "s" }] },
  pauseSchedule: { run: (o) => o.pauseSchedule("s"), call: "POST /schedules/s/pause" },
  resumeSchedule: { run: (o) => o.resumeSchedule("s"), call: "POST /schedules/s/resume" },
  runSchedule: {
    run: (o) => o.runSchedule("a b", { requestId: "r-1" }),
    call: "POST /schedules/a%20b/run",
    body: { request_id: "r-1" },
  },
  actions: { run: (o) => o.actions(), call: "GET /actions", answer: { actions: [{ name: "a" }] }, want: [{ name: "a" }] },
  "another tenant": {
    run: (o) => o.inTenant("acme").cancel("r-1", { subject: "bo" }),
    call: "DELETE /requests/r-1?subject=bo&tenant=acme",
  },
};

for (const [name, { run, call, body, answer = snapshot("r-1", "QUEUED", 1), want = answer }] of Object.entries(cases)) {
  test(`an operator's call and answer: ${name}`, async (t) => {
    const { server, operator } = await start(t);
    const got = run(operator);
    const asked = await server.calls.next();
    const { pathname, searchParams } = new URL(asked.url, "http://host");
    const [wantedPath, wantedQuery] = call.split("?");
    assert.equal(`${asked.method} ${pathname}`, wantedPath);
    assert.deepEqual([...searchParams].sort(), [...new URLSearchParams(wantedQuery)].sort());
    if (body !== undefined) assert.deepEqual(asked.body, body);
    assert.equal(asked.token, ada);
    asked.reply(200, answer);
    assert.deepEqual(await got, want);
  });
}

/** Answers each call with the next page, and says what was asked. */
function serve(server: FakeServer, pages: { cursor?: string }[]): string[] {
  const asked: string[] = [];
  server.onCall = ({ url, reply }: Call) => {
    asked.push(decodeURIComponent(url));
    reply(200, pages[asked.length - 1]);
    return true;
  };
  return asked;
}

test("counts of pages add up, and each sum says whether there is more", async (t) => {
  const { server, operator } = await start(t);
  const asked = serve(server, [
    {
      states: [{ state: "QUEUED", count: 2, oldest: "2026-01-02T03:04:05.5Z" }],
      actions: [{ action: "b", states: { QUEUED: 2 } }],
      subjects: [{ subject: "ada", queued: 2, running: 0 }],
      cursor: "c",
    } as any,
    {
      states: [
        { state: "RUNNING", count: 1, oldest: at },
        { state: "QUEUED", count: 3, oldest: at },
      ],
      actions: [
        { action: "a", states: { FAILED: 1 } },
        { action: "b", states: { QUEUED: 3, RUNNING: 1 } },
      ],
      subjects: [
        { subject: "bo", queued: 3, running: 0 },
        { subject: "ada", queued: 0, running: 1 },
      ],
    },
  ]);
  const [first, last, ...rest] = await all(operator.states({ action: "a", since: at }));
  assert.deepEqual([first!.cursor, first!.states[0]!.count, rest], ["c", 2, []]);
  assert.deepEqual(last, {
    states: [
      { state: "QUEUED", count: 5, oldest: at },
      { state: "RUNNING", count: 1, oldest: at },
    ],
    actions: [
      { action: "a", states: { FAILED: 1 } },
      { action: "b", states: { QUEUED: 5, RUNNING: 1 } },
    ],
    subjects: [
      { subject: "bo", queued: 3, running: 0 },
      { subject: "ada", queued: 2, running: 1 },
    ],
  });
  const path = `/stats/states?action=a&since=${at}&subject=*`;
  assert.deepEqual(asked, [path, path + "&cursor=c"]);
});

test("what waits adds up by reason, worker, tenant and subject", async (t) => {
  const { server, operator } = await start(t);
  const held = (id: string) => ({ tenant: "acme", subject: "ada", id, action: "a", claimed_at: at });
  const later = "2026-01-02T03:05:00Z";
  const part = (count: number, ids: string[], oldest: string) => ({
    waiting: [
      { for: "limit", limit: "mail", count, oldest },
      { for: "limit", limit: "bank", count: 1, oldest },
    ],
    workers: [{ worker: "w", running: ids.length, since: oldest, requests: ids.map(held) }],
    tenants: [{ tenant: "acme", queued: count, running: 1 }],
    subjects: [{ tenant: "acme", subject: "ada", queued: count, running: 1 }],
  });
  const asked = serve(server, [
    { ...part(1, ["r-1", "r-2"], later), cursor: "c" } as any,
    part(
      2,
      Array.from({ length: 20 }, (_, i) => `s-${i}`),
      at,
    ),
  ]);
  const last = (await all(operator.inTenant("*").waiting())).at(-1)!;
  const { requests, ...worker } = last.workers[0]!;
  assert.deepEqual([worker, requests.length], [{ worker: "w", running: 22, since: at }, 20]);
  assert.deepEqual(last.waiting, [
    { for: "limit", limit: "mail", count: 3, oldest: at },
    { for: "limit", limit: "bank", count: 2, oldest: at },
  ]);
  assert.deepEqual(last.tenants, [{ tenant: "acme", queued: 3, running: 2 }]);
  assert.deepEqual(last.subjects, [{ tenant: "acme", subject: "ada", queued: 3, running: 2 }]);
  assert.equal(asked[0], "/stats/waiting?subject=*&tenant=*");
});

test("failures of one cause are one, with the newest as the sample", async (t) => {
  const { server, operator } = await start(t);
  const group = (message: string, count: number, first: string, last: string, id: string) => ({
    ...{ action: "a", code: "INTERNAL_ERROR", message, kind: "*net.OpError", count, first, last },
    sample: { subject: "ada", id },
  });
  serve(server, [
    { failures: [group("refused", 2, "2026-01-02T00:00:00Z", at, "r-1"), group("other", 3, at, at, "r-2")], cursor: "c" } as any,
    { failures: [group("refused", 2, "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "r-3")] },
  ]);
  assert.deepEqual((await all(operator.failures())).at(-1), {
    failures: [group("refused", 4, "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "r-3"), group("other", 3, at, at, "r-2")],
  });
});

test("large integers keep their digits", { skip: !("rawJSON" in JSON) && "this Node has no JSON.rawJSON" }, async (t) => {
  const { server, operator } = await start(t);
  const got = operator.request("r-1");
  const text = '{"id":"r-1","state":"SUCCEEDED","rev":7,"result":{"n":12345678901234567890,"m":1.5}}';
  (await server.calls.next()).reply(200, text);
  const request = await got;
  assert.equal(JSON.stringify(request), text);
  assert.equal(request.rev, 7);
  assert.equal(JSON.stringify(parseExact("[9007199254740993,-0.5]")), "[9007199254740993,-0.5]");
});

test("an operator's errors say what the server said, or that there was no answer", async (t) => {
  const tokens: string[] = [];
  const { server, operator } = await start(t, {
    token: () => {
      tokens.push(ada);
      return ada;
    },
  });
  const fails = async (call: Promise<unknown>, code: string, more: object = {}) => {
    const error = await call.then(
      () => assert.fail(`no error, want ${code}`),
      (error) => error,
    );
    assert.ok(error instanceof StreamerError, String(error));
    const seen = Object.fromEntries(Object.keys(more).map((key) => [key, error[key as keyof StreamerError]]));
    assert.deepEqual({ code: error.code, ...seen }, { code, ...more });
  };

  const refused = operator.cancel("r-1", { subject: "bo" });
  (await server.calls.next()).reply(403, { code: "FORBIDDEN", detail: "operators alone", correlation_id: "c-1" });
  await fails(refused, "FORBIDDEN", { message: "operators alone", requestId: "r-1", details: { correlation_id: "c-1" } });

  const expired = operator.actions();
  for (let i = 0; i < 2; i++) (await server.calls.next()).reply(401, {});
  await fails(expired, "UNAUTHORIZED");
  assert.equal(tokens.length, 2, "a token that was refused is asked for once more");

  const gateway = operator.actions();
  (await server.calls.next()).reply(502, "<html>");
  await fails(gateway, "SERVICE_UNAVAILABLE", { retry: { retryable: true } });
  const cut = operator.actions();
  (await server.calls.next()).cut();
  await fails(cut, "SERVICE_UNAVAILABLE");

  await fails(operator.request("a b"), "VALIDATION_ERROR");
  await fails(operator.actions({ signal: AbortSignal.abort() }), "ABORTED");
  const leave = new AbortController();
  const left = operator.actions({ signal: leave.signal });
  await server.calls.next();
  leave.abort();
  await fails(left, "ABORTED");
  await fails(operator.actions({ timeout: 1 }), "TIMEOUT");
});

test("what an operator's call needs is refused where it is missing, before anything is sent", async (t) => {
  const { server, operator } = await start(t);
  const never = new Date(Number.NaN);
  const calls: Record<string, [message: string, (o: any) => Promise<unknown>]> = {
    "close all of an empty subject": ['"" is not a valid subject', (o) => o.closeAll("")],
    "close all of no subject": ["undefined is not a valid subject", (o) => o.closeAll(undefined)],
    "cancel of no id": ["undefined is not a valid id", (o) => o.cancel(undefined)],
    "request of a number": ["7 is not a valid id", (o) => o.request(7)],
    "pause of an empty name": ['"" is not a valid name of a schedule', (o) => o.pauseSchedule("")],
    "resume of no name": ["undefined is not a valid name of a schedule", (o) => o.resumeSchedule(undefined)],
    "run of no name": ["undefined is not a valid name of a schedule", (o) => o.runSchedule(undefined)],
    "run under an empty id": ['"" is not a valid id', (o) => o.runSchedule("nightly", { requestId: "" })],
    "signal of no token": ["undefined is not a valid token", (o) => o.signal("r-1", undefined)],
    "signal of what has no JSON": ["the payload has no JSON", (o) => o.signal("r-1", "go", () => {})],
    "signal of a bigint": ["Do not know how to serialize a BigInt", (o) => o.signal("r-1", "go", 7n)],
    "requests since never": ["Invalid Date is not a valid since", (o) => o.requests({ since: never })],
    "failures until never": ["Invalid Date is not a valid until", (o) => o.failures({ until: never }).next()],
    "a signal that is a number": ["5 is not a valid signal", (o) => o.actions({ signal: 5 })],
    "another tenant without a name": ['"" is not a valid tenant', async (o) => o.inTenant("")],
  };
  for (const [name, [message, call]] of Object.entries(calls)) {
    await t.test(name, () =>
      assert.rejects(call(operator), (error: any) => {
        assert.ok(error instanceof StreamerError, String(error));
        assert.deepEqual([error.code, error.message.slice(0, message.length)], ["VALIDATION_ERROR", message]);
        return true;
      }),
    );
  }
  assert.equal(server.calls.waiting, 0);
});

test("an operator without a token function, of another URL, or with a number that is none, is refused at once", async () => {
  for (const url of ["wss://host", "ws://x", "host", undefined]) {
    const message = `${url} is not a valid HTTP URL: use https://, as the HTTP API has it`;
    assert.throws(() => new Operator(url as any, { token: () => ada }), { code: "VALIDATION_ERROR", message });
  }
  assert.throws(() => new Operator("https://host", undefined as any), {
    code: "VALIDATION_ERROR",
    message: /^token is not a function/,
  });
  assert.throws(() => new Operator("https://host", {} as any), { code: "VALIDATION_ERROR", message: /^token is not a function/ });
  const operator = new Operator("https://host", { token: () => ada });
  await refusesNumbers({
    timeout: (timeout) => operator.request("r-1", { timeout }),
    limit: (limit) => operator.requests({ limit }),
    from: (from) => operator.output("r-1", { from }),
  });
});
