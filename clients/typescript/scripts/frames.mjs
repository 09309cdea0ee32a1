// Counts the frames of a page that shows 50 running requests, in the 3 s after the page is left: of this
// client, and of the client at another commit. `node scripts/frames.mjs [COMMIT]`; the commit is 6efa51a
// unless one is named.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { createElement } from "react";
import { act, create } from "react-test-renderer";
import { WebSocket, WebSocketServer } from "ws";

const REQUESTS = 50;
const PROGRESS_EVERY = 100; // ms: the protocol's ten frames a second
const AFTER = 3000; // ms

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
const commit = process.argv[2] ?? "6efa51a";
const here = process.cwd();
const folder = mkdtempSync(join(here, ".build-frames-"));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Bundles the client of a folder. */
async function client(root, name) {
  const outfile = join(folder, name + ".mjs");
  const contents = `export * from "${root}/src/index.ts"; export * from "${root}/src/react.ts";`;
  const external = ["react"];
  await build({ stdin: { contents, resolveDir: root }, bundle: true, format: "esm", target: "es2022", external, outfile });
  return import(outfile);
}

/** A server whose requests all run, and never end. */
function serve() {
  const server = new WebSocketServer({ port: 0, handleProtocols: () => "streamer.v1" });
  const count = { frames: 0 };
  server.on("connection", (socket) => {
    const watched = new Set();
    let rev = 1;
    const send = (frame) => {
      count.frames++;
      socket.send(JSON.stringify(frame));
    };
    socket.on("message", (text) => {
      count.frames++;
      const { id, action, payload } = JSON.parse(text);
      const about = payload?.request_id;
      if (action === "streamer.subscribe") watched.add(about);
      if (action === "streamer.unsubscribe") watched.delete(about);
      const at = new Date().toISOString();
      const request = {
        id: about,
        action: "report",
        state: "RUNNING",
        percentage: 1,
        attempts: 1,
        rev,
        created_at: at,
        updated_at: at,
      };
      send(
        action === "streamer.ping"
          ? { type: "pong", request_id: id, timestamp: at }
          : { type: "request", request_id: id, request },
      );
    });
    const timer = setInterval(() => {
      rev++;
      const at = new Date().toISOString();
      for (const id of watched) send({ type: "progress", request_id: id, percentage: 50, message: "", timestamp: at, rev });
    }, PROGRESS_EVERY);
    socket.on("close", () => clearInterval(timer));
  });
  return { server, count };
}

function Row({ streamer, useRequest, id }) {
  useRequest(streamer, "report", id);
  return null;
}

async function measure({ Streamer, useRequest }) {
  const { server, count } = serve();
  await new Promise((resolve) => server.once("listening", resolve));
  const streamer = new Streamer(`ws://127.0.0.1:${server.address().port}/dev`, { token: () => "a.b.c", WebSocket });
  const ids = Array.from({ length: REQUESTS }, (_, i) => `r-${i}`);
  let page;
  await act(async () => {
    page = create(createElement("ul", null, ...ids.map((id) => createElement(Row, { streamer, useRequest, id, key: id }))));
  });
  while (count.frames < 3 * REQUESTS) await act(() => pause(50));
  await act(() => pause(500));
  count.frames = 0;
  await act(async () => page.unmount());
  await pause(AFTER);
  const { frames } = count;
  streamer.close();
  for (const socket of server.clients) socket.terminate();
  server.close();
  return frames;
}

try {
  const old = join(folder, "old");
  execFileSync("git", ["worktree", "add", "--quiet", "--detach", old, commit], { stdio: "inherit" });
  const before = await measure(await client(join(old, "clients/typescript"), "before"));
  const now = await measure(await client(here, "now"));
  console.log(`a page of ${REQUESTS} watched requests, frames in the ${AFTER / 1000} s after it is left:`);
  console.log(`${commit}: ${before}, now: ${now}, which is ${(now / before).toFixed(3)} times as many`);
  process.exitCode = now <= 0.2 * before ? 0 : 1;
} finally {
  execFileSync("git", ["worktree", "remove", "--force", join(folder, "old")], { stdio: "inherit" });
  rmSync(folder, { recursive: true, force: true });
}
