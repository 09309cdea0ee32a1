// The wscat program against a whole server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";

const { STREAMER_URL: url, STREAMER_TOKEN: token } = process.env;

// wscat runs the program, and resolves with all it printed when it has ended.
// It ends when its input does, so that stays open until the text has come.
function wscat(args, until) {
  return new Promise((resolve, reject) => {
    const program = spawn(process.execPath, ["node_modules/.bin/wscat", "--no-color", ...args], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let printed = "";
    for (const stream of [program.stdout, program.stderr]) {
      stream.on("data", (data) => {
        printed += data;
        if (until && printed.includes(until)) program.stdin.end();
      });
    }
    program.on("error", reject);
    program.on("close", (code) => resolve({ code, printed }));
  });
}

const within = { timeout: 30_000 };
const echo = (id, text) => JSON.stringify({ id, action: "echo", payload: text });

for (const [where, args] of [
  ["a header", ["-H", `Authorization: Bearer ${token}`, "-c", url]],
  ["the query", ["-c", `${url}?token=${token}`]],
  ["a subprotocol", ["-s", "streamer.v1", "-s", `bearer.${token}`, "-c", url]],
]) {
  test(`the token in ${where}: a message is sent and answered`, within, async () => {
    const answer = '{"type":"response","request_id":"w-1","success":true,"data":"from wscat"}';
    const { printed } = await wscat([...args, "-w", "-1", "-x", echo("w-1", "from wscat")], answer);
    assert.ok(printed.includes(answer), printed);
  });
}

test("a long request shows its progress", within, async () => {
  const message = JSON.stringify({ id: "w-2", action: "echo_async", payload: { step_ms: 1 } });
  const { printed } = await wscat(["-c", `${url}?token=${token}`, "-w", "-1", "-x", message], '"type":"complete"');
  for (const type of ["acknowledgment", "progress", "complete"]) {
    assert.ok(printed.includes(`"type":"${type}","request_id":"w-2"`), printed);
  }
});

for (const [what, args] of [
  ["no token", ["-c", url]],
  ["a wrong token", ["-H", "Authorization: Bearer e30.e30.e30", "-c", url]],
]) {
  test(`${what}: the refusal is shown`, within, async () => {
    const { code, printed } = await wscat(args);
    assert.ok(printed.includes("error: Unexpected server response: 401"), printed);
    assert.notEqual(code, 0);
  });
}
