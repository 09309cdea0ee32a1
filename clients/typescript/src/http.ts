import type { Timers } from "./clock.js";
import type { Retry, WireError } from "./error.js";
import type { Codec, Frame, Json, Message, plain as makePlain } from "./frame.js";
import { ANSWER_WITHIN } from "./limits.js";
import type { Fetch, Signal } from "./platform.js";
import type { Reason, Session } from "./session.js";
import type { Snapshot } from "./snapshot.js";
import type { Tokens } from "./token.js";

const STATUS_CODES: Record<number, string> = {
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  413: "PAYLOAD_TOO_LARGE",
};

/**
 * The HTTP side of the protocol. Its answers are frames too. This file is loaded when it is first
 * needed, and imports constants alone, so that it is one chunk and the client, which gives `plain`,
 * another.
 */
export class Http {
  readonly #base: string;

  constructor(
    base: string,
    private readonly tokens: Tokens,
    private readonly codec: Codec,
    private readonly timers: Timers,
    private readonly fetcher: Fetch,
    private readonly plain: typeof makePlain,
  ) {
    this.#base = base.replace(/^ws/, "http").replace(/\/+$/, "");
  }

  /** Makes a session without a socket. */
  poll(onEnd: (reason: Reason) => void): Session {
    return new Polling(this, onEnd);
  }

  /** Sees whether the API answers; returns why it does not take the token. Rejects for any other fault. */
  async probe(): Promise<WireError | undefined> {
    const { error } = await this.read("GET", "/requests?limit=1");
    if (!error) return;
    if (error.code !== "UNAUTHORIZED") throw error;
    this.tokens.refuse();
    return error;
  }

  /** Renews the token on a live session; returns in how many ms to do it again, undefined: never. Rejects when that may help soon. */
  async renew(session: Session): Promise<number | undefined> {
    const token = await this.tokens.get();
    const id = "renew_" + this.timers.time.random();
    const { error } = await session.call({
      id,
      encoded: JSON.stringify({ id, action: "streamer.authenticate", payload: { token } }),
    });
    if (!error) return this.tokens.renewIn(token);
    if (error.retry?.retryable) throw error;
    session.drop("unauthorized");
    return;
  }

  /** Sends a message; see Session.call. A subscribe waits up to 20 s for a rev above `rev`. */
  async call({ id, encoded, ref }: Message, rev = 0): Promise<Frame> {
    if (ref) return this.#frame(id, "GET", ref.replace(/^\/*/, "/"));
    const reserved = /^{"id":"[^"]*","action":"streamer\.(list|subscribe|output|redrive|signal|cancel|get)"/.exec(encoded)?.[1];
    if (!reserved) return this.#frame(id, "POST", "/requests", encoded);
    const { request_id, token, payload, ...query } = (this.codec.parse(encoded) as Json).payload;
    const search = "?" + new URLSearchParams(query);
    const calls: Record<string, [method: string, path?: string, body?: string | undefined]> = {
      list: ["GET", search],
      subscribe: ["GET", rev ? "?wait=20s&rev=" + rev : ""],
      output: ["GET", "/output" + search],
      redrive: ["POST", "/redrive"],
      signal: ["POST", "/signals/" + encodeURIComponent(token), this.codec.stringify(payload)],
      cancel: ["DELETE"],
      get: ["GET"],
    };
    const [method, path = "", body] = calls[reserved]!;
    return this.#frame(id, method, "/requests" + (request_id ? "/" + encodeURIComponent(request_id) : "") + path, body);
  }

  async #frame(id: string, method: string, path: string, body?: string): Promise<Frame> {
    const { value, error } = await this.read(method, path, body);
    if (error) return { type: "error", request_id: id, error };
    if (value.type) return this.plain(value) as Frame;
    if (value.state) return { type: "request", request_id: id, request: this.plain(value) as Snapshot };
    if (value.requests || value.chunks) return { type: "response", request_id: id, data: value };
    throw new Error("no answer of this API");
  }

  /**
   * Makes a call; the answer is a JSON value or an error of the API. Rejects for any other, which
   * is a gateway's or a captive portal's, and so transient.
   */
  async read(method: string, path: string, body?: string, signal?: Signal): Promise<{ value: Json; error?: WireError }> {
    const [status, text] = await this.#fetch(method, path, body, signal);
    let value: Json | undefined;
    try {
      value = this.codec.parse(text) as Json;
    } catch {
      // The status says what a proxy put into HTML.
    }
    if (status < 300 && value) return { value };
    value ??= {};
    if (!value.code && (status < 400 || status === 429 || status > 499)) throw new Error(`HTTP status ${status}`);
    const { code = STATUS_CODES[status] ?? "INTERNAL_ERROR", detail, title, details, correlation_id, retry } = value;
    return {
      value,
      error: {
        code,
        message: detail ?? title ?? `HTTP status ${status}`,
        details: correlation_id ? { ...details, correlation_id } : details,
        retry: retry && (this.plain(retry) as Retry),
      },
    };
  }

  async #fetch(method: string, path: string, body?: string, signal?: Signal): Promise<[number, string]> {
    for (let again = false; ; again = true) {
      const token = await this.tokens.get();
      const abort = new AbortController();
      const giveUp = () => abort.abort();
      const stop = this.timers.after(ANSWER_WITHIN, giveUp, giveUp);
      try {
        const { fetcher } = this;
        const response = await fetcher(this.#base + path, {
          method,
          headers: { Authorization: "Bearer " + token, ...(body && { "Content-Type": "application/json" }) },
          ...(body && { body }),
          signal: signal ? AbortSignal.any([signal as AbortSignal, abort.signal]) : abort.signal,
        });
        const answer = await response.text();
        if (response.status !== 401 || again) return [response.status, answer];
        this.tokens.refuse();
      } finally {
        stop();
      }
    }
  }
}

/** A session without a socket. */
export class Polling implements Session {
  readonly live = false;
  heard = 0;
  #end = () => {};
  readonly over = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(
    private readonly http: Http,
    private readonly onEnd: (reason: Reason) => void,
  ) {}

  async call(message: Message, rev?: number): Promise<Frame> {
    try {
      const frame = await this.http.call(message, rev);
      this.heard++;
      return frame;
    } catch (error) {
      // fetch tells a network that failed by this type.
      if (error instanceof TypeError) this.drop("unreachable");
      throw error;
    }
  }

  check(): void {}

  drop(reason: Reason): void {
    this.retire();
    this.onEnd(reason);
  }

  retire(): void {
    this.#end();
  }

  close(): void {}
}
