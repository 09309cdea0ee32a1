// The package as it is published: built, with shortened names, as an ES module and for CommonJS.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { newHarness } from "./support/harness.js";
import { Model } from "./support/model.js";

let folder = "";
let tarball = "";
let paths: string[] = [];

before(() => {
  execFileSync("npm", ["run", "--silent", "build"]);
  folder = mkdtempSync(join(tmpdir(), "streamer-package-"));
  const own = join(folder, "node_modules", "@pay-theory", "streamer");
  mkdirSync(own, { recursive: true });
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [{ filename, files }] = JSON.parse(execFileSync("npm", pack, { encoding: "utf8" }));
  tarball = join(folder, filename);
  paths = files.map(({ path }: { path: string }) => path);
  execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", own]);
  for (const name of ["ws", "react"]) symlinkSync(join(process.cwd(), "node_modules", name), join(folder, "node_modules", name));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
});

const body = `
const streamer = new Streamer(process.argv[2], { token: () => "a.b.c", WebSocket });
const id = "r-" + process.argv[3];
const request = streamer.request("report", { large: "x".repeat(40) }, { id });
request.subscribe(() => {});
(async () => {
  for await (const { state } of request.progress) if (state) break;
  const snapshot = await request.cancel();
  const code = await request.result.catch((error) => (error instanceof StreamerError ? error.code : error));
  const { requests } = await streamer.list().catch(() => ({ requests: "none" }));
  const operator = new Operator(process.argv[2].replace("ws", "http"), { token: () => "a.b.c" });
  const refused = await operator.request("no id").catch((error) => error instanceof StreamerError && error.code);
  const server = new FakeServer();
  const client = new Streamer(server.url, server.options);
  const { result } = client.request("report", 1);
  (await server.next("report")).complete(await operator.inTenant("acme").cancel("").catch((error) => error.code));
  const faked = await result;
  client.close();
  console.log(JSON.stringify({ faked, state: snapshot.state, code, current: request.current.status, output: typeof output, hook: typeof useRequest, requests, refused }));
  streamer.close();
})();
`;

const forms = {
  mjs: `import { Streamer, StreamerError } from "@pay-theory/streamer";
import { output } from "@pay-theory/streamer/output";
import { useRequest } from "@pay-theory/streamer/react";
import { Operator } from "@pay-theory/streamer/operator";
import { FakeServer } from "@pay-theory/streamer/testing";
import { WebSocket } from "ws";`,
  cjs: `const { Streamer, StreamerError } = require("@pay-theory/streamer");
const { output } = require("@pay-theory/streamer/output");
const { useRequest } = require("@pay-theory/streamer/react");
const { Operator } = require("@pay-theory/streamer/operator");
const { FakeServer } = require("@pay-theory/streamer/testing");
const { WebSocket } = require("ws");`,
};

for (const [form, head] of Object.entries(forms)) {
  test(`the package works as ${form}, also over HTTP`, async (t) => {
    const { server } = await newHarness(t);
    const model = new Model();
    void (async () => {
      for (;;) model.serve(await server.connections.next());
    })();
    const script = join(folder, "script." + form);
    writeFileSync(script, head + body);
    const { stdout } = await promisify(execFile)(process.execPath, [script, server.url, form], { timeout: 15_000 });
    assert.deepEqual(JSON.parse(stdout), {
      faked: "VALIDATION_ERROR",
      state: "CANCELLED",
      code: "CANCELLED",
      current: "failed",
      output: "function",
      hook: "function",
      requests: "none", // the model has no list
      refused: "VALIDATION_ERROR", // the entry points share their classes
    });
    // Without a WebSocket class the chunk for HTTP is loaded.
    writeFileSync(
      script,
      head +
        `
const streamer = new Streamer(process.argv[2], { token: () => "a.b.c", WebSocket: undefined });
streamer.list({ limit: 1 }).then(({ requests }) => { console.log(streamer.reason, requests.length); streamer.close(); });`,
    );
    const polled = await promisify(execFile)(process.execPath, ["--no-experimental-websocket", script, server.url], {
      timeout: 15_000,
    });
    assert.equal(polled.stdout.trim(), "polling 0");
  });
}

test("the types are found from ES modules and CommonJS, and need no types of the DOM or of Node", () => {
  const use = `import { Streamer } from "@pay-theory/streamer";
import { output } from "@pay-theory/streamer/output";
import { Operator, type States } from "@pay-theory/streamer/operator";
import { FakeServer } from "@pay-theory/streamer/testing";
export const { options } = new FakeServer();
export const states: AsyncGenerator<States, void> = new Operator("https://host", { token: () => "token" }).states();
export const streamer = new Streamer("wss://host/prod", { token: () => "token" });
export const percentage: number = streamer.request("report").current.percentage;
export const chunks = output<string>(streamer, "r-1");
`;
  for (const form of ["mts", "cts"]) writeFileSync(join(folder, "types." + form), use);
  const tsc = join(process.cwd(), "node_modules", ".bin", "tsc");
  const flags = ["--noEmit", "--strict", "--lib", "es2022", "--types", "", "--target", "es2022", "--ignoreConfig"];
  for (const resolution of [
    ["--module", "node16"],
    ["--module", "esnext", "--moduleResolution", "bundler"],
  ]) {
    execFileSync(tsc, [...flags, ...resolution, "types.mts", "types.cts"], { cwd: folder, stdio: "inherit" });
  }
});

test("the packed tarball is right for every way to resolve it, that of Node 10 too", () => {
  for (const check of ["publint", "attw"]) {
    execFileSync(join("node_modules", ".bin", check), [tarball, ...(check === "publint" ? ["--strict"] : [])], { stdio: "pipe" });
  }
  // And by Node itself, which knows folders.
  const stub = join(folder, "node_modules", "@pay-theory", "streamer", "operator");
  assert.equal(typeof createRequire(import.meta.url)(stub).Operator, "function");
});

test("the tarball has the license and the types of both forms", () => {
  for (const name of ["LICENSE", "README.md", "dist/index.d.ts", "dist/index.d.cts", "dist/index.cjs", "dist/react.d.cts"]) {
    assert.ok(paths.includes(name), `${name} is not among ${paths}`);
  }
});
