import type { Code, WireError } from "./error.js";
import { isFinal } from "./frame.js";
import type { Detail, RequestState, Snapshot, Waiting } from "./snapshot.js";

/** A frame as a server sends it. */
export type ServerFrame = Record<string, unknown> & { type: string };

/** Gets the frames of the requests that it watches. */
export interface Watcher {
  deliver(frame: ServerFrame): void;
}

/** The most bytes of a result that go in a frame. */
const MAX_IN_FRAME = 120 * 1024;

/** A request of a long action. The test does what the action would do; each call moves the request on, and tells who watches it. */
export class FakeRequest<Payload = any, Result = any> {
  state: RequestState = "QUEUED";
  /** It is RUNNING, and a client has asked to cancel it. */
  cancelling = false;
  /** The payloads of the signals that came, by token. */
  readonly signals = new Map<string, unknown>();
  /** What was emitted. */
  readonly chunks: unknown[] = [];
  /** Is called instead of `cancel` when a client cancels the request while it runs. */
  onCancel: (() => void) | undefined;

  readonly #watchers = new Set<Watcher>();
  readonly #listeners = new Set<() => void>();
  readonly #createdAt = time();
  #updatedAt = this.#createdAt;
  #startedAt: string | undefined;
  #finishedAt: string | undefined;
  #rev = 1;
  #percentage = 0;
  #message = "";
  #metadata: Record<string, unknown> | undefined;
  #attempts = 1;
  #waiting: Waiting | undefined;
  #children: { total: number; ended: number } | undefined;
  #error: WireError | undefined;
  #result: unknown;

  constructor(
    readonly id: string,
    readonly action: string,
    readonly payload: Payload,
    /** Of the message. */
    readonly metadata: Record<string, string> | undefined,
    readonly notBefore: string | undefined,
    /** The id of the request that started it. */
    readonly parent?: string,
  ) {
    if (notBefore) this.#waiting = { for: "time", until: notBefore };
  }

  get rev(): number {
    return this.#rev;
  }

  /** How many connections watch it. */
  get watchers(): number {
    return this.#watchers.size;
  }

  get isFinal(): boolean {
    return isFinal(this.state);
  }

