import { systemClock, Timers } from "./clock.js";
import { asFault, checkOptions, fault, invalid, StreamerError } from "./error.js";
import { parseExact } from "./exact.js";
import { checkId, plain } from "./frame.js";
import { Http } from "./http.js";
import type { CallOptions, Output } from "./options.js";
import type { Fetch } from "./platform.js";
import type { RequestState, Snapshot } from "./snapshot.js";
import { addFailures, addStates, addWaiting, type Failures, type States, type WaitingStats } from "./stats.js";
import { Tokens } from "./token.js";

export { StreamerError } from "./error.js";
export { parseExact } from "./exact.js";
export type { CallOptions, Output } from "./options.js";
export type { Attempt, AuditEntry, Cause, Children, Detail, RequestState, Snapshot, Step, Waiting } from "./snapshot.js";
export type * from "./stats.js";

export interface OperatorOptions {
  /** Gives a signed token with the scope `streamer:operator`. It is asked again when the last one is about to expire, or was refused. */
  token: () => string | Promise<string>;
  fetch?: Fetch;
  /** Reads JSON. Default: `parseExact`, which keeps the digits of large integers. */
  parse?: (text: string) => unknown;
  /** Writes payloads instead of `JSON.stringify`. */
  stringify?: (value: unknown) => string | undefined;
}

/** Whose request it is; left out: the operator's own. */
export interface SubjectOptions extends CallOptions {
  subject?: string | undefined;
}

/** A page of a list. */
export interface PageOptions extends CallOptions {
  /** Default: every subject's, `*`. */
  subject?: string | undefined;
  /** 1 to 100. */
  limit?: number | undefined;
  /** From the page before. */
  cursor?: string | undefined;
}

/** Which requests. */
export interface RequestFilter {
  action?: string | undefined;
  /** Made at that time or later. */
  since?: Date | string | undefined;
  /** Made before that time. */
  until?: Date | string | undefined;
}

export interface RequestsOptions extends PageOptions, RequestFilter {
  state?: RequestState | undefined;
  /** Only those that this request started; then `subject` is whose it is. */
  parent?: string | undefined;
}

export interface StatsOptions extends CallOptions, RequestFilter {
  /** Default: every subject's, `*`. */
  subject?: string | undefined;
}

/** An open WebSocket. */
export interface Connection {
  id: string;
  subject: string;
  connected_at: string;
  /** When its token ends. */
  expires_at: string;
  source_ip?: string;
  user_agent?: string;
}

/** A schedule that the application declares, as it stands. */
export interface Schedule {
  name: string;
  /** Or `every_ms`. */
  cron?: string;
  every_ms?: number;
  /** By whose clock the cron expression goes. */
  time_zone: string;
  action: string;
  tenant: string;
  subject: string;
  /** Whether a request is started while the one before has not ended. */
  overlap: boolean;
  paused: boolean;
  /** The next three times; none while it is paused. */
  next: string[];
  /** The request that it started last. */
  last?: { request_id: string; scheduled_for?: string; state?: RequestState };
}

/** An action that the caller may ask for. Schemas are JSON Schemas. */
export interface ActionDescription {
  name: string;
  long: boolean;
  description?: string;
  payload: JsonSchema;
  result: JsonSchema;
  /** Of a chunk of its output. */
  output?: JsonSchema;
  /** The codes that it fails with by design. */
  errors?: string[];
}

export type JsonSchema = boolean | Record<string, unknown>;

/** How a call is made, beside its path. */
interface Call extends CallOptions {
  /** Numbers, times and texts by name; what is undefined or empty is left out. */
  query?: object;
  body?: string | undefined;
  /** Of the request that it is about. */
  id?: string;
}

/**
 * What an operator does, over the HTTP API: requests, connections and schedules of every
 * subject of a tenant. It keeps no connection, and tries nothing twice: an error with
 * `retry.retryable` may be. Every error is a StreamerError.
 */
export class Operator {
  readonly #http: Http;
  readonly #stringify: (value: unknown) => string | undefined;
  #tenant: string | undefined;

