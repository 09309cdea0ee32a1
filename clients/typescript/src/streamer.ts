import { systemClock, Timers, tell } from "./clock.js";
import type { SocketClass } from "./connection.js";
import { StreamerError } from "./error.js";
import type { Snapshot } from "./frame.js";
import { type Codec, encode, type Frame, type Message, newId, plain, reserved } from "./frame.js";
import { Http } from "./http.js";
import { Link, type State } from "./link.js";
import type {
  ActionType,
  AnyActions,
  ListOptions,
  Output,
  PayloadOf,
  RequestOptions,
  ResultOf,
  StreamerOptions,
} from "./options.js";
import { Pending } from "./pending.js";
import { type RequestHandle, Tracked } from "./request.js";
import { ANSWER_WITHIN, type Reason, type Session } from "./session.js";
import { Tokens } from "./token.js";

/** The most bytes that go in one WebSocket message; a browser cannot split it, and a frame of 32 KB has a header. */
const MAX_FRAME = 32_000;
/** How often a message is sent that is not answered. */
const MAX_TRIES = 5;
/** While a result is awaited, a dead connection should show within a minute or two. */
const WAITING_SILENCE = 60_000;

/**
 * A connection to Streamer that survives what happens to connections. It
 * connects at once, and lives until `close`.
 *
 * A message whose answer was lost is sent again under its id. The server runs a
 * stored request once all the same; a short action may run twice.
 */
export class Streamer<M extends { [A in keyof M]: ActionType } = AnyActions> {
  readonly #codec: Codec;
  readonly #timers: Timers;
  readonly #http: Http;
  readonly #link: Link;
  readonly #pending: Pending;
  readonly #requests = new Map<string, Tracked>();
  /** By id: the redrive that is not answered yet. */
  readonly #redrives = new Map<string, Promise<unknown>>();
  readonly #listeners = new Set<() => void>();
  readonly #taps = new Set<(frame: Frame) => void>();
  #caller: string | undefined;

