import { frames, snapshot } from "./harness.js";
import type { ServerConnection } from "./server.js";

interface Stored {
  rev: number;
  percentage: number;
  result?: string;
  watchers: Set<ServerConnection>;
}

/** The server's side of long requests, as docs/protocol.md has it, kept in memory. */
export class Model {
  readonly requests = new Map<string, Stored>();
  /** How often an action would have been run. */
  created = 0;

  /** Answers what comes on a connection, until that is closed. */
  serve(peer: ServerConnection): void {
    void (async () => {
      for (;;) this.#answer(peer, await peer.messages.next());
    })();
  }

  /** Moves a request on and tells its watchers; `twice` sends the frame doubled. */
  step(id: string, done: boolean, twice: boolean): void {
    const request = this.requests.get(id);
    if (!request || request.result) return;
    request.rev += 1;
    request.percentage = Math.min(99, request.percentage + 1);
    if (done) request.result = `the result of ${id}`;
    const f = frames(id);
    const frame = done ? f.complete(request.result, request.rev) : f.progress(request.percentage, request.rev);
    for (const peer of request.watchers) {
      peer.send(frame);
      if (twice) peer.send(frame);
    }
  }

  #answer(peer: ServerConnection, { id, action, payload }: any): void {
    const about = payload?.request_id ?? id;
    let request = this.requests.get(about);
    if (!request) {
      if (action.startsWith("streamer.")) return peer.send(frames(id).error("NOT_FOUND"));
      this.created++;
      request = { rev: 1, percentage: 0, watchers: new Set([peer]) };
      this.requests.set(about, request);
      return peer.send(frames(id).ack());
    }
    request.watchers.add(peer);
    const { rev, percentage, result } = request;
    const state = result ? "SUCCEEDED" : "RUNNING";
    peer.send({
      type: "request",
      request_id: id,
      request: snapshot(about, state, rev, { percentage, ...(result && { result }) }),
    });
  }
}
