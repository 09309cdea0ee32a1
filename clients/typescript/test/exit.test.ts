import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeServer } from "./support/server.js";

for (const moment of ["connecting", "open", "retrying"]) {
  test(`a process ends by itself after a client that was ${moment} is closed`, async (t) => {
    const server = await FakeServer.start();
    t.after(() => server.stop());
    if (moment === "retrying") {
      server.refuse = 503;
      server.onCall = (call) => {
        call.cut();
        return true;
      };
    }
    const script = fileURLToPath(new URL("./support/exits.js", import.meta.url));
    const child = spawn(process.execPath, [script, server.url, moment], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 15_000,
    });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      child.on("close", (...end) => resolve(end)),
    );
    assert.deepEqual([code, signal, Buffer.concat(output).toString()], [0, null, "CLOSED\n"]);
  });
}
