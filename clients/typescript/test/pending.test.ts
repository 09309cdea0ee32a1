import assert from "node:assert/strict";
import { test } from "node:test";
import { Pending } from "../src/pending.js";
import { MemoryStorage } from "./support/storage.js";

test("what is pending, and whose it is, is there for the next page", () => {
  const storage = new MemoryStorage();
  const pending = new Pending(storage, "key");
  pending.put("r-1", "the message");
  pending.put("r-2", 0);
  pending.claim("ada");
  assert.deepEqual(new Pending(storage, "key").load(), {
    caller: "ada",
    requests: new Map<string, string | number>([
      ["r-1", "the message"],
      ["r-2", 0],
    ]),
  });
  assert.deepEqual(new Pending(storage, "another").load(), { requests: new Map() });

  // The next page changes one before it has a token.
  const next = new Pending(storage, "key");
  next.put("r-2", 40);
  assert.equal(next.load().caller, "ada");
});

test("nothing is left behind when nothing is pending", () => {
  const storage = new MemoryStorage();
  const pending = new Pending(storage, "key");
  pending.claim("ada");
  pending.put("r-1", 0);
  pending.put("r-1", undefined);
  assert.equal(storage.items.size, 0);
});

test("two clients share a storage without losing each other's requests", () => {
  const storage = new MemoryStorage();
  const [one, two] = [new Pending(storage, "key"), new Pending(storage, "key")];
  one.put("r-1", 0);
  two.put("r-2", 0);
  one.put("r-1", undefined);
  assert.deepEqual(one.load().requests, new Map([["r-2", 0]]));
});

test("no storage, a broken one and a full one cost only the memory", () => {
  const none = new Pending(undefined, "key");
  none.put("r-1", 0);
  assert.deepEqual(none.load(), { requests: new Map() });

  const storage = new MemoryStorage();
  for (const text of ["no json", "null", "7", '{"requests":null}']) {
    storage.setItem("key", text);
    assert.deepEqual(new Pending(storage, "key").load().requests, new Map());
  }
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  new Pending(storage, "key").put("r-1", 0);
});
