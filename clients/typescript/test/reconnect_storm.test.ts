import assert from "node:assert/strict";
import { test } from "node:test";
import { newHarness, reaches, turn } from "./support/harness.js";
import { Model } from "./support/model.js";
import { sequence } from "./support/random.js";

test("500 clients come back after a restart one by one, and each gets its final frame once", async (t) => {
  const CLIENTS = 500;
  const { server, clock, connect } = await newHarness(t);
  const next = sequence(1);
  clock.chance = () => next(1 << 30) / (1 << 30);
  const model = new Model();
  void (async () => {
    for (;;) model.serve(await server.connections.next());
  })();

  const finals: number[] = Array(CLIENTS).fill(0);
  const streamers = Array.from({ length: CLIENTS }, () => connect());
  const results = streamers.map(async (streamer, i) => {
    const result = await streamer.request("report", {}, { id: `r-${i}` }).result;
    finals[i]!++;
    return result;
  });
  while (model.created < CLIENTS) await turn(1);
  await turn(20);

  server.cutAll();
  await Promise.all(streamers.map((streamer) => reaches(streamer, "reconnecting")));
  while (clock.due().length !== CLIENTS) await turn(1);
  const tenths = Array<number>(10).fill(0);
  for (const ms of clock.due()) tenths[Math.floor(ms / 100)]!++;
  t.diagnostic(`handshakes in each tenth of a second: ${tenths.join(" ")}`);
  assert.ok(Math.max(...tenths) < CLIENTS / 6, "they reconnect in a storm");

  for (let i = 0; i < CLIENTS; i++) model.step(`r-${i}`, true, true); // while they are away
  for (let tenth = 0; tenth < 10; tenth++) {
    clock.advance(100);
    await turn();
  }
  assert.deepEqual(
    await Promise.all(results),
    finals.map((_, i) => `the result of r-${i}`),
  );
  await turn(20);
  assert.deepEqual(new Set(finals), new Set([1]));
});
