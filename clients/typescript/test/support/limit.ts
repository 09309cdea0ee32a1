// Each test file begins with this: test.mjs puts its import there.
import { afterEach, beforeEach } from "node:test";

/** How long a test may take, in ms. Node's own limit ends the whole file, and names none of its tests. */
const LIMIT = 90_000;
const timers = new Map<string, NodeJS.Timeout>();

beforeEach((t) => {
  const giveUp = () => {
    process.stderr.write(`"${t.name}" has not ended within ${LIMIT / 1000} s\n`);
    process.exit(1);
  };
  timers.set(t.name, setTimeout(giveUp, LIMIT));
});

afterEach((t) => clearTimeout(timers.get(t.name)));
