import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode, newId, reserved } from "../src/frame.js";
import { sequence } from "./support/random.js";

test("a text that is not a frame is recognised", () => {
  const none = [
    "",
    "no json",
    "null",
    "7",
    "[]",
    "{}",
    '{"type":7}',
    '{"type":"error"}',
    '{"type":"request"}',
    '{"message": "Internal server error", "connectionId":"a=", "requestId":"b="}',
  ];
  for (const text of none) assert.equal(decode(text, JSON), undefined, text);
  assert.equal(decode('{"type":"of a newer server"}', JSON)?.type, "of a newer server");
});

test("with a parse that keeps large integers, the protocol's own numbers stay numbers", () => {
  // Reads every number as a string, as the strictest of such parsers might.
  const parse = (text: string) => JSON.parse(text.replaceAll(/:(-?[\d.]+)/g, ':"$1"'));
  const codec = { parse, stringify: JSON.stringify };
  const text = `{"type":"request","request_id":"m","request":{"id":"r-1","state":"QUEUED","percentage":12.5,"attempts":2,"rev":7,
    "result":9007199254740993,"error":{"code":"TIMEOUT","retry":{"retryable":true,"after":2.5}}}}`;
  const { request } = decode(text, codec)!;
  assert.deepEqual([request!.percentage, request!.attempts, request!.rev, request!.error!.retry!.after], [12.5, 2, 7, 2.5]);
  assert.equal(request!.result, "9007199254740993");
});

test("a payload goes into the message as the codec spells it", () => {
  const raw = { parse: JSON.parse, stringify: (value: unknown) => String(value) };
  assert.equal(
    encode("r-1", "echo", '{ "n" : 9007199254740993 }', raw).encoded,
    '{"id":"r-1","action":"echo","payload":{ "n" : 9007199254740993 }}',
  );
  assert.equal(encode("r-1", "echo", undefined, JSON).encoded, '{"id":"r-1","action":"echo"}');
  assert.equal(
    encode("r-1", "echo", null, JSON, { metadata: { a: "b" } }).encoded,
    '{"id":"r-1","action":"echo","payload":null,"metadata":{"a":"b"}}',
  );
});

test("a made id is one that the protocol takes, and new each time", () => {
  const ids = new Set(Array.from({ length: 100 }, newId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_.:-]{10,128}$/);
  assert.notEqual(reserved("ping").id, reserved("ping").id);
});

test("garbage never throws", () => {
  const next = sequence(42);
  const text = '{"type":"request","request_id":"m","rev":3,"request":{"id":"r","error":{"code":"X","retry":{"after":1}}}}';
  for (let i = 0; i < 20_000; i++) {
    const chars = [...text];
    for (let edits = next(4) + 1; edits > 0; edits--) chars.splice(next(chars.length), next(3), String.fromCharCode(next(128)));
    const frame = decode(chars.join(""), JSON);
    if (frame) assert.equal(typeof frame.type, "string");
  }
});
