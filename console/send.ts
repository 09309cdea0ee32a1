import type { Streamer } from "@pay-theory/streamer";
import { el, put } from "./element.js";
import { Typed } from "./json.js";
import { code, field, problem, section } from "./parts.js";
import { href, type Visit } from "./route.js";
import { explain } from "./state.js";

/** Sends an action; a long one is shown as it runs. */
export function sendView(
  client: Streamer,
  actions: string[],
  subject: string | undefined,
  { root, query, signal }: Visit,
  visit: (address: string) => void,
): string {
  const action = el("input", {
    name: "action",
    required: true,
    list: "actions",
    value: query.get("action") ?? "",
    autocomplete: "off",
    spellcheck: "false",
  });
  const payload = el(
    "textarea",
    { name: "payload", rows: 10, spellcheck: "false", "aria-describedby": "payload-fault", oninput: check },
    "{}",
  );
  const id = el("input", { name: "id", autocomplete: "off", spellcheck: "false", pattern: "[A-Za-z0-9_.:\\-]{1,128}" });
  const fault = el("p", { id: "payload-fault", class: "fault", role: "status" });
  const button = el("button", { type: "submit", class: "main" }, "Send");
  const answer = el("div", { "aria-live": "polite" });

  function check(): Typed | undefined {
    try {
      const typed = new Typed(payload.value.trim() || "null");
      payload.removeAttribute("aria-invalid");
      put(fault);
      return typed;
    } catch (error) {
      payload.setAttribute("aria-invalid", "true");
      put(fault, `The payload is not valid JSON: ${(error as Error).message}`);
      return undefined;
    }
  }

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    const typed = check();
    if (!typed) return payload.focus();
    button.disabled = true;
    put(answer, el("p", { class: "empty" }, "Sending…"));
    try {
      const { id: sent, result, progress } = client.request(action.value.trim(), typed, id.value ? { id: id.value } : {});
      // The first progress says that the server has stored it: it is a long one.
      const first = await progress[Symbol.asyncIterator]().next();
      if (signal.aborted) return;
      if (!first.done) return visit(href("requests", sent, { subject }));
      put(answer, section("Answer", code(await result, "Answer")));
    } catch (error) {
      put(answer, problem(explain(error)));
    } finally {
      button.disabled = false;
    }
  }

  root.append(
    el("h1", {}, "Send an action"),
    el(
      "form",
      { class: "send", onsubmit: send },
      field("Action", action, actions.length ? `One of ${actions.join(", ")}` : "Its name, as the application registers it"),
      field("Payload", payload, "JSON; large integers are sent as they stand here"),
      fault,
      field("Id", id, "Left out: a new one. The same id with the same payload is the same request."),
      el("datalist", { id: "actions" }, ...actions.map((name) => el("option", { value: name }))),
      button,
    ),
    answer,
  );
  return "Send an action";
}
