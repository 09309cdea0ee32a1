import assert from "node:assert/strict";
import { test } from "node:test";
import { newHarness, turn } from "./support/harness.js";
import { Model } from "./support/model.js";
import { sequence } from "./support/random.js";

// Each seed is one run of cuts, doubled frames and slow servers, that can be repeated.
for (const seed of [1, 2, 3, 4]) {
  test(`40 requests over a bad network end once each, with seed ${seed}`, async (t) => {
    const next = sequence(seed);
    const { server, clock, connect } = await newHarness(t);
    clock.chance = () => next(1000) / 1000;
    const model = new Model();
    void (async () => {
      for (;;) model.serve(await server.connections.next());
    })();

    const streamer = connect();
    const ids = Array.from({ length: 40 }, (_, i) => `r-${i}`);
    const revs = new Map<string, number[]>();
    let ended = 0;
    const results = ids.map((id) => {
      const seen: number[] = [];
      revs.set(id, seen);
      const { result } = streamer.request("report", { id }, { id, onProgress: (p) => seen.push(p.rev) });
      result.then(
        () => ended++,
        () => {},
      );
      return result;
    });
    let cuts = 0;
    for (let round = 0; ended < ids.length; round++) {
      assert.ok(round < 5000, `${ended} of ${ids.length} have ended`);
      const id = ids[next(ids.length)]!;
      if (next(15) === 0 && streamer.state === "open" && ++cuts) server.cutAll();
      else model.step(id, next(8) === 0, next(3) === 0);
      await turn(next(4));
      clock.advance(next(100));
    }
    assert.deepEqual(
      await Promise.all(results),
      ids.map((id) => `the result of ${id}`),
    );
    assert.equal(model.created, ids.length);
    for (const [id, seen] of revs)
      assert.deepEqual(
        seen,
        [...new Set(seen)].sort((a, b) => a - b),
        id,
      );
    assert.ok(cuts > 5, `${cuts} cuts`);
    t.diagnostic(`${cuts} cuts`);
  });
}
