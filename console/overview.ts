import type { Operator, Snapshot } from "@pay-theory/streamer/operator";
import { el, put } from "./element.js";
import { loading, problem, section } from "./parts.js";
import { bars, dots } from "./plot.js";
import { poll } from "./poll.js";
import { href, type Visit } from "./route.js";
import { explain, isFinalState, STATES } from "./state.js";
import { between, duration, moment } from "./time.js";

/** How many requests the figures are of, at most. */
const NEWEST = 500;
const COLUMNS = 40;

/** Counts and times of the newest requests. */
export function overviewView(operator: Operator, { root, signal }: Visit): string {
  const known = new Map<string, Snapshot>();
  const notice = el("div", {}, loading());
  const figures = el("div", {});
  root.append(el("h1", {}, "Overview"), notice, figures);
  let version = "";

  void poll(
    signal,
    3000,
    async () => {
      const read = new Set<string>();
      const changes = () => [...known].some(([key, r]) => !isFinalState(r.state) && !read.has(key));
      for (let cursor = "", news = true; read.size < NEWEST && (news || changes()); ) {
        const page = await operator.requests({ limit: 100, cursor, signal });
        news = !version;
        for (const r of page.requests) {
          const key = `${r.subject}/${r.id}`;
          news ||= known.get(key)?.rev !== r.rev;
          known.set(key, r);
          read.add(key);
        }
        cursor = page.cursor ?? "";
        if (!cursor) break;
      }
      const all = [...known.values()].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
      for (const r of all.splice(NEWEST)) known.delete(`${r.subject}/${r.id}`);
      const next = JSON.stringify(all.map((r) => [r.id, r.rev]));
      if (next === version && figures.childElementCount) return put(notice);
      version = next;
      put(
        notice,
        !all.length &&
          el(
            "p",
            { class: "empty", role: "status" },
            "There are no requests yet. ",
            el("a", { href: href("send") }, "Send the first one."),
          ),
      );
      put(figures, ...(all.length ? [tiles(all), counts(all), latency(all), table(all)] : []));
    },
    (error) => put(notice, problem(explain(error))),
  );
  return "Overview";
}

function tiles(all: Snapshot[]): HTMLElement {
  return el(
    "ul",
    { class: "tiles", "aria-label": `States of the newest ${all.length} requests` },
    ...STATES.map((state) => {
      const n = all.filter((r) => r.state === state).length;
      return el(
        "li",
        { "data-state": state },
        el("a", { href: href("requests", "", { state }) }, el("b", {}, n), " ", state.toLowerCase()),
      );
    }),
  );
}

function counts(all: Snapshot[]): HTMLElement {
  const ats = all.map((r) => Date.parse(r.created_at));
  const from = Math.min(...ats);
  const span = Math.max(Math.max(...ats) - from, 1000);
  const columns: Record<string, number>[] = Array.from({ length: COLUMNS }, () => Object.fromEntries(STATES.map((s) => [s, 0])));
  all.forEach((r, i) => {
    const column = columns[Math.min(COLUMNS - 1, Math.floor(((ats[i]! - from) / span) * COLUMNS))]!;
    column[r.state] = (column[r.state] ?? 0) + 1;
  });
  const label = `${all.length} requests within ${duration(span)}`;
  return section("When they were made", bars(columns, label), axis(from, Math.max(...ats), label));
}

function latency(all: Snapshot[]): HTMLElement | undefined {
  const ended = all.filter((r) => r.finished_at);
  if (!ended.length) return undefined;
  const points = ended.map((r) => ({
    at: Date.parse(r.finished_at!),
    value: between(r.created_at, r.finished_at),
    state: r.state,
  }));
  const took = points.map((p) => p.value).sort((a, b) => a - b);
  const label = `Half took up to ${duration(quantile(took, 0.5))}, 95 of 100 up to ${duration(quantile(took, 0.95))}, the longest ${duration(took.at(-1)!)}`;
  const ats = points.map((p) => p.at);
  return section("How long they took", dots(points, label), axis(Math.min(...ats), Math.max(...ats), label));
}

function axis(from: number, to: number, text: string): HTMLElement {
  return el("p", { class: "axis" }, moment(from), el("span", {}, text), moment(to));
}

function table(all: Snapshot[]): HTMLElement {
  const actions = Map.groupBy(all, (r) => r.action);
  const rows = [...actions]
    .sort((a, b) => b[1].length - a[1].length)
    .map(([action, requests]) => {
      const took = requests
        .filter((r) => r.finished_at)
        .map((r) => between(r.created_at, r.finished_at))
        .sort((a, b) => a - b);
      return el(
        "tr",
        {},
        el("th", { scope: "row" }, el("a", { href: href("requests", "", { action }) }, action)),
        el("td", {}, requests.length),
        el("td", {}, requests.filter((r) => !isFinalState(r.state)).length),
        el("td", {}, requests.filter((r) => r.state === "FAILED").length),
        el("td", {}, duration(quantile(took, 0.5))),
        el("td", {}, duration(quantile(took, 0.95))),
      );
    });
  return section(
    "By action",
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "By action" },
      el(
        "table",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ...["Action", "Requests", "Open", "Failed", "Half within", "95 % within"].map((h) => el("th", { scope: "col" }, h)),
          ),
        ),
        el("tbody", {}, ...rows),
      ),
    ),
  );
}

/** The value that a part of the sorted ones does not exceed. */
function quantile(sorted: number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? NaN;
}
