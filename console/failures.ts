import type { FailureGroup } from "@pay-theory/streamer/operator";
import type { Context } from "./context.js";
import { keepCounting } from "./count.js";
import { el, put } from "./element.js";
import { loading } from "./parts.js";
import { rangeFields, rangeOf, readRange } from "./range.js";
import { redraw } from "./redraw.js";
import { redriveAll } from "./redrive.js";
import { href, type Visit } from "./route.js";
import { exactly } from "./search.js";
import { number } from "./table.js";
import { age } from "./time.js";

/** What fails: the requests that have FAILED, by action, code and message. */
export function failuresView({ operator, visit }: Context, { root, query, signal }: Visit): string {
  const notice = el("div", {}, loading());
  const said = el("p", { role: "status" });
  const list = el("div", {});
  const form: HTMLFormElement = el(
    "form",
    { class: "filters", role: "search", "aria-label": "Choose a time", onsubmit: choose, onchange: choose },
    ...rangeFields(query),
    el("button", { type: "submit" }, "Show"),
  );
  function choose(event: Event): void {
    event.preventDefault();
    visit(href("failures", "", readRange(new FormData(form))));
  }
  root.append(el("h1", {}, "What fails"), form, said, notice, list);

  const range = { since: query.get("since") ?? "", until: query.get("until") ?? "" };
  void keepCounting(
    signal,
    () => operator.failures({ ...rangeOf(query), signal }),
    notice,
    (sum) =>
      redraw(list, sum.failures, () =>
        sum.failures.length
          ? [el("ul", { class: "rows failures", "aria-label": "Failures, the most frequent first" }, ...sum.failures.map(row))]
          : [el("p", { class: "empty", role: "status" }, "Nothing has failed.")],
      ),
  );

  function row(group: FailureGroup): HTMLElement {
    const { action, code, message, kind, count, first, last, sample } = group;
    const where = { action: exactly(action), code, state: "FAILED", ...range };
    return el(
      "li",
      { class: "failure" },
      el("b", { class: "count" }, number(count)),
      el(
        "div",
        { class: "what" },
        el("span", { class: "action" }, action),
        " ",
        el("strong", { "data-state": "FAILED" }, code),
        el("p", {}, message, kind && el("span", { class: "faint" }, ` (${kind})`)),
        el("p", { class: "faint" }, "first ", age(first), ", last ", age(last)),
      ),
      el(
        "div",
        { class: "ways" },
        el("a", { href: href("requests", sample.id, { subject: sample.subject }) }, "The last of them"),
        el("a", { href: href("requests", "", where) }, "All like it"),
        el(
          "button",
          {
            type: "button",
            "aria-label": `Redrive all ${count} of ${action} with ${code}: ${message}`,
            onclick: async () => {
              const text = await redriveAll(operator, group, rangeOf(query));
              if (text && !signal.aborted) put(said, text);
            },
          },
          "Redrive all",
        ),
      ),
    );
  }
  return "What fails";
}
