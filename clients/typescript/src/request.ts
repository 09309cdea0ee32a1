import { deferred, tell } from "./clock.js";
import { StreamerError } from "./error.js";
import { type Frame, isFinal, type RequestState, type Snapshot } from "./frame.js";

/** How far a request is. The first one says that the server has stored it. */
export interface Progress {
  /** 0 to 100. */
  percentage: number;
  /** A short text for a person. */
  message: string;
  /** What the action adds for programs. */
  metadata?: Record<string, unknown>;
  state: RequestState;
  rev: number;
}

/** A request as the code that made or resumed it sees it. */
export interface RequestHandle<Result = unknown> {
  readonly id: string;
  /**
   * The result. Rejects with a StreamerError, which is never an unhandled
   * rejection.
   */
  readonly result: Promise<Result>;
  /**
   * Progress from now on, beginning with the newest that is known. A slow reader
   * misses steps, never the newest. Ends, without an error, when the request does.
   */
  readonly progress: AsyncIterable<Progress>;
  /** The same as `Streamer.cancel` with this id. */
  cancel(): Promise<Snapshot | undefined>;
}

/** What each type of frame says of the state. */
const STATES: Record<string, RequestState> = {
  acknowledgment: "QUEUED",
  progress: "RUNNING",
  complete: "SUCCEEDED",
  error: "FAILED",
};

/** What the client knows of one request. Frames may come doubled and in any order. */
export class Tracked {
  readonly handle: RequestHandle<any>;
  /** The request has ended, or the reader has given it up. */
  readonly done: Promise<void>;
  ended = false;
  /** The server has nothing more to do for it. */
  finished = false;
  /** The server has stored it, so that it can be asked for. */
  stored: boolean;
  /** When it was sent, or may have been; undefined: never. */
  sentAt: number | undefined;
  /** Its cancel, once that was asked for. From then on the message is not sent again. */
  cancelling: Promise<Snapshot | undefined> | undefined;
  /** Resolves when the server has answered the message, or will not any more: what is sent from then on does not overtake it. */
  readonly answered = deferred<void>();
  /** The caller that it belongs to, as far as a token said. */
  caller: string | undefined;
  /** The highest rev seen. */
  rev = 0;

  readonly #result = deferred<unknown>();
  readonly #listeners = new Set<(p: Progress) => void>();
  #last: Progress | undefined;
  #changed = deferred<void>();

  /**
   * `text` is the message, unless only its id is known; `follow` reads a
   * result_ref, and `cancel` is the client's.
   */
  constructor(
    readonly id: string,
    readonly text: string | undefined,
    private readonly follow: (ref: string, id: string) => Promise<unknown>,
    cancel: (id: string) => Promise<Snapshot | undefined>,
  ) {
    this.stored = !text;
    if (!text) this.answered.resolve();
    const finish = () => this.#changed.resolve();
    this.done = this.#result.promise.then(finish, finish);
    const progress = { [Symbol.asyncIterator]: () => this.#iterate() };
    this.handle = { id, result: this.#result.promise, progress, cancel: () => cancel(id) };
  }

  /** There is no use in sending the message. */
  get dropped(): boolean {
    return this.ended || (!this.stored && !!this.cancelling);
  }

  /** Calls the listener with every progress from now on, beginning with the newest. */
  watch(listener: (p: Progress) => void): void {
    this.#listeners.add(listener);
    if (this.#last) tell([listener], this.#last);
  }

  /** Takes a frame of this request, unless it is old news. */
  offer(frame: Frame): void {
    const snapshot = frame.request;
    const { rev = 0, error, result, result_ref, percentage = 0, message = "", metadata } = snapshot ?? frame;
    if (frame.type === "response") {
      this.finished = true;
      this.answered.resolve();
      return this.#end(frame.data);
    }
    // An error without a rev answers a message; it does not end a request.
    const state = snapshot ? snapshot.state : STATES[frame.type];
    if (!state || rev <= this.rev) return;
    this.stored = true;
    this.answered.resolve();
    this.rev = rev;
    this.finished = isFinal(state);
    if (this.ended) return;
    if (this.finished) {
      if (error) this.fail(new StreamerError(error, this.id));
      else this.#end(result_ref ? this.follow(result_ref, this.id) : result);
    } else {
      this.#last = { percentage, message, ...(metadata && { metadata }), state, rev };
      tell(this.#listeners, this.#last);
      this.#changed.resolve();
      this.#changed = deferred();
    }
  }

  fail(error: StreamerError): void {
    this.ended = true;
    this.#result.reject(error);
  }

  #end(result: unknown): void {
    this.ended = true;
    Promise.resolve(result).then(this.#result.resolve, this.#result.reject);
  }

  async *#iterate(): AsyncGenerator<Progress> {
    let open = true;
    void this.done.then(() => (open = false));
    for (let seen: Progress | undefined; ; ) {
      if (this.#last !== seen) {
        seen = this.#last;
        yield seen!;
      } else if (open) await this.#changed.promise;
      else return;
    }
  }
}
