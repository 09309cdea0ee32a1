import type { RequestState, States } from "@pay-theory/streamer/operator";
import type { Context } from "./context.js";
import { keepCounting } from "./count.js";
import { type Child, el } from "./element.js";
import { newestPart } from "./newest.js";
import { loading, section } from "./parts.js";
import { rangeFields, rangeOf, readRange } from "./range.js";
import { redraw } from "./redraw.js";
import { href, type Visit } from "./route.js";
import { exactly, subjectLink } from "./search.js";
import { STATES } from "./state.js";
import { number, table } from "./table.js";
import { age } from "./time.js";

/** How many requests there are, by state, action and subject, and the newest of them. */
export function overviewView({ operator, visit }: Context, { root, query, signal }: Visit): string {
  const notice = el("div", {}, loading());
  const figures = el("div", {});
  const form: HTMLFormElement = el(
    "form",
    { class: "filters", role: "search", "aria-label": "Choose a time", onsubmit: choose, onchange: choose },
    ...rangeFields(query),
    el("button", { type: "submit" }, "Show"),
  );
  function choose(event: Event): void {
    event.preventDefault();
    visit(href("", "", readRange(new FormData(form))));
  }
  const newest = newestPart(operator, query, signal);
  root.append(el("h1", {}, "Overview"), form, notice, figures, newest);

  void keepCounting(
    signal,
    () => operator.states({ ...rangeOf(query), signal }),
    notice,
    (sum) => redraw(figures, sum, () => shown(sum, query)),
  );
  return "Overview";
}

function shown(sum: States, query: URLSearchParams): Child[] {
  const range = { since: query.get("since") ?? "", until: query.get("until") ?? "" };
  const counts = new Map(sum.states.map((s) => [s.state, s]));
  const total = sum.states.reduce((n, s) => n + s.count, 0);
  if (!total && !sum.cursor) {
    return [
      el(
        "p",
        { class: "empty", role: "status" },
        range.since || range.until ? "No request was made in that time. " : "There are no requests yet. ",
        el("a", { href: href("send") }, "Send the first one."),
      ),
    ];
  }
  const tiles = STATES.map((state) => {
    const { count = 0, oldest } = counts.get(state) ?? {};
    return el(
      "li",
      { "data-state": state },
      el(
        "a",
        { href: href("requests", "", { state, ...range }) },
        el("b", {}, number(count)),
        " ",
        state.toLowerCase(),
        !!oldest && count > 0 && el("small", {}, "the oldest made ", age(oldest)),
      ),
    );
  });
  return [
    el("ul", { class: "tiles", "aria-label": `States of ${number(total)} requests` }, ...tiles),
    sum.actions.length > 0 && section("By action", byAction(sum, range)),
    sum.subjects.length > 0 &&
      section(
        "Subjects with the most that waits",
        table(
          "Subjects with the most that waits",
          ["Subject", "Queued", "Running"],
          sum.subjects.slice(0, 10).map((s) => [subjectLink(s), number(s.queued), number(s.running)]),
        ),
      ),
  ];
}

function byAction(sum: States, range: Record<string, string>): HTMLElement {
  const all = (states: Partial<Record<RequestState, number>>) => Object.values(states).reduce((a, b) => a + b, 0);
  const rows = [...sum.actions]
    .sort((a, b) => all(b.states) - all(a.states))
    .map(({ action, states }) => [
      el("a", { href: href("requests", "", { action: exactly(action), ...range }) }, action),
      number(all(states)),
      ...STATES.map((state) =>
        states[state]
          ? el("a", { href: href("requests", "", { action: exactly(action), state, ...range }) }, number(states[state]))
          : "0",
      ),
    ]);
  return table("By action", ["Action", "Requests", ...STATES.map(titled)], rows);
}

function titled(state: string): string {
  return state[0] + state.slice(1).toLowerCase();
}
