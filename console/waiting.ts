import type { HeldRequest, WaitingCount, WaitingStats } from "@pay-theory/streamer/operator";
import type { Context } from "./context.js";
import { keepCounting } from "./count.js";
import { type Child, el } from "./element.js";
import { loading, section } from "./parts.js";
import { redraw } from "./redraw.js";
import { href, type Visit } from "./route.js";
import { subjectLink } from "./search.js";
import { number, table } from "./table.js";
import { age, moment } from "./time.js";

/** What the queued requests wait for, and what the workers hold. The stage's owner may ask of all tenants. */
export function waitingView({ operator, owner, visit }: Context, { root, query, signal }: Visit): string {
  const everywhere = owner && query.get("of") === "all";
  const notice = el("div", {}, loading());
  const figures = el("div", {});
  const choice = el(
    "select",
    { name: "of", "aria-label": "Of which tenants", onchange: () => visit(href("waiting", "", { of: choice.value })) },
    el("option", { value: "" }, "this tenant"),
    el("option", { value: "all", selected: everywhere }, "all tenants"),
  );
  root.append(
    el("h1", {}, "What waits"),
    ...(owner ? [el("div", { class: "filters" }, el("label", { class: "field" }, el("span", {}, "Of"), choice))] : []),
    notice,
    figures,
  );
  void keepCounting(
    signal,
    () => (everywhere ? operator.inTenant("*") : operator).waiting({ signal }),
    notice,
    (sum) => redraw(figures, sum, () => shown(sum)),
  );
  return "What waits";
}

function shown(sum: WaitingStats): Child[] {
  const waiting = sum.waiting.reduce((n, w) => n + w.count, 0);
  return [
    section(
      "Why they wait",
      waiting || sum.cursor
        ? table(
            "Why they wait",
            ["Reason", "Requests", "Oldest made"],
            sum.waiting.map((w) => [reason(w), number(w.count), age(w.oldest)]),
          )
        : el("p", { class: "empty" }, "Nothing waits."),
    ),
    section(
      "What the workers hold",
      sum.workers.length
        ? el("ul", { class: "workers" }, ...sum.workers.map(worker))
        : el("p", { class: "empty" }, "No worker runs anything now."),
    ),
    !!sum.tenants?.length &&
      section(
        "Tenants",
        table(
          "Tenants with the most that waits",
          ["Tenant", "Queued", "Running"],
          sum.tenants.map((t) => [
            el("a", { href: href("", "", { tenant: t.tenant }) }, t.tenant),
            number(t.queued),
            number(t.running),
          ]),
        ),
      ),
    sum.subjects.length > 0 &&
      section(
        "Subjects",
        table(
          "Subjects with the most that waits",
          sum.subjects[0]!.tenant ? ["Subject", "Tenant", "Queued", "Running"] : ["Subject", "Queued", "Running"],
          sum.subjects.map((s) => [subjectLink(s), ...(s.tenant ? [s.tenant] : []), number(s.queued), number(s.running)]),
        ),
      ),
  ];
}

/** The words for what requests wait for; the list of them behind a link. */
function reason({ for: what, limit }: WaitingCount): HTMLElement {
  const words: Record<string, string> = {
    worker: "a worker, which is about to take them",
    retry: "their next attempt",
    time: "their time",
    signal: "a signal",
    children: "their children",
    limit: "a permit of the limit ",
  };
  const waits = limit ? `${what}:${limit}` : what;
  return el("a", { href: href("requests", "", { state: "QUEUED", waits }) }, words[what] ?? what, limit);
}

function worker({ worker, running, since, requests }: WaitingStats["workers"][number]): HTMLElement {
  return el(
    "li",
    {},
    el("h3", {}, worker),
    el(
      "p",
      { class: "faint" },
      `holds ${number(running)} since `,
      moment(since),
      running > requests.length && ", the first of which are",
    ),
    el("ul", { class: "held" }, ...requests.map(held)),
  );
}

function held(r: HeldRequest): HTMLElement {
  const query = { subject: r.subject, ...(r.tenant && { tenant: r.tenant }) };
  return el(
    "li",
    {},
    el("b", {}, r.action),
    " ",
    el("a", { class: "id", href: href("requests", r.id, query) }, r.id),
    el("span", { class: "faint" }, ` of ${r.tenant ? `${r.tenant}/` : ""}${r.subject}, claimed `, age(r.claimed_at)),
  );
}
