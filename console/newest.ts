import type { Operator, Snapshot } from "@pay-theory/streamer/operator";
import { type Child, el, put } from "./element.js";
import { section } from "./parts.js";
import { bars, dots } from "./plot.js";
import { poll } from "./poll.js";
import { rangeOf } from "./range.js";
import { STATES } from "./state.js";
import { between, duration, moment } from "./time.js";

/** How many requests are drawn. */
const NEWEST = 100;
const COLUMNS = 40;
const AGAIN = 10_000;

/** When the newest requests were made, and how long they took. */
export function newestPart(operator: Operator, query: URLSearchParams, signal: AbortSignal): HTMLElement {
  const element = el("div", {});
  let version = "";
  void poll(
    signal,
    AGAIN,
    async () => {
      const { requests } = await operator.requests({ ...rangeOf(query), limit: NEWEST, signal });
      const next = JSON.stringify(requests.map((r) => [r.id, r.rev]));
      if (next === version) return;
      version = next;
      put(element, ...(requests.length ? [made(requests), took(requests)] : []));
    },
    () => {}, // the counts above say what is wrong
  );
  return element;
}

function made(all: Snapshot[]): HTMLElement {
  const ats = all.map((r) => Date.parse(r.created_at));
  const from = Math.min(...ats);
  const span = Math.max(Math.max(...ats) - from, 1000);
  const columns: Record<string, number>[] = Array.from({ length: COLUMNS }, () => Object.fromEntries(STATES.map((s) => [s, 0])));
  all.forEach((r, i) => {
    const column = columns[Math.min(COLUMNS - 1, Math.floor(((ats[i]! - from) / span) * COLUMNS))]!;
    column[r.state] = (column[r.state] ?? 0) + 1;
  });
  const label = `The newest ${all.length} requests were made within ${duration(span)}`;
  return section("When the newest were made", bars(columns, label), axis(from, Math.max(...ats), label));
}

function took(all: Snapshot[]): Child {
  const ended = all.filter((r) => r.finished_at);
  if (!ended.length) return undefined;
  const points = ended.map((r) => ({
    at: Date.parse(r.finished_at!),
    value: between(r.created_at, r.finished_at),
    state: r.state,
  }));
  const sorted = points.map((p) => p.value).sort((a, b) => a - b);
  const [half, most] = [0.5, 0.95].map((part) => duration(sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? NaN));
  const label = `Of ${ended.length}, half took up to ${half}, 95 of 100 up to ${most}, the longest ${duration(sorted.at(-1)!)}`;
  const ats = points.map((p) => p.at);
  return section("How long the newest took", dots(points, label), axis(Math.min(...ats), Math.max(...ats), label));
}

function axis(from: number, to: number, text: string): HTMLElement {
  return el("p", { class: "axis" }, moment(from), el("span", {}, text), moment(to));
}
