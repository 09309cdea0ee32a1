import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamerError } from "../src/error.js";

test("an error is what the frame said, with the request that it is of", () => {
  const wire = {
    code: "RATE_LIMITED",
    message: "too much",
    details: { correlation_id: "c-1" },
    retry: { retryable: true, after: 2.5 },
  };
  const error = new StreamerError(wire, "r-1", "a cause");
  assert.ok(error instanceof Error);
  assert.equal(String(error), "StreamerError: too much");
  assert.equal(error.code, "RATE_LIMITED");
  assert.deepEqual(error.details, { correlation_id: "c-1" });
  assert.deepEqual(error.retry, { retryable: true, after: 2.5 });
  assert.equal(error.requestId, "r-1");
  assert.equal(error.cause, "a cause");
});
