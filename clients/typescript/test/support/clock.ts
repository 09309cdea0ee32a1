import type { Clock } from "../../src/clock.js";

interface Timer {
  at: number;
  run: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly timers = new Set<Timer>();
  /** What random returns. */
  chance: () => number = () => 0.5;
  #now = 1_800_000_000_000;

  now(): number {
    return this.#now;
  }

  random(): number {
    return this.chance();
  }

  setTimeout(run: () => void, ms: number): Timer {
    const timer = { at: this.#now + ms, run };
    this.timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.timers.delete(timer as Timer);
  }

  /** Moves the time on and runs what becomes due, in its order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.timers].filter((t) => t.at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = until;
  }

  /** How long until each timer is due, the first one first. */
  due(): number[] {
    return [...this.timers].map((t) => t.at - this.#now).sort((a, b) => a - b);
  }
}
