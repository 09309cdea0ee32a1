// The parts of the platform that are used, so that a project needs neither the DOM's types nor Node's.

/** An `AbortSignal`. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason?: any;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The global `fetch`, or one like it. */
export type Fetch = (url: string, init?: any) => Promise<{ readonly status: number; text(): Promise<string> }>;

/** Where "online" and "offline" are heard: a window, or an `EventTarget` of one's own. */
export interface NetworkEvents {
  addEventListener?(type: string, listener: any): void;
  removeEventListener?(type: string, listener: any): void;
}
