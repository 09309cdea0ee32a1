import type { Frame } from "@pay-theory/streamer";
import { el } from "./element.js";
import { moment } from "./time.js";

/** The most frames that are kept on the page, and the most characters of each. */
const FRAMES = 200;
const SHOWN = 400;

/** The frames of a request as the server sends them. */
export function framesPart(): { children: HTMLElement[]; add(frame: Frame): void } {
  const list = el("ol", { class: "frames" });
  const log = el("div", { class: "log", role: "log", "aria-live": "off", "aria-label": "Frames", tabindex: 0 }, list);
  const none = el("p", { class: "empty" }, "Frames appear here as the server sends them.");
  return {
    children: [log, none],
    add(frame) {
      none.remove();
      const below = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      list.append(item(frame));
      if (list.childElementCount > FRAMES) list.firstElementChild!.remove();
      if (below) log.scrollTop = log.scrollHeight;
    },
  };
}

function item({ type, request, request_id: _, ...rest }: Frame): HTMLElement {
  const text = request ? `${request.state} rev ${request.rev}` : JSON.stringify(rest);
  return el(
    "li",
    {},
    moment(new Date().toISOString()),
    el("b", {}, type),
    el("code", {}, text.length > SHOWN ? text.slice(0, SHOWN) + "…" : text),
  );
}
