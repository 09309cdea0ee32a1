import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, Timers } from "../src/clock.js";
import { ManualClock } from "./support/clock.js";

test("clearing ends every timer and every pause, and lets none begin", async () => {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const ran: string[] = [];
  timers.after(10, () => ran.push("due"));
  timers.after(
    20,
    () => ran.push("never"),
    () => ran.push("cleared"),
  );
  const pause = timers.pause(30);
  clock.advance(10);
  timers.clear();
  await pause;
  timers.after(
    1,
    () => ran.push("never"),
    () => ran.push("too late"),
  );
  await timers.pause(1);
  clock.advance(100);
  assert.deepEqual(ran, ["due", "cleared", "too late"]);
  assert.equal(clock.timers.size, 0);
});

test("a stopped timer does not run", () => {
  const clock = new ManualClock();
  const stop = new Timers(clock).after(10, () => assert.fail("it ran"));
  stop();
  clock.advance(10);
});

test("a time longer than the platform's timers take is not taken for none", () => {
  const clock = new ManualClock();
  new Timers(clock).after(2 ** 40, () => {});
  assert.deepEqual(clock.due(), [2 ** 31 - 1]);
});

test("backoff is full jitter under a limit that doubles up to half a minute", () => {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  clock.chance = () => 0;
  assert.equal(timers.backoff(7), 0);
  clock.chance = () => 0.999;
  assert.deepEqual(
    [0, 1, 2, 5, 40].map((n) => Math.round(timers.backoff(n))),
    [999, 1998, 3996, 29970, 29970],
  );
});

test("the system's clock runs and stops timers", async () => {
  const stopped = systemClock.setTimeout(() => assert.fail("it ran"), 1);
  systemClock.clearTimeout(stopped);
  const before = systemClock.now();
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 2));
  assert.ok(systemClock.now() > before);
  assert.ok(systemClock.random() < 1);
});
