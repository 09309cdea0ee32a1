// 500 clients of a server that is killed and started again, when the environment
// names one: STREAMER_E2E_CONTROL answers POST /kill and POST /start. The rest is
// as in e2e.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../src/clock.js";
import { Streamer } from "../src/streamer.js";
import { reaches, Socket } from "./support/harness.js";

const { STREAMER_E2E_URL: url, STREAMER_E2E_TOKEN: token = "", STREAMER_E2E_CONTROL: control } = process.env;
const CLIENTS = 500;

/** A client that notes when it means to dial after it has lost its connection, and when it was back. */
function connect() {
  let asked = 0;
  const clock = {
    ...systemClock,
    setTimeout(run: () => void, ms: number) {
      asked = ms;
      return systemClock.setTimeout(run, ms);
    },
  };
  const streamer = new Streamer(url!, { token: () => token, WebSocket: Socket, clock });
  streamer.connect();
  const client = { streamer, planned: -1, back: -1 };
  streamer.onState(() => {
    if (streamer.state === "reconnecting" && client.planned < 0) client.planned = asked;
    if (streamer.state === "open" && client.planned >= 0) client.back = performance.now();
  });
  return client;
}

function percentiles(values: number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  return [1, 10, 50, 90, 99].map((p) => `p${p} ${Math.round(sorted[Math.floor((p / 100) * sorted.length)]!)}`).join(", ");
}

test("500 clients come back to a server that was killed without a reconnect storm, and each gets its result once", {
  skip: !control,
}, async (t) => {
  const clients = Array.from({ length: CLIENTS }, connect);
  t.after(() => {
    for (const { streamer } of clients) streamer.close();
  });
  await Promise.all(clients.map(({ streamer }) => reaches(streamer, "open")));

  const requests = clients.map(({ streamer }, i) => streamer.request("echo_async", { i, step_ms: 2 }, { id: `storm-${i}` }));
  const finals = Array<number>(CLIENTS).fill(0);
  for (const [i, { result }] of requests.entries()) {
    result.then(
      () => finals[i]!++,
      () => {},
    );
  }
  await Promise.all(requests.map(({ progress }) => progress[Symbol.asyncIterator]().next())); // all are stored
  await fetch(control + "/kill", { method: "POST" });
  await Promise.all(clients.map(({ streamer }) => reaches(streamer, "reconnecting")));
  const started = performance.now();
  await fetch(control + "/start", { method: "POST" });
  const results = await Promise.all(requests.map(({ result }) => result));

  t.diagnostic(`the first dial was planned after ms: ${percentiles(clients.map((c) => c.planned))}`);
  t.diagnostic(`connected again, ms after the start: ${percentiles(clients.map((c) => c.back - started))}`);
  const tenths = Array<number>(10).fill(0);
  for (const { planned } of clients) tenths[Math.floor(planned / 100)]!++;
  t.diagnostic(`dials planned in each tenth of a second: ${tenths.join(" ")}`);
  // A tenth of them in a tenth of the first second, give or take five deviations.
  for (const n of tenths) assert.ok(Math.abs(n - CLIENTS / 10) < 5 * Math.sqrt(CLIENTS * 0.09), "they reconnect in a storm");
  assert.deepEqual(
    results.map((result: any) => result.echo.i),
    clients.map((_, i) => i),
  );
  assert.deepEqual(new Set(finals), new Set([1]));
  for (const { streamer } of clients) assert.deepEqual(streamer.pending(), []);
});
