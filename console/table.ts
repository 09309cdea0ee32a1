import { type Child, el } from "./element.js";

/** A table that scrolls by itself where the page is too narrow. The first cell of a row is its header. */
export function table(label: string, columns: string[], rows: Child[][]): HTMLElement {
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...columns.map((name) => el("th", { scope: "col" }, name)))),
      el(
        "tbody",
        {},
        ...rows.map(([head, ...cells]) =>
          el("tr", {}, el("th", { scope: "row" }, head), ...cells.map((cell) => el("td", {}, cell))),
        ),
      ),
    ),
  );
}

/** A count as a person reads it. */
export function number(n: number): string {
  return n.toLocaleString();
}
