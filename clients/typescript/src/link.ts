import { type Deferred, deferred, type Log, type Timers } from "./clock.js";
import { Connection, type SocketClass } from "./connection.js";
import { StreamerError, type WireError } from "./error.js";
import type { Codec, Frame } from "./frame.js";
import type { Http } from "./http.js";
import { HAND_OVER_AFTER, HAND_OVER_SPREAD, RENEW_AGAIN_AFTER, STABLE_AFTER, UPGRADE_AFTER } from "./limits.js";
import type { NetworkEvents } from "./platform.js";
import type { Reason, Session } from "./session.js";
import type { Tokens } from "./token.js";

/** Where the client stands with its server. `idle`: it is not used yet, or was disconnected. */
export type State = "idle" | "connecting" | "open" | "reconnecting" | "closed";

/** What a link is made of. */
export interface LinkParts {
  serverUrl: string;
  SocketClass: SocketClass | undefined;
  http(): Promise<Http>;
  tokens: Tokens;
  codec: Codec;
  timers: Timers;
  /** Where "online" and "offline" are heard, if they are. */
  events: NetworkEvents;
  onAny(frame: Frame): void;
  onMove(): void;
  onClose(error: StreamerError): void;
  /** Before anything is sent under a token. */
  onToken(token: string): void;
  silence(): number;
  log: Log | undefined;
}

/**
 * Keeps one session to the server: opens it, replaces it when it is lost or
 * grows old, renews its token, and polls where WebSocket is blocked.
 */
export class Link {
  state: State = "idle";
  reason: Reason = "start";
  /** Why the link is closed: the error of every call that comes after. */
  closedBy: StreamerError | undefined;
  /** What the token function threw last, until it gives a token. */
  tokenError: unknown;

  /** How often it was started and stopped: what began before belongs to the past. */
  #life = 0;
  #started?: boolean;
  #opening: Connection | undefined;
  #session: Session | undefined;
  #next: Deferred<Session> = deferred();
  #openedAt!: number;
  #dialing?: boolean;
  #attempt = 0; // since a connection was last of use
  #refused = 0; // handshakes in a row that failed though HTTP answered
  #unauthorized = 0; // tokens in a row that were not taken
  #offline = globalThis.navigator?.onLine === false;
  #cancelDial?: () => void;
  #cancelRenewal?: () => void;

  constructor(private readonly parts: LinkParts) {}

  /** Connects, unless it does already or is closed. */
  start(): void {
    if (this.#started || this.closedBy) return;
    this.#started = true;
    this.#hear("addEventListener");
    this.#set("connecting", "start");
    void this.#dial();
  }

  /** Disconnects, until the next start. What waits for a session goes on waiting. */
  stop(state: State, reason: Reason): void {
    this.#life++;
    this.#started = this.#dialing = false;
    this.#hear("removeEventListener");
    this.#cancelDial?.();
    this.#cancelRenewal?.();
    this.#opening?.close();
    const session = this.#session;
    if (session) this.#next = deferred();
    this.#session = undefined;
    session?.close();
    this.#set(state, reason);
  }

  /** The session, as soon as there is one. Rejects once the link is closed. */
  async ready(): Promise<Session> {
    if (this.closedBy) throw this.closedBy;
    return this.#session ?? this.#next.promise;
  }

  /** Whether the session is still the one that messages should go over. */
  isCurrent(session: Session): boolean {
    return this.#session === session;
  }

  close(reason: Reason, error: StreamerError): void {
    if (this.closedBy) return;
    this.closedBy = error;
    this.parts.timers.clear();
    this.stop("closed", reason);
    this.#next.refuse(error);
    this.parts.onClose(error);
  }

  #hear(how: "addEventListener" | "removeEventListener"): void {
    for (const event of ["online", "offline"]) this.parts.events[how]?.(event, this);
  }

  /** The browser's events about the network. */
  handleEvent({ type }: { type: string }): void {
    this.#offline = type === "offline";
    if (this.#session) return this.#session.check();
    if (this.#offline) return this.#set(this.state, "offline");
    this.#attempt = 0;
    this.#dialIn(this.parts.timers.backoff(0));
  }

  #dialIn(ms: number): void {
    this.#cancelDial?.();
    this.#cancelDial = this.parts.timers.after(ms, () => void this.#dial());
  }

  /** Dials after a wait that grows with each try in a row. */
  #dialAgain(state: State, reason: Reason): void {
    this.#set(state, this.#offline ? "offline" : reason);
    this.#dialIn(this.parts.timers.backoff(this.#attempt++));
  }

