import { type Snapshot, StreamerError } from "@pay-theory/streamer";
import { parse } from "./json.js";
import type { Config, Session } from "./session.js";

/** An attempt that ended without success. */
export interface Attempt {
  number: number;
  started_at: string;
  ended_at: string;
  code: string;
  worker: string;
}

/** Why a queued request does not run yet. */
export interface Waiting {
  for: string;
  token?: string;
  until?: string;
  limit?: string;
  running?: number;
  position?: number;
}

/** What a snapshot leaves out. */
export interface Detail {
  payload?: unknown;
  metadata?: Record<string, string>;
  correlation_id: string;
  steps?: { name: string; result: unknown }[];
  checkpoint?: unknown;
  slices: number;
  lost: number;
  ran_ms: number;
  fence: number;
  worker?: string;
  claimed_at?: string;
  lease_until?: string;
  priority: number;
  slots?: string[];
  subscribers: number;
  expires_at?: string;
}

/** A request as an operator sees it. */
export interface Request extends Snapshot {
  subject?: string;
  waiting?: Waiting;
  history?: Attempt[];
  detail?: Detail;
}

/** An open WebSocket. */
export interface Connection {
  id: string;
  subject: string;
  connected_at: string;
  expires_at: string;
  source_ip?: string;
  user_agent?: string;
}

export interface Page {
  requests: Request[];
  cursor?: string;
}

/** A line that a function logged. */
export type LogLine = Record<string, unknown>;

/** The calls of the HTTP API that an operator needs. */
export class Api {
  constructor(
    private readonly session: Session,
    private readonly config: Config,
  ) {}

  requests(query: Record<string, string>, signal: AbortSignal): Promise<Page> {
    return this.#call("GET", "/requests?" + new URLSearchParams(query), { signal }) as Promise<Page>;
  }

  request(id: string, subject: string | undefined, signal: AbortSignal): Promise<Request> {
    return this.#call("GET", requestPath(id, "", subject, { detail: "true" }), { signal }) as Promise<Request>;
  }

  cancel(id: string, subject: string | undefined): Promise<Request> {
    return this.#call("DELETE", requestPath(id, "", subject)) as Promise<Request>;
  }

  redrive(id: string, subject: string | undefined): Promise<Request> {
    return this.#call("POST", requestPath(id, "/redrive", subject)) as Promise<Request>;
  }

  /** Sends a signal; `payload` is JSON text, or empty. */
  signal(id: string, subject: string | undefined, token: string, payload: string): Promise<Request> {
    return this.#call("POST", requestPath(id, "/signals/" + encodeURIComponent(token), subject), {
      body: payload,
    }) as Promise<Request>;
  }

  output(
    id: string,
    subject: string | undefined,
    from: number,
    signal: AbortSignal,
  ): Promise<{ offset: number; chunks: unknown[] }> {
    return this.#call("GET", requestPath(id, "/output", subject, { from: String(from) }), { signal }) as Promise<any>;
  }

  connections(query: Record<string, string>, signal: AbortSignal): Promise<{ connections: Connection[]; cursor?: string }> {
    return this.#call("GET", "/connections?" + new URLSearchParams(query), { signal }) as Promise<any>;
  }

  /** Closes every connection of a subject. */
  closeAll(subject: string): Promise<{ closed: number }> {
    return this.#call("DELETE", "/connections?" + new URLSearchParams({ subject })) as Promise<any>;
  }

  /** What the functions logged under a correlation id; of the local stack, not of the API. */
  async logs(correlationId: string, signal: AbortSignal): Promise<LogLine[]> {
    const query = new URLSearchParams({ correlation_id: correlationId });
    return ((await this.#call("GET", "/console/logs?" + query, { signal })) as { lines: LogLine[] }).lines;
  }

  async #call(method: string, path: string, { body, signal }: { body?: string; signal?: AbortSignal } = {}): Promise<unknown> {
    for (let again = false; ; again = true) {
      const headers: Record<string, string> = { Authorization: "Bearer " + (await this.session.token()) };
      if (body) headers["Content-Type"] = "application/json";
      const response = await fetch(path.startsWith("/console/") ? path : (this.config.http_url ?? "") + path, {
        method,
        headers,
        ...(body && { body }),
        ...(signal && { signal }),
      });
      const text = await response.text();
      if (response.ok) return parse(text);
      if (response.status === 401 && !again && !this.session.pasted) {
        this.session.refused();
        continue;
      }
      throw refusal(response.status, text);
    }
  }
}

function requestPath(id: string, below: string, subject: string | undefined, query: Record<string, string> = {}): string {
  const search = new URLSearchParams({ ...query, ...(subject && { subject }) }).toString();
  return "/requests/" + encodeURIComponent(id) + below + (search && "?" + search);
}

function refusal(status: number, text: string): StreamerError {
  let problem: any = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // A gateway's own answer is told by its status.
  }
  const code =
    problem.code ?? ({ 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND" } as any)[status] ?? "SERVICE_UNAVAILABLE";
  return new StreamerError({ code, message: problem.detail ?? problem.message ?? `HTTP status ${status}`, details: problem });
}
