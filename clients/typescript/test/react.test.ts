import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement, StrictMode } from "react";
import { act, create, type ReactTestRenderer } from "react-test-renderer";
import { type UseRequest, useRequest } from "../src/react.js";
import type { Streamer } from "../src/streamer.js";
import { frames, newHarness, reaches, turn } from "./support/harness.js";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

const f = frames("r-1");

type Shown = UseRequest<any, any>;

/** Does nothing but use the hook. */
function Watcher({ streamer, id, onShow }: { streamer: Streamer; id: string | undefined; onShow(shown: Shown): void }) {
  onShow(useRequest(streamer, "report", id));
  return null;
}

/** Mounts a Watcher, and says what it shows. */
async function mount(streamer: Streamer, id?: string) {
  let shown!: Shown;
  const onShow = (next: Shown) => {
    shown = next;
  };
  let page!: ReactTestRenderer;
  await act(async () => {
    page = create(createElement(StrictMode, null, createElement(Watcher, { streamer, id, onShow })));
  });
  return {
    page,
    shown: () => shown,
    /** Resolves when the component shows that. */
    shows: async (what: (s: Shown) => unknown) => {
      while (!what(shown)) await act(() => turn(1));
    },
  };
}

test("a component starts a request and shows its progress and result", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  const { shown, shows } = await mount(streamer);
  assert.deepEqual([shown().status, shown().id], ["idle", undefined]);

  await act(async () => shown().start({ year: 2026 }, { id: "r-1" }));
  assert.deepEqual((await peer.expect("report")).payload, { year: 2026 });
  assert.deepEqual([shown().status, shown().id], ["pending", "r-1"]);
  peer.send(f.ack());
  peer.send(f.progress(40, 2, "reading"));
  await shows((s) => s.message === "reading");
  peer.send(f.complete({ rows: 7 }, 3));
  await shows((s) => s.status === "done");
  assert.deepEqual(shown().result, { rows: 7 });

  await act(async () => shown().start({}, { id: "r-2" }));
  assert.deepEqual([shown().status, shown().percentage, shown().result], ["pending", 0, undefined]);
  await peer.expect("report");
  peer.send(frames("r-2").ack());
  await act(async () => shown().cancel());
  const cancel = await peer.expect("streamer.cancel");
  peer.send(frames("r-2").snapshot(cancel.id, "CANCELLED", 2, { error: { code: "CANCELLED", message: "it was cancelled" } }));
  await shows((s) => s.status === "failed");
  assert.equal(shown().error!.code, "CANCELLED");
  assert.equal(shown().cancelled?.state, "CANCELLED");

  await act(async () => shown().start({}, { id: "r-3" }));
  await peer.expect("report");
  peer.send(frames("r-3").ack());
  await act(async () => shown().cancel());
  peer.send(frames((await peer.expect("streamer.cancel")).id).error("FORBIDDEN"));
  await shows((s) => s.cancelError);
  assert.deepEqual([shown().status, shown().cancelError!.code, shown().cancelled], ["pending", "FORBIDDEN", undefined]);
});

test("a component picks a request up by its id, and leaves it alone when it goes", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  const { page, shown, shows } = await mount(streamer, "r-1");
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(f.snapshot(subscribe.id, "RUNNING", 4, { percentage: 40 }));
  await shows((s) => s.percentage === 40);
  assert.equal(shown().status, "pending");
  await act(async () => page.unmount());
  peer.send(f.progress(50, 5));
  peer.send(f.complete("done", 6));
  await turn();
  assert.equal(shown().percentage, 40);
  await peer.expect("streamer.unsubscribe");
});
