import type { Snapshot } from "@pay-theory/streamer/operator";
import { copyButton } from "./copy.js";
import { type Child, el } from "./element.js";
import { pretty } from "./json.js";
import { href } from "./route.js";
import { isFinalState, type Problem } from "./state.js";

/** A state, by its word as well as by its colour. */
export function badge(state: string): HTMLElement {
  return el("span", { class: "badge", "data-state": state }, state.toLowerCase());
}

/** How far a request is. */
export function bar(request: Snapshot): HTMLElement {
  const value = isFinalState(request.state) && request.state === "SUCCEEDED" ? 100 : request.percentage;
  return el("progress", { max: 100, value, "aria-label": `progress of ${request.id}`, "data-state": request.state });
}

export function requestHref(request: Snapshot): string {
  return href("requests", request.id, { subject: request.subject });
}

/** Says what went wrong and what to do about it. */
export function problem({ title, advice }: Problem): HTMLElement {
  return el("div", { class: "problem", role: "alert" }, el("strong", {}, title), el("p", {}, advice));
}

/** What is shown before anything was heard. */
export function loading(): HTMLElement {
  return el("p", { class: "empty", role: "status" }, "Loading…");
}

/** The most characters of a value that are shown before the operator asks for all. */
const SHOWN = 20_000;

/** A JSON value as text. */
export function code(value: unknown, label: string): HTMLElement {
  const text = pretty(value);
  const block = el("pre", { tabindex: 0, role: "group", "aria-label": label }, text.slice(0, SHOWN));
  const copy = copyButton(label, () => text);
  if (text.length <= SHOWN) return el("div", { class: "value" }, copy, block);
  const more = el(
    "button",
    {
      type: "button",
      onclick: () => {
        block.textContent = text;
        more.remove();
        block.focus();
      },
    },
    `Show all ${text.length.toLocaleString()} characters`,
  );
  return el("div", { class: "value" }, copy, block, more);
}

export function section(title: string, ...children: Child[]): HTMLElement {
  const id = "s-" + title.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  return el("section", { "aria-labelledby": id }, el("h2", { id }, title), ...children);
}

let hints = 0;

export function field(label: string, input: HTMLElement, hint?: string): HTMLElement {
  if (!hint) return el("label", { class: "field" }, el("span", {}, label), input);
  const id = `hint-${hints++}`;
  input.setAttribute("aria-describedby", [input.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
  return el("div", { class: "field" }, el("label", {}, el("span", {}, label), input), el("small", { id }, hint));
}
