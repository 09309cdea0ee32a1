import { deferred, systemClock, Timers, tell } from "./clock.js";
import type { SocketClass } from "./connection.js";
import { asFault, checkOptions, fault, invalid, noAnswer, StreamerError, type WireError } from "./error.js";
import { type Codec, checkId, type Frame, type Message, plain, reserved } from "./frame.js";
import type { Http } from "./http.js";
import { ANSWER_WITHIN, MAX_FRAME, MAX_TRIES, WAITING_SILENCE } from "./limits.js";
import { Link } from "./link.js";
import type { CallOptions, StreamerOptions } from "./options.js";
import { type Kept, Pending } from "./pending.js";
import { Tracked } from "./request.js";
import type { Session } from "./session.js";
import type { Snapshot } from "./snapshot.js";
import { readClaims, Tokens } from "./token.js";

/** A call, or a request, that can be given up. */
interface Asking {
  /** There is no use in sending it. */
  readonly dropped: boolean;
}

/** Sees requests to their end, and calls to their answer, over the sessions that there are. */
export class Driver {
  readonly codec: Codec;
  readonly tracked = new Map<string, Tracked>();
  readonly stateListeners = new Set<() => void>();
  readonly taps = new Set<(frame: Frame) => void>();
  link!: Link;
  #timers!: Timers;
  #http!: () => Promise<Http>;
  #restored?: boolean;
  readonly #pending: Pending;
  /** By id: the last redrive, which resolves when it is answered. */
  readonly #redrives = new Map<string, Promise<unknown>>();

  constructor(
    private readonly serverUrl: string,
    private readonly settings: StreamerOptions,
  ) {
    if (typeof settings?.token !== "function" || !/^wss?:/i.test(serverUrl)) {
      throw invalid(serverUrl + " is not a valid wss: URL, or token not a function");
    }
    checkOptions(settings);
    const { parse = JSON.parse, stringify = JSON.stringify, storage } = settings;
    this.codec = { parse, stringify };
    this.#pending = new Pending(storage, "streamer " + serverUrl);
    this.#build();
  }

