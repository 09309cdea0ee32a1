import { StreamerError } from "@pay-theory/streamer";

/** What the stack tells of itself. */
export interface Config {
  stage: string;
  actions: string[] | null;
  /** Whom it signs in by itself, when it does. */
  sign_in?: Principal;
}

export interface Principal {
  tenant: string;
  subject: string;
}

const KEY = "streamer console";
const SECRET = "streamer console secret";

/**
 * The secret of the stack's start, for which it signs tokens. The address that the stack
 * prints has it as `#secret=…`; it lasts as long as the browser's tab.
 */
export const secret = {
  get: () => sessionStorage.getItem(SECRET) ?? "",
  keep: (value: string) => sessionStorage.setItem(SECRET, value),
  clear: () => sessionStorage.removeItem(SECRET),

  /** Takes it out of the address bar and the history, and keeps it. Returns whether there was one. */
  take(): boolean {
    const given = new URLSearchParams(location.hash.slice(1)).get("secret");
    if (given === null) return false;
    history.replaceState(history.state, "", location.pathname + location.search);
    secret.keep(given);
    return true;
  },
};

/**
 * The person at the page, and their token: one that they pasted, or one that the
 * stack signs for a tenant and subject. It lasts as long as the browser's tab.
 */
export class Session {
  private constructor(private readonly kept: { token: string } | Principal) {}

  static paste(token: string): Session {
    return new Session({ token });
  }

  static of(principal: Principal): Session {
    return new Session(principal);
  }

  /** The session of this tab, if there is one. */
  static restore(): Session | undefined {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "");
      return typeof kept.token === "string" || (kept.tenant && kept.subject) ? new Session(kept) : undefined;
    } catch {
      return undefined;
    }
  }

  keep(): void {
    sessionStorage.setItem(KEY, JSON.stringify(this.kept));
  }

  static clear(): void {
    sessionStorage.removeItem(KEY);
  }

  get pasted(): boolean {
    return "token" in this.kept;
  }

  /** Tenant and subject, as far as the token tells. */
  get principal(): Partial<Principal> {
    if (!("token" in this.kept)) return this.kept;
    try {
      const claims = this.kept.token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
      const { tenant_id, sub } = JSON.parse(atob(claims));
      return { tenant: String(tenant_id), subject: String(sub) };
    } catch {
      return {};
    }
  }

  #signed: Promise<string> | undefined;
  #renewAt = 0;

  /** Is called when the stack signs no more tokens for this session: the secret is another one since it started again. */
  onRefused: (why: Error) => void = () => {};

  /** A token that is good for some minutes. */
  token(): Promise<string> {
    if ("token" in this.kept) return Promise.resolve(this.kept.token);
    if (this.#signed && Date.now() < this.#renewAt) return this.#signed;
    const signed = sign(this.kept);
    this.#signed = signed;
    this.#renewAt = Date.now() + 5 * 60_000;
    signed.catch((error) => {
      this.#renewAt = 0;
      if (error instanceof StreamerError && error.code === "UNAUTHORIZED") this.onRefused(error);
    });
    return signed;
  }

  /** The token was refused: the next one is new. */
  refused(): void {
    this.#renewAt = 0;
  }
}

async function sign(principal: Principal): Promise<string> {
  const response = await fetch("/console/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...principal, secret: secret.get() }),
  });
  const answer = await response.json();
  if (response.ok) return answer.token;
  throw new StreamerError({ code: response.status === 403 ? "UNAUTHORIZED" : answer.code, message: answer.detail });
}
