import { el, put } from "./element.js";

/** What a view gets. */
export interface Visit {
  /** Where it draws. */
  root: HTMLElement;
  /** The part of the path behind the view's name, decoded. */
  rest: string;
  query: URLSearchParams;
  /** Ends when the visitor goes elsewhere. */
  signal: AbortSignal;
}

/** A view draws itself and returns its title. */
export type View = (visit: Visit) => string;

const BASE = "/console/";
/** How long the page tries to be as tall as it was, for the visitor's place in it, in ms. */
const PATIENCE = 10_000;

/** The tenant that the address names, another than the token's own. */
export function tenantOf(address: Location | URL = location): string | undefined {
  return new URLSearchParams(address.search).get("tenant") || undefined;
}

/** The address of a view, in the tenant of this one unless the query names another. Empty query values are left out. */
export function href(view: string, rest = "", query: Record<string, string | undefined> = {}): string {
  const all = Object.entries({ ...query, tenant: "tenant" in query ? query.tenant : tenantOf() });
  const search = new URLSearchParams(all.filter((pair): pair is [string, string] => !!pair[1])).toString();
  return BASE + view + (rest && "/" + encodeURIComponent(rest)) + (search && "?" + search);
}

/** Shows the view of the address, and each next one that the visitor goes to. */
export class Router {
  #leave = new AbortController();
  /** How far each entry of the history was scrolled. */
  #scrolled = new Map<number, number>();

  constructor(
    private readonly root: HTMLElement,
    private readonly views: Record<string, View>,
    private readonly onVisit: (view: string) => void,
  ) {}

  start(signal: AbortSignal): void {
    history.scrollRestoration = "manual";
    signal.addEventListener("abort", () => this.#leave.abort());
    addEventListener("popstate", () => this.show(), { signal });
    addEventListener("scroll", () => this.#scrolled.set(entry(), scrollY), { signal, passive: true });
    document.addEventListener("click", (event) => this.#follow(event), { signal });
    this.show(false);
  }

  go(address: string): void {
    history.pushState({ entry: Date.now() }, "", address);
    this.show();
  }

  /** Shows what the address says. The heading gets the focus, so that a screen reader begins there. */
  show(focus = true): void {
    const top = this.#scrolled.get(entry()) ?? 0;
    this.#leave.abort();
    this.#leave = new AbortController();
    const [name = "", ...rest] = location.pathname.slice(BASE.length).split("/");
    const view = this.views[name];
    put(this.root);
    let title = "No such page";
    const visit = {
      root: this.root,
      rest: decode(rest.join("/")),
      query: new URLSearchParams(location.search),
      signal: this.#leave.signal,
    };
    if (view) title = view(visit);
    else {
      this.root.append(
        el("h1", {}, title),
        el("p", { class: "empty" }, "There is nothing at this address. ", el("a", { href: href("") }, "Go to the overview.")),
      );
    }
    document.title = `${title} · Streamer console`;
    this.onVisit(name);
    const heading = this.root.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    if (!focus) return;
    heading?.focus({ preventScroll: true });
    this.#scrollTo(top);
  }

  /** Scrolls to where the visitor was, once there is so much again, unless they scroll themselves. */
  #scrollTo(top: number): void {
    const signal = AbortSignal.any([this.#leave.signal, AbortSignal.timeout(PATIENCE)]);
    const end = new AbortController();
    const here = entry();
    const grown = new ResizeObserver(() => {
      this.#scrolled.set(here, top);
      scrollTo(0, top);
      if (scrollY >= top - 1) end.abort();
    });
    signal.addEventListener("abort", () => end.abort());
    end.signal.addEventListener("abort", () => grown.disconnect());
    for (const event of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      addEventListener(event, () => end.abort(), { signal: end.signal, passive: true });
    }
    scrollTo(0, top);
    if (scrollY < top - 1) grown.observe(this.root);
    else end.abort();
  }

  #follow(event: MouseEvent): void {
    const link = (event.target as Element).closest("a");
    const elsewhere = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.defaultPrevented;
    if (!link || elsewhere || link.origin !== location.origin || !link.pathname.startsWith(BASE) || link.hash) return;
    event.preventDefault();
    this.go(link.href);
  }
}

/** Names the entry of the history that is shown. */
function entry(): number {
  return history.state?.entry ?? 0;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
