import type { Frame } from "./frame.js";
import type { Output } from "./options.js";
import type { Streamer } from "./streamer.js";

/**
 * What a request emits, chunk by chunk, from an offset on: in order, none twice,
 * none left out, until the request has ended. How it ended is in its result.
 * A slow reader loses nothing: it reads from the server what it was too slow for.
 * Where WebSocket is blocked, chunks come with the next progress. Throws what the
 * server answers, such as NOT_FOUND, and CLOSED when the client is closed.
 */
export async function* output<Chunk = unknown>(
  streamer: Pick<Streamer<any>, "resume" | "onFrame" | "output" | "reason">,
  id: string,
  from = 0,
): AsyncGenerator<Chunk, void> {
  let newest: Output | undefined;
  let changed = true;
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
  const leave = request.subscribe(({ status }) => {
    over = status !== "pending";
    if (over || streamer.reason === "polling") change();
  });
  try {
    for await (const _ of request.progress) break; // the server has it
    for (;;) {
      while (!changed) await new Promise<void>((resolve) => (wake = resolve));
      const last = over;
      changed = false;
      const live = newest && newest.offset <= from ? newest : undefined;
      newest = undefined;
      const piece = live ?? (await streamer.output(id, from));
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
  }
}
