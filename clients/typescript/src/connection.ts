import { deferred, type Timers } from "./clock.js";
import { noAnswer } from "./error.js";
import { type Codec, decode, type Frame, type Message, reserved } from "./frame.js";
import { ANSWER_WITHIN, LOOK_EVERY, OPEN_WITHIN, PONG_WITHIN } from "./limits.js";
import type { Reason, Session } from "./session.js";

/** The part of the WebSocket interface that is used. */
export interface Socket {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

/** `WebSocket`, or one with its constructor, such as that of the package `ws`. */
export type SocketClass = new (url: string, protocols: string[]) => Socket;

/** What a connection reports to the code that opened it. */
export interface ConnectionEvents {
  /** Every frame, answers too, in the order in which they came. */
  onAny(frame: Frame): void;
  /** How long the connection may be silent now before it is asked whether it lives, in ms. */
  silence(): number;
}

/** One WebSocket, from its handshake to its end. */
export class Connection implements Session {
  readonly live = true;
  /** Whether the handshake succeeded. A browser does not say why it failed. */
  readonly opened = deferred<boolean>();
  readonly over: Promise<void>;
  heard = 0;

  readonly #giveUp = () => this.close();
  readonly #lost = deferred<void>();
  readonly #calls = new Map<string, ReturnType<typeof deferred<Frame>>>();
  readonly #socket?: Socket;
  #over?: boolean;
  /** Undefined until it is open. */
  #lastHeard: number | undefined;
  #stopWatch?: () => void;

  constructor(
    SocketClass: SocketClass,
    url: string,
    token: string,
    private readonly codec: Codec,
    private readonly timers: Timers,
    private readonly listener: ConnectionEvents,
    /** Called once, for an open connection that was lost; not after close. */
    private readonly onEnd: (reason: Reason) => void,
  ) {
    this.over = this.#lost.promise;
    void this.opened.promise.then(timers.after(OPEN_WITHIN, this.#giveUp, this.#giveUp));
    try {
      this.#socket = new SocketClass(url, ["streamer.v1", "bearer." + token]);
    } catch {
      // A token that is not a JWT may hold characters that a subprotocol cannot.
      this.close();
      return;
    }
    const socket = this.#socket;
    socket.onopen = () => {
      if (this.#over) return;
      this.#lastHeard = timers.time.now();
      this.opened.settle(true);
      this.#watch();
    };
    socket.onmessage = ({ data }) => this.#receive(String(data));
    // Node 22 tells of a refused handshake by an error alone.
    socket.onclose = socket.onerror = () => this.drop("lost");
  }

  async call(message: Message, _rev?: number, within = ANSWER_WITHIN): Promise<Frame> {
    if (this.#over) throw noAnswer();
    const answer = deferred<Frame>();
    this.#calls.set(message.id, answer);
    const stop = this.timers.after(within, () => {
      this.#calls.delete(message.id);
      answer.refuse(noAnswer());
      if (within === ANSWER_WITHIN) this.check();
    });
    answer.promise.then(stop, stop);
    this.#socket!.send(message.encoded);
    return answer.promise;
  }

  check(): void {
    const before = this.heard;
    this.call(reserved("ping"), 0, PONG_WITHIN).catch(() => {
      if (this.heard === before) this.drop("silent");
    });
  }

  drop(reason: Reason): void {
    if (this.#over) return;
    const wasOpen = this.#stopWatch;
    this.close();
    if (wasOpen) this.onEnd(reason);
  }

  retire(): void {
    this.#lost.settle();
    this.timers.after(ANSWER_WITHIN, this.#giveUp, this.#giveUp);
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopWatch?.();
    this.opened.settle(false);
    this.#lost.settle();
    this.#failCalls();
    this.#socket?.close(1000);
  }

  #failCalls(): void {
    for (const answer of this.#calls.values()) answer.refuse(noAnswer());
    this.#calls.clear();
  }

  #receive(text: string): void {
    if (this.#over) return;
    this.heard++;
    this.#lastHeard = this.timers.time.now();
    const frame = decode(text, this.codec);
    if (!frame) {
      // API Gateway's own error does not say which message failed: whatever is
      // unanswered is sent again.
      this.#failCalls();
      return;
    }
    this.listener.onAny(frame);
    const answer = this.#calls.get(frame.request_id!);
    if (answer) {
      this.#calls.delete(frame.request_id!);
      answer.settle(frame);
    }
  }

  #watch(): void {
    const silence = this.listener.silence();
    this.#stopWatch = this.timers.after(Math.min(LOOK_EVERY, silence), () => {
      if (this.timers.time.now() - this.#lastHeard! >= this.listener.silence()) this.check();
      this.#watch();
    });
  }
}
