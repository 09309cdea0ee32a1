import type { SocketClass } from "./connection.js";
import { FakeRequest, type ServerFrame } from "./fake_request.js";
import { type FakeApi, type FakeSocket, fetcher, socketClass } from "./fake_transport.js";
import type { ActionType, AnyActions, ListOptions, PayloadOf, ResultOf, StreamerOptions } from "./options.js";
import type { Fetch } from "./platform.js";
import type { Snapshot } from "./snapshot.js";

export type { FakeRequest } from "./fake_request.js";

/** What a short action answers. What it throws is the error: one with a `code` as it is, any other as INTERNAL_ERROR. */
export type ShortAction<Payload = any, Result = any> = (
  payload: Payload,
  message: { id: string; metadata: Record<string, string> | undefined },
) => Result | Promise<Result>;

export interface FakeServerOptions<M extends { [A in keyof M]: ActionType } = AnyActions> {
  /** The short actions, by name. Every other action is a long one. */
  short?: { [A in keyof M]?: ShortAction<PayloadOf<M, A>, ResultOf<M, A>> };
}

/**
 * A server in memory for tests of code that uses a Streamer, with any test runner. It plays the
 * protocol over WebSocket and HTTP; the test plays the long actions:
 *
 *     const server = new FakeServer();
 *     const streamer = new Streamer(server.url, server.options);
 *     const result = streamer.request("report", { year: 2026 }).result;
 *     const request = await server.next("report");
 *     request.progress(40, "reading");
 *     request.complete({ rows: 7 });
 *
 * It needs no timer but for polls, and forgets nothing while it lives.
 */
export class FakeServer<M extends { [A in keyof M]: ActionType } = AnyActions> {
  readonly url = "wss://streamer.test/dev";
  /** The HTTP API's, as an `Operator` needs it. */
  readonly httpUrl = "https://streamer.test";
  /** What connects a client to this server, with a token that is taken. */
  readonly options: StreamerOptions & { WebSocket: SocketClass; fetch: Fetch };
  /** The requests of long actions, by id. */
  readonly requests = new Map<string, FakeRequest>();

  readonly #api: FakeApi & { reachable: boolean; blocked: boolean };
  readonly #short: Record<string, ShortAction>;
  readonly #unseen: FakeRequest[] = [];
  readonly #waiters: { action: string | undefined; resolve: (request: FakeRequest) => void }[] = [];

