import type { Clock } from "./clock.js";

/** What the client reads in a token. It verifies nothing: that is the server's part. */
export interface Claims {
  /** When the token expires, in milliseconds since 1970; undefined: unknown. */
  expires?: number | undefined;
  /** Tenant and subject as one text; undefined: unknown. */
  caller?: string | undefined;
}

/** Reads a JWT's claims. Any other token gives none. */
export function readClaims(token: string, tenant = (claims: any) => claims.tenant_id): Claims {
  try {
    const claims = JSON.parse(atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
    return { expires: claims.exp * 1000 || undefined, caller: claims.sub && JSON.stringify([tenant(claims), claims.sub]) };
  } catch {
    return {};
  }
}

/**
 * The current token. It is asked for again when less than a minute, or a fifth
 * of its time, is left; one whose expiry is unknown, with every use.
 */
export class Tokens {
  #current: Promise<string> | undefined;
  #renewAt = 0;

  constructor(
    private readonly token: () => string | Promise<string>,
    private readonly time: Clock,
  ) {}

  /** Concurrent callers share one call of the source. Rejects as the source does. */
  async get(): Promise<string> {
    if (this.#current && this.time.now() < this.#renewAt) return this.#current;
    const fetched = (async () => this.token())();
    this.#current = fetched;
    this.#renewAt = Infinity;
    try {
      const token = await fetched;
      const now = this.time.now();
      const { expires = now } = readClaims(token);
      if (this.#current === fetched) this.#renewAt = expires - Math.min(60_000, (expires - now) / 5);
      return token;
    } catch (error) {
      if (this.#current === fetched) this.#current = undefined;
      throw error;
    }
  }

  /** The server did not take the token: the next use asks for another. */
  refuse(): void {
    this.#current = undefined;
  }

  /** How long until the token should be renewed, at least half a minute. */
  renewIn(token: string): number | undefined {
    return readClaims(token).expires && Math.max(30_000, this.#renewAt - this.time.now());
  }
}
