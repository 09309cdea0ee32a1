import type { Frame, Message } from "./frame.js";

/** Why the state is what it is. */
export type Reason =
  | "start" // idle, or connecting for the first time
  | "connected" // open, over WebSocket
  | "polling" // open, over HTTP: WebSocket is blocked or there is none
  | "lost" // the connection was closed
  | "silent" // the connection no longer answered
  | "offline" // the browser says that there is no network
  | "unreachable" // neither WebSocket nor HTTP answers
  | "refused" // HTTP answers, WebSocket does not
  | "token" // the token function failed
  | "unauthorized" // the server did not take the token
  | "disconnected" // disconnect was called
  | "closed"; // close was called

/** One way to the server while it lasts: a socket, or polling. */
export interface Session {
  /** Frames come by themselves; without it a subscribe waits for the next change. */
  readonly live: boolean;
  /** How much came over it. */
  readonly heard: number;
  /** Resolves when the session is lost, or replaced by a newer one. */
  readonly over: Promise<void>;
  /**
   * Sends a message and returns the frame that answers it. `rev` is the newest
   * that is known of the request that a subscribe names. Rejects when no answer
   * came: whether the message arrived is then unknown.
   */
  call(message: Message, rev?: number): Promise<Frame>;
  /** Sees whether the other side is still there. */
  check(): void;
  /** Gives the session up as lost. */
  drop(reason: Reason): void;
  /** A newer session has taken over: closes this one when its answers are in. */
  retire(): void;
  close(): void;
}
