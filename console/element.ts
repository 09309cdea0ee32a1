export type Child = Node | string | number | false | null | undefined;

type Attributes = Record<string, string | number | boolean | undefined | ((event: any) => void)>;

/**
 * Makes an element. A function is a listener of the event that its key names
 * behind "on"; true is an attribute without a value, false and undefined none.
 * Children that are texts stay texts, whatever they contain.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...shown(children));
  return element;
}

/** Replaces what an element contains. */
export function put(element: Element, ...children: Child[]): void {
  element.replaceChildren(...shown(children));
}

function shown(children: Child[]): (Node | string)[] {
  return children.filter((c) => c !== false && c != null && c !== "").map((c) => (c instanceof Node ? c : String(c)));
}

/**
 * Makes a list's children those that `make` gives for the items, and keeps the
 * element of an item that is as it was: focus and selection stay.
 */
export class Keyed<T> {
  #shown = new Map<string, { version: string; element: Element }>();

  constructor(
    readonly parent: Element,
    private readonly key: (item: T) => string,
    private readonly make: (item: T) => Element,
  ) {}

  show(items: T[]): void {
    const next = new Map<string, { version: string; element: Element }>();
    for (const item of items) {
      const version = JSON.stringify(item);
      const old = this.#shown.get(this.key(item));
      next.set(this.key(item), old?.version === version ? old : { version, element: this.#replace(old?.element, item) });
    }
    for (const [key, { element }] of this.#shown) if (!next.has(key)) element.remove();
    let at: Element | null = this.parent.firstElementChild;
    for (const { element } of next.values()) {
      if (element === at) at = at.nextElementSibling;
      else this.parent.insertBefore(element, at);
    }
    this.#shown = next;
  }

  #replace(old: Element | undefined, item: T): Element {
    const element = this.make(item);
    if (!old) return element;
    const focused = old.contains(document.activeElement);
    old.replaceWith(element);
    if (focused) element.querySelector<HTMLElement>("a, button")?.focus();
    return element;
  }
}
