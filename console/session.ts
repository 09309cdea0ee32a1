import { StreamerError } from "@pay-theory/streamer";

/** What the console's server tells of the stage; console/site.go writes it. */
export interface Config {
  /** A URL, or a path on this host. */
  websocket_url: string;
  /** The root of the HTTP API; left out: this host. */
  http_url?: string;
  /** Leads to the logs of `{correlation_id}`. */
  logs_url?: string;
  /** The claim of a token that is its tenant. */
  tenant_claim?: string;
  actions?: string[];
  /** Whether the server hands out the functions' logs. */
  logs?: boolean;
  /** Whom it signs in by itself, when it does. */
  sign_in?: Principal;
  /** Whether it has the visitor's token. */
  has_token?: boolean;
}

export interface Principal {
  tenant: string;
  subject: string;
}

/** What a token says of its bearer, as far as it can be read. */
export interface Caller {
  tenant?: string | undefined;
  subject?: string | undefined;
  scopes: string[];
}

const KEY = "streamer console";
const SECRET = "streamer console secret";

/**
 * The secret of the server's start, for which it signs tokens or hands out its own. The
 * address that is printed has it as `#secret=…`; it lasts as long as the browser's tab.
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

type Kept = { token: string } | { served: true } | Principal;

/** How long a token of the server is used before the next is asked for, in ms. */
const RENEW = 5 * 60_000;

/**
 * The person at the page, and their token: one that they pasted, one that the
 * console's server has for them, or one that it signs for a tenant and subject. It
 * lasts as long as the browser's tab.
 */
export class Session {
  /** Whether the API has taken a token of this session: then an expired one is asked for in place. */
  #accepted = false;
  #rejected = "";
  #current: Promise<string> | undefined;
  #renewAt = 0;
  #asked: Promise<string> | undefined;

  /** Is called when there is no token: the server signs no more, or the API does not take the first. */
  onRefused: (why: StreamerError) => void = () => {};
  /** Asks the visitor for another token in the place of one that is not good any more. Rejects when they sign out. */
  onExpired: () => Promise<string> = () => Promise.reject(new StreamerError({ code: "UNAUTHORIZED", message: "signed out" }));
  /** Is called with a token that the visitor gave in the place of another. */
  onRenewed: () => void = () => {};

  private constructor(private kept: Kept) {}

  static paste(token: string): Session {
    return new Session({ token });
  }

  static of(principal: Principal): Session {
    return new Session(principal);
  }

  /** By the token that the console's server has. */
  static served(): Session {
    return new Session({ served: true });
  }

  /** The session of this tab, if there is one. */
  static restore(): Session | undefined {
    try {
      const { accepted, ...kept } = JSON.parse(sessionStorage.getItem(KEY) ?? "");
      if (typeof kept.token !== "string" && !kept.served && !(kept.tenant && kept.subject)) return undefined;
      const session = new Session(kept);
      session.#accepted = !!accepted;
      return session;
    } catch {
      return undefined;
    }
  }

  static clear(): void {
    sessionStorage.removeItem(KEY);
  }

  get pasted(): boolean {
    return "token" in this.kept;
  }

  /** What the token says of its bearer, whose tenant is in a claim of that name. */
  async caller(tenantClaim = "tenant_id"): Promise<Caller> {
    const named = "tenant" in this.kept ? this.kept : undefined;
    const claims = claimsOf(await this.#source().catch(() => ""));
    const scopes = ["scope", "scp", "permissions"].flatMap((name) => {
      const value = claims[name];
      return Array.isArray(value) ? value.map(String) : (text(value)?.split(" ") ?? []);
    });
    return { tenant: named?.tenant ?? text(claims[tenantClaim]), subject: named?.subject ?? text(claims.sub), scopes };
  }

  /** A token that is good for some minutes. Waits for the visitor when theirs is not good any more. */
  async token(): Promise<string> {
    if (this.#asked) return this.#asked;
    const token = await this.#source();
    return token === this.#rejected || expired(token) ? this.#another() : token;
  }

  /** `fetch`, which notices what the API says of the token. */
  readonly fetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const { status } = response;
    if (status === 401) {
      this.#renewAt = 0;
      this.#rejected = new Headers(init?.headers).get("Authorization")?.replace(/^Bearer /, "") ?? "";
    } else if (status === 403 && !this.#accepted) {
      const { detail, message } = await response
        .clone()
        .json()
        .catch(() => ({}));
      this.onRefused(new StreamerError({ code: "FORBIDDEN", message: detail ?? message ?? "the token lacks a scope" }));
    } else if (response.ok && !this.#accepted && response.url.includes("subject=")) {
      // What is asked of others' requests needs an operator; the list of actions does not.
      this.#accepted = true;
      this.keep();
    }
    return response;
  };

  /** Keeps it for this tab. */
  keep(): void {
    sessionStorage.setItem(KEY, JSON.stringify({ ...this.kept, accepted: this.#accepted }));
  }

  /** The token that the visitor gave, or one of the server's. */
  #source(): Promise<string> {
    if ("token" in this.kept) return Promise.resolve(this.kept.token);
    if (this.#current && Date.now() < this.#renewAt) return this.#current;
    const signed = sign(this.kept);
    this.#current = signed;
    this.#renewAt = Date.now() + RENEW;
    signed.catch((error) => {
      this.#renewAt = 0;
      if (error instanceof StreamerError && error.code === "UNAUTHORIZED") this.onRefused(error);
    });
    return signed;
  }

  /** One asks, however many wait. */
  #another(): Promise<string> {
    if (!this.#accepted) {
      const error = new StreamerError({ code: "UNAUTHORIZED", message: "the API does not accept the token" });
      this.onRefused(error);
      return Promise.reject(error);
    }
    this.#asked ??= this.onExpired()
      .then((token) => {
        this.kept = { token };
        this.#rejected = "";
        this.keep();
        queueMicrotask(() => this.onRenewed());
        return token;
      })
      .finally(() => {
        this.#asked = undefined;
      });
    return this.#asked;
  }
}

/** The claims of a JWT; none of anything else. */
function claimsOf(token: string): Record<string, unknown> {
  try {
    const part = token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0)))) ?? {};
  } catch {
    return {};
  }
}

function expired(token: string): boolean {
  return Number(claimsOf(token).exp) * 1000 <= Date.now();
}

function text(claim: unknown): string | undefined {
  return typeof claim === "string" || typeof claim === "number" ? String(claim) : undefined;
}

async function sign(principal: Exclude<Kept, { token: string }>): Promise<string> {
  const response = await fetch("/console/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...principal, secret: secret.get() }),
  });
  const answer = await response.json();
  if (response.ok) return answer.token;
  throw new StreamerError({ code: response.status === 403 ? "UNAUTHORIZED" : answer.code, message: answer.detail });
}