  /** Makes a link of its own for each time between an opening and a close. */
  #build(): void {
    const { serverUrl, settings: options, codec } = this;
    const { events = globalThis as any, log } = options;
    const pingInterval = options.pingInterval || 240_000;
    const { origin } = new URL(serverUrl);
    const timers = new Timers(options.clock ?? systemClock);
    const tokens = new Tokens(options.token, timers.time);
    // Most pages never need it, so that it is loaded with its first use.
    this.#http = async () =>
      new (await import("./http.js")).Http(options.httpUrl ?? origin, tokens, codec, timers, options.fetch ?? fetch, plain);
    this.#timers = timers;
    this.#restored = false;
    this.link = new Link({
      serverUrl,
      SocketClass: options.WebSocket ?? (globalThis.WebSocket as SocketClass | undefined),
      http: this.#http,
      tokens,
      codec,
      timers,
      events,
      log,
      onAny: (frame) => this.offer(frame),
      onMove: () => {
        log?.(`${this.link.state}: ${this.link.reason}`);
        tell(this.stateListeners);
      },
      onClose: (error) => {
        for (const request of this.tracked.values()) request.failWith(error);
      },
      onToken: (token) => this.#claim(readClaims(token, options.tenant).caller),
      silence: () => (this.tracked.size ? Math.min(WAITING_SILENCE, pingInterval) : pingInterval),
    });
  }

  /** Opens again what was closed, and connects. */
  connect(): void {
    if (this.link.closedBy) this.#build();
    this.use();
  }

  /** Connects with the first use, with what the storage has. */
  use(): void {
    this.restore();
    this.link.start();
  }

  /** Goes on with the requests of the storage. */
  restore(): void {
    if (this.#restored || this.link.closedBy) return;
    this.#restored = true;
    const { caller, requests } = this.#pending.load();
    for (const [id, kept] of requests) {
      if (this.tracked.get(id)?.isOver !== false) this.begin(id, typeof kept === "string" ? kept : "", caller, kept);
    }
    if (requests.size) this.link.start();
  }

  close(): void {
    this.link.close("closed", fault("CLOSED", "the client was closed"));
  }

  /** Keeps a request, and sees to it. */
  begin(id: string, text?: string, caller = this.#pending.owner, kept?: Kept): Tracked {
    const request = this.make(id, text);
    request.owner = caller;
    request.link = this.link;
    if (kept !== undefined) {
      request.sentAt = this.#timers.time.now(); // by the page before
      request.current = { ...request.current, percentage: +kept! || 0 };
    }
    if (kept === null) {
      request.stored = false; // its message may still be under way
      request.isOver = true;
      void this.cancelBehind(request);
      return request;
    }
    this.tracked.set(id, request);
    void request.over.then(() => {
      this.#keep(request);
      if (this.tracked.get(id) === request) this.tracked.delete(id);
    });
    void this.#drive(request);
    this.#keep(request);
    return request;
  }

  make(id: string, text?: string): Tracked {
    return new Tracked(id, text, this.#follow, (id) => this.about("cancel", id));
  }

  /** Calls `stop` when the options say so, until the function that it returns is called. */
  bound({ signal, timeout }: CallOptions, code: string, stop: (error: StreamerError) => void, id?: string): () => void {
    const end = (code: string, message: string) => stop(fault(code, message, id, signal?.reason ?? this.link.tokenError));
    const abort = () => end(signal!.reason?.name === "TimeoutError" ? "TIMEOUT" : code, "aborted");
    const cancelTimer = timeout && this.#timers.after(timeout, () => end("TIMEOUT", timeout + " ms are over"));
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    return () => {
      signal?.removeEventListener("abort", abort);
      if (cancelTimer) cancelTimer();
    };
  }

  /** Runs a call, about a request or none, within its options. Whoever has given it up waits no longer, and it is not sent any more. */
  async within<T>(options: CallOptions = {}, run: (call: Asking) => Promise<T>, id?: string): Promise<T> {
    const left = deferred<never>();
    const call = { dropped: false };
    checkOptions(options);
    this.use();
    const end = this.bound(
      options,
      "ABORTED",
      (error) => {
        call.dropped = true;
        left.refuse(error);
      },
      id,
    );
    try {
      return await Promise.race([left.promise, run(call)]);
    } catch (error) {
      throw asFault(error, id);
    } finally {
      end();
    }
  }

  /** Asks about a request, or for its output, behind its message and its redrive, or cancels it so. */
  about(action: string, id: string, options?: CallOptions, more?: object): Promise<any> {
    return this.within(
      options,
      (call) => {
        checkId(id);
        if (action === "cancel" && this.tracked.has(id)) return this.cancelBehind(this.tracked.get(id)!);
        const answer = this.#askAbout(call, action, id, more);
        if (action === "redrive")
          this.#redrives.set(
            id,
            answer.catch(() => {}),
          );
        return answer;
      },
      id,
    );
  }

  async #askAbout(call: Asking, action: string, id: string, more?: object): Promise<unknown> {
    await (this.#redrives.get(id) ?? this.tracked.get(id)?.answered.promise);
    const frame = await this.answer(reserved(action, { request_id: id, ...more }, this.codec), call);
    const { request, data } = frame;
    if (!request) return data;
    this.offer(frame);
    const { result_ref: ref } = request;
    return ref ? { ...request, result: await this.#follow(ref, id) } : request;
  }

  /** Cancels a request that may not be stored yet, on the next page if this one is closed before the answer. */
  cancelBehind(request: Tracked): Promise<Snapshot | undefined> {
    if (!request.cancelAnswer) {
      request.cancelAnswer = this.#cancelBehind(request).finally(() => {
        if (request.stored || request.isOver) request.cancelAnswer = undefined;
        this.#keep(request);
      });
      request.cancelAnswer.catch(() => {});
      this.#keep(request);
    }
    return request.cancelAnswer;
  }

  /** The message may be under way, and be stored after the cancel was asked for. */
  async #cancelBehind(request: Tracked): Promise<Snapshot | undefined> {
    const { id, sentAt } = request;
    const drop = () => {
      request.finished = true;
      request.failWith(fault("CANCELLED", "cancelled before it was stored", id));
    };
    if (!sentAt && !request.stored) {
      drop();
      return;
    }
    await request.answered.promise;
    await this.#redrives.get(id);
    for (let tries = 0; !request.finished; ) {
      await this.link.ready();
      if (request.owner && request.owner !== this.#pending.owner) return;
      const [frame] = await this.#ask(reserved("cancel", { request_id: id }));
      const { error, request: snapshot } = frame!;
      if (!error) {
        this.offer(frame!);
        return snapshot;
      }
      const unknown = error.code === "NOT_FOUND" && !request.stored;
      if (unknown ? this.#timers.time.now() - sentAt! >= ANSWER_WITHIN : !error.retry?.retryable || tries >= MAX_TRIES) {
        if (!unknown) throw new StreamerError(error, id);
        drop();
        return;
      }
      await this.#wait(error, tries++);
    }
    return;
  }

  /** Sees a request to its end: sends it, or asks for it, with every new session. */
  async #drive(request: Tracked): Promise<void> {
    const { id, encoded: text } = request;
    const { link } = this;
    let failures = 0;
    let watched: Session | undefined; // that sends its frames
    try {
      checkId(id);
      while (!request.isOver) {
        if (request.unread && request.stored) {
          // The answer comes before a new subscribe is sent, which it might undo.
          if (watched && link.isCurrent(watched)) await watched.call(reserved("unsubscribe", { request_id: id })).catch(() => {});
          watched = undefined;
          if (request.unread) await Promise.race([request.over, request.moved.promise]);
          continue;
        }
        const begun = this.#timers.time.now();
        const before = request.current.rev;
        const message = request.stored ? reserved("subscribe", { request_id: id }) : { id, encoded: text! };
        if (this.#redrives.has(id)) await this.#redrives.get(id);
        const [frame, session] = await this.#ask(message, request, request);
        if (!frame) {
          request.answered.settle();
          await request.cancelAnswer;
          continue;
        }
        if (frame.error && !frame.rev) {
          request.finished = !request.stored;
          if (request.finished || !frame.error.retry?.retryable) throw new StreamerError(frame.error, id);
          await this.#wait(frame.error, failures++);
          continue;
        }
        failures = 0;
        request.offer(frame);
        this.#keep(request);
        if (session?.live) {
          watched = session;
          while (!request.isOver && !request.unread && link.isCurrent(session)) {
            await Promise.race([session.over, request.over, request.moved.promise]);
          }
        } else if (session && request.current.rev === before && this.#timers.time.now() - begun < 1000) {
          await this.#timers.pause(1000); // a server that does not wait must not be asked without end
        }
      }
    } catch (error) {
      request.failWith(asFault(error, id));
    }
    request.answered.settle();
  }

  /**
   * Sends a message until it is answered; over HTTP where it is too large for a
   * frame, and then without a session to its answer. What was dropped in the
   * meantime is not sent again.
   */
  async #ask(message: Message, asking?: Asking, request?: Tracked): Promise<[Frame?, (Session | undefined)?]> {
    const { link } = this;
    const large = message.ref || new Blob([message.encoded]).size > MAX_FRAME;
    let refused = false;
    for (let tries = 0; ; ) {
      const session = await link.ready();
      if (asking?.dropped) return [];
      const byHttp = large && session.live;
      if (request) request.sentAt = this.#timers.time.now();
      let frame: Frame | undefined;
      try {
        const answer = (byHttp ? await this.#http() : session).call(message, request?.current.rev);
        // What is stored can be cancelled while a poll still waits.
        frame = (await (request?.stored ? Promise.race([answer, request.over]) : answer)) || undefined;
        if (!frame) return [];
        // A transient fault, after which the same message is safe.
        if (!request?.stored && !frame.rev && frame.error?.code === "SERVICE_UNAVAILABLE") throw frame.error;
      } catch (error) {
        if (link.closedBy) throw link.closedBy;
        this.settings.log?.("the server did not answer", error);
        if (asking?.dropped) return [];
        if (++tries >= MAX_TRIES && !request?.stored) throw noAnswer(request?.id ?? (message.ref && message.id), error);
        if (link.isCurrent(session)) await this.#timers.pause(this.#timers.backoff(tries));
        continue;
      }
      if (frame.error?.code !== "UNAUTHORIZED" || frame.rev || refused || byHttp) return [frame, byHttp ? undefined : session];
      refused = true;
      session.drop("unauthorized");
    }
  }

  /** Waits as the server asks, and then a moment of chance. */
  #wait({ retry }: WireError, failures: number): Promise<void> {
    return this.#timers.pause((retry?.after ?? 0) * 1000 + this.#timers.backoff(failures));
  }

  async answer(message: Message, call?: Asking): Promise<Frame> {
    const [frame] = await this.#ask(message, call);
    if (!frame) return new Promise(() => {}); // it was given up, which has rejected
    if (frame.error) throw new StreamerError(frame.error, message.ref && message.id);
    return frame;
  }

  readonly #follow = async (ref: string, id: string): Promise<unknown> => {
    const { request } = await this.answer({ id, encoded: "", ref });
    return request!.result;
  };

  offer(frame: Frame): void {
    const request = this.tracked.get((frame.request?.id ?? frame.request_id)!);
    request?.offer(frame);
    if (request?.stored) this.#keep(request);
    tell(this.taps, frame);
  }

  /** Notes in the storage how far a request is; at once, since the page may be closed with this very task. */
  #keep(request: Tracked): void {
    const { id, link, stored, encoded, cancelAnswer, isOver, finished } = request;
    if (link.closedBy || (this.tracked.get(id) ?? request) !== request) return;
    const open = stored ? Math.floor(request.current.percentage) : encoded;
    const kept = cancelAnswer && !finished ? null : isOver ? undefined : open;
    if (kept !== request.kept) this.#pending.put(id, kept);
    request.kept = kept;
  }

  /** Nothing that one caller asked for is sent under another's token. */
  #claim(caller: string | undefined): void {
    this.#pending.claim(caller);
    for (const request of this.tracked.values()) {
      if (request.owner && request.owner !== caller) {
        request.failWith(fault("FORBIDDEN", "the token is another caller's", request.id));
      }
      request.owner = caller;
    }
  }
}
