import type { Code } from "./error.js";
import type { RequestState } from "./snapshot.js";

/** How many requests there are, by state, action and subject. */
export interface States {
  states: StateCount[];
  actions: ActionCount[];
  /** The 100 with the most queued requests. */
  subjects: SubjectCount[];
  /** There is more to count. */
  cursor?: string;
}

export interface StateCount {
  state: RequestState;
  count: number;
  /** When the oldest of them was made. */
  oldest: string;
}

export interface ActionCount {
  action: string;
  states: Partial<Record<RequestState, number>>;
}

export interface SubjectCount {
  tenant?: string;
  subject: string;
  queued: number;
  running: number;
}

export interface TenantCount {
  tenant: string;
  queued: number;
  running: number;
}

/** What the open requests wait for, and who works on them. */
export interface WaitingStats {
  waiting: WaitingCount[];
  workers: WorkerLoad[];
  /** Only across tenants. */
  tenants?: TenantCount[];
  /** The 100 with the most queued requests. */
  subjects: SubjectCount[];
  /** There is more to count. */
  cursor?: string;
}

export interface WaitingCount {
  /** As in `Waiting`. */
  for: string;
  limit?: string;
  count: number;
  oldest: string;
}

export interface WorkerLoad {
  worker: string;
  running: number;
  /** The earliest of its claims. */
  since: string;
  /** 20 at most. */
  requests: HeldRequest[];
}

/** Names a request of any subject. */
export interface RequestRef {
  tenant?: string;
  subject: string;
  id: string;
}

export interface HeldRequest extends RequestRef {
  action: string;
  claimed_at: string;
}

/** What fails, the most frequent first. */
export interface Failures {
  failures: FailureGroup[];
  /** There is more to count. */
  cursor?: string;
}

/** Requests that failed of the same cause: numbers and ids in the message are `#`. */
export interface FailureGroup {
  action: string;
  code: Code;
  message: string;
  kind?: string;
  count: number;
  first: string;
  last: string;
  sample: RequestRef;
}

/** Adds a page to what was counted before. */
export function addStates(sum: States, page: States): States {
  return {
    states: merge([...sum.states, ...page.states], ["state"], addAged),
    actions: merge([...sum.actions, ...page.actions], ["action"], (a, b) => ({ ...a, states: addNumbers(a.states, b.states) })),
    subjects: addSubjects(sum, page),
  };
}

export function addWaiting(sum: WaitingStats, page: WaitingStats): WaitingStats {
  const tenants = [...(sum.tenants ?? []), ...(page.tenants ?? [])];
  return {
    waiting: merge([...sum.waiting, ...page.waiting], ["for", "limit"], addAged),
    workers: merge([...sum.workers, ...page.workers], ["worker"], (a, b) => ({
      worker: a.worker,
      running: a.running + b.running,
      since: earlier(a.since, b.since),
      requests: [...a.requests, ...b.requests].slice(0, 20),
    })),
    ...(tenants.length && { tenants: merge(tenants, ["tenant"], addLoads) }),
    subjects: addSubjects(sum, page),
  };
}

export function addFailures(sum: Failures, page: Failures): Failures {
  const failures = merge([...sum.failures, ...page.failures], ["action", "code", "message", "kind"], (a, b) => {
    const newest = earlier(a.last, b.last) === a.last ? b : a;
    return { ...newest, count: a.count + b.count, first: earlier(a.first, b.first) };
  });
  return { failures: failures.sort((a, b) => b.count - a.count) };
}

function addSubjects(a: { subjects: SubjectCount[] }, b: { subjects: SubjectCount[] }): SubjectCount[] {
  const subjects = merge([...a.subjects, ...b.subjects], ["tenant", "subject"], addLoads);
  return subjects.sort((a, b) => b.queued - a.queued).slice(0, 100);
}

function addAged<T extends { count: number; oldest: string }>(a: T, b: T): T {
  return { ...a, count: a.count + b.count, oldest: earlier(a.oldest, b.oldest) };
}

function addLoads<T extends { queued: number; running: number }>(a: T, b: T): T {
  return { ...a, queued: a.queued + b.queued, running: a.running + b.running };
}

function addNumbers(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const sum = { ...a };
  for (const [key, n] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + n;
  return sum;
}

function earlier(a: string, b: string): string {
  return Date.parse(b) < Date.parse(a) ? b : a;
}

/** Joins the elements that agree in the keys, in the order of their first. */
function merge<T extends object>(items: T[], keys: (keyof T)[], join: (a: T, b: T) => T): T[] {
  const merged = new Map<string, T>();
  for (const item of items) {
    const key = JSON.stringify(keys.map((name) => item[name]));
    const before = merged.get(key);
    merged.set(key, before ? join(before, item) : item);
  }
  return [...merged.values()];
}