  constructor(url: string, options: StreamerOptions) {
    const { parse = JSON.parse, stringify = JSON.stringify, pingInterval = 240_000, events = globalThis as any } = options;
    const httpUrl = options.httpUrl ?? new URL(url).origin.replace(/^ws/, "http");
    this.#codec = { parse, stringify };
    this.#timers = new Timers(options.clock ?? systemClock);
    const tokens = new Tokens(options.token, this.#timers.clock);
    this.#http = new Http(httpUrl.replace(/\/+$/, ""), tokens, this.#codec, this.#timers, options.fetch ?? fetch);
    this.#pending = new Pending(options.storage, "streamer " + url);
    const { caller, requests } = this.#pending.load();
    for (const [id, text] of Object.entries(requests))
      this.#track(id, text ?? undefined, caller).sentAt = this.#timers.clock.now();
    this.#link = new Link({
      url,
      SocketClass: options.WebSocket ?? (globalThis.WebSocket as SocketClass | undefined),
      http: this.#http,
      tokens,
      codec: this.#codec,
      timers: this.#timers,
      events,
      onFrame: (frame) => this.#offer(frame),
      onState: () => this.#stateChanged(),
      onToken: (caller) => this.#claim(caller),
      silence: () => (this.#requests.size ? Math.min(WAITING_SILENCE, pingInterval) : pingInterval),
    });
    for (const request of this.#requests.values()) void this.#drive(request);
  }

  get state(): State {
    return this.#link.state;
  }

  /** Why the state is what it is. */
  get reason(): Reason {
    return this.#link.reason;
  }

  /** Calls the listener after every change of state or reason, until the function that it returns is called. */
  onState(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls the listener with every frame, in the order in which they came, until the function that it returns is called. */
  onFrame(listener: (frame: Frame) => void): () => void {
    this.#taps.add(listener);
    return () => this.#taps.delete(listener);
  }

  /**
   * Sends a request, now or as soon as there is a connection. An id that is
   * pending in this client already gives that request's handle.
   */
  request<A extends keyof M & string>(
    action: A,
    ...[payload, options = {}]: undefined extends PayloadOf<M, A>
      ? [payload?: PayloadOf<M, A>, options?: RequestOptions]
      : [payload: PayloadOf<M, A>, options?: RequestOptions]
  ): RequestHandle<ResultOf<M, A>> {
    const id = options.id ?? newId();
    const { text } = encode(id, action, payload, this.#codec, options.metadata);
    const known = this.#requests.get(id);
    if (known?.text && known.text !== text) {
      const other = new Tracked(id, text, this.#follow, this.#cancelById);
      other.fail(new StreamerError({ code: "DUPLICATE_REQUEST", message: "the id belongs to another request" }, id));
      return other.handle;
    }
    return this.#begin(known, id, text, options);
  }

  /** Waits again for a request that was made before, here or elsewhere. */
  resume<A extends keyof M & string>(
    id: string,
    options: Omit<RequestOptions, "id" | "metadata"> = {},
  ): RequestHandle<ResultOf<M, A>> {
    return this.#begin(this.#requests.get(id), id, undefined, options);
  }

  /** The requests that are not finished: those of this client, and those that its storage kept. */
  pending(): RequestHandle<ResultOf<M, keyof M>>[] {
    return [...this.#requests.values()].filter((r) => !r.ended).map((r) => r.handle);
  }

  /** A request as it stands, with its result however large. */
  get<A extends keyof M & string>(id: string): Promise<Snapshot<ResultOf<M, A>>> {
    return this.#snapshot("get", id);
  }

  /** A page of your requests, newest first, without results. */
  async list(options: ListOptions = {}): Promise<{ requests: Snapshot[]; cursor?: string }> {
    const { data } = await this.#answer(reserved("list", options));
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
  async cancel(id: string): Promise<Snapshot | undefined> {
    const request = this.#requests.get(id);
    return request && !request.stored ? this.#cancel(request) : this.#snapshot("cancel", id);
  }

  /** Runs a request that has FAILED again, from its last checkpoint; `resume` waits for it. Another stays as it is. */
  redrive(id: string): Promise<Snapshot> {
    const call = this.#snapshot("redrive", id);
    const answered = call
      .catch(() => {})
      .then(() => {
        if (this.#redrives.get(id) === answered) this.#redrives.delete(id);
      });
    this.#redrives.set(id, answered);
    return call;
  }

  /** Gives a request the signal that it waits for, or will wait for. The first signal of a token counts. */
  signal(id: string, token: string, payload?: unknown): Promise<Snapshot> {
    return this.#snapshot("signal", id, { token, payload });
  }

  /** What a request has emitted, from an offset on, as far as one answer holds it. `output` of the entry point of that name follows it. */
  async output(id: string, from = 0): Promise<Output> {
    const { data } = await this.#answer(reserved("output", { request_id: id, from }));
    return data as Output;
  }

  /**
   * Ends everything at once: no timer, socket or call is left. Results that are
   * still awaited reject with CLOSED; the requests themselves go on, and stay in
   * the storage.
   */
  close(): void {
    this.#link.close("closed", new StreamerError({ code: "CLOSED", message: "the client was closed" }));
  }

  #begin(known: Tracked | undefined, id: string, text: string | undefined, options: RequestOptions): RequestHandle<any> {
    const request = known ?? this.#track(id, text, this.#caller);
    const { onProgress, signal, timeout } = options;
    if (onProgress) request.watch(onProgress);
    const stop = (code: string, message: string) => {
      request.fail(new StreamerError({ code, message }, id, signal?.reason));
      // It has ended by itself, or the client has.
      this.#cancel(request).catch(() => {});
    };
    const abort = () => stop("CANCELLED", "the request was aborted");
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    const stopTimer = timeout && this.#timers.after(timeout, () => stop("TIMEOUT", `no result within ${timeout} ms`));
    void request.done.then(() => {
      signal?.removeEventListener("abort", abort);
      if (stopTimer) stopTimer();
    });
    if (!known) {
      if (!request.ended && !this.#link.closedBy) this.#pending.put(id, text ?? null);
      void this.#drive(request);
    }
    return request.handle;
  }

  #track(id: string, text: string | undefined, caller: string | undefined): Tracked {
    const request = new Tracked(id, text, this.#follow, this.#cancelById);
    request.caller = caller;
    this.#requests.set(id, request);
    void request.done.then(() => {
      if (!this.#link.closedBy) this.#pending.remove(id);
      if (this.#requests.get(id) === request) this.#requests.delete(id);
    });
    return request;
  }

  /** Sees a request to its end: sends it, or asks for it, with every new session. */
  async #drive(request: Tracked): Promise<void> {
    const { id, text } = request;
    let failures = 0;
    try {
      while (!request.ended) {
        const begun = this.#timers.clock.now();
        const before = request.rev;
        const message = request.stored ? reserved("subscribe", { request_id: id }) : { id, text: text! };
        await this.#redrives.get(id);
        const [frame, session] = await this.#ask(message, request);
        if (!frame) {
          request.answered.resolve();
          await request.cancelling;
          continue;
        }
        if (frame.error && !frame.rev) {
          request.finished = !request.stored;
          if (request.finished || !frame.error.retry?.retryable) throw new StreamerError(frame.error, id);
          await this.#timers.pause((frame.error.retry.after ?? 0) * 1000 + this.#timers.backoff(failures++));
          continue;
        }
        failures = 0;
        request.offer(frame);
        if (message.text === text && request.stored && !request.ended) this.#pending.put(id, null);
        if (session?.live) await Promise.race([session.ended, request.done]);
        // A server that does not wait must not be asked without end.
        else if (session && request.rev === before && this.#timers.clock.now() - begun < 1000) await this.#timers.pause(1000);
      }
    } catch (error) {
      request.fail(error as StreamerError);
    }
    request.answered.resolve();
  }

  #cancel(request: Tracked): Promise<Snapshot | undefined> {
    request.cancelling ??= this.#cancelBehind(request);
    return request.cancelling;
  }

  /** Cancels a request behind its message, which may be under way, and be stored after the cancel was asked for. */
  async #cancelBehind(request: Tracked): Promise<Snapshot | undefined> {
    const { id } = request;
    const { clock } = this.#timers;
    const drop = () =>
      request.fail(new StreamerError({ code: "CANCELLED", message: "the request was cancelled before it was stored" }, id));
    if (request.sentAt === undefined) {
      drop();
      return;
    }
    await request.answered.promise;
    for (let tries = 0; !request.finished; ) {
      await this.#link.ready();
      if (request.caller && request.caller !== this.#caller) return;
      const [frame] = await this.#ask(reserved("cancel", { request_id: id }));
      const { error, request: snapshot } = frame!;
      if (!error) {
        this.#offer(frame!);
        return snapshot;
      }
      const underWay = error.code === "NOT_FOUND" && !request.stored && clock.now() - request.sentAt < ANSWER_WITHIN;
      if (!underWay && (!error.retry?.retryable || tries >= MAX_TRIES)) {
        if (error.code !== "NOT_FOUND") throw new StreamerError(error, id);
        break;
      }
      await this.#timers.pause((error.retry?.after ?? 0) * 1000 + this.#timers.backoff(tries++));
    }
    if (!request.stored && !request.ended) drop();
    return;
  }

  /**
   * Sends a message until it is answered; over HTTP where it is too large for a
   * frame, and then without a session to its answer. A request that has ended
   * in the meantime is not sent again.
   */
  async #ask(message: Message, request?: Tracked): Promise<[Frame?, Session?]> {
    const large =
      message.ref || (message.text.length > MAX_FRAME / 3 && new TextEncoder().encode(message.text).length > MAX_FRAME);
    let refused = false;
    for (let tries = 0; ; ) {
      const session = await this.#link.ready();
      if (request?.dropped) return [];
      const byHttp = large && session.live;
      if (request) request.sentAt = this.#timers.clock.now();
      let frame: Frame | undefined;
      try {
        const answer = (byHttp ? this.#http : session).call(message, request?.rev);
        // What is stored can be cancelled while a poll still waits.
        frame = (await (request?.stored ? Promise.race([answer, request.done]) : answer)) || undefined;
        if (!frame) return [];
        // A transient fault, after which the same message is safe.
        if (!request?.stored && !frame.rev && frame.error?.code === "SERVICE_UNAVAILABLE") throw frame.error;
      } catch (error) {
        if (this.#link.closedBy) throw this.#link.closedBy;
        if (request?.dropped) return [];
        if (++tries >= MAX_TRIES && !request?.stored) {
          const retry = { retryable: true };
          throw new StreamerError(
            { code: "SERVICE_UNAVAILABLE", message: "the server did not answer", retry },
            request?.id ?? (message.ref && message.id),
            error,
          );
        }
        if (this.#link.isCurrent(session)) await this.#timers.pause(this.#timers.backoff(tries));
        continue;
      }
      if (frame.error?.code !== "UNAUTHORIZED" || frame.rev || refused || byHttp) return byHttp ? [frame] : [frame, session];
      refused = true;
      session.drop("unauthorized");
    }
  }

  async #answer(message: Message): Promise<Frame> {
    const [frame] = await this.#ask(message);
    if (frame!.error) throw new StreamerError(frame!.error, message.ref && message.id);
    return frame!;
  }

  /** Asks about a request, behind its message and its redrive. */
  async #snapshot(action: string, id: string, more?: object): Promise<Snapshot<any>> {
    await (this.#redrives.get(id) ?? this.#requests.get(id)?.answered.promise);
    const frame = await this.#answer(reserved(action, { request_id: id, ...more }, this.#codec));
    this.#offer(frame);
    const { result_ref: ref } = frame.request!;
    return ref ? { ...frame.request!, result: await this.#follow(ref, id) } : frame.request!;
  }

  readonly #cancelById = (id: string) => this.cancel(id);

  readonly #follow = async (ref: string, id: string): Promise<unknown> => {
    const { request } = await this.#answer({ id, text: "", ref });
    return request!.result;
  };

  #offer(frame: Frame): void {
    this.#requests.get(frame.request?.id ?? frame.request_id ?? "")?.offer(frame);
    tell(this.#taps, frame);
  }

  /** Nothing that one caller asked for is sent under another's token. */
  #claim(caller: string | undefined): void {
    this.#caller = caller;
    this.#pending.claim(caller);
    for (const request of this.#requests.values()) {
      if (request.caller && request.caller !== caller) {
        request.fail(new StreamerError({ code: "FORBIDDEN", message: "the token belongs to another caller" }, request.id));
      }
      request.caller = caller;
    }
  }

  #stateChanged(): void {
    const { closedBy } = this.#link;
    if (closedBy) for (const request of this.#requests.values()) request.fail(closedBy);
    tell(this.#listeners, undefined);
  }
}
