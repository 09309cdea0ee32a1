// In headless Chromium, with the browser's own WebSocket, over a slow network.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ada } from "./support/harness.js";
import { Model } from "./support/model.js";
import { openPage, skip } from "./support/page.js";
import { sequence } from "./support/random.js";
import { FakeServer } from "./support/server.js";

for (const seed of [1, 2, 3]) {
  test(`in a browser at 120 ms no request runs behind its cancel, and no signal is lost, with seed ${seed}`, {
    skip,
  }, async (t) => {
    const next = sequence(seed);
    const server = await FakeServer.start();
    t.after(() => server.stop());
    const model = new Model();
    model.travel = () => pause(60 + next(120));
    void (async () => {
      for (;;) model.serve(await server.connections.next());
    })();
    const page = await openPage(t);
    const delays = Array.from({ length: 25 }, () => next(150));
    const codes = await page.evaluate(
      async ({ url, token, delays }) => {
        const client = new (globalThis as any).streamer.Streamer(url, { token: () => token });
        const codes = await Promise.all(
          delays.map(async (delay: number, i: number) => {
            const request = client.request("charge", { i }, { id: `r-${i}` });
            const code = request.result.then(
              () => "it ran",
              (error: any) => error.code,
            );
            await new Promise((resolve) => setTimeout(resolve, delay));
            await client.cancel(request.id);
            return code;
          }),
        );
        await Promise.all(
          delays.map(async (delay: number, i: number) => {
            const request = client.request("approval", { i }, { id: `s-${i}` });
            await new Promise((resolve) => setTimeout(resolve, delay));
            await client.signal(request.id, "go");
          }),
        );
        client.close();
        return codes;
      },
      { url: server.url, token: ada, delays },
    );
    assert.deepEqual(codes, Array(delays.length).fill("CANCELLED"));
    const signalled = [...model.signals].filter(([, tokens]) => tokens.join() === "go").map(([id]) => id);
    assert.deepEqual(signalled.sort(), delays.map((_, i) => `s-${i}`).sort());
    const ran = [...model.requests].filter(([id, { state }]) => id.startsWith("r-") && state !== "CANCELLED").map(([id]) => id);
    assert.deepEqual(ran, []);
    assert.ok(model.created > 0);
  });
}
