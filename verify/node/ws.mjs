// The npm ws client against the gateway.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import WebSocket from "ws";

const url = process.env.GATEWAY_URL;

async function open(query = "", protocols = [], options = {}) {
  const socket = new WebSocket(url + query, protocols, options);
  await once(socket, "open");
  return socket;
}

async function refused(query, options) {
  const socket = new WebSocket(url + query, options);
  const [, response] = await once(socket, "unexpected-response");
  const connection = response.socket; // Node would keep it for the next request
  const body = (await response.toArray()).join("");
  connection.destroy();
  return { status: response.statusCode, body };
}

async function ended(socket) {
  const [code, reason] = await once(socket, "close");
  return [code, reason.toString()];
}

async function echoed(socket, text) {
  socket.send(text);
  const [data, isBinary] = await once(socket, "message");
  assert.equal(isBinary, false);
  return JSON.parse(data).body;
}

// frames sends a text as one message of frames of a size: ws itself makes one
// frame of every send.
function frames(socket, text, size) {
  for (let at = 0; at < text.length; at += size) {
    socket.send(text.slice(at, at + size), { fin: at + size >= text.length });
  }
}

const within = { timeout: 30_000 };

test("a message is echoed", within, async () => {
  const socket = await open();
  assert.equal(await echoed(socket, "héllo"), "héllo");
  socket.close(4001, "enough");
  assert.equal((await ended(socket))[0], 4001);
});

for (const [status, query] of [
  [401, "?answer=401"],
  [403, "?answer=403"],
  [502, "?fail=yes"],
]) {
  test(`a handshake that $connect refuses is a ${status}`, within, async () => {
    const answer = await refused(query);
    assert.equal(answer.status, status);
    const body = JSON.parse(answer.body);
    assert.equal(typeof body.message, "string");
    assert.equal(typeof body.connectionId, "string");
  });
}

test("an upgrade at another path is forbidden", within, async () => {
  const answer = await refused("/elsewhere");
  assert.deepEqual(answer, { status: 403, body: '{"message":"Forbidden"}' });
});

test("the subprotocol is the one that $connect chose", within, async () => {
  const socket = await open("", ["streamer.v1", "bearer.x.y.z"]);
  assert.equal(socket.protocol, "streamer.v1");
  socket.terminate();
});

test("no subprotocol is chosen, so ws gives up on the one it offered", within, async () => {
  const socket = new WebSocket(url, ["bearer.x.y.z"]);
  const [error] = await once(socket, "error");
  assert.equal(error.message, "Server sent no subprotocol");
});

test("compression is offered and not agreed on", within, async () => {
  const socket = await open("", [], { perMessageDeflate: true });
  assert.equal(socket.extensions, "");
  socket.terminate();
});

test("a ping is answered with its data", within, async () => {
  const socket = await open();
  socket.ping("are you there");
  const [data] = await once(socket, "pong");
  assert.equal(data.toString(), "are you there");
  socket.terminate();
});

test("a message of 128 KB passes in frames of 32 KB, in both directions", within, async () => {
  const socket = await open("?mirror=yes");
  const text = "x".repeat(128 << 10);
  frames(socket, text, 32 << 10);
  const [data] = await once(socket, "message");
  assert.equal(data.toString(), text);
  socket.terminate();
});

for (const [what, code, send] of [
  ["a frame above 32 KB", 1009, (socket) => socket.send("x".repeat((32 << 10) + 1))],
  ["a message above 128 KB", 1009, (socket) => frames(socket, "x".repeat((128 << 10) + 1), 32 << 10)],
  ["a binary message", 1003, (socket) => socket.send(Buffer.from([1, 2, 3]))],
  ["text that is no UTF-8", 1007, (socket) => socket.send(Buffer.from([0xc3, 0x28]), { binary: false })],
]) {
  test(`${what} ends the connection with ${code}`, within, async () => {
    const socket = await open();
    send(socket);
    assert.equal((await ended(socket))[0], code);
  });
}

test("a failed function is an error frame, and the connection stays", within, async () => {
  const socket = await open();
  socket.send("fail");
  const [data] = await once(socket, "message");
  assert.match(data.toString(), /^\{"message": "Internal server error", "connectionId":"[^"]+=", "requestId":"[^"]+="\}$/);
  assert.equal(await echoed(socket, "still here"), "still here");
  socket.terminate();
});

test("an idle connection is told that it goes away", within, async () => {
  const socket = await open();
  assert.deepEqual(await ended(socket), [1001, "Going away"]);
});
