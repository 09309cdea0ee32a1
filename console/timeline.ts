import type { Attempt, AuditEntry, Snapshot, Step } from "@pay-theory/streamer/operator";
import { type Child, el } from "./element.js";
import { spans } from "./plot.js";
import { between, duration, moment } from "./time.js";

/** Something that happened to a request. */
interface Happened {
  at: string | undefined;
  state?: string;
  what: Child[];
}

const DONE: Record<string, string> = { cancel: "asked to cancel it", redrive: "redrove it", signal: "gave it a signal" };

/** What happened when, as a line of attempts and as a list. */
export function timeline(r: Snapshot): Child[] {
  const created = Date.parse(r.created_at);
  const end = r.finished_at ? Date.parse(r.finished_at) : Date.now();
  const failed = (r.history ?? []).map((a) => ({ from: Date.parse(a.started_at), to: Date.parse(a.ended_at), state: "FAILED" }));
  const claimed = r.detail?.claimed_at && Date.parse(r.detail.claimed_at);
  const last = Math.max(r.started_at ? Date.parse(r.started_at) : NaN, failed.at(-1)?.to ?? 0);
  const from = failed.length && claimed ? claimed : last;
  const current =
    (r.state === "RUNNING" || r.state === "SUCCEEDED") && Number.isFinite(from) ? [{ from, to: end, state: r.state }] : [];
  const stored = (r.detail?.steps ?? []).flatMap((s) => (s.at ? [Date.parse(s.at)] : []));
  const label = `Attempts on a line of ${duration(end - created)}: ${failed.length} failed, ${stored.length} steps and signals stored`;
  return [spans([...failed, ...current], stored, created, end, label), el("ol", { class: "timeline" }, ...happened(r).map(item))];
}

function item({ at, state, what }: Happened): HTMLElement {
  return el("li", { "data-state": state }, at ? moment(at) : el("span", {}, "now"), el("span", {}, ...what));
}

function happened(r: Snapshot): Happened[] {
  const past: Happened[] = [
    { at: r.created_at, what: ["created"] },
    ...(r.history ?? []).flatMap(attempt),
    ...(r.detail?.steps ?? []).flatMap(step),
    ...(r.detail?.audit ?? []).map(act),
  ];
  // The claim before the first failure is that attempt's.
  const running = r.detail?.claimed_at;
  if (running && r.state === "RUNNING")
    past.push({ at: running, state: "RUNNING", what: [`attempt ${r.attempts} began`, small(r.detail?.worker)] });
  if (r.finished_at) {
    const again = r.state === "SUCCEEDED" && r.attempts > 1 && ` in attempt ${r.attempts}`;
    past.push({ at: r.finished_at, state: r.state, what: [r.state.toLowerCase(), again] });
  }
  const order = [...past].sort((a, b) => Date.parse(a.at!) - Date.parse(b.at!));
  if (r.state === "RUNNING")
    order.push({ at: undefined, state: "RUNNING", what: [`attempt ${r.attempts} runs`, small(r.detail?.worker)] });
  if (r.state === "QUEUED") {
    order.push({ at: undefined, state: "QUEUED", what: ["waits", ...(r.due_at ? [" until ", moment(r.due_at)] : [])] });
  }
  return order;
}

/** An attempt that failed, with why. */
function attempt(a: Attempt): Happened[] {
  const lost = a.code === "LEASE_LOST" ? "lost its worker" : `failed with ${a.code}`;
  return [
    { at: a.started_at, what: [`attempt ${a.number} began`, small(a.worker)] },
    {
      at: a.ended_at,
      state: "FAILED",
      what: [`attempt ${a.number} ${lost} after ${duration(between(a.started_at, a.ended_at))}`, cause(a)],
    },
  ];
}

/** The cause of a failed attempt. */
export function cause({ cause }: Attempt): Child {
  if (!cause) return undefined;
  return el(
    "span",
    { class: "cause" },
    cause.message,
    cause.kind && el("small", {}, cause.kind),
    cause.frame && el("code", {}, cause.frame),
  );
}

const SIGNAL = "signal:";

/** A step or a signal that was stored; nothing where it is not known when. */
function step({ name, at }: Step): Happened[] {
  if (!at) return [];
  const signal = name.startsWith(SIGNAL);
  const what = signal ? ["signal ", el("b", {}, name.slice(SIGNAL.length)), " arrived"] : ["step ", el("b", {}, name), " stored"];
  return [{ at, what }];
}

function act({ event, by, tenant, at }: AuditEntry): Happened {
  return { at, what: [el("b", {}, tenant ? `${by} of ${tenant}` : by), ` ${DONE[event] ?? event}`] };
}

function small(text: string | undefined): Child {
  return text && el("small", {}, text);
}
