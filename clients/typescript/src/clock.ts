import { MAX_TIMER } from "./limits.js";

/** Time and chance, so that tests can own both. Times are in milliseconds. */
export interface Clock {
  now(): number;
  /** A number from 0 up to, and without, 1. */
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/**
 * Every timer of one client, and so its lifecycle: closing it clears them, which ends
 * whatever was bounded by one. After `clear` no new one starts.
 */
export class Timers {
  readonly #live = new Map<unknown, (() => void) | undefined>();
  #cleared = false;

  constructor(readonly time: Clock) {}

  /**
   * Runs once after ms, unless the function that it returns is called first.
   * `cleared` runs instead when all timers are cleared, or were.
   */
  after(ms: number, run: () => void, cleared?: () => void): () => void {
    if (this.#cleared) {
      cleared?.();
      return () => {};
    }
    const timer = this.time.setTimeout(
      () => {
        this.#live.delete(timer);
        run();
      },
      Math.min(ms, MAX_TIMER),
    );
    this.#live.set(timer, cleared);
    return () => {
      this.#live.delete(timer);
      this.time.clearTimeout(timer);
    };
  }

  /** Resolves after ms, or when all timers are cleared. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve, resolve));
  }

  /** Full jitter: anywhere between nothing and a limit that doubles up to 30 s. */
  backoff(attempt: number): number {
    return this.time.random() * Math.min(30_000, 1000 * 2 ** attempt);
  }

  clear(): void {
    this.#cleared = true;
    for (const [timer, cleared] of this.#live) {
      this.time.clearTimeout(timer);
      cleared?.();
    }
    this.#live.clear();
  }
}

/** Hears what the client does, for finding faults: a text, and what belongs to it. */
export type Log = (message: string, details?: unknown) => void;

/** A promise and the functions that settle it. */
export interface Deferred<T> {
  promise: Promise<T>;
  settle(value: T | PromiseLike<T>): void;
  refuse(error: unknown): void;
}

/** Makes one whose rejection is never an unhandled one: the reader that awaits it still gets it. */
export function deferred<T>(): Deferred<T> {
  const d = {} as Deferred<T>;
  d.promise = new Promise<T>((resolve, reject) => Object.assign(d, { settle: resolve, refuse: reject }));
  d.promise.catch(() => {});
  return d;
}

/** Calls listeners soon. What one throws is reported, and stops neither the frames nor a Node process. */
export function tell<T>(listeners: Iterable<(value: T) => void>, value?: T): void {
  for (const listener of listeners) {
    queueMicrotask(() => {
      try {
        listener(value as T);
      } catch (error) {
        (globalThis.reportError ?? console.error)(error);
      }
    });
  }
}
