import type { Clock, Log } from "./clock.js";
import type { SocketClass } from "./connection.js";
import type { PendingStorage } from "./pending.js";
import type { Fetch, NetworkEvents, Signal } from "./platform.js";
import type { Progress } from "./request.js";
import type { RequestState } from "./snapshot.js";

/** What an action takes and gives. */
export interface ActionType {
  payload: unknown;
  result: unknown;
}

/** The actions of a server whose types are not known. */
export type AnyActions = Record<string, ActionType>;

/** The results of some actions: of one when A is one. */
export type ResultOf<M, A extends keyof M> = M[A] extends { result: infer R } ? R : never;
/** The payloads of some actions. */
export type PayloadOf<M, A extends keyof M> = M[A] extends { payload: infer P } ? P : never;

export interface StreamerOptions {
  /**
   * Gives a signed token. It is asked again when the last one is about to
   * expire, so it must return a fresh one. Rejecting with a StreamerError of
   * code UNAUTHORIZED closes the client; after any other error it tries again.
   */
  token: () => string | Promise<string>;
  /**
   * Reads the tenant in a token's claims, where the server takes it from another claim than
   * `tenant_id`: no request is sent again under a token of another tenant or subject.
   */
  tenant?: ((claims: any) => unknown) | undefined;
  /** The HTTP API. Default: the host of the WebSocket URL. */
  httpUrl?: string;
  /** A WebSocket class for where there is none, such as Node 20. With neither, the client polls. */
  WebSocket?: SocketClass;
  fetch?: Fetch;
  /**
   * Keeps pending requests over a reload, for example `sessionStorage`. A function is
   * asked when it is needed, so never on a server that renders the page.
   */
  storage?: PendingStorage | (() => PendingStorage | undefined);
  /** Reads JSON instead of `JSON.parse`, which rounds integers above 2^53. */
  parse?: (text: string) => unknown;
  /** Writes payloads instead of `JSON.stringify`, which refuses bigint. */
  stringify?: (value: unknown) => string | undefined;
  /** How long an idle connection may be silent before a ping, in ms. Default, and 0: 4 minutes; API Gateway closes after 10. */
  pingInterval?: number;
  /** Where the events "online" and "offline" are heard. Default: the page. */
  events?: NetworkEvents;
  /** Hears each change of state and each try that failed, for finding faults. Never hears a token or a payload. */
  log?: Log;
  /** For tests. */
  clock?: Clock;
}

/** How long a call may take. */
export interface CallOptions {
  /** Aborting rejects with ABORTED at once, or with TIMEOUT when it is of `AbortSignal.timeout`. */
  signal?: Signal | undefined;
  /**
   * After so many ms it rejects with TIMEOUT. Default, and 0: never; without a network a call waits
   * for one. A time that is no timer's (NaN, negative, above 2^31-1) is refused with VALIDATION_ERROR.
   */
  timeout?: number | undefined;
}

export interface RequestOptions extends CallOptions {
  /** Names the request, and is its idempotency key. Default: a new one that cannot be guessed. */
  id?: string;
  /** Called with every progress, beginning with the newest that is known. */
  onProgress?: (progress: Progress) => void;
  /** Aborting rejects the result with CANCELLED at once, or with TIMEOUT, and cancels the request on the server. */
  signal?: Signal;
  /** After so many ms the same happens with TIMEOUT. Default, and 0: never. */
  timeout?: number;
  /** Strings that travel with the request. */
  metadata?: Record<string, string>;
  /**
   * When a long action may start, at most 365 days ahead; past: at once. A request that is
   * asked for again under its id must have the same one. A short action refuses it.
   */
  notBefore?: Date;
}

export interface ResumeOptions extends CallOptions {
  /** Called with every progress, beginning with the newest that is known. */
  onProgress?: (progress: Progress) => void;
}

export interface ListOptions extends CallOptions {
  state?: RequestState;
  action?: string;
  /** Only those that this request started, by ascending id. */
  parent?: string;
  /** Made at that time or later. */
  since?: Date | string;
  /** Made before that time. */
  until?: Date | string;
  /** 1 to 100. Default: 20. */
  limit?: number;
  /** From the page before. */
  cursor?: string;
}

/** A piece of what a request has emitted. */
export interface Output {
  /** Of the first chunk. */
  offset: number;
  chunks: unknown[];
  /** The request has ended, and this is the rest. */
  final: boolean;
}
