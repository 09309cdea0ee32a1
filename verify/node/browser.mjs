// Chromium's WebSocket against the gateway.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const url = process.env.GATEWAY_URL;
let browser, page;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  page = await browser.newPage();
});
after(() => browser?.close());

// visit opens a WebSocket in the page, sends the texts one after the other, each
// when the one before was answered, and returns all that the page sees of it.
function visit({ query = "", protocols = [], texts = [], close }) {
  return page.evaluate(
    ({ url, protocols, texts, close }) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url, protocols);
        const seen = { opened: false, messages: [] };
        const next = () => {
          const text = texts.shift();
          if (text !== undefined) socket.send(text.binary ? new Uint8Array([1, 2, 3]) : text);
          else if (close) socket.close(...close);
        };
        socket.onopen = () => {
          seen.opened = true;
          seen.protocol = socket.protocol;
          seen.extensions = socket.extensions;
          next();
        };
        socket.onmessage = ({ data }) => {
          seen.messages.push(data);
          next();
        };
        socket.onclose = ({ code, reason, wasClean }) => resolve({ ...seen, code, reason, wasClean });
      }),
    { url: url + query, protocols, texts, close },
  );
}

const within = { timeout: 60_000 };

test("a message is echoed, and the page's close is answered", within, async () => {
  const seen = await visit({ texts: ["héllo"], close: [4001, "enough"] });
  assert.equal(JSON.parse(seen.messages[0]).body, "héllo");
  assert.deepEqual([seen.code, seen.wasClean], [4001, true]);
});

test("a token among the subprotocols is not the one that is chosen", within, async () => {
  const seen = await visit({ protocols: ["streamer.v1", "bearer.x.y.z"], close: [1000] });
  assert.deepEqual([seen.protocol, seen.extensions, seen.code], ["streamer.v1", "", 1000]);
});

test("a token in the query reaches $connect", within, async () => {
  const seen = await visit({ query: "?token=x.y.z", texts: ["query"], close: [1000] });
  assert.equal(JSON.parse(seen.messages[0]).token, "x.y.z");
});

test("a refused handshake is an abnormal close: a page does not see the status", within, async () => {
  const seen = await visit({ query: "?answer=401" });
  assert.deepEqual([seen.opened, seen.code, seen.reason, seen.wasClean], [false, 1006, "", false]);
});

test("a message of 32 KB passes, and one of 128 KB comes back", within, async () => {
  const text = "x".repeat(32 << 10);
  const seen = await visit({ query: "?mirror=yes", texts: [text, "long"], close: [1000] });
  assert.equal(seen.messages[0], text);
  assert.equal(seen.messages[1].length, 128 << 10);
});

for (const [what, code, text] of [
  ["a message in one frame above 32 KB", 1009, "x".repeat((32 << 10) + 1)],
  ["a message above 128 KB", 1009, "x".repeat((128 << 10) + 1)],
  ["a binary message", 1003, { binary: true }],
]) {
  test(`${what} is closed with ${code}`, within, async () => {
    const seen = await visit({ texts: [text] });
    assert.deepEqual([seen.opened, seen.code, seen.wasClean], [true, code, true]);
  });
}

test("an idle connection is told that it goes away", within, async () => {
  const seen = await visit({});
  assert.deepEqual([seen.code, seen.reason, seen.wasClean], [1001, "Going away", true]);
});
