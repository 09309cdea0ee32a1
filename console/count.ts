import { el, put } from "./element.js";
import { problem } from "./parts.js";
import { explain } from "./state.js";

/** The shortest time between two counts, in ms. */
const AGAIN = 5000;
/** How many times as long as a count takes the page waits before the next: counting costs the stage reads. */
const REST = 10;

/**
 * Counts again and again while the page can be seen. The first count is shown as it
 * grows, so that there are figures at once; each later one when it is complete.
 */
export async function keepCounting<T extends { cursor?: string }>(
  signal: AbortSignal,
  count: () => AsyncIterable<T>,
  notice: Element,
  show: (sum: T) => void,
): Promise<void> {
  for (let shown = false; !signal.aborted; ) {
    const began = performance.now();
    try {
      for await (const sum of count()) {
        if (signal.aborted) return;
        const whole = !sum.cursor;
        if (whole || !shown) {
          show(sum);
          put(notice, !whole && el("p", { class: "empty", role: "status" }, "Still counting: there are at least so many."));
        }
        shown ||= whole;
      }
    } catch (error) {
      if (!signal.aborted) put(notice, problem(explain(error)));
    }
    await rested(Math.max(AGAIN, (performance.now() - began) * REST), signal);
  }
}

/** Resolves after some time in which the page could be seen at its end. */
function rested(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      resolve();
    };
    const seen = () => !document.hidden && over && done();
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      seen();
    }, ms);
    document.addEventListener("visibilitychange", seen);
    signal.addEventListener("abort", done, { once: true });
  });
}