  constructor({ short = {} }: FakeServerOptions<M> = {}) {
    this.#short = short as Record<string, ShortAction>;
    const answer = (message: any, from: FakeSocket | undefined) => this.#answer(message, from);
    this.#api = { reachable: true, blocked: false, requests: this.requests, sockets: new Set(), answer };
    this.options = { token: () => "test", WebSocket: socketClass(this.#api), fetch: fetcher(this.#api) };
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#api.sockets.size;
  }

  /** The next request of a long action, or of this one, that was not given before; a redriven one is given again. */
  next<A extends keyof M & string>(action?: A): Promise<FakeRequest<PayloadOf<M, A>, ResultOf<M, A>>> {
    const i = this.#unseen.findIndex((request) => !action || request.action === action);
    if (i >= 0) return Promise.resolve(this.#unseen.splice(i, 1)[0]!);
    return new Promise((resolve) => this.#waiters.push({ action, resolve }));
  }

  /** Loses every connection, as a network does. Clients come back after a moment of chance. */
  disconnect(): void {
    for (const socket of [...this.#api.sockets]) socket.lose();
  }

  /** Cuts the network: connections are lost, and nothing answers until `online`. */
  offline(): void {
    this.#api.reachable = false;
    this.disconnect();
  }

  online(): void {
    this.#api.reachable = true;
  }

  /** Refuses WebSockets, as some proxies do: clients go over to HTTP. */
  blockWebSocket(): void {
    this.#api.blocked = true;
    this.disconnect();
  }

  /** Makes a request that a client did not send: another device's, or a child of `parent`. */
  add(id: string, action: string, payload?: unknown, parent?: string): FakeRequest {
    const request = new FakeRequest(id, action, payload, undefined, undefined, parent);
    this.requests.set(id, request);
    return request;
  }

  #answer(message: any, from: FakeSocket | undefined): ServerFrame | Promise<ServerFrame> {
    const id = message?.id ?? message?.request_id;
    if (typeof message?.action !== "string") return failure(id, "INVALID_MESSAGE", "the message has no action");
    if (!/^(?=.*[^.])[\w.:-]{1,128}$/.test(id)) {
      return failure(undefined, "INVALID_MESSAGE", "the id must have 1 to 128 characters of A-Za-z0-9_.:-");
    }
    const { action, payload, metadata, not_before } = message;
    if (action.startsWith("streamer.")) return this.#reserved(id, action.slice(9), payload ?? {}, from);
    const short = Object.hasOwn(this.#short, action) && this.#short[action];
    if (short) return run(id, async () => short(payload, { id, metadata }));
    const known = this.requests.get(id);
    if (!known) {
      const request = new FakeRequest(id, action, payload, metadata, not_before);
      this.requests.set(id, request);
      if (from) request.addWatcher(from);
      this.#give(request);
      const text = "the request is queued" + (not_before ? " until " + not_before : "");
      return { type: "acknowledgment", request_id: id, status: "queued", message: text, rev: 1 };
    }
    const same = known.action === action && JSON.stringify(known.payload) === JSON.stringify(payload);
    if (!same || known.notBefore !== not_before) {
      return failure(id, "DUPLICATE_REQUEST", `request "${id}" exists with another action, payload or not_before`);
    }
    if (from) known.addWatcher(from);
    return shown(id, known);
  }

  #reserved(id: string, action: string, payload: any, from: FakeSocket | undefined): ServerFrame {
    const at = new Date().toISOString();
    if (action === "ping") return { type: "pong", request_id: id, timestamp: at };
    if (action === "authenticate") return response(id, { expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    if (action === "list") return response(id, this.#list(payload));
    const request = this.requests.get(payload.request_id);
    if (!request) return failure(id, "NOT_FOUND", `there is no request "${payload.request_id}"`);
    switch (action) {
      case "get":
      case "why":
        return shown(id, request);
      case "subscribe":
        if (from) request.addWatcher(from);
        return shown(id, request);
      case "unsubscribe":
        if (from) request.removeWatcher(from);
        return shown(id, request);
      case "cancel":
        return shown(id, request, request.askCancel());
      case "redrive": {
        const changed = request.askRedrive();
        if (from) request.addWatcher(from);
        if (changed) this.#give(request);
        return shown(id, request, changed);
      }
      case "signal":
        if (request.isFinal) return failure(id, "VALIDATION_ERROR", "the request has ended; no signal reaches it any more");
        return shown(id, request, request.askSignal(payload.token, payload.payload));
      case "output": {
        const { from: offset = 0 } = payload;
        return response(id, { offset, chunks: request.chunks.slice(offset), final: request.isFinal });
      }
    }
    return failure(id, "INVALID_ACTION", `there is no action "streamer.${action}"`);
  }

  #list({ state, action, parent, since, until, limit = 20, cursor = "0" }: ListOptions): object {
    const found = [...this.requests.values()]
      .map((request) => request.snapshot("list"))
      .filter(
        (s) =>
          (!state || s.state === state) &&
          (!action || s.action === action) &&
          (!parent || s.parent === parent) &&
          (!since || Date.parse(s.created_at) >= +new Date(since)) &&
          (!until || Date.parse(s.created_at) < +new Date(until)),
      );
    if (parent) found.sort((a: Snapshot, b: Snapshot) => (a.id < b.id ? -1 : 1));
    else found.reverse();
    const end = Number(cursor) + limit;
    return { requests: found.slice(Number(cursor), end), ...(end < found.length && { cursor: String(end) }) };
  }

  #give(request: FakeRequest): void {
    const i = this.#waiters.findIndex(({ action }) => !action || action === request.action);
    if (i < 0) this.#unseen.push(request);
    // Later, so that the acknowledgment goes before any frame that the test sends.
    else for (const { resolve } of this.#waiters.splice(i, 1)) queueMicrotask(() => resolve(request));
  }
}

/** Answers with what a short action returns or throws. */
async function run(id: string, action: () => Promise<unknown>): Promise<ServerFrame> {
  try {
    return response(id, (await action()) ?? null);
  } catch (error: any) {
    if (error?.code) return failure(id, error.code, error.message, error.details);
    return failure(id, "INTERNAL_ERROR", "internal error", { correlation_id: "test" });
  }
}

function response(id: string, data: unknown): ServerFrame {
  return { type: "response", request_id: id, success: true, data };
}

function shown(id: string, request: FakeRequest, changed?: boolean): ServerFrame {
  return { type: "request", request_id: id, request: request.snapshot("frame", changed) };
}

function failure(id: string | undefined, code: string, message: string, details?: Record<string, unknown>): ServerFrame {
  return { type: "error", ...(id && { request_id: id }), error: { code, message, ...(details && { details }) } };
}
