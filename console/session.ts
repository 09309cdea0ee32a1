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

type Kept = { token: string } | { served: true } | Principal;

/**
 * The person at the page, and their token: one that they pasted, one that the
 * console's server has for them, or one that it signs for a tenant and subject. It
 * lasts as long as the browser's tab.
 */
export class Session {
  private constructor(private readonly kept: Kept) {}

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
      const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "");
      return typeof kept.token === "string" || kept.served || (kept.tenant && kept.subject) ? new Session(kept) : undefined;
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

  /** Tenant and subject, as far as the token tells, whose tenant is in a claim of that name. */
  async principal(tenantClaim = "tenant_id"): Promise<{ [claim in keyof Principal]?: string | undefined }> {
    if ("tenant" in this.kept) return this.kept;
    try {
      const claims = JSON.parse(decode((await this.token()).split(".")[1]!));
      return { tenant: text(claims[tenantClaim]), subject: text(claims.sub) };
    } catch {
      return {};
    }
  }

  /** Is called when the stack signs no more tokens for this session: the secret is another one since it started again. */
  onRefused: (why: Error) => void = () => {};

  #current: Promise<string> | undefined;

  /** The token of now. */
  token(): Promise<string> {
    if ("token" in this.kept) return Promise.resolve(this.kept.token);
    if (this.#current) return this.#current;
    const signed = sign(this.kept);
    this.#current = signed;
    signed.catch((error) => {
      if (this.#current === signed) this.#current = undefined;
      if (error instanceof StreamerError && error.code === "UNAUTHORIZED") this.onRefused(error);
    });
    return signed;
  }

  /** The token function of one client: asked again, since a token expires or was refused, it gives a newer one. */
  source(): () => Promise<string> {
    let last: Promise<string> | undefined;
    return () => {
      if (last === this.#current) this.#current = undefined;
      last = this.token();
      return last;
    };
  }
}

/** Base64url of UTF-8. */
function decode(part: string): string {
  const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(bytes);
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
