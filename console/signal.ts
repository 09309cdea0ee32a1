import type { Snapshot } from "@pay-theory/streamer/operator";
import { el, put } from "./element.js";
import { Typed } from "./json.js";
import { field } from "./parts.js";
import { isFinalState } from "./state.js";

/** A form for a signal, which opens by itself when the request waits for one. */
export function signalPart(send: (token: string, payload: Typed | undefined) => void): {
  element: HTMLElement;
  show(r: Snapshot): void;
} {
  const token = el("input", { name: "token", required: true, autocomplete: "off", spellcheck: "false" });
  const payload = el("textarea", { name: "payload", rows: 3, spellcheck: "false", placeholder: "{}" });
  const fault = el("p", { class: "fault", role: "status" });
  const give = (event: Event) => {
    event.preventDefault();
    const text = payload.value.trim();
    try {
      send(token.value.trim(), text ? new Typed(text) : undefined);
      put(fault);
    } catch (error) {
      put(fault, `The payload is not valid JSON: ${(error as Error).message}`);
      payload.focus();
    }
  };
  const form = el(
    "form",
    { onsubmit: give },
    field("Token", token),
    field("Payload", payload, "JSON, or nothing"),
    fault,
    el("button", { type: "submit" }, "Give the signal"),
  );
  const element = el("details", { class: "signal" }, el("summary", {}, "Signal"), form);
  let opened = "";
  return {
    element,
    show(r) {
      element.hidden = isFinalState(r.state);
      const waits = r.waiting?.for === "signal" ? (r.waiting.token ?? "") : "";
      if (waits && waits !== opened) {
        opened = token.value = waits;
        element.open = true;
      }
    },
  };
}
