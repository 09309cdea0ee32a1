import assert from "node:assert/strict";
import { test } from "node:test";
import { Streamer } from "../src/streamer.js";
import { readClaims, Tokens } from "../src/token.js";
import { ManualClock } from "./support/clock.js";
import { ada, jwt, newHarness, reaches } from "./support/harness.js";

test("claims are read from a JWT, and from nothing else", () => {
  const token = jwt({ tenant_id: "größe?>", sub: "ada", exp: 1_800_000_000 });
  assert.equal(readClaims(token).expires, 1_800_000_000_000);
  assert.equal(readClaims(token).caller, readClaims(jwt({ tenant_id: "größe?>", sub: "ada" })).caller);
  assert.notEqual(readClaims(token).caller, readClaims(jwt({ tenant_id: "acme", sub: "ada" })).caller);
  for (const other of ["", "opaque", "a.b.c", "a..c", jwt({ exp: "soon" })]) {
    const { expires, caller } = readClaims(other);
    assert.deepEqual([expires, caller], [undefined, undefined], other);
  }
});

test("the tenant may be in another claim", () => {
  const token = jwt({ sub: "ada", o: { id: "acme" } });
  assert.equal(readClaims(token, (claims) => claims.o?.id).caller, readClaims(jwt({ sub: "ada", tenant_id: "acme" })).caller);
});

function source(clock: ManualClock, seconds: number) {
  const given: string[] = [];
  const give = () => {
    given.push(jwt({ sub: "ada", exp: clock.now() / 1000 + seconds, n: given.length }));
    return given.at(-1)!;
  };
  return { given, tokens: new Tokens(give, clock) };
}

test("a token serves until a minute before its end", async () => {
  const clock = new ManualClock();
  const { given, tokens } = source(clock, 3600);
  const token = await tokens.get();
  assert.equal(tokens.renewIn(token), 3540_000);
  clock.advance(3539_000);
  assert.equal(await tokens.get(), token);
  clock.advance(1000);
  assert.notEqual(await tokens.get(), token);
  assert.equal(given.length, 2);
});

test("a short token is renewed with a fifth of its time left", async () => {
  const clock = new ManualClock();
  const { tokens } = source(clock, 100);
  assert.equal(tokens.renewIn(await tokens.get()), 80_000);
});

test("a token that is over already is not asked for in a tight loop", async () => {
  const clock = new ManualClock();
  const { tokens } = source(clock, -50);
  assert.equal(tokens.renewIn(await tokens.get()), 30_000);
});

test("a token of unknown end is asked for each time and never renewed", async () => {
  let calls = 0;
  const tokens = new Tokens(() => `opaque-${calls++}`, new ManualClock());
  assert.equal(await tokens.get(), "opaque-0");
  assert.equal(await tokens.get(), "opaque-1");
  assert.equal(tokens.renewIn("opaque-1"), undefined);
});

test("callers at the same time share one call of the source", async () => {
  const { given, tokens } = source(new ManualClock(), 3600);
  const [a, b] = await Promise.all([tokens.get(), tokens.get()]);
  assert.equal(a, b);
  assert.equal(given.length, 1);
});

test("a refused token and a failed source are not kept", async () => {
  const clock = new ManualClock();
  const { given, tokens } = source(clock, 3600);
  await tokens.get();
  tokens.refuse();
  await tokens.get();
  assert.equal(given.length, 2);

  let fail = true;
  const shaky = new Tokens(() => {
    if (fail) throw new Error("the sign-in is down");
    return "token";
  }, clock);
  await assert.rejects(shaky.get(), /sign-in is down/);
  fail = false;
  assert.equal(await shaky.get(), "token");
});

test("a client without a token function, or of another URL, is refused at once", () => {
  const token = () => "token";
  for (const [url, options] of [
    ["wss://host/prod", {}],
    ["wss://host/prod", { token: "token" }],
    ["https://host/prod", { token }],
    ["host", { token }],
  ] as const) {
    const message = `${url} is not a valid wss: URL, or token not a function`;
    assert.throws(() => new Streamer(url, options as any), { code: "VALIDATION_ERROR", message });
  }
});

test("what the token function throws is the cause of a time-out, until it gives a token", async (t) => {
  const { clock, connect } = await newHarness(t);
  let down = true;
  const fault = new Error("the sign-in is down");
  const token = () => {
    if (down) throw fault;
    return ada;
  };
  const streamer = connect({ token });
  const late = (error: any) => [error.code, error.cause];
  const call = streamer.get("r-1", { timeout: 100 }).catch(late);
  const result = streamer.request("report", 1, { timeout: 100 }).result.catch(late);
  await reaches(streamer, "connecting", "token");
  clock.advance(100);
  assert.deepEqual([await call, await result], Array(2).fill(["TIMEOUT", fault]));
  down = false;
  clock.advance(1000);
  await reaches(streamer, "open");
  const later = streamer.get("r-1", { timeout: 100 }).catch(late);
  clock.advance(100);
  assert.deepEqual(await later, ["TIMEOUT", undefined]);
});
