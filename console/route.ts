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

/** The address of a view. Empty query values are left out. */
export function href(view: string, rest = "", query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter((pair): pair is [string, string] => !!pair[1])).toString();
  return BASE + view + (rest && "/" + encodeURIComponent(rest)) + (search && "?" + search);
}

/** Shows the view of the address, and each next one that the visitor goes to. */
export class Router {
  #leave = new AbortController();

  constructor(
    private readonly root: HTMLElement,
    private readonly views: Record<string, View>,
    private readonly onVisit: (view: string) => void,
  ) {}

  start(signal: AbortSignal): void {
    signal.addEventListener("abort", () => this.#leave.abort());
    addEventListener("popstate", () => this.show(), { signal });
    document.addEventListener("click", (event) => this.#follow(event), { signal });
    this.show(false);
  }

  go(address: string): void {
    history.pushState(null, "", address);
    this.show();
  }

  /** Shows what the address says. The heading gets the focus, so that a screen reader begins there. */
  show(focus = true): void {
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
    if (focus) {
      heading?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }

  #follow(event: MouseEvent): void {
    const link = (event.target as Element).closest("a");
    const elsewhere = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.defaultPrevented;
    if (!link || elsewhere || link.origin !== location.origin || !link.pathname.startsWith(BASE) || link.hash) return;
    event.preventDefault();
    this.go(link.href);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
