import { type Deferred, deferred, tell } from "./clock.js";
import { StreamerError } from "./error.js";
import { type Frame, isFinal } from "./frame.js";
import type { Kept } from "./pending.js";
import type { Children, RequestState, Snapshot, Waiting } from "./snapshot.js";

/** A request as it stands. Each change makes a new object, so that two can be compared by identity. */
export interface Current<Result = unknown> {
  readonly status: "pending" | "done" | "failed";
  /** 0 to 100. */
  readonly percentage: number;
  /** A short text for a person; empty until there is one. */
  readonly message: string;
  /** Where the server has it; undefined until the server has stored it, so always for a short action. */
  readonly state?: RequestState | undefined;
  /** Rises with each change at the server. */
  readonly rev: number;
  /** Its action, when a snapshot has said it. */
  readonly action?: string | undefined;
  /** What the action adds for programs. */
  readonly metadata?: Record<string, unknown> | undefined;
  /** While QUEUED: what it waits for, when the server has said so. */
  readonly waiting?: Waiting | undefined;
  /** The requests that it started, when the server has said so. */
  readonly children?: Children | undefined;
  /** When done. */
  readonly result?: Result | undefined;
  /** When failed. */
  readonly error?: StreamerError | undefined;
}

/** How far a stored request is. The first one says that the server has stored it; the last one, of a success, says 100. */
export interface Progress extends Current {
  readonly state: RequestState;
}

/** A request as the code that made or resumed it sees it. */
export interface RequestHandle<Result = unknown> {
  readonly id: string;
  /**
   * The result. Rejects with a StreamerError, which is never an unhandled
   * rejection. Who has read it is a reader until the request ends.
   */
  readonly result: Promise<Result>;
  /**
   * Progress from now on, beginning with the newest that is known. A slow reader
   * misses steps, never the newest. Ends, without an error, when the request does.
   */
  readonly progress: AsyncIterable<Progress>;
  /** The request as it stands now. */
  readonly current: Current<Result>;
  /** Calls the listener soon after each change of `current`, until the function that it returns is called. */
  readonly subscribe: (listener: (current: Current<Result>) => void) => () => void;
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

/** The listener that stands for a reader of the result. */
const awaits = () => {};

/** What the client knows of one request. Frames may come doubled and in any order. */
export class Tracked {
  readonly handle: RequestHandle<any>;
  /** The request has ended, or the client has given it up. */
  readonly over: Promise<void>;
  isOver = false;
  /** The server has nothing more to do for it. */
  finished?: boolean;
  /** The server has stored it, so that it can be asked for. */
  stored: boolean;
  /** When it was sent, or may have been; undefined: never. */
  sentAt: number | undefined;
  /** Its cancel while that is not answered; the message is not sent again. */
  cancelAnswer: Promise<Snapshot | undefined> | undefined;
  /** Resolves when the server has answered the message, or will not any more: what is sent from then on does not overtake it. */
  readonly answered = deferred<void>();
  /** The caller that it belongs to, as far as a token said. */
  owner: string | undefined;
  current: Current = { status: "pending", percentage: 0, message: "", rev: 0 };
  /** That it was begun over. */
  link!: { readonly closedBy: unknown };
  /** What the storage has of it. */
  kept: Kept | undefined;
  /** It had readers, and has none. */
  unread = false;

  readonly outcome = deferred<unknown>();
  readonly #listeners = new Set<(current: Current) => void>();
  #last: Progress | undefined;
  /** Settles when readers come, or the last one leaves. */
  moved = deferred<void>();

