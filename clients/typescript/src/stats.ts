import type { Code } from "./error.js";
import type { RequestState } from "./snapshot.js";

/** How many requests there are, by state, action and subject. */
export interface States {
  /** In the order of a request's life. */
  states: StateCount[];
  /** By name. */
  actions: ActionCount[];
  /** The 100 with the most queued requests, of those that have open ones. */
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
  /** The most requests first. */
  waiting: WaitingCount[];
  /** By name. */
  workers: WorkerLoad[];
  /** Only across tenants; the most queued requests first. */
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
  /** The oldest claims, 20 at most. */
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

const LIFE: RequestState[] = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"];

/** Adds a page to what was counted before, in the order that a page has. */
export function addStates(sum: States, page: States): States {
  const actions = merge([...sum.actions, ...page.actions], ["action"], (a, b) => ({
    ...a,
    states: addNumbers(a.states, b.states),
  }));
  return {
    states: merge([...sum.states, ...page.states], ["state"], addAged).sort(
      (a, b) => LIFE.indexOf(a.state) - LIFE.indexOf(b.state),
    ),
    actions: actions.sort((a, b) => byName(a.action, b.action)),
    subjects: addSubjects(sum, page),
  };
}

export function addWaiting(sum: WaitingStats, page: WaitingStats): WaitingStats {
  const tenants = [...(sum.tenants ?? []), ...(page.tenants ?? [])];
  const workers = merge([...sum.workers, ...page.workers], ["worker"], (a, b) => ({
    worker: a.worker,
    running: a.running + b.running,
    since: earlier(a.since, b.since),
    requests: [...a.requests, ...b.requests].sort((a, b) => byTime(a.claimed_at, b.claimed_at)).slice(0, 20),
  }));
  return {
    waiting: merge([...sum.waiting, ...page.waiting], ["for", "limit"], addAged).sort((a, b) => b.count - a.count),
    workers: workers.sort((a, b) => byName(a.worker, b.worker)),
    ...(tenants.length && { tenants: merge(tenants, ["tenant"], addLoads).sort((a, b) => b.queued - a.queued) }),
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
  return byTime(a, b) <= 0 ? a : b;
}

function byTime(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
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
