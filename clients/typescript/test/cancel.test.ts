import assert from "node:assert/strict";
import { test } from "node:test";
import { frames, newHarness, reaches, turn } from "./support/harness.js";
import { Model } from "./support/model.js";
import { sequence } from "./support/random.js";

const f = frames("r-1");

// Each seed is one run over a server whose messages overtake each other, and now and then a cut.
for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`no request runs to its end behind a cancel that was asked for, with seed ${seed}`, async (t) => {
    const next = sequence(seed);
    const { server, clock, connect } = await newHarness(t);
    clock.chance = () => next(1000) / 1000;
    const model = new Model();
    model.travel = () => turn(next(12));
    void (async () => {
      for (;;) model.serve(await server.connections.next());
    })();
    const streamer = connect();
    let ended = 0;
    const cancels = Array.from({ length: 40 }, async (_, i) => {
      await turn(next(40));
      const request = streamer.request("charge", { i }, { id: `r-${i}` });
      const result = request.result.catch((error) => error.code);
      await turn(next(12));
      const answer = await streamer.cancel(request.id);
      assert.equal(await result, "CANCELLED", request.id);
      ended++;
      return answer;
    });
    const all = Promise.all(cancels);
    for (let round = 0; ended < cancels.length; round++) {
      assert.ok(round < 5000, `${ended} of ${cancels.length} have ended`);
      if (next(60) === 0 && streamer.state === "open") server.cutAll();
      await turn(2);
      clock.advance(next(200));
    }
    const answers = await all;
    await turn(20);
    const ran = [...model.requests].filter(([, { state }]) => state !== "CANCELLED").map(([id]) => id);
    assert.deepEqual(ran, []);
    t.diagnostic(`${model.created} of ${cancels.length} were stored, ${answers.filter((a) => a).length} cancels were answered`);
  });
}

for (const seed of [1, 2, 3]) {
  test(`no signal, redrive or question overtakes its request, with seed ${seed}`, async (t) => {
    const next = sequence(seed);
    const { server, clock, connect } = await newHarness(t);
    clock.chance = () => next(1000) / 1000;
    const model = new Model();
    model.travel = () => turn(next(12));
    void (async () => {
      for (;;) model.serve(await server.connections.next());
    })();
    const streamer = connect();
    const ids = Array.from({ length: 40 }, (_, i) => `r-${i}`);
    let answered = 0;
    const all = Promise.all(
      ids.map(async (id) => {
        await turn(next(40));
        streamer.request("approval", {}, { id });
        await turn(next(12));
        const calls = [streamer.signal(id, "go"), streamer.redrive(id)];
        await turn(next(4));
        const piece = streamer.output(id);
        for (const { id: of } of await Promise.all([...calls, streamer.get(id)])) assert.equal(of, id);
        assert.equal((await piece).final, false);
        answered++;
      }),
    );
    for (let round = 0; answered < ids.length; round++) {
      assert.ok(round < 5000, `${answered} of ${ids.length} were answered`);
      if (next(60) === 0 && streamer.state === "open") server.cutAll();
      await turn(2);
      clock.advance(next(200));
    }
    await all;
    assert.deepEqual([...model.signals.keys()].sort(), [...ids].sort());
    assert.equal(model.created, ids.length);
  });
}

test("a request that was not sent yet is dropped by its cancel", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const request = streamer.request("charge", {}, { id: "r-1" });
  assert.equal(await request.cancel(), undefined);
  await assert.rejects(request.result, { code: "CANCELLED", message: "cancelled before it was stored" });
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  await turn();
  assert.equal(peer.messages.waiting, 0);
  assert.deepEqual(streamer.pending(), []);
});

test("a cancel waits for the first frame of its request", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  const request = streamer.request("charge", {}, { id: "r-1" });
  await peer.expect("charge");
  const answer = request.cancel();
  await turn();
  assert.equal(peer.messages.waiting, 0);
  peer.send(f.ack());
  const cancel = await peer.expect("streamer.cancel");
  peer.send(f.snapshot(cancel.id, "CANCELLED", 2, { error: { code: "CANCELLED", message: "it was cancelled" } }));
  assert.equal((await answer)?.state, "CANCELLED");
  await assert.rejects(request.result, { code: "CANCELLED", message: "it was cancelled" });
});

