import type { Operator, RequestState, Snapshot } from "@pay-theory/streamer/operator";
import { el, Keyed, put } from "./element.js";
import { badge, bar, field, loading, problem, requestHref } from "./parts.js";
import { poll } from "./poll.js";
import { href, type Visit } from "./route.js";
import { explain, isFinalState, STATES } from "./state.js";
import { between, duration, moment } from "./time.js";

const FILTERS = ["state", "action", "subject", "id"] as const;
const PAGE = 50;
const AGAIN = 2000;

/** The requests of the tenant, newest first, a page at a time. */
export function requestsView(
  operator: Operator,
  actions: string[],
  { root, query, signal }: Visit,
  visit: (address: string) => void,
): string {
  const cursor = query.get("cursor") ?? "";
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""])) as Record<
    (typeof FILTERS)[number],
    string
  >;
  const filtered = FILTERS.some((name) => filters[name]);

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
    field(
      "Action",
      el("input", { name: "action", value: filters.action, list: "actions", autocomplete: "off", spellcheck: "false" }),
    ),
    field("Subject", el("input", { name: "subject", value: filters.subject, autocomplete: "off", spellcheck: "false" })),
    field("Id", el("input", { name: "id", value: filters.id, autocomplete: "off", spellcheck: "false" })),
    el("datalist", { id: "actions" }, ...actions.map((name) => el("option", { value: name }))),
    el("button", { type: "submit" }, "Filter"),
    filtered && el("a", { class: "quiet", href: href("requests") }, "Clear"),
  );
  function filter(event: Event): void {
    event.preventDefault();
    const chosen = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
    const address = href("requests", "", chosen);
    if (address !== location.pathname + location.search) visit(address);
  }

  const notice = el("div", {}, loading());
  const list = el("ul", { class: "rows", "aria-label": "Requests, newest first" });
  const rows = new Keyed<Snapshot>(list, (r) => `${r.subject}/${r.id}`, row);
  const pages = el("nav", { class: "pages", "aria-label": "Pages" });
  root.append(el("h1", {}, "Requests"), form, notice, list, pages);

  let depth = 10;
  void poll(
    signal,
    AGAIN,
    async () => {
      const page = filters.id
        ? await one(operator, filters, depth, signal)
        : await operator.requests({
            subject: filters.subject,
            limit: PAGE,
            state: filters.state as RequestState,
            action: filters.action,
            cursor,
            signal,
          });
      depth = 1; // what is new is on the first page
      if (filters.id && page.requests[0]) filters.subject ||= page.requests[0].subject ?? "";
      rows.show(page.requests);
      put(notice, !page.requests.length && empty(filtered || !!cursor, !!filters.id));
      show(page.cursor);
    },
    (error) => put(notice, problem(explain(error))),
  );

  /** The links stay the same elements, so that polling takes no focus away. */
  const newest = el("a", { href: href("requests", "", filters) }, "« Newest");
  const older = el("a", {}, "Older »");
  function show(next: string | undefined): void {
    if (next) older.setAttribute("href", href("requests", "", { ...filters, cursor: next }));
    for (const [link, wanted] of [
      [newest, !!cursor],
      [older, !!next],
    ] as const) {
      if (!wanted) link.remove();
      else if (!link.isConnected) pages.append(link);
    }
  }
  return "Requests";
}

/**
 * The one request of an id, as a list. Among all subjects nothing finds an id, so
 * that some pages are looked through.
 */
async function one(
  operator: Operator,
  filters: Record<string, string>,
  pages: number,
  signal: AbortSignal,
): Promise<{ requests: Snapshot[]; cursor?: string }> {
  const { id = "", subject, state, action } = filters;
  const found: Snapshot[] = [];
  if (subject) {
    const request = await operator.request(id, { subject, signal });
    delete request.detail;
    found.push(request);
  }
  for (let cursor = ""; !found.length && pages > 0; pages--) {
    const page = await operator.requests({ limit: 100, cursor, signal });
    found.push(...page.requests.filter((r) => r.id === id));
    if (!page.cursor) break;
    cursor = page.cursor;
  }
  return { requests: found.filter((r) => (!state || r.state === state) && (!action || r.action === action)) };
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

function empty(filtered: boolean, byId: boolean): HTMLElement {
  return filtered
    ? el(
        "p",
        { class: "empty", role: "status" },
        "No request is like that. ",
        byId && "An id is looked for among the newest 1,000, or among those of a subject. ",
        el("a", { href: href("requests") }, "Show all."),
      )
    : el(
        "p",
        { class: "empty", role: "status" },
        "There are no requests yet. ",
        el("a", { href: href("send") }, "Send the first one."),
      );
}
