import { deferred } from "./clock.js";
import { Connection } from "./connection.js";
import { StreamerError } from "./error.js";
import { reserved } from "./frame.js";
import { Polling } from "./http.js";
import { readClaims } from "./token.js";
const HAND_OVER_AFTER = 110 * 6e4;
const UPGRADE_AFTER = 6e4;
const RENEW_AGAIN_AFTER = 3e4;
const STABLE_AFTER = 3e4;
class Link {
  constructor(parts) {
    this.parts = parts;
    parts.events?.addEventListener("online", this);
    parts.events?.addEventListener("offline", this);
    void this.#dial();
  }
  parts;
  state = "connecting";
  reason = "start";
  /** Why the link is closed, for whoever still wanted it. */
  closedBy;
  #session;
  #next = deferred();
  #openedAt = 0;
  #dialing = false;
  #attempt = 0;
  // since a connection was last of use
  #refused = 0;
  // handshakes in a row that failed though HTTP answered
  #unauthorized = 0;
  // tokens in a row that were not taken
  #offline = globalThis.navigator?.onLine === false;
  #cancelDial = () => {
  };
  #cancelRenewal = () => {
  };
  /** The session, as soon as there is one. Rejects once the link is closed. */
  async ready() {
    if (this.closedBy) throw this.closedBy;
    return this.#session ?? this.#next.promise;
  }
  /** Whether the session is still the one that messages should go over. */
  isCurrent(session) {
    return this.#session == session;
  }
  close(reason, error) {
    if (this.closedBy) return;
    this.closedBy = error;
    const { events, timers } = this.parts;
    events?.removeEventListener("online", this);
    events?.removeEventListener("offline", this);
    timers.clear();
    this.#session?.close();
    this.#next.reject(error);
    this.#session = void 0;
    this.#set("closed", reason);
  }
  /** The browser's events about the network. */
  handleEvent({ type }) {
    this.#offline = type == "offline";
    if (this.#session) return this.#session.check();
    if (this.#offline) return this.#set(this.state, "offline");
    this.#attempt = 0;
    this.#dialIn(this.parts.timers.backoff(0));
  }
  #dialIn(ms) {
    this.#cancelDial();
    this.#cancelDial = this.parts.timers.after(ms, () => void this.#dial());
  }
  async #dial() {
    if (this.#dialing) return;
    this.#dialing = true;
    const failure = await this.#open();
    this.#dialing = false;
    if (!failure || this.closedBy) return;
    if (this.#session) return this.#dialIn(UPGRADE_AFTER);
    this.#set(this.state, this.#offline ? "offline" : failure);
    this.#dialIn(this.parts.timers.backoff(this.#attempt++));
  }
  /** One try to get a session; returns why there is none. */
  async #open() {
    const { SocketClass, url, tokens, codec, timers, http, onFrame, onToken, silence } = this.parts;
    let token;
    try {
      token = await tokens.get();
    } catch (error) {
      if (error instanceof StreamerError && error.code == "UNAUTHORIZED") this.close("unauthorized", error);
      return "token";
    }
    if (this.closedBy) return;
    onToken(readClaims(token).who);
    if (SocketClass) {
      const onEnd = (reason) => this.#lost(connection, reason);
      const connection = new Connection(SocketClass, url, token, codec, timers, { onFrame, onEnd, silence });
      if (await connection.opened) {
        this.#refused = this.#unauthorized = 0;
        this.#adopt(connection, token);
        return;
      }
      if (this.closedBy) return;
    }
    let probe;
    try {
      probe = await http.call(reserved("list", { limit: 1 }));
    } catch {
      return "unreachable";
    }
    if (this.closedBy) return;
    if (probe.error?.code == "UNAUTHORIZED") {
      tokens.refuse();
      if (++this.#unauthorized > 1) this.close("unauthorized", new StreamerError(probe.error));
      return "unauthorized";
    }
    if (probe.error) return "unreachable";
    this.#unauthorized = 0;
    if (SocketClass && (++this.#refused < 2 || this.#session)) return "refused";
    const polling = new Polling(http, (reason) => this.#lost(polling, reason));
    this.#adopt(polling, token);
    return;
  }
  #adopt(session, token) {
    const { clock } = this.parts.timers;
    const old = this.#session;
    this.#session = session;
    this.#openedAt = clock.now();
    this.#next.resolve(session);
    old?.retire();
    if (session.live) {
      this.#dialIn(HAND_OVER_AFTER - clock.random() * 10 * 6e4);
      this.#renewIn(this.parts.tokens.renewIn(token), session);
    } else if (this.parts.SocketClass) {
      this.#dialIn(UPGRADE_AFTER);
    }
    this.#set("open", session.live ? "connected" : "polling");
  }
  #lost(session, reason) {
    if (this.#session != session || this.closedBy) return;
    const { timers, tokens } = this.parts;
    this.#session = void 0;
    this.#next = deferred();
    this.#cancelRenewal();
    if (reason == "unauthorized") tokens.refuse();
    if (session.heard || timers.clock.now() - this.#openedAt >= STABLE_AFTER) this.#attempt = 0;
    this.#set("reconnecting", this.#offline ? "offline" : reason);
    this.#dialIn(timers.backoff(this.#attempt++));
  }
  /** Renews the token on the live socket before it expires; ms undefined: never. */
  #renewIn(ms, session) {
    this.#cancelRenewal();
    if (ms) this.#cancelRenewal = this.parts.timers.after(ms, () => void this.#renew(session));
  }
  async #renew(session) {
    const { tokens } = this.parts;
    let wait = RENEW_AGAIN_AFTER;
    try {
      const token = await tokens.get();
      if (this.#session != session) return;
      const { error } = await session.call(reserved("authenticate", { token }));
      if (error && !error.retry?.retryable) return session.drop("unauthorized");
      if (!error) wait = tokens.renewIn(token);
    } catch {
    }
    if (this.#session == session) this.#renewIn(wait, session);
  }
  #set(state, reason) {
    if (this.state == state && this.reason == reason) return;
    this.state = state;
    this.reason = reason;
    this.parts.onState();
  }
}
export {
  Link
};
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vc3JjL2xpbmsudHMiXSwKICAic291cmNlc0NvbnRlbnQiOiBbImltcG9ydCB7IHR5cGUgRGVmZXJyZWQsIGRlZmVycmVkLCB0eXBlIFRpbWVycyB9IGZyb20gXCIuL2Nsb2NrLmpzXCI7XG5pbXBvcnQgeyBDb25uZWN0aW9uLCB0eXBlIFNvY2tldENsYXNzIH0gZnJvbSBcIi4vY29ubmVjdGlvbi5qc1wiO1xuaW1wb3J0IHsgU3RyZWFtZXJFcnJvciB9IGZyb20gXCIuL2Vycm9yLmpzXCI7XG5pbXBvcnQgeyB0eXBlIENvZGVjLCB0eXBlIEZyYW1lLCByZXNlcnZlZCB9IGZyb20gXCIuL2ZyYW1lLmpzXCI7XG5pbXBvcnQgeyB0eXBlIEh0dHAsIFBvbGxpbmcgfSBmcm9tIFwiLi9odHRwLmpzXCI7XG5pbXBvcnQgdHlwZSB7IFJlYXNvbiwgU2Vzc2lvbiB9IGZyb20gXCIuL3Nlc3Npb24uanNcIjtcbmltcG9ydCB7IHJlYWRDbGFpbXMsIHR5cGUgVG9rZW5zIH0gZnJvbSBcIi4vdG9rZW4uanNcIjtcblxuLyoqIFdoZXJlIHRoZSBjbGllbnQgc3RhbmRzIHdpdGggaXRzIHNlcnZlci4gYGNsb3NlZGAgaXMgZmluYWwuICovXG5leHBvcnQgdHlwZSBTdGF0ZSA9IFwiY29ubmVjdGluZ1wiIHwgXCJvcGVuXCIgfCBcInJlY29ubmVjdGluZ1wiIHwgXCJjbG9zZWRcIjtcblxuLyoqIEFQSSBHYXRld2F5IGVuZHMgYSBjb25uZWN0aW9uIGFmdGVyIHR3byBob3VyczsgdGhlIG5leHQgb25lIGlzIG9wZW5lZCBiZWZvcmUuICovXG5jb25zdCBIQU5EX09WRVJfQUZURVIgPSAxMTAgKiA2MF8wMDA7XG4vKiogV2hpbGUgcG9sbGluZywgaG93IGxvbmcgdW50aWwgV2ViU29ja2V0IGlzIHRyaWVkIGFnYWluLiAqL1xuY29uc3QgVVBHUkFERV9BRlRFUiA9IDYwXzAwMDtcbi8qKiBBIHJlbmV3YWwgY29tZXMgYSBtaW51dGUgZWFybHksIHNvIHRoYXQgdGhlcmUgaXMgdGltZSBmb3IgYSBzZWNvbmQuICovXG5jb25zdCBSRU5FV19BR0FJTl9BRlRFUiA9IDMwXzAwMDtcbi8qKiBBIHNlc3Npb24gdGhhdCBsYXN0ZWQgc28gbG9uZyB3YXMgb2YgdXNlIGV2ZW4gaWYgaXQgaGVhcmQgbm90aGluZy4gKi9cbmNvbnN0IFNUQUJMRV9BRlRFUiA9IDMwXzAwMDtcblxuLyoqIFdoYXQgYSBsaW5rIGlzIG1hZGUgb2YuICovXG5leHBvcnQgaW50ZXJmYWNlIExpbmtQYXJ0cyB7XG4gIHVybDogc3RyaW5nO1xuICBTb2NrZXRDbGFzczogU29ja2V0Q2xhc3MgfCB1bmRlZmluZWQ7XG4gIGh0dHA6IEh0dHA7XG4gIHRva2VuczogVG9rZW5zO1xuICBjb2RlYzogQ29kZWM7XG4gIHRpbWVyczogVGltZXJzO1xuICAvKiogV2hlcmUgXCJvbmxpbmVcIiBhbmQgXCJvZmZsaW5lXCIgYXJlIGhlYXJkLiAqL1xuICBldmVudHM6IEV2ZW50VGFyZ2V0IHwgdW5kZWZpbmVkO1xuICBvbkZyYW1lKGZyYW1lOiBGcmFtZSk6IHZvaWQ7XG4gIG9uU3RhdGUoKTogdm9pZDtcbiAgLyoqIEJlZm9yZSBhbnl0aGluZyBpcyBzZW50IHVuZGVyIGEgdG9rZW46IHdob3NlIGl0IGlzLCB3aGVyZSB0aGUgdG9rZW4gc2F5cyBzby4gKi9cbiAgb25Ub2tlbih3aG86IHN0cmluZyB8IHVuZGVmaW5lZCk6IHZvaWQ7XG4gIHNpbGVuY2UoKTogbnVtYmVyO1xufVxuXG4vKipcbiAqIEtlZXBzIG9uZSBzZXNzaW9uIHRvIHRoZSBzZXJ2ZXI6IG9wZW5zIGl0LCByZXBsYWNlcyBpdCB3aGVuIGl0IGlzIGxvc3Qgb3JcbiAqIGdyb3dzIG9sZCwgcmVuZXdzIGl0cyB0b2tlbiwgYW5kIHBvbGxzIHdoZXJlIFdlYlNvY2tldCBpcyBibG9ja2VkLlxuICovXG5leHBvcnQgY2xhc3MgTGluayB7XG4gIHN0YXRlOiBTdGF0ZSA9IFwiY29ubmVjdGluZ1wiO1xuICByZWFzb246IFJlYXNvbiA9IFwic3RhcnRcIjtcbiAgLyoqIFdoeSB0aGUgbGluayBpcyBjbG9zZWQsIGZvciB3aG9ldmVyIHN0aWxsIHdhbnRlZCBpdC4gKi9cbiAgY2xvc2VkQnk6IFN0cmVhbWVyRXJyb3IgfCB1bmRlZmluZWQ7XG5cbiAgI3Nlc3Npb246IFNlc3Npb24gfCB1bmRlZmluZWQ7XG4gICNuZXh0OiBEZWZlcnJlZDxTZXNzaW9uPiA9IGRlZmVycmVkKCk7XG4gICNvcGVuZWRBdCA9IDA7XG4gICNkaWFsaW5nID0gZmFsc2U7XG4gICNhdHRlbXB0ID0gMDsgLy8gc2luY2UgYSBjb25uZWN0aW9uIHdhcyBsYXN0IG9mIHVzZVxuICAjcmVmdXNlZCA9IDA7IC8vIGhhbmRzaGFrZXMgaW4gYSByb3cgdGhhdCBmYWlsZWQgdGhvdWdoIEhUVFAgYW5zd2VyZWRcbiAgI3VuYXV0aG9yaXplZCA9IDA7IC8vIHRva2VucyBpbiBhIHJvdyB0aGF0IHdlcmUgbm90IHRha2VuXG4gICNvZmZsaW5lID0gZ2xvYmFsVGhpcy5uYXZpZ2F0b3I/Lm9uTGluZSA9PT0gZmFsc2U7XG4gICNjYW5jZWxEaWFsID0gKCkgPT4ge307XG4gICNjYW5jZWxSZW5ld2FsID0gKCkgPT4ge307XG5cbiAgY29uc3RydWN0b3IocHJpdmF0ZSByZWFkb25seSBwYXJ0czogTGlua1BhcnRzKSB7XG4gICAgcGFydHMuZXZlbnRzPy5hZGRFdmVudExpc3RlbmVyKFwib25saW5lXCIsIHRoaXMpO1xuICAgIHBhcnRzLmV2ZW50cz8uYWRkRXZlbnRMaXN0ZW5lcihcIm9mZmxpbmVcIiwgdGhpcyk7XG4gICAgdm9pZCB0aGlzLiNkaWFsKCk7XG4gIH1cblxuICAvKiogVGhlIHNlc3Npb24sIGFzIHNvb24gYXMgdGhlcmUgaXMgb25lLiBSZWplY3RzIG9uY2UgdGhlIGxpbmsgaXMgY2xvc2VkLiAqL1xuICBhc3luYyByZWFkeSgpOiBQcm9taXNlPFNlc3Npb24+IHtcbiAgICBpZiAodGhpcy5jbG9zZWRCeSkgdGhyb3cgdGhpcy5jbG9zZWRCeTtcbiAgICByZXR1cm4gdGhpcy4jc2Vzc2lvbiA/PyB0aGlzLiNuZXh0LnByb21pc2U7XG4gIH1cblxuICAvKiogV2hldGhlciB0aGUgc2Vzc2lvbiBpcyBzdGlsbCB0aGUgb25lIHRoYXQgbWVzc2FnZXMgc2hvdWxkIGdvIG92ZXIuICovXG4gIGlzQ3VycmVudChzZXNzaW9uOiBTZXNzaW9uKTogYm9vbGVhbiB7XG4gICAgcmV0dXJuIHRoaXMuI3Nlc3Npb24gPT0gc2Vzc2lvbjtcbiAgfVxuXG4gIGNsb3NlKHJlYXNvbjogUmVhc29uLCBlcnJvcjogU3RyZWFtZXJFcnJvcik6IHZvaWQge1xuICAgIGlmICh0aGlzLmNsb3NlZEJ5KSByZXR1cm47XG4gICAgdGhpcy5jbG9zZWRCeSA9IGVycm9yO1xuICAgIGNvbnN0IHsgZXZlbnRzLCB0aW1lcnMgfSA9IHRoaXMucGFydHM7XG4gICAgZXZlbnRzPy5yZW1vdmVFdmVudExpc3RlbmVyKFwib25saW5lXCIsIHRoaXMpO1xuICAgIGV2ZW50cz8ucmVtb3ZlRXZlbnRMaXN0ZW5lcihcIm9mZmxpbmVcIiwgdGhpcyk7XG4gICAgdGltZXJzLmNsZWFyKCk7XG4gICAgdGhpcy4jc2Vzc2lvbj8uY2xvc2UoKTtcbiAgICB0aGlzLiNuZXh0LnJlamVjdChlcnJvcik7XG4gICAgdGhpcy4jc2Vzc2lvbiA9IHVuZGVmaW5lZDtcbiAgICB0aGlzLiNzZXQoXCJjbG9zZWRcIiwgcmVhc29uKTtcbiAgfVxuXG4gIC8qKiBUaGUgYnJvd3NlcidzIGV2ZW50cyBhYm91dCB0aGUgbmV0d29yay4gKi9cbiAgaGFuZGxlRXZlbnQoeyB0eXBlIH06IEV2ZW50KTogdm9pZCB7XG4gICAgdGhpcy4jb2ZmbGluZSA9IHR5cGUgPT0gXCJvZmZsaW5lXCI7XG4gICAgaWYgKHRoaXMuI3Nlc3Npb24pIHJldHVybiB0aGlzLiNzZXNzaW9uLmNoZWNrKCk7XG4gICAgaWYgKHRoaXMuI29mZmxpbmUpIHJldHVybiB0aGlzLiNzZXQodGhpcy5zdGF0ZSwgXCJvZmZsaW5lXCIpO1xuICAgIHRoaXMuI2F0dGVtcHQgPSAwO1xuICAgIHRoaXMuI2RpYWxJbih0aGlzLnBhcnRzLnRpbWVycy5iYWNrb2ZmKDApKTtcbiAgfVxuXG4gICNkaWFsSW4obXM6IG51bWJlcik6IHZvaWQge1xuICAgIHRoaXMuI2NhbmNlbERpYWwoKTtcbiAgICB0aGlzLiNjYW5jZWxEaWFsID0gdGhpcy5wYXJ0cy50aW1lcnMuYWZ0ZXIobXMsICgpID0+IHZvaWQgdGhpcy4jZGlhbCgpKTtcbiAgfVxuXG4gIGFzeW5jICNkaWFsKCk6IFByb21pc2U8dm9pZD4ge1xuICAgIGlmICh0aGlzLiNkaWFsaW5nKSByZXR1cm47XG4gICAgdGhpcy4jZGlhbGluZyA9IHRydWU7XG4gICAgY29uc3QgZmFpbHVyZSA9IGF3YWl0IHRoaXMuI29wZW4oKTtcbiAgICB0aGlzLiNkaWFsaW5nID0gZmFsc2U7XG4gICAgaWYgKCFmYWlsdXJlIHx8IHRoaXMuY2xvc2VkQnkpIHJldHVybjtcbiAgICBpZiAodGhpcy4jc2Vzc2lvbikgcmV0dXJuIHRoaXMuI2RpYWxJbihVUEdSQURFX0FGVEVSKTsgLy8gaXQgaXMgc3RpbGwgb2YgdXNlXG4gICAgdGhpcy4jc2V0KHRoaXMuc3RhdGUsIHRoaXMuI29mZmxpbmUgPyBcIm9mZmxpbmVcIiA6IGZhaWx1cmUpO1xuICAgIHRoaXMuI2RpYWxJbih0aGlzLnBhcnRzLnRpbWVycy5iYWNrb2ZmKHRoaXMuI2F0dGVtcHQrKykpO1xuICB9XG5cbiAgLyoqIE9uZSB0cnkgdG8gZ2V0IGEgc2Vzc2lvbjsgcmV0dXJucyB3aHkgdGhlcmUgaXMgbm9uZS4gKi9cbiAgYXN5bmMgI29wZW4oKTogUHJvbWlzZTxSZWFzb24gfCB1bmRlZmluZWQ+IHtcbiAgICBjb25zdCB7IFNvY2tldENsYXNzLCB1cmwsIHRva2VucywgY29kZWMsIHRpbWVycywgaHR0cCwgb25GcmFtZSwgb25Ub2tlbiwgc2lsZW5jZSB9ID0gdGhpcy5wYXJ0cztcbiAgICBsZXQgdG9rZW46IHN0cmluZztcbiAgICB0cnkge1xuICAgICAgdG9rZW4gPSBhd2FpdCB0b2tlbnMuZ2V0KCk7XG4gICAgfSBjYXRjaCAoZXJyb3IpIHtcbiAgICAgIGlmIChlcnJvciBpbnN0YW5jZW9mIFN0cmVhbWVyRXJyb3IgJiYgZXJyb3IuY29kZSA9PSBcIlVOQVVUSE9SSVpFRFwiKSB0aGlzLmNsb3NlKFwidW5hdXRob3JpemVkXCIsIGVycm9yKTtcbiAgICAgIHJldHVybiBcInRva2VuXCI7XG4gICAgfVxuICAgIGlmICh0aGlzLmNsb3NlZEJ5KSByZXR1cm47XG4gICAgb25Ub2tlbihyZWFkQ2xhaW1zKHRva2VuKS53aG8pO1xuXG4gICAgaWYgKFNvY2tldENsYXNzKSB7XG4gICAgICBjb25zdCBvbkVuZCA9IChyZWFzb246IFJlYXNvbikgPT4gdGhpcy4jbG9zdChjb25uZWN0aW9uLCByZWFzb24pO1xuICAgICAgY29uc3QgY29ubmVjdGlvbjogQ29ubmVjdGlvbiA9IG5ldyBDb25uZWN0aW9uKFNvY2tldENsYXNzLCB1cmwsIHRva2VuLCBjb2RlYywgdGltZXJzLCB7IG9uRnJhbWUsIG9uRW5kLCBzaWxlbmNlIH0pO1xuICAgICAgaWYgKGF3YWl0IGNvbm5lY3Rpb24ub3BlbmVkKSB7XG4gICAgICAgIHRoaXMuI3JlZnVzZWQgPSB0aGlzLiN1bmF1dGhvcml6ZWQgPSAwO1xuICAgICAgICB0aGlzLiNhZG9wdChjb25uZWN0aW9uLCB0b2tlbik7XG4gICAgICAgIHJldHVybjtcbiAgICAgIH1cbiAgICAgIGlmICh0aGlzLmNsb3NlZEJ5KSByZXR1cm47XG4gICAgfVxuXG4gICAgLy8gQSBicm93c2VyIGRvZXMgbm90IHNheSB3aHkgYSBoYW5kc2hha2UgZmFpbGVkOiBIVFRQIGRvZXMuXG4gICAgbGV0IHByb2JlOiBGcmFtZTtcbiAgICB0cnkge1xuICAgICAgcHJvYmUgPSBhd2FpdCBodHRwLmNhbGwocmVzZXJ2ZWQoXCJsaXN0XCIsIHsgbGltaXQ6IDEgfSkpO1xuICAgIH0gY2F0Y2gge1xuICAgICAgcmV0dXJuIFwidW5yZWFjaGFibGVcIjtcbiAgICB9XG4gICAgaWYgKHRoaXMuY2xvc2VkQnkpIHJldHVybjtcbiAgICBpZiAocHJvYmUuZXJyb3I/LmNvZGUgPT0gXCJVTkFVVEhPUklaRURcIikge1xuICAgICAgdG9rZW5zLnJlZnVzZSgpO1xuICAgICAgaWYgKCsrdGhpcy4jdW5hdXRob3JpemVkID4gMSkgdGhpcy5jbG9zZShcInVuYXV0aG9yaXplZFwiLCBuZXcgU3RyZWFtZXJFcnJvcihwcm9iZS5lcnJvcikpO1xuICAgICAgcmV0dXJuIFwidW5hdXRob3JpemVkXCI7XG4gICAgfVxuICAgIGlmIChwcm9iZS5lcnJvcikgcmV0dXJuIFwidW5yZWFjaGFibGVcIjtcbiAgICB0aGlzLiN1bmF1dGhvcml6ZWQgPSAwO1xuICAgIGlmIChTb2NrZXRDbGFzcyAmJiAoKyt0aGlzLiNyZWZ1c2VkIDwgMiB8fCB0aGlzLiNzZXNzaW9uKSkgcmV0dXJuIFwicmVmdXNlZFwiO1xuICAgIGNvbnN0IHBvbGxpbmc6IFBvbGxpbmcgPSBuZXcgUG9sbGluZyhodHRwLCAocmVhc29uKSA9PiB0aGlzLiNsb3N0KHBvbGxpbmcsIHJlYXNvbikpO1xuICAgIHRoaXMuI2Fkb3B0KHBvbGxpbmcsIHRva2VuKTtcbiAgICByZXR1cm47XG4gIH1cblxuICAjYWRvcHQoc2Vzc2lvbjogU2Vzc2lvbiwgdG9rZW46IHN0cmluZyk6IHZvaWQge1xuICAgIGNvbnN0IHsgY2xvY2sgfSA9IHRoaXMucGFydHMudGltZXJzO1xuICAgIGNvbnN0IG9sZCA9IHRoaXMuI3Nlc3Npb247XG4gICAgdGhpcy4jc2Vzc2lvbiA9IHNlc3Npb247XG4gICAgdGhpcy4jb3BlbmVkQXQgPSBjbG9jay5ub3coKTtcbiAgICB0aGlzLiNuZXh0LnJlc29sdmUoc2Vzc2lvbik7XG4gICAgb2xkPy5yZXRpcmUoKTtcbiAgICBpZiAoc2Vzc2lvbi5saXZlKSB7XG4gICAgICB0aGlzLiNkaWFsSW4oSEFORF9PVkVSX0FGVEVSIC0gY2xvY2sucmFuZG9tKCkgKiAxMCAqIDYwXzAwMCk7XG4gICAgICB0aGlzLiNyZW5ld0luKHRoaXMucGFydHMudG9rZW5zLnJlbmV3SW4odG9rZW4pLCBzZXNzaW9uKTtcbiAgICB9IGVsc2UgaWYgKHRoaXMucGFydHMuU29ja2V0Q2xhc3MpIHtcbiAgICAgIHRoaXMuI2RpYWxJbihVUEdSQURFX0FGVEVSKTtcbiAgICB9XG4gICAgdGhpcy4jc2V0KFwib3BlblwiLCBzZXNzaW9uLmxpdmUgPyBcImNvbm5lY3RlZFwiIDogXCJwb2xsaW5nXCIpO1xuICB9XG5cbiAgI2xvc3Qoc2Vzc2lvbjogU2Vzc2lvbiwgcmVhc29uOiBSZWFzb24pOiB2b2lkIHtcbiAgICBpZiAodGhpcy4jc2Vzc2lvbiAhPSBzZXNzaW9uIHx8IHRoaXMuY2xvc2VkQnkpIHJldHVybjtcbiAgICBjb25zdCB7IHRpbWVycywgdG9rZW5zIH0gPSB0aGlzLnBhcnRzO1xuICAgIHRoaXMuI3Nlc3Npb24gPSB1bmRlZmluZWQ7XG4gICAgdGhpcy4jbmV4dCA9IGRlZmVycmVkKCk7XG4gICAgdGhpcy4jY2FuY2VsUmVuZXdhbCgpO1xuICAgIGlmIChyZWFzb24gPT0gXCJ1bmF1dGhvcml6ZWRcIikgdG9rZW5zLnJlZnVzZSgpO1xuICAgIGlmIChzZXNzaW9uLmhlYXJkIHx8IHRpbWVycy5jbG9jay5ub3coKSAtIHRoaXMuI29wZW5lZEF0ID49IFNUQUJMRV9BRlRFUikgdGhpcy4jYXR0ZW1wdCA9IDA7XG4gICAgdGhpcy4jc2V0KFwicmVjb25uZWN0aW5nXCIsIHRoaXMuI29mZmxpbmUgPyBcIm9mZmxpbmVcIiA6IHJlYXNvbik7XG4gICAgdGhpcy4jZGlhbEluKHRpbWVycy5iYWNrb2ZmKHRoaXMuI2F0dGVtcHQrKykpO1xuICB9XG5cbiAgLyoqIFJlbmV3cyB0aGUgdG9rZW4gb24gdGhlIGxpdmUgc29ja2V0IGJlZm9yZSBpdCBleHBpcmVzOyBtcyB1bmRlZmluZWQ6IG5ldmVyLiAqL1xuICAjcmVuZXdJbihtczogbnVtYmVyIHwgdW5kZWZpbmVkLCBzZXNzaW9uOiBTZXNzaW9uKTogdm9pZCB7XG4gICAgdGhpcy4jY2FuY2VsUmVuZXdhbCgpO1xuICAgIGlmIChtcykgdGhpcy4jY2FuY2VsUmVuZXdhbCA9IHRoaXMucGFydHMudGltZXJzLmFmdGVyKG1zLCAoKSA9PiB2b2lkIHRoaXMuI3JlbmV3KHNlc3Npb24pKTtcbiAgfVxuXG4gIGFzeW5jICNyZW5ldyhzZXNzaW9uOiBTZXNzaW9uKTogUHJvbWlzZTx2b2lkPiB7XG4gICAgY29uc3QgeyB0b2tlbnMgfSA9IHRoaXMucGFydHM7XG4gICAgbGV0IHdhaXQ6IG51bWJlciB8IHVuZGVmaW5lZCA9IFJFTkVXX0FHQUlOX0FGVEVSO1xuICAgIHRyeSB7XG4gICAgICBjb25zdCB0b2tlbiA9IGF3YWl0IHRva2Vucy5nZXQoKTtcbiAgICAgIGlmICh0aGlzLiNzZXNzaW9uICE9IHNlc3Npb24pIHJldHVybjtcbiAgICAgIGNvbnN0IHsgZXJyb3IgfSA9IGF3YWl0IHNlc3Npb24uY2FsbChyZXNlcnZlZChcImF1dGhlbnRpY2F0ZVwiLCB7IHRva2VuIH0pKTtcbiAgICAgIGlmIChlcnJvciAmJiAhZXJyb3IucmV0cnk/LnJldHJ5YWJsZSkgcmV0dXJuIHNlc3Npb24uZHJvcChcInVuYXV0aG9yaXplZFwiKTtcbiAgICAgIGlmICghZXJyb3IpIHdhaXQgPSB0b2tlbnMucmVuZXdJbih0b2tlbik7XG4gICAgfSBjYXRjaCB7XG4gICAgICAvLyBUaGVyZSBpcyB0aW1lIHRvIHRyeSBhZ2Fpbi5cbiAgICB9XG4gICAgaWYgKHRoaXMuI3Nlc3Npb24gPT0gc2Vzc2lvbikgdGhpcy4jcmVuZXdJbih3YWl0LCBzZXNzaW9uKTtcbiAgfVxuXG4gICNzZXQoc3RhdGU6IFN0YXRlLCByZWFzb246IFJlYXNvbik6IHZvaWQge1xuICAgIGlmICh0aGlzLnN0YXRlID09IHN0YXRlICYmIHRoaXMucmVhc29uID09IHJlYXNvbikgcmV0dXJuO1xuICAgIHRoaXMuc3RhdGUgPSBzdGF0ZTtcbiAgICB0aGlzLnJlYXNvbiA9IHJlYXNvbjtcbiAgICB0aGlzLnBhcnRzLm9uU3RhdGUoKTtcbiAgfVxufVxuIl0sCiAgIm1hcHBpbmdzIjogIkFBQUEsU0FBd0IsZ0JBQTZCO0FBQ3JELFNBQVMsa0JBQW9DO0FBQzdDLFNBQVMscUJBQXFCO0FBQzlCLFNBQWlDLGdCQUFnQjtBQUNqRCxTQUFvQixlQUFlO0FBRW5DLFNBQVMsa0JBQStCO0FBTXhDLE1BQU0sa0JBQWtCLE1BQU07QUFFOUIsTUFBTSxnQkFBZ0I7QUFFdEIsTUFBTSxvQkFBb0I7QUFFMUIsTUFBTSxlQUFlO0FBdUJkLE1BQU0sS0FBSztBQUFBLEVBaUJoQixZQUE2QixPQUFrQjtBQUFsQjtBQUMzQixVQUFNLFFBQVEsaUJBQWlCLFVBQVUsSUFBSTtBQUM3QyxVQUFNLFFBQVEsaUJBQWlCLFdBQVcsSUFBSTtBQUM5QyxTQUFLLEtBQUssTUFBTTtBQUFBLEVBQ2xCO0FBQUEsRUFKNkI7QUFBQSxFQWhCN0IsUUFBZTtBQUFBLEVBQ2YsU0FBaUI7QUFBQTtBQUFBLEVBRWpCO0FBQUEsRUFFQTtBQUFBLEVBQ0EsUUFBMkIsU0FBUztBQUFBLEVBQ3BDLFlBQVk7QUFBQSxFQUNaLFdBQVc7QUFBQSxFQUNYLFdBQVc7QUFBQTtBQUFBLEVBQ1gsV0FBVztBQUFBO0FBQUEsRUFDWCxnQkFBZ0I7QUFBQTtBQUFBLEVBQ2hCLFdBQVcsV0FBVyxXQUFXLFdBQVc7QUFBQSxFQUM1QyxjQUFjLE1BQU07QUFBQSxFQUFDO0FBQUEsRUFDckIsaUJBQWlCLE1BQU07QUFBQSxFQUFDO0FBQUE7QUFBQSxFQVN4QixNQUFNLFFBQTBCO0FBQzlCLFFBQUksS0FBSyxTQUFVLE9BQU0sS0FBSztBQUM5QixXQUFPLEtBQUssWUFBWSxLQUFLLE1BQU07QUFBQSxFQUNyQztBQUFBO0FBQUEsRUFHQSxVQUFVLFNBQTJCO0FBQ25DLFdBQU8sS0FBSyxZQUFZO0FBQUEsRUFDMUI7QUFBQSxFQUVBLE1BQU0sUUFBZ0IsT0FBNEI7QUFDaEQsUUFBSSxLQUFLLFNBQVU7QUFDbkIsU0FBSyxXQUFXO0FBQ2hCLFVBQU0sRUFBRSxRQUFRLE9BQU8sSUFBSSxLQUFLO0FBQ2hDLFlBQVEsb0JBQW9CLFVBQVUsSUFBSTtBQUMxQyxZQUFRLG9CQUFvQixXQUFXLElBQUk7QUFDM0MsV0FBTyxNQUFNO0FBQ2IsU0FBSyxVQUFVLE1BQU07QUFDckIsU0FBSyxNQUFNLE9BQU8sS0FBSztBQUN2QixTQUFLLFdBQVc7QUFDaEIsU0FBSyxLQUFLLFVBQVUsTUFBTTtBQUFBLEVBQzVCO0FBQUE7QUFBQSxFQUdBLFlBQVksRUFBRSxLQUFLLEdBQWdCO0FBQ2pDLFNBQUssV0FBVyxRQUFRO0FBQ3hCLFFBQUksS0FBSyxTQUFVLFFBQU8sS0FBSyxTQUFTLE1BQU07QUFDOUMsUUFBSSxLQUFLLFNBQVUsUUFBTyxLQUFLLEtBQUssS0FBSyxPQUFPLFNBQVM7QUFDekQsU0FBSyxXQUFXO0FBQ2hCLFNBQUssUUFBUSxLQUFLLE1BQU0sT0FBTyxRQUFRLENBQUMsQ0FBQztBQUFBLEVBQzNDO0FBQUEsRUFFQSxRQUFRLElBQWtCO0FBQ3hCLFNBQUssWUFBWTtBQUNqQixTQUFLLGNBQWMsS0FBSyxNQUFNLE9BQU8sTUFBTSxJQUFJLE1BQU0sS0FBSyxLQUFLLE1BQU0sQ0FBQztBQUFBLEVBQ3hFO0FBQUEsRUFFQSxNQUFNLFFBQXVCO0FBQzNCLFFBQUksS0FBSyxTQUFVO0FBQ25CLFNBQUssV0FBVztBQUNoQixVQUFNLFVBQVUsTUFBTSxLQUFLLE1BQU07QUFDakMsU0FBSyxXQUFXO0FBQ2hCLFFBQUksQ0FBQyxXQUFXLEtBQUssU0FBVTtBQUMvQixRQUFJLEtBQUssU0FBVSxRQUFPLEtBQUssUUFBUSxhQUFhO0FBQ3BELFNBQUssS0FBSyxLQUFLLE9BQU8sS0FBSyxXQUFXLFlBQVksT0FBTztBQUN6RCxTQUFLLFFBQVEsS0FBSyxNQUFNLE9BQU8sUUFBUSxLQUFLLFVBQVUsQ0FBQztBQUFBLEVBQ3pEO0FBQUE7QUFBQSxFQUdBLE1BQU0sUUFBcUM7QUFDekMsVUFBTSxFQUFFLGFBQWEsS0FBSyxRQUFRLE9BQU8sUUFBUSxNQUFNLFNBQVMsU0FBUyxRQUFRLElBQUksS0FBSztBQUMxRixRQUFJO0FBQ0osUUFBSTtBQUNGLGNBQVEsTUFBTSxPQUFPLElBQUk7QUFBQSxJQUMzQixTQUFTLE9BQU87QUFDZCxVQUFJLGlCQUFpQixpQkFBaUIsTUFBTSxRQUFRLGVBQWdCLE1BQUssTUFBTSxnQkFBZ0IsS0FBSztBQUNwRyxhQUFPO0FBQUEsSUFDVDtBQUNBLFFBQUksS0FBSyxTQUFVO0FBQ25CLFlBQVEsV0FBVyxLQUFLLEVBQUUsR0FBRztBQUU3QixRQUFJLGFBQWE7QUFDZixZQUFNLFFBQVEsQ0FBQyxXQUFtQixLQUFLLE1BQU0sWUFBWSxNQUFNO0FBQy9ELFlBQU0sYUFBeUIsSUFBSSxXQUFXLGFBQWEsS0FBSyxPQUFPLE9BQU8sUUFBUSxFQUFFLFNBQVMsT0FBTyxRQUFRLENBQUM7QUFDakgsVUFBSSxNQUFNLFdBQVcsUUFBUTtBQUMzQixhQUFLLFdBQVcsS0FBSyxnQkFBZ0I7QUFDckMsYUFBSyxPQUFPLFlBQVksS0FBSztBQUM3QjtBQUFBLE1BQ0Y7QUFDQSxVQUFJLEtBQUssU0FBVTtBQUFBLElBQ3JCO0FBR0EsUUFBSTtBQUNKLFFBQUk7QUFDRixjQUFRLE1BQU0sS0FBSyxLQUFLLFNBQVMsUUFBUSxFQUFFLE9BQU8sRUFBRSxDQUFDLENBQUM7QUFBQSxJQUN4RCxRQUFRO0FBQ04sYUFBTztBQUFBLElBQ1Q7QUFDQSxRQUFJLEtBQUssU0FBVTtBQUNuQixRQUFJLE1BQU0sT0FBTyxRQUFRLGdCQUFnQjtBQUN2QyxhQUFPLE9BQU87QUFDZCxVQUFJLEVBQUUsS0FBSyxnQkFBZ0IsRUFBRyxNQUFLLE1BQU0sZ0JBQWdCLElBQUksY0FBYyxNQUFNLEtBQUssQ0FBQztBQUN2RixhQUFPO0FBQUEsSUFDVDtBQUNBLFFBQUksTUFBTSxNQUFPLFFBQU87QUFDeEIsU0FBSyxnQkFBZ0I7QUFDckIsUUFBSSxnQkFBZ0IsRUFBRSxLQUFLLFdBQVcsS0FBSyxLQUFLLFVBQVcsUUFBTztBQUNsRSxVQUFNLFVBQW1CLElBQUksUUFBUSxNQUFNLENBQUMsV0FBVyxLQUFLLE1BQU0sU0FBUyxNQUFNLENBQUM7QUFDbEYsU0FBSyxPQUFPLFNBQVMsS0FBSztBQUMxQjtBQUFBLEVBQ0Y7QUFBQSxFQUVBLE9BQU8sU0FBa0IsT0FBcUI7QUFDNUMsVUFBTSxFQUFFLE1BQU0sSUFBSSxLQUFLLE1BQU07QUFDN0IsVUFBTSxNQUFNLEtBQUs7QUFDakIsU0FBSyxXQUFXO0FBQ2hCLFNBQUssWUFBWSxNQUFNLElBQUk7QUFDM0IsU0FBSyxNQUFNLFFBQVEsT0FBTztBQUMxQixTQUFLLE9BQU87QUFDWixRQUFJLFFBQVEsTUFBTTtBQUNoQixXQUFLLFFBQVEsa0JBQWtCLE1BQU0sT0FBTyxJQUFJLEtBQUssR0FBTTtBQUMzRCxXQUFLLFNBQVMsS0FBSyxNQUFNLE9BQU8sUUFBUSxLQUFLLEdBQUcsT0FBTztBQUFBLElBQ3pELFdBQVcsS0FBSyxNQUFNLGFBQWE7QUFDakMsV0FBSyxRQUFRLGFBQWE7QUFBQSxJQUM1QjtBQUNBLFNBQUssS0FBSyxRQUFRLFFBQVEsT0FBTyxjQUFjLFNBQVM7QUFBQSxFQUMxRDtBQUFBLEVBRUEsTUFBTSxTQUFrQixRQUFzQjtBQUM1QyxRQUFJLEtBQUssWUFBWSxXQUFXLEtBQUssU0FBVTtBQUMvQyxVQUFNLEVBQUUsUUFBUSxPQUFPLElBQUksS0FBSztBQUNoQyxTQUFLLFdBQVc7QUFDaEIsU0FBSyxRQUFRLFNBQVM7QUFDdEIsU0FBSyxlQUFlO0FBQ3BCLFFBQUksVUFBVSxlQUFnQixRQUFPLE9BQU87QUFDNUMsUUFBSSxRQUFRLFNBQVMsT0FBTyxNQUFNLElBQUksSUFBSSxLQUFLLGFBQWEsYUFBYyxNQUFLLFdBQVc7QUFDMUYsU0FBSyxLQUFLLGdCQUFnQixLQUFLLFdBQVcsWUFBWSxNQUFNO0FBQzVELFNBQUssUUFBUSxPQUFPLFFBQVEsS0FBSyxVQUFVLENBQUM7QUFBQSxFQUM5QztBQUFBO0FBQUEsRUFHQSxTQUFTLElBQXdCLFNBQXdCO0FBQ3ZELFNBQUssZUFBZTtBQUNwQixRQUFJLEdBQUksTUFBSyxpQkFBaUIsS0FBSyxNQUFNLE9BQU8sTUFBTSxJQUFJLE1BQU0sS0FBSyxLQUFLLE9BQU8sT0FBTyxDQUFDO0FBQUEsRUFDM0Y7QUFBQSxFQUVBLE1BQU0sT0FBTyxTQUFpQztBQUM1QyxVQUFNLEVBQUUsT0FBTyxJQUFJLEtBQUs7QUFDeEIsUUFBSSxPQUEyQjtBQUMvQixRQUFJO0FBQ0YsWUFBTSxRQUFRLE1BQU0sT0FBTyxJQUFJO0FBQy9CLFVBQUksS0FBSyxZQUFZLFFBQVM7QUFDOUIsWUFBTSxFQUFFLE1BQU0sSUFBSSxNQUFNLFFBQVEsS0FBSyxTQUFTLGdCQUFnQixFQUFFLE1BQU0sQ0FBQyxDQUFDO0FBQ3hFLFVBQUksU0FBUyxDQUFDLE1BQU0sT0FBTyxVQUFXLFFBQU8sUUFBUSxLQUFLLGNBQWM7QUFDeEUsVUFBSSxDQUFDLE1BQU8sUUFBTyxPQUFPLFFBQVEsS0FBSztBQUFBLElBQ3pDLFFBQVE7QUFBQSxJQUVSO0FBQ0EsUUFBSSxLQUFLLFlBQVksUUFBUyxNQUFLLFNBQVMsTUFBTSxPQUFPO0FBQUEsRUFDM0Q7QUFBQSxFQUVBLEtBQUssT0FBYyxRQUFzQjtBQUN2QyxRQUFJLEtBQUssU0FBUyxTQUFTLEtBQUssVUFBVSxPQUFRO0FBQ2xELFNBQUssUUFBUTtBQUNiLFNBQUssU0FBUztBQUNkLFNBQUssTUFBTSxRQUFRO0FBQUEsRUFDckI7QUFDRjsiLAogICJuYW1lcyI6IFtdCn0K
