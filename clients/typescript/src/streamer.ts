import { Driver } from "./driver.js";
import { asFault, checkOptions, fault } from "./error.js";
import { encode, type Frame, newId, plain, reserved } from "./frame.js";
import type { State } from "./link.js";
import type {
  ActionType,
  AnyActions,
  CallOptions,
  ListOptions,
  Output,
  PayloadOf,
  RequestOptions,
  ResultOf,
  ResumeOptions,
  StreamerOptions,
} from "./options.js";
import type { RequestHandle, Tracked } from "./request.js";
import type { Reason } from "./session.js";
import type { Snapshot } from "./snapshot.js";

/**
 * A connection to Streamer that survives what happens to connections. It
 * connects with its first use; making one does nothing.
 *
 * A message whose answer was lost is sent again under its id. The server runs a
 * stored request once all the same; a short action may run twice.
 */
export class Streamer<M extends { [A in keyof M]: ActionType } = AnyActions> {
  readonly #driver: Driver;

  constructor(url: string, options: StreamerOptions) {
    this.#driver = new Driver(url, options);
  }

  /** Connects now. Opens again what was closed: with the next token, and the storage's requests if they are that caller's. */
  connect(): void {
    this.#driver.connect();
  }

  /** Disconnects until the next use, or `connect`. What is awaited goes on waiting. */
  disconnect(): void {
    if (!this.#driver.link.closedBy) this.#driver.link.stop("idle", "disconnected");
  }

  /**
   * Ends everything at once: no timer, socket or call is left. Results that are
   * still awaited reject with CLOSED, and so does every use until `connect`; the
   * requests themselves go on, and stay in the storage.
   */
  close(): void {
    this.#driver.close();
  }

  get state(): State {
    return this.#driver.link.state;
  }

  /** Why the state is what it is. */
  get reason(): Reason {
    return this.#driver.link.reason;
  }

  /** Calls the listener after every change of state or reason, until the function that it returns is called. */
  onState(listener: () => void): () => void {
    this.#driver.stateListeners.add(listener);
    return () => this.#driver.stateListeners.delete(listener);
  }

  /** Calls the listener with every frame, in the order in which they came, until the function that it returns is called. */
  onFrame(listener: (frame: Frame) => void): () => void {
    this.#driver.taps.add(listener);
    return () => this.#driver.taps.delete(listener);
  }

  /**
   * Sends a request, now or as soon as there is a connection. An id that is
   * pending in this client already gives that request's handle. What the server
   * would refuse for its form is refused at once, by the result.
   */
  request<A extends keyof M & string>(
    action: A,
    ...[payload, options = {}]: undefined extends PayloadOf<M, A>
      ? [payload?: PayloadOf<M, A>, options?: RequestOptions]
      : [payload: PayloadOf<M, A>, options?: RequestOptions]
  ): RequestHandle<ResultOf<M, A>> {
    const driver = this.#driver;
    const { id = newId(), metadata, notBefore, onProgress } = options;
    let request: Tracked;
    try {
      checkOptions(options, id);
      const { encoded } = encode(id, action, payload, driver.codec, { metadata, not_before: notBefore });
      driver.restore();
      const known = driver.tracked.get(id);
      if (known?.encoded && known.encoded !== encoded) throw fault("DUPLICATE_REQUEST", "another request has this id", id);
      request = known ?? driver.begin(id, encoded);
    } catch (error) {
      request = driver.make(id, "");
      request.failWith(asFault(error, id));
      return request.handle;
    }
    if (onProgress) request.watch(onProgress);
    const end = driver.bound(
      options,
      "CANCELLED",
      (error) => {
        request.failWith(error);
        void driver.cancelBehind(request);
      },
      id,
    );
    void request.over.then(end);
    if (!request.isOver) driver.use();
    return request.handle;
  }

  /**
   * Waits again for a request that was made before, here or elsewhere. Aborting,
   * or the time-out, ends the watching and not the request.
   */
  resume<A extends keyof M & string>(id: string, options: ResumeOptions = {}): RequestHandle<ResultOf<M, A>> {
    const driver = this.#driver;
    const { onProgress, signal, timeout } = options;
    driver.use();
    const request = driver.tracked.get(id) ?? driver.begin(id);
    const bounded = signal || timeout !== undefined;
    // Who waits within a bound is a reader until then.
    const stop = (onProgress || bounded) && request.watch(onProgress ?? (() => {}));
    if (!bounded) return request.handle;
    const result = driver.within(options, () => request.outcome.promise, id).finally(stop as () => void);
    result.catch(() => {});
    return Object.create(request.handle, { result: { value: result } });
  }

  /** The requests that are not finished: those of this client, and those that its storage kept. */
  pending(): RequestHandle<ResultOf<M, keyof M>>[] {
    this.#driver.restore();
    return [...this.#driver.tracked.values()].filter((r) => !r.isOver).map((r) => r.handle);
  }

  /** A request as it stands, with its result however large. */
  get<A extends keyof M & string>(id: string, options?: CallOptions): Promise<Snapshot<ResultOf<M, A>>> {
    return this.#driver.about("get", id, options);
  }

  /** A page of your requests, newest first, without results. */
  async list(options: ListOptions = {}): Promise<{ requests: Snapshot[]; cursor?: string }> {
    const { signal, timeout, ...query } = options;
    const { data } = await this.#driver.within(options, (call) => this.#driver.answer(reserved("list", query), call));
    const page = data as { requests: Snapshot[]; cursor?: string };
    page.requests.forEach(plain);
    return page;
  }

  /**
   * Cancels a request, and never overtakes the message that makes it: one that was
   * not sent yet is dropped; one that was sent is cancelled with its first frame. A
   * running one ends when its action notices; a final one stays as it is. Resolves
   * with undefined where the server had nothing to cancel: the request was dropped,
   * refused, or answered before. `result` says how it ended.
   */
  cancel(id: string, options?: CallOptions): Promise<Snapshot | undefined> {
    return this.#driver.about("cancel", id, options);
  }

  /** Runs a request that has FAILED again, from its last checkpoint; `resume` waits for it. Another stays as it is. */
  redrive(id: string, options?: CallOptions): Promise<Snapshot> {
    return this.#driver.about("redrive", id, options);
  }

  /** Gives a request the signal that it waits for, or will wait for. The first signal of a token counts. */
  signal(id: string, token: string, payload?: unknown, options?: CallOptions): Promise<Snapshot> {
    return this.#driver.about("signal", id, options, { token, payload });
  }

  /** What a request has emitted, from an offset on, as far as one answer holds it. `output` of the entry point of that name follows it. */
  output(id: string, from = 0, options?: CallOptions): Promise<Output> {
    return this.#driver.about("output", id, { ...options, from } as CallOptions, { from });
  }
}