  /**
   * `encoded` is the message, unless only its id is known; `follow` reads a
   * result_ref, and `cancel` is the client's.
   */
  constructor(
    readonly id: string,
    readonly encoded: string | undefined,
    private readonly follow: (ref: string, id: string) => Promise<unknown>,
    cancel: (id: string) => Promise<Snapshot | undefined>,
  ) {
    this.stored = !encoded;
    if (!encoded) this.answered.settle();
    this.over = this.outcome.promise.then(awaits, awaits);
    const tracked = this;
    const { subscribe } = this;
    this.handle = {
      id,
      subscribe,
      cancel: () => cancel(id),
      progress: { [Symbol.asyncIterator]: () => this.#iterate() },
      get current() {
        return tracked.current;
      },
      get result() {
        subscribe(awaits);
        return tracked.outcome.promise;
      },
    };
  }

  /** There is no use in sending the message, or a subscribe. */
  get dropped(): boolean {
    return this.isOver || (this.stored ? this.unread : !!this.cancelAnswer);
  }

  readonly subscribe = (listener: (current: any) => void): (() => void) => {
    this.#listeners.add(listener);
    this.#look();
    return () => {
      this.#listeners.delete(listener);
      // One that takes its place at once makes no difference.
      queueMicrotask(() => this.#look());
    };
  };

  /** Calls the listener with every progress from now on, beginning with the newest. */
  watch(listener: (p: Progress) => void): () => void {
    if (this.#last) tell([listener], this.#last);
    return this.subscribe((current) => isProgress(current) && listener(current));
  }

  /** Takes a frame of this request, unless it is old news. */
  offer(frame: Frame): void {
    const { current } = this;
    let {
      state,
      rev = 0,
      error,
      result,
      result_ref,
      percentage = 0,
      message = "",
      metadata,
      waiting,
      children = current.children,
      action = current.action,
    } = (frame.request ?? frame) as Snapshot;
    if (frame.type === "response") {
      this.finished = true;
      this.answered.settle();
      return this.#end(frame.data);
    }
    state ??= error?.code === "CANCELLED" ? "CANCELLED" : STATES[frame.type]!;
    // An error without a rev answers a message; it does not end a request.
    if (!state || rev <= current.rev) return;
    this.stored = true;
    this.answered.settle();
    this.finished = isFinal(state);
    if (this.isOver) return;
    const now = { state, rev, action };
    if (!this.finished) this.#show({ status: "pending", percentage, message, metadata, waiting, children, ...now });
    else if (error) this.failWith(new StreamerError(error, this.id), now);
    else this.#end(result_ref ? this.follow(result_ref, this.id) : result, now);
  }

  failWith(error: StreamerError, more?: Partial<Current>): void {
    if (this.current.status !== "pending") return;
    this.isOver = true;
    this.outcome.refuse(error);
    this.#showEnd({ ...more, status: "failed", error });
  }

  #end(result: unknown, more?: Partial<Current>): void {
    this.isOver = true;
    Promise.resolve(result).then(
      (result) => {
        if (this.current.status !== "pending") return;
        this.outcome.settle(result);
        this.#showEnd({ ...more, status: "done", percentage: 100, result });
      },
      (error) => this.failWith(error),
    );
  }

  /** The last progress stays, without what was true of a queued request alone: the message of an acknowledgment is at rev 1. */
  #showEnd(end: Partial<Current>): void {
    this.#show({ ...this.current, waiting: undefined, ...(this.current.rev < 2 && { message: "" }), ...end });
  }

  #show(current: Current): void {
    this.current = current;
    if (isProgress(current)) this.#last = current;
    tell(this.#listeners, current);
  }

  /** Notes whether there are readers. */
  #look(): void {
    const unread = !this.#listeners.size;
    if (unread === this.unread) return;
    this.unread = unread;
    this.moved.settle();
    this.moved = deferred();
  }

  async *#iterate(): AsyncGenerator<Progress> {
    let wake: Deferred<void>;
    const stop = this.subscribe(() => wake.settle());
    try {
      for (let seen: Progress | undefined; ; ) {
        wake = deferred();
        if (this.#last !== seen) {
          seen = this.#last;
          yield seen!;
        } else if (this.current.status !== "pending") return;
        else await wake.promise;
      }
    } finally {
      stop();
    }
  }
}

function isProgress(current: Current): current is Progress {
  return !!current.state && current.status !== "failed";
}
