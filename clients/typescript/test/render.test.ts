// What a server does that renders a page, as Next.js and Remix do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { useConnection, useOutput, useRequest, useRequests } from "../src/react.js";
import { Streamer } from "../src/streamer.js";
import { ManualClock } from "./support/clock.js";

const clock = new ManualClock();
const forbidden = (what: string) => () => {
  throw new Error(`${what} was used on a server that renders`);
};
const streamer = new Streamer("wss://host/prod", {
  token: forbidden("the token"),
  storage: forbidden("the storage"),
  WebSocket: forbidden("a WebSocket") as any,
  fetch: forbidden("fetch") as any,
  clock,
});

function Page() {
  const { status } = useRequest(streamer, "report");
  const picked = useRequest(streamer, "report", "r-1");
  const { chunks } = useOutput(streamer, "r-1");
  const { state } = useConnection(streamer);
  const { requests, loading } = useRequests(streamer);
  return createElement("p", null, JSON.stringify([status, picked.status, picked.percentage, chunks, state, requests, loading]));
}

test("a page is rendered on a server, where nothing is connected, read or awaited", async () => {
  const html = renderToString(createElement(Page));
  const shown = JSON.parse(html.replace(/<.*?>/g, "").replaceAll("&quot;", '"'));
  assert.deepEqual(shown, ["idle", "pending", 0, [], "idle", [], true]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(clock.due(), []);
  assert.equal(streamer.state, "idle");
});
