import { type Child, put } from "./element.js";

const drawn = new WeakMap<Element, string>();

/**
 * Draws a part again only when what it shows has changed, so that focus, selection and
 * scrolling stay. When it has, the focus goes to what took the place of the focused one.
 */
export function redraw(part: Element, value: unknown, make: () => Child[]): void {
  const version = JSON.stringify(value) ?? "";
  if (drawn.get(part) === version) return;
  drawn.set(part, version);
  const focused = part.contains(document.activeElement) ? name(document.activeElement!) : undefined;
  const scrolled = [...part.querySelectorAll<HTMLElement>(".scroll, pre")].map((e) => [e.scrollTop, e.scrollLeft] as const);
  put(part, ...make());
  [...part.querySelectorAll<HTMLElement>(".scroll, pre")].forEach((e, i) => {
    [e.scrollTop, e.scrollLeft] = scrolled[i] ?? [0, 0];
  });
  if (focused === undefined) return;
  const next = [...part.querySelectorAll<HTMLElement>("a, button, summary, [tabindex]")].find((e) => name(e) === focused);
  next?.focus({ preventScroll: true });
}

/** What tells a control from the others of its part. */
function name(element: Element): string {
  return element.getAttribute("href") ?? element.getAttribute("aria-label") ?? element.textContent ?? "";
}
