import type { Socket, SocketClass } from "./connection.js";
import type { FakeRequest, ServerFrame, Watcher } from "./fake_request.js";
import type { Fetch, Signal } from "./platform.js";
import type { Snapshot } from "./snapshot.js";

/** What both ways to the server need of it. */
export interface FakeApi {
  /** Whether a way is open: a network that is down lets nothing through. */
  readonly reachable: boolean;
  /** WebSocket alone is blocked. */
  readonly blocked: boolean;
  readonly requests: ReadonlyMap<string, FakeRequest>;
  readonly sockets: Set<FakeSocket>;
  /** The frame that answers a message. */
  answer(message: any, from: FakeSocket | undefined): ServerFrame | Promise<ServerFrame>;
}

/** The client's side of a connection that there is in memory alone. */
export class FakeSocket implements Socket, Watcher {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  onerror: Socket["onerror"] = null;
  #open = false;

  constructor(private readonly server: FakeApi) {
    queueMicrotask(() => {
      if (!server.reachable || server.blocked) return this.lose();
      this.#open = true;
      server.sockets.add(this);
      this.onopen?.({});
    });
  }

  send(text: string): void {
    if (!this.#open) return;
    queueMicrotask(() => {
      const answer = this.server.answer(JSON.parse(text), this);
      if (answer instanceof Promise) void answer.then((frame) => this.deliver(frame));
      else this.deliver(answer);
    });
  }

  close(): void {
    this.#leave();
  }

  /** Sends a frame to the client. */
  deliver(frame: ServerFrame): void {
    const data = JSON.stringify(frame);
    queueMicrotask(() => this.#open && this.onmessage?.({ data }));
  }

  /** Ends it as a network does. */
  lose(): void {
    this.#leave();
    this.onclose?.({});
  }

  #leave(): void {
    this.#open = false;
    this.server.sockets.delete(this);
    for (const request of this.server.requests.values()) request.removeWatcher(this);
  }
}

/** The WebSocket class of the server's clients. */
export function socketClass(server: FakeApi): SocketClass {
  return class extends FakeSocket {
    constructor() {
      super(server);
    }
  };
}

const STATUS: Record<string, number> = {
  VALIDATION_ERROR: 400,
  INVALID_MESSAGE: 400,
  INVALID_ACTION: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CANCELLED: 409,
  DUPLICATE_REQUEST: 409,
  PAYLOAD_TOO_LARGE: 413,
  PROCESSING_FAILED: 422,
  RATE_LIMITED: 429,
  SERVICE_UNAVAILABLE: 503,
  TIMEOUT: 504,
};

/** How long a poll waits for a change, in ms. */
const POLL = 20_000;

/** Whose every request is. */
const SUBJECT = "test";

/** The `fetch` of the server's clients. */
export function fetcher(server: FakeApi): Fetch {
  return async (input, init = {}) => {
    await undefined;
    if (!server.reachable) throw new TypeError("fetch failed");
    const { pathname, searchParams } = new URL(String(input));
    const [, root, id, below, token] = pathname.split("/").map(decodeURIComponent);
    const call = `${init.method ?? "GET"} ${root}${id ? "/id" : ""}${below ? "/" + below : ""}`;
    const body = init.body ? JSON.parse(String(init.body)) : undefined;
    const query = Object.fromEntries(searchParams);
    if (query.wait && id) await change(server.requests.get(id), Number(query.rev ?? 0), init.signal);
    const messages: Record<string, object> = {
      "POST requests": body,
      "GET requests": reserved("list", { ...query, ...(query.limit && { limit: Number(query.limit) }) }),
      "GET requests/id": reserved("get", { request_id: id }),
      "DELETE requests/id": reserved("cancel", { request_id: id }),
      "POST requests/id/redrive": reserved("redrive", { request_id: id }),
      "POST requests/id/signals": reserved("signal", { request_id: id, token, payload: body }),
      "GET requests/id/output": reserved("output", { request_id: id, from: Number(query.from ?? 0) }),
    };
    const message = messages[call];
    const problem = (status: number, code: string, detail: string, more?: object) =>
      json(status, { type: "about:blank", title: code, status, detail, code, ...more });
    if (!message) {
      const has = "it has requests, and neither connections, schedules, actions nor counts";
      return problem(404, "NOT_FOUND", `FakeServer has no ${init.method ?? "GET"} ${pathname}: ${has}`);
    }
    const { subject } = query;
    if (subject === "*" && query.parent) return problem(400, "VALIDATION_ERROR", "a parent's children need the parent's subject");
    if (subject && subject !== "*" && subject !== SUBJECT) {
      if (call === "GET requests") return json(200, { requests: [] });
      return problem(
        404,
        "NOT_FOUND",
        `there is no request "${id}" of the subject "${subject}": FakeServer's are of "${SUBJECT}"`,
      );
    }
    const frame: any = await server.answer(message, undefined);
    if (frame.type === "error") {
      const { code, message: detail, details = {}, retry } = frame.error;
      const status = STATUS[code] ?? 500;
      const { correlation_id, ...rest } = details;
      return problem(status, code, detail, { correlation_id, details: rest, retry });
    }
    if (call === "POST requests") return json({ response: 201, acknowledgment: 202 }[frame.type as string] ?? 200, frame);
    // Where the caller named a subject, the answer does too.
    const shown = (snapshot: Snapshot) => (subject ? { ...snapshot, subject: SUBJECT } : snapshot);
    if (frame.data?.requests) return json(200, { ...frame.data, requests: frame.data.requests.map(shown) });
    if (!frame.request) return json(200, frame.data);
    const request = server.requests.get(frame.request.id)!;
    const detail = query.detail === "true" && { detail: request.detail() };
    return json(200, { ...shown(request.snapshot("http", frame.request.changed)), ...detail });
  };
}

function reserved(name: string, payload: object): object {
  return { id: "http", action: "streamer." + name, payload };
}

function json(status: number, value: unknown): Response {
  return new Response(JSON.stringify(value), { status, headers: { "Content-Type": "application/json" } });
}

/** Waits until the request has a rev above this one, or has ended, or the poll is over. */
async function change(request: FakeRequest | undefined, rev: number, signal: Signal | undefined): Promise<void> {
  if (!request || request.rev > rev || request.isFinal) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => end(resolve), POLL);
    const stop = request.onChange(() => end(resolve));
    const abort = () => end(() => reject(signal!.reason));
    signal?.addEventListener("abort", abort);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      stop();
      signal?.removeEventListener("abort", abort);
      settle();
    };
  });
}
