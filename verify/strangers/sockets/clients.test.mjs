// Clients of WebSockets that know nothing of Streamer, each through the same life: it opens,
// a long request runs to its end, an operator closes the connection, the client opens again by
// itself or is opened again, and the request's end can be had a second time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket as PartySocket } from "partysocket";
import ReconnectingModule from "reconnecting-websocket";
import { WebSocket as UndiciSocket } from "undici";
import WS from "ws";

const { STREAMER_URL: url, STREAMER_HTTP_URL: http, STREAMER_TOKEN: token, STREAMER_OPERATOR: operator } = process.env;
const ReconnectingWebSocket = ReconnectingModule.default ?? ReconnectingModule;
const protocols = ["streamer.v1", `bearer.${token}`];
const quick = { WebSocket: WS, minReconnectionDelay: 10, maxReconnectionDelay: 100 };

const clients = {
  "reconnecting-websocket": { open: () => new ReconnectingWebSocket(url, protocols, quick), reconnects: true },
  partysocket: { open: () => new PartySocket(url, protocols, quick), reconnects: true },
  undici: { open: () => new UndiciSocket(url, protocols), reconnects: false },
};

const within = (what) =>
  new Promise((_, reject) => setTimeout(() => reject(new Error(`${what} did not come within 20 s`)), 20_000).unref());

const once = (socket, type) =>
  Promise.race([new Promise((resolve) => socket.addEventListener(type, resolve, { once: true })), within(type)]);

/** The frame of a type that concerns a request. */
function frame(socket, type, id) {
  return Promise.race([
    new Promise((resolve) => {
      const hear = ({ data }) => {
        const got = JSON.parse(data);
        if (got.type !== type || got.request_id !== id) return;
        socket.removeEventListener("message", hear);
        resolve(got);
      };
      socket.addEventListener("message", hear);
    }),
    within(`${type} of ${id}`),
  ]);
}

for (const [name, client] of Object.entries(clients)) {
  test(name, async (t) => {
    let socket = client.open();
    t.after(() => socket.close());
    await once(socket, "open");
    assert.equal(socket.protocol, "streamer.v1");

    const complete = frame(socket, "complete", name);
    socket.send(JSON.stringify({ id: name, action: "echo_async", payload: { message: "hello", step_ms: 1 } }));
    const { result } = await complete;
    assert.deepEqual(result.echo, { message: "hello", step_ms: 1 });

    const closed = once(socket, "close");
    const reopened = client.reconnects ? closed.then(() => once(socket, "open")) : undefined;
    const answer = await fetch(`${http}/connections?subject=ada`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${operator}` },
    });
    assert.equal(answer.status, 200);
    const { code } = await closed;
    assert.ok([1000, 1001, 1005].includes(code), `closed with ${code}`);
    if (client.reconnects && code !== 1000) {
      await reopened;
    } else {
      socket.close();
      socket = client.open();
      await once(socket, "open");
    }

    const snapshot = frame(socket, "request", `${name}-get`);
    socket.send(JSON.stringify({ id: `${name}-get`, action: "streamer.get", payload: { request_id: name } }));
    assert.equal((await snapshot).request.state, "SUCCEEDED");
  });

  test(`${name}: a wrong token opens nothing`, async (t) => {
    const wrong = ["streamer.v1", "bearer.e30.e30.e30"];
    const socket =
      name === "undici"
        ? new UndiciSocket(url, wrong)
        : new (name === "partysocket" ? PartySocket : ReconnectingWebSocket)(url, wrong, { ...quick, maxRetries: 0 });
    t.after(() => socket.close());
    const opened = new Promise((_, reject) => socket.addEventListener("open", () => reject(new Error("it opened"))));
    await Promise.race([once(socket, "error"), opened]);
  });
}
