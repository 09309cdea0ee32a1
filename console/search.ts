import type { Operator, RequestsOptions, Snapshot } from "@pay-theory/streamer/operator";
import { el } from "./element.js";
import { href } from "./route.js";

/** What the address of a list asks for. A text is found in parts of words; in quotes it is the whole word. */
export interface Filters {
  state: string;
  action: string;
  subject: string;
  id: string;
  /** Of the error. */
  code: string;
  /** Why it waits: as in a snapshot, with the limit behind a colon. */
  waits: string;
  parent: string;
}

/** A text as a filter that only the whole word meets. */
export function exactly(text: string): string {
  return JSON.stringify(text);
}

/** The word that a filter wants whole, or undefined for one that takes parts. */
export function whole(filter: string): string | undefined {
  return filter.length > 1 && filter.startsWith('"') && filter.endsWith('"')
    ? filter.slice(1, -1).replaceAll(/\\(["\\])/g, "$1")
    : undefined;
}

/** The requests of a subject, as a link. */
export function subjectLink({ subject, tenant }: { subject: string; tenant?: string }): HTMLElement {
  return el("a", { href: href("requests", "", { subject: exactly(subject), ...(tenant && { tenant }) }) }, subject);
}

function meets(value: string | undefined, filter: string): boolean {
  if (!filter) return true;
  const word = whole(filter);
  return word === undefined ? !!value?.toLowerCase().includes(filter.toLowerCase()) : value === word;
}

/** Whether a request is one of those that were asked for. */
export function matches(r: Snapshot, f: Filters): boolean {
  const waits = r.waiting && (r.waiting.limit ? `${r.waiting.for}:${r.waiting.limit}` : r.waiting.for);
  return (
    (!f.state || r.state === f.state) &&
    meets(r.action, f.action) &&
    meets(r.subject, f.subject) &&
    meets(r.id, f.id) &&
    (!f.code || r.error?.code === f.code) &&
    (!f.waits || (r.state === "QUEUED" && waits === f.waits))
  );
}

/** What the server itself can look for, so that fewer pages are read. */
export function serverQuery(f: Filters, actions: string[]): RequestsOptions {
  const named = actions.filter((name) => f.action && meets(name, f.action));
  const action = whole(f.action) ?? (named.length === 1 ? named[0] : undefined);
  const subject = whole(f.subject);
  return {
    ...(f.state && { state: f.state as Snapshot["state"] }),
    ...(action && { action }),
    ...(subject && { subject }),
    ...(f.parent && { parent: f.parent }),
  };
}

/** A page of what was found. */
export interface Found {
  requests: Snapshot[];
  /** Where to look further; undefined at the end. */
  cursor: string | undefined;
  /** How many requests were looked at. */
  looked: number;
}

/** The most pages that are looked through before the visitor is asked. */
const PAGES = 20;
const PER_PAGE = 100;

/**
 * Looks through the list for up to `wanted` requests, a page of the server's at a time. It stops
 * at the end of a server's page, so it may find some more.
 */
export async function look(
  operator: Operator,
  filters: Filters,
  query: RequestsOptions,
  wanted: number,
  found: (sofar: Found) => void,
): Promise<void> {
  const client =
    filters.code || filters.waits || [filters.action, filters.subject, filters.id].some((f) => f && whole(f) === undefined);
  const requests: Snapshot[] = [];
  let looked = 0;
  let { cursor } = query;
  for (let pages = 0; pages < PAGES && requests.length < wanted; pages++) {
    const page = await operator.requests({ ...query, cursor, limit: client ? PER_PAGE : wanted - requests.length });
    requests.push(...page.requests.filter((r) => matches(r, filters)));
    looked += page.requests.length;
    cursor = page.cursor;
    found({ requests, cursor, looked });
    if (!cursor) return;
  }
}
