import type { Streamer } from "@pay-theory/streamer";
import type { ActionDescription, Operator } from "@pay-theory/streamer/operator";
import type { Config, Session } from "./session.js";

/** What every view works with. */
export interface Context {
  /** Of the tenant that the address names, or the token's own. */
  operator: Operator;
  /** Another tenant than the token's own. */
  tenant: string | undefined;
  session: Session;
  config: Config;
  /** The subject of the token. */
  subject: string | undefined;
  /** Whether the token may see every tenant. */
  owner: boolean;
  /** The page's own connection. */
  client: Streamer;
  /** Makes a connection; the caller closes it. */
  connect(): Streamer;
  /** The actions that the token's bearer may send. */
  actions(): Promise<ActionDescription[]>;
  /** Goes to an address. */
  visit(address: string): void;
}