  /** `url` is the HTTP API's, which may be of the same host as the WebSocket's. */
  constructor(
    private readonly url: string,
    private readonly options: OperatorOptions,
  ) {
    const { token, parse = parseExact, stringify = JSON.stringify } = options ?? {};
    if (!/^https?:/i.test(url)) throw invalid(`${url} is not a valid HTTP URL: use https://, as the HTTP API has it`);
    if (typeof token !== "function") throw invalid("token is not a function that gives a token");
    this.#stringify = stringify;
    this.#http = new Http(
      url,
      new Tokens(token, systemClock),
      { parse, stringify },
      new Timers(systemClock),
      options.fetch ?? fetch,
      plain,
    );
  }

  /**
   * The same calls for another tenant, with the scope `streamer:owner` of the stage's owner.
   * `*` is every tenant, for `waiting` alone.
   */
  inTenant(tenant: string): Operator {
    checkText(tenant, "tenant");
    const other = new Operator(this.url, this.options);
    other.#tenant = tenant;
    return other;
  }

  /** A page of requests, newest first, of a parent by ascending id, without results. */
  async requests(options: RequestsOptions = {}): Promise<{ requests: Snapshot[]; cursor?: string }> {
    const page = await this.#get("/requests", everyone(options));
    page.requests.forEach(plain);
    return page;
  }

  /** A request with all that is known of it: `detail`, and the cause of each attempt in `history`. */
  request<Result = unknown>(id: string, options: SubjectOptions = {}): Promise<Snapshot<Result>> {
    return this.#about("GET", id, "", options, { detail: true });
  }

  /** Cancels a request; `changed` says whether this did anything. A running one ends when its action notices. */
  cancel(id: string, options: SubjectOptions = {}): Promise<Snapshot> {
    return this.#about("DELETE", id, "", options);
  }

  /** Queues a request that has FAILED again; `changed` says whether this did anything. */
  redrive(id: string, options: SubjectOptions = {}): Promise<Snapshot> {
    return this.#about("POST", id, "/redrive", options);
  }

  /** Gives a request a signal; `changed` says whether it was the first of its token. A token of dots, or with a `/`, needs a WebSocket. */
  async signal(id: string, token: string, payload?: unknown, options: SubjectOptions = {}): Promise<Snapshot> {
    let body: string | undefined;
    try {
      body = payload === undefined ? undefined : this.#stringify(payload);
      if (body === undefined && payload !== undefined) throw new TypeError("the payload has no JSON");
    } catch (error) {
      throw asFault(error, id);
    }
    return this.#about("POST", id, "/signals/" + checkText(token, "token"), options, {}, body);
  }

  /** What a request has emitted, from an offset on, as far as one answer holds it. */
  async output(id: string, options: SubjectOptions & { from?: number; limit?: number } = {}): Promise<Output> {
    checkId(id);
    return this.#get(`/requests/${encodeURIComponent(id)}/output`, options);
  }

  /** A page of open connections, by subject, the oldest first. */
  connections(options: PageOptions = {}): Promise<{ connections: Connection[]; cursor?: string }> {
    return this.#get("/connections", everyone(options));
  }

  /** Closes every connection of a subject; your own subject closes yours. It revokes nothing: a token that is still good opens a new one. */
  async closeAll(subject: string, options: CallOptions = {}): Promise<{ closed: number }> {
    checkText(subject, "subject");
    return this.#call("DELETE", "/connections", { ...options, query: { subject } });
  }

  /** The schedules of the tenant, by name. */
  async schedules(options: CallOptions = {}): Promise<Schedule[]> {
    return (await this.#call("GET", "/schedules", options)).schedules;
  }

  pauseSchedule(name: string, options: CallOptions = {}): Promise<Schedule> {
    return this.#schedule(name, "pause", options);
  }

  resumeSchedule(name: string, options: CallOptions = {}): Promise<Schedule> {
    return this.#schedule(name, "resume", options);
  }

  /** Starts its request now; `last` of the answer names it. The same `requestId` again starts nothing. */
  async runSchedule(name: string, { requestId, ...options }: CallOptions & { requestId?: string } = {}): Promise<Schedule> {
    if (requestId === undefined) return this.#schedule(name, "run", options);
    checkId(requestId);
    return this.#schedule(name, "run", { ...options, body: JSON.stringify({ request_id: requestId }) });
  }

  async #schedule(name: string, what: string, call: Call): Promise<Schedule> {
    return this.#call("POST", `/schedules/${checkText(name, "name of a schedule")}/${what}`, call);
  }

  /** The actions that the caller may ask for. */
  async actions(options: CallOptions = {}): Promise<ActionDescription[]> {
    return (await this.#call("GET", "/actions", options)).actions;
  }

  /**
   * Counts requests by state, action and subject. A server counts for about 1.5 s at a time:
   * each value has what was counted so far, and the last one, without a `cursor`, has all.
   */
  states(options: StatsOptions = {}): AsyncGenerator<States, void> {
    return this.#sum("/stats/states", options, addStates);
  }

  /** What open requests wait for, and who works on them; counted as by `states`. */
  waiting(options: StatsOptions = {}): AsyncGenerator<WaitingStats, void> {
    return this.#sum("/stats/waiting", options, addWaiting);
  }

  /** What fails, by action, code and message; counted as by `states`. */
  failures(options: StatsOptions = {}): AsyncGenerator<Failures, void> {
    return this.#sum("/stats/failures", options, addFailures);
  }

  async *#sum<T extends { cursor?: string }>(
    path: string,
    options: StatsOptions,
    add: (a: T, b: T) => T,
  ): AsyncGenerator<T, void> {
    let sum: T | undefined;
    for (let cursor: string | undefined; ; ) {
      const page: T = await this.#get(path, { ...everyone(options), cursor });
      cursor = page.cursor;
      sum = sum ? { ...add(sum, page), ...(cursor && { cursor }) } : page;
      yield sum;
      if (!cursor) return;
    }
  }

  async #about(
    method: string,
    id: string,
    below: string,
    options: SubjectOptions,
    more: object = {},
    body?: string,
  ): Promise<any> {
    checkId(id);
    const { signal, timeout, ...query } = options;
    const call = { signal, timeout, id, body, query: { ...query, ...more } };
    return plain(await this.#call(method, "/requests/" + encodeURIComponent(id) + below, call));
  }

  #get(path: string, { signal, timeout, ...query }: CallOptions & { cursor?: string | undefined }): Promise<any> {
    return this.#call("GET", path, { signal, timeout, query });
  }

  /** Calls until there is an answer, the signal aborts, or the time is over. */
  async #call(method: string, path: string, { query = {}, body, signal, timeout, id }: Call): Promise<any> {
    checkOptions({ ...query, signal, timeout });
    const search = new URLSearchParams();
    const all: Record<string, unknown> = { ...query, tenant: this.#tenant };
    for (const [name, value] of Object.entries(all)) {
      if (value !== undefined && value !== "") search.set(name, value instanceof Date ? value.toISOString() : String(value));
    }
    const bounds = [signal, timeout && AbortSignal.timeout(Math.ceil(timeout))].filter((bound) => !!bound) as AbortSignal[];
    const within = AbortSignal.any(bounds);
    try {
      within.throwIfAborted();
      const aborted = new Promise<never>((_, reject) => within.addEventListener("abort", reject));
      const answer = this.#http.read(method, path + (search.size ? "?" + search : ""), body, within);
      const { value, error } = await Promise.race([answer, aborted]);
      if (error) throw new StreamerError(error, id);
      return value;
    } catch (error) {
      if (error instanceof StreamerError) throw error;
      if (within.aborted) {
        throw fault(within.reason?.name === "TimeoutError" ? "TIMEOUT" : "ABORTED", "aborted", id, within.reason);
      }
      const message = `${method} ${path}: the server did not answer`;
      throw new StreamerError({ code: "SERVICE_UNAVAILABLE", message, retry: { retryable: true } }, id, error);
    }
  }
}

/** A text as a path has it. Throws for an empty one, and for none, which the server would take for something else. */
function checkText(text: string, name: string): string {
  if (typeof text === "string" && text) return encodeURIComponent(text);
  throw invalid(`${JSON.stringify(text)} is not a valid ${name}: use a string that is not empty`);
}

/** Lists are of every subject, unless one is named. */
function everyone<T extends { subject?: string | undefined }>(options: T): T {
  return { ...options, subject: options.subject || "*" };
}
