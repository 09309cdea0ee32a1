import { fault } from "./error.js";
import type { Frame } from "./frame.js";
import { MAX_TIMER } from "./limits.js";
import type { CallOptions, Output } from "./options.js";
import type { Streamer } from "./streamer.js";

/**
 * What a request emits, chunk by chunk, from an offset on: in order, none twice,
 * none left out, until the request has ended. How it ended is in its result.
 * A slow reader loses nothing: it reads from the server what it was too slow for.
 * Where WebSocket is blocked, chunks come with the next progress. Throws what the
 * server answers, such as NOT_FOUND, CLOSED when the client is closed, and ABORTED
 * or TIMEOUT when the signal aborts, and VALIDATION_ERROR for an offset that cannot be one.
 */
export async function* output<Chunk = unknown>(
  streamer: Pick<Streamer<any>, "resume" | "onFrame" | "output" | "reason">,
  id: string,
  from = 0,
  { signal }: Pick<CallOptions, "signal"> = {},
): AsyncGenerator<Chunk, void> {
  let newest: Output | undefined;
  let changed = (from & MAX_TIMER) !== from; // what is not a valid offset is asked for, and so refused, at once
  let stored = false; // there is nothing to ask for before
  let over = false;
  let wake = () => {};
  const change = () => {
    changed = true;
    wake();
  };
  const stop = streamer.onFrame(({ type, request_id, offset, chunks, request }: Frame) => {
    const live = type === "output" && request_id === id;
    if (live) newest = { offset: Number(offset), chunks: chunks!, final: false };
    if (live || request?.id === id) change();
  });
  const request = streamer.resume(id);
  const look = () => {
    const { status, state } = request.current;
    const first = !!state && !stored;
    stored ||= first;
    over = status !== "pending";
    if (over || first || streamer.reason === "polling") change();
  };
  const leave = request.subscribe(look);
  look();
  signal?.addEventListener("abort", change);
  try {
    for (;;) {
      while (!changed && !signal?.aborted) await new Promise<void>((resolve) => (wake = resolve));
      if (signal?.aborted) {
        throw fault(signal.reason?.name === "TimeoutError" ? "TIMEOUT" : "ABORTED", "aborted", id, signal.reason);
      }
      const last = over;
      changed = false;
      const live = newest && newest.offset <= from ? newest : undefined;
      newest = undefined;
      const piece = live ?? (await streamer.output(id, from, { signal }));
      const fresh = piece.chunks.slice(from - Number(piece.offset));
      for (const chunk of fresh) {
        from++;
        yield chunk as Chunk;
      }
      if (piece.final || (last && !fresh.length)) return;
      if (!live && fresh.length) changed = true; // there may be more than one answer holds
    }
  } finally {
    stop();
    leave();
    signal?.removeEventListener("abort", change);
  }
}