  /** Runs, and reports how far it is: 0 to 100. */
  progress(percentage: number, message = "", metadata?: Record<string, unknown>): void {
    this.#run();
    percentage = Math.min(Math.max(percentage || 0, 0), 100); // as a server does
    this.#percentage = percentage;
    this.#message = message;
    this.#metadata = metadata;
    this.#send({
      type: "progress",
      request_id: this.id,
      percentage,
      message,
      ...(metadata && { metadata }),
      timestamp: time(),
      rev: this.#rev,
    });
  }

  /** Emits output. */
  emit(...chunks: unknown[]): void {
    this.#run();
    const offset = this.chunks.length;
    this.chunks.push(...chunks);
    this.#send({ type: "output", request_id: this.id, offset, chunks });
  }

  /** Waits for what clients see as `waiting`: in snapshots, since no frame tells of it. */
  wait(waiting: Waiting, children?: { total: number; ended: number }): void {
    this.#move("QUEUED");
    this.#waiting = waiting;
    this.#children = children ?? this.#children;
  }

  /** The attempt fails, and the next one comes after so many seconds. */
  retry(code: Code, message: string, after = 1): void {
    this.#move("QUEUED");
    this.#attempts++;
    this.#error = { code, message, retry: { retryable: true, after } };
    this.#waiting = { for: "retry", until: time(after) };
  }

  complete(result: Result): void {
    this.#run();
    this.#end("SUCCEEDED");
    this.#percentage = 100;
    this.#result = result ?? null;
    this.#send({ type: "complete", request_id: this.id, success: true, ...this.#shownResult(true), rev: this.#rev });
  }

  /** Fails for good. */
  fail(code: Code, message: string, details?: Record<string, unknown>): void {
    this.#run();
    this.#fail("FAILED", { code, message, ...(details && { details }) });
  }

  /** Ends as CANCELLED. A client's cancel does this by itself, unless there is an `onCancel`. */
  cancel(): void {
    this.#fail("CANCELLED", { code: "CANCELLED", message: "the request was cancelled" });
  }

  /** What a client's cancel does; returns whether it did anything. */
  askCancel(): boolean {
    if (this.isFinal || this.cancelling) return false;
    if (this.state === "QUEUED") this.cancel();
    else {
      this.#move("RUNNING");
      this.cancelling = true;
      // As an action does that looks for it all the time: after the answer.
      queueMicrotask(() => (this.onCancel ? this.onCancel() : this.isFinal || this.cancel()));
    }
    return true;
  }

  askRedrive(): boolean {
    if (this.state !== "FAILED") return false;
    this.#move("QUEUED");
    this.#error = undefined;
    this.#finishedAt = undefined;
    return true;
  }

  askSignal(token: string, payload: unknown): boolean {
    if (this.signals.has(token)) return false;
    this.signals.set(token, payload ?? null);
    this.#move(this.state);
    return true;
  }

  addWatcher(watcher: Watcher): void {
    if (!this.isFinal) this.#watchers.add(watcher);
  }

  removeWatcher(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Calls the listener after each change, until the function that it returns is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As a client sees it; in a frame a large result is a reference, and in a list there is none. */
  snapshot(where: "frame" | "http" | "list", changed?: boolean): Snapshot {
    const optional = {
      message: this.#message || undefined,
      metadata: this.#metadata,
      ...(this.state === "SUCCEEDED" && where !== "list" && this.#shownResult(where === "frame")),
      error: this.#error,
      cancelling: this.cancelling || undefined,
      started_at: this.#startedAt,
      finished_at: this.#finishedAt,
      due_at: this.state === "QUEUED" ? this.#waiting?.until : undefined,
      waiting: this.state === "QUEUED" ? this.#waiting : undefined,
      output: this.chunks.length || undefined,
      parent: this.parent,
      children: this.#children,
      changed,
    };
    return {
      id: this.id,
      action: this.action,
      state: this.state,
      percentage: this.#percentage,
      attempts: this.#attempts,
      rev: this.#rev,
      created_at: this.#createdAt,
      updated_at: this.#updatedAt,
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    } as Snapshot;
  }

  /** What a snapshot leaves out. It has no checkpoints, slices or times of a run. */
  detail(): Detail {
    const steps = [...this.signals].map(([token, result]) => ({ name: "signal:" + token, result }));
    return {
      ...(this.payload !== undefined && { payload: this.payload }),
      ...(this.metadata && { metadata: this.metadata }),
      ...(this.notBefore && { not_before: this.notBefore }),
      ...(steps.length && { steps }),
      correlation_id: "test",
      slices: 0,
      lost: 0,
      ran_ms: 0,
      fence: this.#startedAt ? this.#attempts : 0,
      priority: 0,
      subscribers: this.watchers,
    };
  }

  #shownResult(inFrame: boolean): { result: unknown } | { result_ref: string } {
    const large = inFrame && JSON.stringify(this.#result).length > MAX_IN_FRAME;
    return large ? { result_ref: "/requests/" + this.id } : { result: this.#result };
  }

  #run(): void {
    this.#move("RUNNING");
    this.#startedAt ??= this.#updatedAt;
    this.#error = undefined;
    this.#waiting = undefined;
  }

  #fail(state: RequestState, error: WireError): void {
    this.#end(state);
    this.#error = error;
    this.#send({ type: "error", request_id: this.id, error, rev: this.#rev });
  }

  #end(state: RequestState): void {
    this.#move(state);
    this.#finishedAt = this.#updatedAt;
    this.cancelling = false;
  }

  #move(state: RequestState): void {
    if (this.isFinal && !(this.state === "FAILED" && state === "QUEUED")) {
      throw new Error(`the request ${this.id} has ended ${this.state}: it does not go on`);
    }
    this.state = state;
    this.#rev++;
    this.#updatedAt = time();
    for (const listener of [...this.#listeners]) queueMicrotask(listener);
  }

  #send(frame: ServerFrame): void {
    for (const watcher of this.#watchers) watcher.deliver(frame);
    if (this.isFinal) this.#watchers.clear();
  }
}

function time(afterSeconds = 0): string {
  return new Date(Date.now() + afterSeconds * 1000).toISOString();
}
