import type { Code, WireError } from "./error.js";

/** The states of a request; the last three are final. */
export type RequestState = "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** Why a queued request does not run yet. */
export interface Waiting {
  /** A newer server may have more. */
  for: "worker" | "retry" | "time" | "signal" | "limit" | "children" | (string & {});
  /** Of the signal. */
  token?: string;
  until?: string;
  /** The limit's name, how many requests hold a permit of it, and the position in its wait queue. */
  limit?: string;
  running?: number;
  position?: number;
}

/** The requests that a request started. */
export interface Children {
  total: number;
  /** May be behind by a few. */
  ended: number;
}

/** Why an attempt failed. */
export interface Cause {
  message: string;
  /** The type of the innermost error in Go, or `panic`. */
  kind: string;
  /** Of a panic, the place in the action's own code, such as `ship.go:12 shop.Ship`; empty where none is known. */
  frame: string;
}

/** An attempt that ended without success. */
export interface Attempt {
  number: number;
  started_at: string;
  ended_at: string;
  code: Code;
  worker: string;
  /** For operators only. */
  cause?: Cause;
}

/** What a caller did to a request. */
export interface AuditEntry {
  event: "cancel" | "redrive" | "signal" | (string & {});
  /** The subject of the caller: an operator's own. */
  by: string;
  /** Of the caller, when it is another tenant's than the request's. */
  tenant?: string;
  at: string;
}

/** A result that an action keeps; a signal that arrived is one under `signal:` and its token. */
export interface Step {
  name: string;
  result: unknown;
  /** When it was stored; absent where a version without such times did. */
  at?: string;
}

/** What a snapshot leaves out. */
export interface Detail {
  /** As it was sent. */
  payload?: unknown;
  /** Of the message. */
  metadata?: Record<string, string>;
  not_before?: string;
  correlation_id: string;
  /** By name. */
  steps?: Step[];
  checkpoint?: unknown;
  /** How often the request was continued in another invocation. */
  slices: number;
  /** How many leases have expired since the last checkpoint. */
  lost: number;
  ran_ms: number;
  /** How often it was claimed. */
  fence: number;
  worker?: string;
  claimed_at?: string;
  lease_until?: string;
  /** -1 low, 0 normal, 1 high. */
  priority: number;
  /** The limits of which it holds a permit. */
  slots?: string[];
  /** How many connections watch it. */
  subscribers: number;
  /** When it may be deleted. */
  expires_at?: string;
  /** The newest 20 entries, the oldest first; for operators only. */
  audit?: AuditEntry[];
}

/** A request as it stands at `rev`. Times are RFC 3339 in UTC. */
export interface Snapshot<Result = unknown> {
  id: string;
  action: string;
  state: RequestState;
  percentage: number;
  message?: string;
  /** Of the last progress. */
  metadata?: Record<string, unknown>;
  /** When SUCCEEDED, unless it is too large for a frame. */
  result?: Result;
  /** The path, below the HTTP API, of a result too large for a frame. */
  result_ref?: string;
  /** When FAILED or CANCELLED; when QUEUED, why the last attempt failed. */
  error?: WireError;
  attempts: number;
  rev: number;
  /** RUNNING, and asked to stop. */
  cancelling?: boolean;
  created_at: string;
  updated_at: string;
  started_at?: string;
  finished_at?: string;
  due_at?: string;
  /** When QUEUED. */
  waiting?: Waiting;
  /** The newest attempts that failed, oldest first; not in a list. */
  history?: Attempt[];
  /** Whose it is; for operators only. */
  subject?: string;
  /** How many chunks it has emitted. */
  output?: number;
  /** The request that started it, of the same subject. */
  parent?: string;
  children?: Children;
  /** Where it was asked for; see the entry point `operator`. */
  detail?: Detail;
  /** Whether the cancel, redrive or signal that this answers did anything; in no other snapshot. */
  changed?: boolean;
}
