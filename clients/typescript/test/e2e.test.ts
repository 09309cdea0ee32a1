// Against a real server, when the environment names one: STREAMER_E2E_URL is its
// WebSocket URL, STREAMER_E2E_TOKEN a token for it, and STREAMER_E2E_HTTP_URL the
// HTTP API where that is another host. It must have the actions `echo` and
// `echo_async`.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamerOptions } from "../src/options.js";
import { Streamer } from "../src/streamer.js";
import { all, reaches, Socket } from "./support/harness.js";

const { STREAMER_E2E_URL: url, STREAMER_E2E_TOKEN: token = "", STREAMER_E2E_HTTP_URL: httpUrl } = process.env;
const skip = url ? false : "STREAMER_E2E_URL names no server";

async function connect(options: Partial<StreamerOptions> = {}): Promise<Streamer> {
  const streamer = new Streamer(url!, { token: () => token, WebSocket: Socket, ...(httpUrl && { httpUrl }), ...options });
  streamer.connect();
  try {
    await reaches(streamer, "open", undefined, ["unreachable", "unauthorized"]);
  } catch (error) {
    streamer.close();
    throw error;
  }
  return streamer;
}

test("a short action answers", { skip }, async (t) => {
  const streamer = await connect();
  t.after(() => streamer.close());
  assert.deepEqual(await streamer.request("echo", { text: "größe 🚀" }).result, { text: "größe 🚀" });
});

test("a long action shows progress that rises, and its result once; asking again gives the same", { skip }, async (t) => {
  const streamer = await connect();
  t.after(() => streamer.close());
  const request = streamer.request("echo_async", { text: "slowly" });
  const revs = (await all(request.progress)).map((p) => p.rev);
  assert.ok(revs.length > 0, "no progress");
  assert.deepEqual(
    revs,
    [...new Set(revs)].sort((a, b) => a - b),
  );
  const result = await request.result;
  assert.deepEqual(await streamer.resume(request.id).result, result);
  assert.deepEqual((await streamer.get(request.id)).result, result);
  assert.ok((await streamer.list({ limit: 100 })).requests.some((r) => r.id === request.id));
});

test("another client picks up what the first one began", { skip }, async (t) => {
  const first = await connect();
  const { id, progress } = first.request("echo_async", { text: "for another" });
  for await (const _ of progress) break; // the server has stored it
  first.close();
  const second = await connect();
  t.after(() => second.close());
  assert.ok(await second.resume(id).result);
});

test("an abort cancels on the server", { skip }, async (t) => {
  const streamer = await connect();
  t.after(() => streamer.close());
  const controller = new AbortController();
  const request = streamer.request("echo_async", { text: "in vain", step_ms: 5000 }, { signal: controller.signal });
  for await (const _ of request.progress) controller.abort();
  await assert.rejects(request.result, { code: "CANCELLED" });
  await assert.rejects(streamer.resume(request.id).result, { code: "CANCELLED" });
});

test("a payload larger than a frame arrives", { skip }, async (t) => {
  const streamer = await connect();
  t.after(() => streamer.close());
  const text = "x".repeat(60_000);
  assert.deepEqual(await streamer.request("echo", { text }).result, { text });
});

test("errors say what is wrong", { skip }, async (t) => {
  const streamer = await connect();
  t.after(() => streamer.close());
  await assert.rejects(streamer.request("no_such_action", {}).result, { code: "INVALID_ACTION" });
  await assert.rejects(streamer.get("no-such-request"), { code: "NOT_FOUND" });
  const stranger = new Streamer(url!, { token: () => "a.b.c", WebSocket: Socket, ...(httpUrl && { httpUrl }) });
  t.after(() => stranger.close());
  stranger.connect();
  await reaches(stranger, "closed", "unauthorized");
});
