import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { effectScope, onScopeDispose, shallowRef } from "@vue/reactivity";
import { transformSync } from "esbuild";
import { get, readable } from "svelte/store";
import type { Current, RequestHandle } from "../src/request.js";
import { frames, newHarness, reaches, turn } from "./support/harness.js";

// Solid's build for the browser: Node is given the one that renders on a server.
const solid = createRequire(import.meta.url)("solid-js/dist/solid.cjs") as typeof import("solid-js");

/** A store of the README's: what it shows, and its end. */
interface Store {
  read(): Current;
  leave(): void;
}
type Recipe = (request: RequestHandle) => Store;

/** Runs the lines of README.md below the comment, with what they import by name. */
function recipe(comment: string, imports: Record<string, unknown>): (request: RequestHandle) => any {
  const readme = readFileSync("README.md", "utf8");
  const lines = readme.split(`// ${comment}\n`)[1]?.split(/\n\n|```/)[0];
  assert.ok(lines, `README.md has no recipe for ${comment}`);
  const { code } = transformSync(`(() => {${lines}\nreturn current;})()`, { loader: "ts" });
  const run = new Function("request", ...Object.keys(imports), `return ${code}`);
  return (request) => run(request, ...Object.values(imports));
}

const vue: Recipe = (request) => {
  const scope = effectScope();
  const current = scope.run(() => recipe("Vue", { shallowRef, onScopeDispose })(request));
  return { read: () => current.value, leave: () => scope.stop() };
};

const svelte: Recipe = (request) => {
  const store = recipe("Svelte: a readable store", { readable })(request);
  const leave = store.subscribe(() => {});
  return { read: () => get(store), leave };
};

const ofSolid: Recipe = (request) =>
  solid.createRoot((dispose) => {
    const current = recipe("Solid", { from: solid.from })(request);
    return { read: current, leave: dispose };
  });

for (const [framework, make] of Object.entries({ Vue: vue, Svelte: svelte, Solid: ofSolid })) {
  test(`the recipe for ${framework} shows each change, and stops watching with its component`, async (t) => {
    const { server, connect } = await newHarness(t);
    const streamer = connect();
    const peer = await server.connections.next();
    await reaches(streamer, "open");
    const f = frames("r-1");
    const store = make(streamer.resume("r-1"));
    const subscribe = await peer.expect("streamer.subscribe");
    assert.equal(store.read().status, "pending");

    peer.send(f.snapshot(subscribe.id, "RUNNING", 3, { percentage: 30 }));
    while (store.read().rev < 3) await turn(1);
    assert.equal(store.read().percentage, 30);
    peer.send(f.progress(60, 4, "page 6"));
    while (store.read().rev < 4) await turn(1);
    assert.equal(store.read().message, "page 6");

    store.leave();
    const unsubscribe = await peer.expect("streamer.unsubscribe");
    assert.deepEqual(unsubscribe.payload, { request_id: "r-1" });
  });
}
