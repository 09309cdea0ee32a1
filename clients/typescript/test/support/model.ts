import { frames, snapshot } from "./harness.js";
import type { ServerConnection } from "./server.js";

interface Stored {
  rev: number;
  state: "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
  percentage: number;
  result?: string;
  watchers: Set<ServerConnection>;
}

/** The server's side of long requests, as docs/protocol.md has it, kept in memory. */
export class Model {
  readonly requests = new Map<string, Stored>();
  /** How often an action would have been run. */
  created = 0;
  /** The tokens of the signals that were given, by request. */
  readonly signals = new Map<string, string[]>();
  /** Lets a message travel. Two messages of one connection may overtake each other, as on API Gateway. */
  travel: () => Promise<unknown> = () => Promise.resolve();

  /** Answers what comes on a connection, until that is closed. */
  serve(peer: ServerConnection): void {
    void (async () => {
      for (;;) {
        const message = await peer.messages.next();
        void this.travel().then(() => this.#answer(peer, message));
      }
    })();
  }

  /** Moves a request on and tells its watchers; `twice` sends the frame doubled. */
  step(id: string, done: boolean, twice: boolean): void {
    const request = this.requests.get(id);
    if (request?.state !== "RUNNING") return;
    request.rev += 1;
    request.percentage = Math.min(99, request.percentage + 1);
    if (done) {
      request.state = "SUCCEEDED";
      request.result = `the result of ${id}`;
    }
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
      request = { rev: 1, state: "RUNNING", percentage: 0, watchers: new Set([peer]) };
      this.requests.set(about, request);
      return peer.send(frames(id).ack());
    }
    if (action === "streamer.output") {
      return peer.send(frames(id).response({ offset: payload.from, chunks: [], final: request.state !== "RUNNING" }));
    }
    request.watchers.add(peer);
    if (action === "streamer.signal") this.signals.set(about, [...(this.signals.get(about) ?? []), payload.token]);
    if (action === "streamer.cancel" && request.state === "RUNNING") this.#move(request, "CANCELLED");
    if (action === "streamer.redrive" && request.state === "FAILED") this.#move(request, "RUNNING");
    peer.send({ type: "request", request_id: id, request: this.#snapshot(about, request) });
  }

  #move(request: Stored, state: Stored["state"]): void {
    request.state = state;
    request.rev += 1;
  }

  #snapshot(id: string, { rev, state, percentage, result }: Stored): unknown {
    const error = state === "CANCELLED" || state === "FAILED" ? { error: { code: state, message: "so it ended" } } : {};
    return snapshot(id, state, rev, { percentage, ...(result && { result }), ...error });
  }
}
