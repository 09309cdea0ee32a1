import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement, StrictMode, Suspense, use } from "react";
import { act, create, type ReactTestRenderer } from "react-test-renderer";
import { systemClock } from "../src/clock.js";
import type { Fetch } from "../src/platform.js";
import { resultOf, useConnection, useOutput, useRequest, useRequests } from "../src/react.js";
import { Streamer } from "../src/streamer.js";
import { FakeServer } from "../src/testing.js";
import { frames, newHarness, reaches, turn } from "./support/harness.js";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

const f = frames("r-1");

interface Props {
  streamer: Streamer;
  id?: string | undefined;
  onShow(shown: any): void;
}

function RequestHook({ streamer, id, onShow }: Props) {
  onShow({ ...useRequest(streamer, "report", id), asked: id });
  return null;
}
function OutputHook({ streamer, id, onShow }: Props) {
  onShow(useOutput(streamer, id));
  return null;
}
function ConnectionHook({ streamer, onShow }: Props) {
  onShow(useConnection(streamer));
  return null;
}
function RequestsHook({ streamer, onShow }: Props) {
  onShow(useRequests(streamer, { limit: 2 }));
  return null;
}

function Result({ streamer }: { streamer: Streamer }) {
  return createElement("b", null, String(use(resultOf(streamer, "r-1"))));
}

/** Mounts a component, and notes everything that it ever shows. */
async function mount(component: (props: Props) => null, props: Omit<Props, "onShow">) {
  const seen: any[] = [];
  const element = (more: object = {}) =>
    createElement(StrictMode, null, createElement(component, { ...props, ...more, onShow: (shown) => seen.push(shown) }));
  let page!: ReactTestRenderer;
  await act(async () => {
    page = create(element());
  });
  return {
    page,
    seen,
    render: (more: object) => act(async () => page.update(element(more))),
    shows: async (what: (shown: any) => unknown) => {
      while (!what(seen.at(-1))) await act(() => turn(1));
    },
  };
}

test("under a new id nothing of another request is ever shown, nor without an id", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  const { seen, render, shows } = await mount(RequestHook, { streamer, id: "r-1" });
  peer.send(f.snapshot((await peer.expect("streamer.subscribe")).id, "SUCCEEDED", 4, { result: "of r-1" }));
  await shows((s) => s.result === "of r-1");
  await render({ id: "r-2" });
  peer.send(frames("r-2").snapshot((await peer.expect("streamer.subscribe")).id, "RUNNING", 2, { percentage: 20 }));
  await shows((s) => s.percentage === 20);
  await render({ id: undefined });
  assert.equal(seen.at(-1).status, "idle");
  for (const { asked, id, result } of seen) {
    assert.equal(id, asked);
    if (asked !== "r-1") assert.equal(result, undefined);
  }
});

test("a request of another action is a fault, and shows nothing of it", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  const { seen, shows } = await mount(RequestHook, { streamer, id: "r-1" });
  const subscribe = await peer.expect("streamer.subscribe");
  peer.send(f.snapshot(subscribe.id, "SUCCEEDED", 4, { action: "charge", result: "secret" }));
  await shows((s) => s.status === "failed");
  assert.match(seen.at(-1).error.message, /r-1 is a request of the action charge, not of report/);
  assert.ok(!seen.some((s) => s.result));
});

test("useOutput shows the chunks as they come, and those of its id alone", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  const { seen, render, shows } = await mount(OutputHook, { streamer, id: "r-1" });
  peer.send(f.snapshot((await peer.expect("streamer.subscribe")).id, "RUNNING", 2));
  const answer = async (chunks: unknown[], final: boolean) => {
    const { id } = await peer.expect("streamer.output");
    peer.send({ type: "response", request_id: id, success: true, data: { offset: 0, chunks, final } });
  };
  // StrictMode mounts twice; the first reader is gone before it asks.
  await answer(["a", "b"], true);
  await shows((s) => s.chunks.length === 2);
  await render({ id: "r-2" });
  assert.deepEqual(seen.at(-1).chunks, []);
});

test("useOutput over HTTP, right behind the request, does not overtake it", async (t) => {
  const server = new FakeServer();
  server.blockWebSocket();
  let arrive = () => {};
  const travels = new Promise<void>((resolve) => (arrive = resolve));
  const fetch: Fetch = async (input, init) => {
    if (init?.method === "POST") await travels;
    return server.options.fetch(input, init);
  };
  const streamer = new Streamer(server.url, { ...server.options, fetch, clock: { ...systemClock, random: () => 0 } });
  t.after(() => streamer.close());
  streamer.connect();
  await reaches(streamer, "open", "polling");
  const { id } = streamer.request("import");
  const { seen, shows } = await mount(OutputHook, { streamer, id });
  await turn();
  arrive();
  const request = await server.next();
  request.emit("a");
  request.complete(1);
  await shows((s) => s.chunks.length || s.error);
  assert.deepEqual([seen.at(-1).chunks, seen.at(-1).error], [["a"], undefined]);
});

test("useOutput is released when its component goes, not with the next chunk", async (t) => {
  const server = new FakeServer();
  const streamer = new Streamer(server.url, server.options);
  t.after(() => streamer.close());
  const request = server.add("r-1", "import");
  request.emit("a");
  const { page, seen, shows } = await mount(OutputHook, { streamer, id: "r-1" });
  await shows((s) => s.chunks.length === 1);
  await turn(20);
  assert.equal(request.watchers, 1);
  await act(async () => page.unmount());
  await turn(20);
  assert.equal(request.watchers, 0);
  request.emit("b");
  assert.deepEqual([seen.at(-1).chunks, seen.at(-1).error], [["a"], undefined]);
});

test("useConnection and useRequests show the client's state and a page", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const connection = await mount(ConnectionHook, { streamer });
  const peer = await server.connections.next();
  await connection.shows((s) => s.state === "open" && s.reason === "connected");

  const { seen, shows } = await mount(RequestsHook, { streamer });
  assert.deepEqual([seen[0].loading, seen[0].requests], [true, []]);
  const answer = async (data: object) => {
    const { id, payload } = await peer.expect("streamer.list");
    assert.deepEqual(payload, { limit: 2 });
    peer.send({ type: "response", request_id: id, success: true, data });
  };
  // StrictMode mounts twice; what the first one asked for is not sent any more.
  await answer({ requests: [{ id: "r-1", rev: 1 }], cursor: "next" });
  await shows((s) => !s.loading);
  assert.deepEqual([seen.at(-1).requests[0].id, seen.at(-1).cursor], ["r-1", "next"]);
  await act(async () => seen.at(-1).reload());
  await answer({ requests: [] });
  await shows((s) => !s.loading && !s.requests.length);
});

test("resultOf suspends until the result is there, also when it is asked for afterwards", async (t) => {
  const { server, connect } = await newHarness(t);
  const streamer = connect();
  const peer = await server.connections.next();
  await reaches(streamer, "open");
  let page!: ReactTestRenderer;
  await act(async () => {
    page = create(createElement(Suspense, { fallback: "waiting" }, createElement(Result, { streamer })));
  });
  assert.equal(page.toJSON() as unknown, "waiting");
  peer.send(f.snapshot((await peer.expect("streamer.subscribe")).id, "SUCCEEDED", 4, { result: "done" }));
  while ((page.toJSON() as unknown) === "waiting") await act(() => turn(1));
  assert.deepEqual((page.toJSON() as any).children, ["done"]);
  assert.equal(resultOf(streamer, "r-1"), resultOf(streamer, "r-1"));
  assert.equal(peer.messages.waiting, 0);
});
