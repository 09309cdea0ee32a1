import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamerError } from "../src/error.js";
import { decode, encode } from "../src/frame.js";
import { Tracked } from "../src/request.js";
import { golden } from "./support/golden.js";

/** What a user sees of a request whose one frame this is. */
async function seen(text: string): Promise<unknown> {
  const frame = decode(text, JSON);
  assert.ok(frame, "it is not understood");
  const id = frame.request?.id ?? frame.request_id ?? "none";
  const request = new Tracked(
    id,
    "sent",
    async (ref) => ({ fetched: ref }),
    async () => undefined,
  );
  request.offer(frame);
  if (request.isOver) {
    return request.handle.result.then(
      (result) => ({ result }),
      (error: StreamerError) => ({ code: error.code, retry: error.retry, details: error.details }),
    );
  }
  const progress: unknown[] = [];
  request.watch((p) => progress.push(p));
  await Promise.resolve();
  // What a frame does not say is undefined, as if it were not there.
  return JSON.parse(JSON.stringify(progress[0] ?? "nothing"));
}

test("every golden frame is understood, and means what it says", async (t) => {
  const cases = golden("frames");
  for (const [name, text] of cases) {
    await t.test(name, async () => {
      const frame = JSON.parse(text);
      const { type, rev, error, request } = frame;
      const failure = ({ code, retry, details }: any) => ({ code, retry, details });
      const got = await seen(text);
      switch (type) {
        case "acknowledgment":
          return assert.deepEqual(got, { status: "pending", percentage: 0, message: frame.message, state: "QUEUED", rev });
        case "response":
          return assert.deepEqual(got, { result: frame.data });
        case "progress": {
          const { percentage, message, metadata } = frame;
          return assert.deepEqual(got, {
            status: "pending",
            percentage,
            message,
            ...(metadata && { metadata }),
            state: "RUNNING",
            rev,
          });
        }
        case "complete":
          return assert.deepEqual(got, { result: frame.result_ref ? { fetched: frame.result_ref } : frame.result });
        case "error":
          return assert.deepEqual(got, rev ? failure(error) : "nothing");
        case "request": {
          if (request.state === "SUCCEEDED") {
            return assert.deepEqual(got, { result: request.result_ref ? { fetched: request.result_ref } : request.result });
          }
          if (request.error && request.state !== "QUEUED") return assert.deepEqual(got, failure(request.error));
          const { percentage, message = "", metadata, waiting, children, state } = request;
          const more = {
            ...(metadata && { metadata }),
            ...(waiting && { waiting }),
            ...(children && { children }),
            action: request.action,
          };
          return assert.deepEqual(got, { status: "pending", percentage, message, ...more, state, rev: request.rev });
        }
        default: // pong, and what this client does not know
          return assert.equal(got, "nothing");
      }
    });
  }
});

test("every golden message is what this client sends for the same values", async (t) => {
  // U+2028 may be spelt in two ways; Go escapes it, JSON.stringify does not.
  const spelling = (text: string) => text.replaceAll("\u2028", "\\u2028");
  const raw = { parse: JSON.parse, stringify: String };
  for (const [name, text] of golden("messages")) {
    await t.test(name, () => {
      const { id, action, payload: _, ...extras } = JSON.parse(text);
      const payload = /"payload":(.*?)(,"(metadata|not_before)":.*)?\}$/.exec(text)?.[1];
      const message = encode(id ?? "left out", action, payload, raw, extras).encoded;
      assert.equal(spelling(id ? message : message.replace('"id":"left out",', "")), text);
    });
  }
});
