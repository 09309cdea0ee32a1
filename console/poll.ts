/**
 * Calls `once` now, and again some time after each call has ended, while the
 * page can be seen. What it throws goes to `failed`, and it is called again.
 */
export async function poll(
  signal: AbortSignal,
  every: number | (() => number),
  once: () => Promise<unknown>,
  failed: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      if (!document.hidden) await once();
    } catch (error) {
      if (!signal.aborted) failed(error);
    }
    await pause(typeof every === "number" ? every : every(), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      resolve();
    };
    const seen = () => !document.hidden && done();
    const timer = setTimeout(done, ms);
    document.addEventListener("visibilitychange", seen);
    signal.addEventListener("abort", done, { once: true });
  });
}