test("a cancel of a short action that was answered, or of a request that was refused, asks nothing", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  const short = streamer.request("echo", 1, { id: "r-1" });
  const refused = streamer.request("charge", 1, { id: "r-2" });
  await peer.expect("echo");
  await peer.expect("charge");
  const answers = [short.cancel(), refused.cancel()];
  peer.send(f.response(1));
  peer.send(frames("r-2").error("RATE_LIMITED"));
  assert.deepEqual(await Promise.all(answers), [undefined, undefined]);
  assert.equal(await short.result, 1);
  await assert.rejects(refused.result, { code: "RATE_LIMITED" });
  assert.equal(peer.messages.waiting, 0);
});

test("when the answer to the message is lost, the cancel is repeated while the message may still be stored", async (t) => {
  const { server, clock, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  const request = streamer.request("charge", {}, { id: "r-1" });
  const unknown = streamer.request("charge", {}, { id: "r-2" });
  await peer.expect("charge");
  await peer.expect("charge");
  const answers = [request.cancel(), unknown.cancel()];
  peer.cut();
  await reaches(streamer, "reconnecting");
  clock.advance(1000);
  const next = await server.connections.next();
  for (const _ of answers) notFound(next, await next.expect("streamer.cancel"));
  while (clock.due().filter((ms) => ms <= 1000).length < 2) await turn(1);
  clock.advance(1000);
  const cancel = await next.expect("streamer.cancel");
  next.send(f.snapshot(cancel.id, "CANCELLED", 2, { error: { code: "CANCELLED", message: "it was cancelled" } }));
  assert.equal((await answers[0])?.state, "CANCELLED");
  await assert.rejects(request.result, { code: "CANCELLED" });

  // 35 s after it was sent, the message can no longer be stored.
  let settled = false;
  void answers[1]!.then(() => (settled = true));
  for (let repeated = 0; !settled; ) {
    if (next.messages.waiting) {
      assert.ok(++repeated < 10);
      notFound(next, await next.expect("streamer.cancel"));
    }
    await turn();
    clock.advance(500);
  }
  assert.equal(await answers[1], undefined);
  await assert.rejects(unknown.result, { code: "CANCELLED" });
});

function notFound(peer: { send(frame: unknown): void }, { id }: { id: string }): void {
  peer.send(frames(id).error("NOT_FOUND"));
}

test("signals, redrives and questions go behind the message, and a cancel behind a redrive", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  streamer.request("approval", {}, { id: "r-1" });
  const signal = streamer.signal("r-1", "approve");
  const get = streamer.get("r-1");
  const piece = streamer.output("r-1");
  await peer.expect("approval");
  await turn();
  assert.equal(peer.messages.waiting, 0, "something overtook the request");
  peer.send(f.ack());
  const messages = [await peer.messages.next(), await peer.messages.next(), await peer.messages.next()];
  assert.deepEqual(messages.map((m) => m.action).sort(), ["streamer.get", "streamer.output", "streamer.signal"]);
  const part = { offset: 0, chunks: ["a"], final: false };
  for (const { id, action } of messages) {
    peer.send(action === "streamer.output" ? frames(id).response(part) : f.snapshot(id, "QUEUED", 2));
  }
  await Promise.all([signal, get]);
  assert.deepEqual(await piece, part);

  const redrive = streamer.redrive("r-2");
  const cancel = streamer.cancel("r-2");
  const watched = streamer.resume("r-2");
  const redriven = await peer.expect("streamer.redrive");
  await turn();
  assert.equal(peer.messages.waiting, 0, "something overtook the redrive");
  peer.send(frames("r-2").snapshot(redriven.id, "QUEUED", 7));
  await redrive;
  const both = [await peer.messages.next(), await peer.messages.next()];
  assert.deepEqual(both.map((m) => m.action).sort(), ["streamer.cancel", "streamer.subscribe"]);
  for (const { id } of both) {
    peer.send(frames("r-2").snapshot(id, "CANCELLED", 8, { error: { code: "CANCELLED", message: "it was cancelled" } }));
  }
  assert.equal((await cancel)?.state, "CANCELLED");
  await assert.rejects(watched.result, { code: "CANCELLED" });
});
