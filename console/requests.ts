import type { Snapshot } from "@pay-theory/streamer/operator";
import type { Context } from "./context.js";
import { el, Keyed, put } from "./element.js";
import { badge, bar, field, loading, problem, requestHref } from "./parts.js";
import { poll } from "./poll.js";
import { rangeFields, rangeOf, readRange } from "./range.js";
import { href, type Visit } from "./route.js";
import { type Filters, type Found, look, serverQuery, whole } from "./search.js";
import { explain, isFinalState, STATES } from "./state.js";
import { number } from "./table.js";
import { between, duration, moment } from "./time.js";

const PAGE = 50;
const AGAIN = 2000;

/** The requests of the tenant, newest first, a page at a time. The filters are in the address. */
export function requestsView({ operator, actions, visit }: Context, { root, query, signal }: Visit): string {
  const cursor = query.get("cursor") ?? "";
  const get = (name: string) => query.get(name) ?? "";
  const filters: Filters = {
    state: get("state"),
    action: get("action"),
    subject: get("subject"),
    id: get("id"),
    code: get("code"),
    waits: get("waits"),
    parent: get("parent"),
  };
  const address = { ...filters, since: get("since"), until: get("until") };
  const filtered = Object.values(address).some(Boolean);

  const names = el("datalist", { id: "actions" });
  let known: string[] = [];
  void actions().then((all) => {
    known = all.map(({ name }) => name);
    put(names, ...known.map((name) => el("option", { value: name })));
  });

  const text = (label: string, name: keyof Filters, more: Record<string, string> = {}) =>
    field(label, el("input", { name, value: filters[name], autocomplete: "off", spellcheck: "false", ...more }));
  const form: HTMLFormElement = el(
    "form",
    { class: "filters", role: "search", "aria-label": "Filter requests", onsubmit: filter, onchange: filter },
    field(
      "State",
      el(
        "select",
        { name: "state" },
        el("option", { value: "" }, "all"),
        ...STATES.map((s) => el("option", { value: s, selected: s === filters.state }, s.toLowerCase())),
      ),
    ),
    text("Action", "action", { list: "actions" }),
    text("Subject", "subject"),
    text("Id", "id"),
    ...rangeFields(query),
    names,
    el("button", { type: "submit" }, "Filter"),
    filtered && el("a", { class: "quiet", href: href("requests") }, "Clear"),
    el("small", { class: "hint" }, 'A part of a word is enough; in quotes, as in "echo", it is the whole word.'),
  );
  function filter(event: Event): void {
    event.preventDefault();
    const data = new FormData(form);
    const chosen = Object.fromEntries(
      ["state", "action", "subject", "id"].map((name) => [name, String(data.get(name) ?? "").trim()]),
    );
    const { code, waits, parent } = filters;
    const next = href("requests", "", { code, waits, parent, ...chosen, ...readRange(data) });
    if (next !== location.pathname + location.search) visit(next);
  }

  const notice = el("div", {}, loading());
  const list = el("ul", { class: "rows", "aria-label": "Requests, newest first" });
  const rows = new Keyed<Snapshot>(list, (r) => `${r.subject}/${r.id}`, row);
  const pages = el("nav", { class: "pages", "aria-label": "Pages" });
  root.append(el("h1", {}, "Requests"), form, also(filters), notice, list, pages);

  let complete = false;
  const found = (sofar: Found) => {
    if (signal.aborted) return;
    // What is found at first is shown at once; later it takes the place of all.
    if (!complete || sofar.requests.length >= PAGE || !sofar.cursor) rows.show(sofar.requests);
    show(sofar);
    put(notice, !sofar.requests.length && empty(sofar, filtered || !!cursor));
  };
  void poll(
    signal,
    // Looking through many pages again would cost more than it shows.
    () => (looked > PAGE * 4 ? AGAIN * 15 : AGAIN),
    async () => {
      const id = whole(filters.id);
      const subject = whole(filters.subject);
      if (id !== undefined && subject !== undefined) {
        const { detail: _, ...request } = await operator.request(id, { subject, signal });
        found({ requests: [request], cursor: undefined, looked: 1 });
      } else {
        const options = { ...serverQuery(filters, known), ...rangeOf(query), ...(cursor && { cursor }), signal };
        await look(operator, filters, options, PAGE, found);
      }
      complete = true;
    },
    (error) => put(notice, problem(explain(error))),
  );

  /** The links stay the same elements, so that polling takes no focus away. */
  let looked = 0;
  const newest = el("a", { href: href("requests", "", address) }, "« Newest");
  const older = el("a", {}, "Older »");
  const how = el("span", { class: "faint" });
  function show(sofar: Found): void {
    looked = sofar.looked;
    if (sofar.cursor) older.setAttribute("href", href("requests", "", { ...address, cursor: sofar.cursor }));
    how.textContent = sofar.looked > sofar.requests.length ? `found among ${number(sofar.looked)}` : "";
    for (const [link, wanted] of [
      [newest, !!cursor],
      [how, !!how.textContent],
      [older, !!sofar.cursor],
    ] as const) {
      if (!wanted) link.remove();
      else if (!link.isConnected) pages.append(link);
    }
  }
  return "Requests";
}

/** The filters that have no field. */
function also({ code, waits, parent }: Filters): HTMLElement {
  const said = [code && `that ended with ${code}`, waits && `that wait for ${waits}`, parent && `that ${parent} started`].filter(
    Boolean,
  );
  return el("p", { class: "faint", hidden: !said.length }, "Only requests ", said.join(", "), ".");
}

function row(r: Snapshot): HTMLElement {
  const took = between(r.created_at, r.finished_at);
  return el(
    "li",
    { class: "row" },
    badge(r.cancelling ? "CANCELLING" : r.state),
    el("span", { class: "action" }, r.action),
    el("a", { class: "id", href: requestHref(r) }, r.id),
    el("span", { class: "subject" }, el("span", { class: "hidden" }, "of "), r.subject),
    isFinalState(r.state)
      ? el("span", { class: "progress" }, Number.isFinite(took) && `took ${duration(took)}`)
      : el("span", { class: "progress" }, bar(r), ` ${Math.round(r.percentage)} %`),
    el("span", { class: "message" }, r.error ? r.error.code : r.message),
    el("span", { class: "when" }, moment(r.created_at)),
  );
}

function empty({ cursor, looked }: Found, filtered: boolean): HTMLElement {
  const all = el("a", { href: href("requests") }, "Show all.");
  if (cursor) {
    return el(
      "p",
      { class: "empty", role: "status" },
      `Looked at ${number(looked)} requests, and none is like that. There are older ones. `,
      all,
    );
  }
  return filtered
    ? el("p", { class: "empty", role: "status" }, "No request is like that. ", all)
    : el(
        "p",
        { class: "empty", role: "status" },
        "There are no requests yet. ",
        el("a", { href: href("send") }, "Send the first one."),
      );
}
