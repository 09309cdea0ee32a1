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

  /** A token that is good for some minutes. */
  token(): Promise<string> {
    if ("token" in this.kept) return Promise.resolve(this.kept.token);
    if (this.#signed && Date.now() < this.#renewAt) return this.#signed;
    const signed = sign(this.kept);
    this.#signed = signed;
    this.#renewAt = Date.now() + 5 * 60_000;
    signed.catch(() => (this.#renewAt = 0));
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
    body: JSON.stringify(principal),
  });
  const answer = await response.json();
  if (response.ok) return answer.token;
  throw new StreamerError({ code: response.status === 403 ? "UNAUTHORIZED" : answer.code, message: answer.detail });
}
