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
  let pushed: Output | undefined; // and not read yet
  let ask = (from & MAX_TIMER) !== from; // what is not a valid offset is asked for, and so refused, at once
  let more = false; // may be stored than one answer holds
  let stored = false; // there is nothing to ask for before
  let over = false;
  let wake = () => {};
  const change = () => {
    ask = true;
    wake();
  };
  const stop = streamer.onFrame(({ type, request_id, offset, chunks, request }: Frame) => {
    if (request?.id === id) change();
    if (type !== "output" || request_id !== id) return;
    ask ||= !!pushed; // the reader is slow
    pushed = { offset: Number(offset), chunks: chunks!, final: false };
    wake();
  });
  const request = streamer.resume(id);
  const look = () => {
    const { status, state } = request.current;
    over = status !== "pending";
    const news = state && (!stored || streamer.reason === "polling");
    stored ||= !!state;
    if (over || news) change();
  };
  const leave = request.subscribe(look);
  look();
  signal?.addEventListener("abort", change);
  try {
    for (;;) {
      while (!ask && !more && !pushed && !signal?.aborted) await new Promise<void>((resolve) => (wake = resolve));
      if (signal?.aborted) {
        throw fault(signal.reason?.name === "TimeoutError" ? "TIMEOUT" : "ABORTED", "aborted", id, signal.reason);
      }
      // Nothing wakes the loop after the end: from then on it reads what is stored, until there is no more.
      const last = over;
      const live = !last && !ask && pushed && pushed.offset <= from && pushed;
      if (!live) ask = more = false;
      pushed = undefined;
      const piece = live || (await streamer.output(id, from, { signal }));
      const fresh = piece.chunks.slice(from - Number(piece.offset));
      for (const chunk of fresh) {
        from++;
        yield chunk as Chunk;
      }
      if (piece.final) return;
      if (fresh.length) more = !live;
      else if (last) {
        const { error } = request.current;
        if (error?.code === "CLOSED") throw error; // the client was opened again meanwhile
        return;
      }
    }
  } finally {
    stop();
    leave();
    signal?.removeEventListener("abort", change);
  }
}
