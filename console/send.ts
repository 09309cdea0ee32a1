import { type ActionDescription, parseExact } from "@pay-theory/streamer/operator";
import type { Context } from "./context.js";
import { el, put } from "./element.js";
import { schemaForm } from "./form.js";
import { Typed } from "./json.js";
import { code, field, problem, section } from "./parts.js";
import { href, type Visit } from "./route.js";
import { explain } from "./state.js";

/** Sends an action; a long one is shown as it runs. A form for its payload comes from its JSON Schema. */
export function sendView({ client, actions, subject, visit }: Context, { root, query, signal }: Visit): string {
  const names = el("datalist", { id: "actions" });
  const action = el("input", {
    name: "action",
    required: true,
    list: "actions",
    value: query.get("action") ?? "",
    autocomplete: "off",
    spellcheck: "false",
    oninput: describe,
  });
  const payload = el(
    "textarea",
    { name: "payload", rows: 10, spellcheck: "false", "aria-describedby": "payload-fault", oninput: typed },
    "{}",
  );
  const id = el("input", { name: "id", autocomplete: "off", spellcheck: "false", pattern: "[A-Za-z0-9_.:\\-]{1,128}" });
  const fault = el("p", { id: "payload-fault", class: "fault", role: "status" });
  const button = el("button", { type: "submit", class: "main" }, "Send");
  const answer = el("div", { "aria-live": "polite" });
  const about = el("div", {});
  const members = el("div", {});

  let known: ActionDescription[] = [];
  let described: ActionDescription | undefined;
  let form: ReturnType<typeof schemaForm>;

  void actions().then((all) => {
    known = all;
    put(names, ...all.map(({ name, description }) => el("option", { value: name }, description)));
    describe();
  });

  /** Shows what is known of the action, and a form for its payload. */
  function describe(): void {
    const next = known.find(({ name }) => name === action.value.trim());
    if (next === described) return;
    described = next;
    form = next && schemaForm(next.payload);
    const codes = next?.errors?.length ? ` It may fail with ${next.errors.join(", ")}.` : "";
    put(
      about,
      next &&
        el(
          "p",
          { class: "faint" },
          next.description,
          next.description && ". ",
          next.long ? "It runs as a request." : "It answers on the spot.",
          codes,
        ),
    );
    put(
      members,
      form && el("fieldset", { oninput: fromForm, onchange: fromForm }, el("legend", {}, "Payload by fields"), form.element),
    );
    if (!form) return;
    form.write(value());
    fromForm();
  }

  /** The fields write the JSON. */
  function fromForm(): void {
    try {
      payload.value = form?.read() ?? payload.value;
      check();
    } catch (error) {
      complain((error as Error).message);
    }
  }

  /** JSON that was typed fills the fields. */
  function typed(): void {
    if (check()) form?.write(value());
  }

  function value(): unknown {
    try {
      return parseExact(payload.value);
    } catch {
      return undefined;
    }
  }

  function check(): Typed | undefined {
    try {
      const text = new Typed(payload.value.trim() || "null");
      payload.removeAttribute("aria-invalid");
      put(fault);
      return text;
    } catch (error) {
      complain(`The payload is not valid JSON: ${(error as Error).message}`);
      return undefined;
    }
  }

  function complain(text: string): void {
    payload.setAttribute("aria-invalid", "true");
    put(fault, text);
  }

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    if (payload.hasAttribute("aria-invalid")) return payload.focus();
    const text = check();
    if (!text) return payload.focus();
    button.disabled = true;
    put(answer, el("p", { class: "empty" }, "Sending…"));
    try {
      const handle = client.request(action.value.trim(), text, id.value ? { id: id.value } : {});
      await handle.progress[Symbol.asyncIterator]().next(); // until it is stored, answered or refused
      if (signal.aborted) return;
      // What has a rev is stored: a long one, which may have failed before it was acknowledged.
      if (handle.current.rev > 0) return visit(href("requests", handle.id, { subject, tenant: undefined }));
      put(answer, section("Answer", code(await handle.result, "Answer")));
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
      field("Action", action, "Its name, as the application registers it"),
      about,
      members,
      field("Payload", payload, "JSON; large integers are sent as they stand here"),
      fault,
      field("Id", id, "Left out: a new one. The same id with the same payload is the same request."),
      names,
      button,
    ),
    answer,
  );
  return "Send an action";
}