  async #dial(): Promise<void> {
    if (this.#dialing) return;
    this.#dialing = true;
    const life = this.#life;
    const failure = await this.#open(() => life !== this.#life);
    if (life !== this.#life) return;
    this.#dialing = false;
    if (!failure) return;
    if (this.#session) return this.#dialIn(UPGRADE_AFTER); // it is still of use
    this.#dialAgain(this.state, failure);
  }

  /** One try to get a session; returns why there is none. */
  async #open(over: () => boolean): Promise<Reason | undefined> {
    const { SocketClass, serverUrl, tokens, codec, timers, http, onToken, log } = this.parts;
    let token: string;
    try {
      token = await tokens.get();
      this.tokenError = undefined;
    } catch (error) {
      if (!over() && error instanceof StreamerError && error.code === "UNAUTHORIZED") this.close("unauthorized", error);
      this.tokenError = error;
      log?.("no token", error);
      return "token";
    }
    if (over()) return;
    onToken(token);

    if (SocketClass) {
      const onEnd = (reason: Reason) => this.#lost(connection, reason);
      const connection: Connection = new Connection(SocketClass, serverUrl, token, codec, timers, this.parts, onEnd);
      this.#opening = connection;
      const opened = await connection.opened.promise;
      if (over()) return;
      if (opened) {
        this.#refused = this.#unauthorized = 0;
        return this.#adopt(connection, token);
      }
    }

    // A browser does not say why a handshake failed: HTTP does.
    let api: Http;
    let refusal: WireError | undefined;
    try {
      api = await http();
      refusal = await api.probe();
    } catch {
      return "unreachable";
    }
    if (over()) return;
    if (refusal) {
      if (++this.#unauthorized > 1) this.close("unauthorized", new StreamerError(refusal));
      return "unauthorized";
    }
    this.#unauthorized = 0;
    if (SocketClass && (++this.#refused < 2 || this.#session)) return "refused";
    const polling: Session = api.poll((reason) => this.#lost(polling, reason));
    return this.#adopt(polling, token);
  }

  #adopt(session: Session, token: string): undefined {
    const { time } = this.parts.timers;
    const old = this.#session;
    this.#session = session;
    this.#openedAt = time.now();
    this.#next.settle(session);
    old?.retire();
    if (session.live) {
      this.#dialIn(HAND_OVER_AFTER - time.random() * HAND_OVER_SPREAD);
      this.#renewIn(this.parts.tokens.renewIn(token), session);
    } else if (this.parts.SocketClass) {
      this.#dialIn(UPGRADE_AFTER);
    }
    this.#set("open", session.live ? "connected" : "polling");
  }

  #lost(session: Session, reason: Reason): void {
    if (this.#session !== session) return;
    const { timers, tokens } = this.parts;
    this.#session = undefined;
    this.#next = deferred();
    this.#cancelRenewal?.();
    if (reason === "unauthorized") tokens.refuse();
    if (session.heard || timers.time.now() - this.#openedAt >= STABLE_AFTER) this.#attempt = 0;
    this.#dialAgain("reconnecting", reason);
  }

  /** Renews the token on the live socket before it expires; ms undefined: never. */
  #renewIn(ms: number | undefined, session: Session): void {
    this.#cancelRenewal?.();
    if (ms) this.#cancelRenewal = this.parts.timers.after(ms, () => void this.#renew(session));
  }

  async #renew(session: Session): Promise<void> {
    let wait: number | undefined = RENEW_AGAIN_AFTER;
    try {
      wait = await (await this.parts.http()).renew(session);
    } catch {
      // There is time to try again.
    }
    if (this.#session === session) this.#renewIn(wait, session);
  }

  #set(state: State, reason: Reason): void {
    if (this.state === state && this.reason === reason) return;
    this.state = state;
    this.reason = reason;
    this.parts.onMove();
  }
}
