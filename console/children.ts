import type { Operator, Snapshot } from "@pay-theory/streamer/operator";
import { el, Keyed } from "./element.js";
import { badge, requestHref, section } from "./parts.js";
import { href } from "./route.js";
import { exactly } from "./search.js";

/** How many children are shown beside their parent. */
const SHOWN = 20;

/** The requests that a request started. They are read again whenever it has changed. */
export function childrenPart(operator: Operator, signal: AbortSignal): { element: HTMLElement; show(r: Snapshot): void } {
  const element = el("div", {});
  const count = el("p", { class: "faint" });
  const list = el("ul", { class: "children", "aria-label": "Children" });
  const rows = new Keyed<Snapshot>(list, (r) => r.id, child);
  const all = el("a", {}, "All children");
  const part = section("Children", count, list, all);
  let shown = "";
  return {
    element,
    show(r) {
      const version = JSON.stringify([r.rev, r.children]);
      if (!r.children || version === shown) return;
      shown = version;
      if (!part.isConnected) element.append(part);
      count.textContent = `${r.children.ended} of ${r.children.total} have ended.`;
      const subject = r.subject ? exactly(r.subject) : "";
      all.href = href("requests", "", { parent: r.id, subject });
      operator.requests({ subject: r.subject, parent: r.id, limit: SHOWN, signal }).then(
        ({ requests }) => rows.show(requests),
        () => {
          shown = ""; // with the next change
        },
      );
    },
  };
}

function child(r: Snapshot): HTMLElement {
  return el("li", {}, badge(r.state), " ", el("b", {}, r.action), " ", el("a", { class: "id", href: requestHref(r) }, r.id));
}
